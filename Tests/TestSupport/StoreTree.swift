import Foundation
import Magnet

/// Objects for a StoreServer and the files they become.
public enum StoreTree {
  public static let files = [
    "run_spec.json", "scenario.json", "stats.json", "scenario_state.json", "per_instance_stats.json",
  ]

  /// CRC-32C by the book, byte by byte: what the one under test is held against.
  public static func crc32c(_ bytes: [UInt8]) -> String {
    var state: UInt32 = ~0
    for byte in bytes { state = state >> 8 ^ table[Int((state ^ UInt32(byte)) & 0xFF)] }
    let value = ~state
    return Data([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }).base64EncodedString()
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
  }

  /// Bytes that look like JSON and do not repeat.
  public static func text(_ seed: Int, count: Int) -> [UInt8] {
    var value = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    var bytes = Array("[".utf8)
    while bytes.count < count {
      value = value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      bytes += Array("{\"value\": 0.\(value >> 20)},\n".utf8)
    }
    return bytes
  }

  public static func object(_ bytes: [UInt8]) -> StoreServer.Object {
    StoreServer.Object(bytes, crc32c: crc32c(bytes))
  }

  /// The object that stores bytes as gzip.
  public static func gzipped(_ plain: [UInt8]) -> StoreServer.Object {
    let stored = gzip(plain)
    return StoreServer.Object(stored, plain: plain, crc32c: crc32c(stored))
  }

  /// Fills a server with runs of `lite` v1.0.0, each with five files, every other one gzip.
  @discardableResult
  public static func fill(
    _ server: StoreServer, benchmark: String = "lite", version: String = "v1.0.0", runs: Int, fileSize: Int
  ) -> [String: [UInt8]] {
    var tree: [String: [UInt8]] = [:]
    for run in 0..<runs {
      for (place, file) in files.enumerated() {
        let name =
          "\(benchmark)/benchmark_output/runs/\(version)/trivia:subject=s\(run % 10),n=\(run),model=a_b/\(file)"
        let bytes = text(run * 10 + place, count: fileSize * (place + 1) / 3)
        server[name] = (run + place) % 2 == 0 ? object(bytes) : gzipped(bytes)
        tree[name] = bytes
      }
    }
    return tree
  }

  /// A server with 20 runs of about 9 kB a file, an empty folder to download into, and the files that are to be in it.
  public static func served() throws -> (StoreServer, TemporaryFolder, [String: [UInt8]]) {
    let server = try StoreServer()
    return (server, try TemporaryFolder(), fill(server, runs: 20, fileSize: 9000))
  }

  /// What differs between a folder and the files it should hold, apart from the manifest; nothing when all is right.
  /// - Parameter partial: whether files may be missing.
  public static func differences(
    _ folder: String, _ tree: [String: [UInt8]], partial: Bool = false
  ) -> [String] {
    var rest = tree
    var found: [String] = []
    let names = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
    for name in names {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder)
      if isFolder.boolValue || name.hasSuffix(".magnet-manifest.jsonl") { continue }
      if partial, name.contains(".part") { continue }
      guard let bytes = rest.removeValue(forKey: name) else {
        found.append("unexpected \(name)")
        continue
      }
      if FileManager.default.contents(atPath: folder + "/" + name) != Data(bytes) {
        found.append("wrong \(name)")
      }
    }
    return found + (partial ? [] : rest.keys.map { "missing \($0)" })
  }

  /// The files in a folder that have their names.
  public static func finished(_ folder: String) -> [String] {
    (FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []).filter {
      $0.hasSuffix(".json")
    }
  }
}
