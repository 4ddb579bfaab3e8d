import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Archives with seeded damage: nothing crashes or hangs, nothing is written but whole archives, and limits hold.
@Suite struct ArchiveMutationTests {
  /// Small archives of every kind.
  static let seeds: [(name: String, bytes: [UInt8])] = {
    let long = String(repeating: "name,", count: 40)
    let files: [(String, [UInt8])] = [
      ("a:1/stats.json", Array("[\n]".utf8)),
      ("a:1/\(long)", Array(String(repeating: "text ", count: 300).utf8)),
      ("empty", []),
    ]
    var zip = ZipBytes(files.map { ZipBytes.Entry($0, $1) } + [ZipBytes.Entry("b/", "").kept([])])
    zip.entries[1] = zip.entries[1].kept(files[1].1)
    var large = ZipBytes(files.map { ZipBytes.Entry($0, $1).with { $0.isZip64 = true } })
    large.isZip64 = true
    large.comment = [1, 2, 3]
    var tar = TarBytes()
    tar.addPax([("comment", "x")], kind: "g")
    for (name, bytes) in files {
      tar.addPax([("path", name), ("mtime", "1.25")])
      tar.add("x", bytes)
      tar.add("././@LongLink", Array((name + "2").utf8) + [0], kind: "L")
      tar.add("x", bytes, prefix: "folder")
    }
    tar.add("b/", kind: "5")
    tar.add("runs/latest", kind: "2")
    let half = tar.bytes.count / 2
    return [
      ("zip", zip.bytes), ("zip64", large.bytes), ("tar", tar.ended), ("tar.gz", gzip(tar.ended)),
      ("members", gzip(Array(tar.ended[..<half])) + gzip(Array(tar.ended[half...]))),
    ]
  }()

  @Test(arguments: seeds.indices) func soundArchivesAreUnpacked(number: Int) throws {
    let folder = try TemporaryFolder()
    #expect(try ArchiveCheck(folder: folder.path).complaint(Self.seeds[number].bytes) == nil)
    let archive = try Archive(folder.path + "/x.archive", limits: ArchiveCheck.limits)
    #expect(archive.fault == nil && archive.entries.count >= 3)
  }

  @Test(arguments: seeds.indices) func damageIsSaid(number: Int) throws {
    let folder = try TemporaryFolder()
    let check = ArchiveCheck(folder: folder.path)
    var random = SeededRandom(state: UInt64(number))
    for _ in 0..<300 {
      let bytes = Self.damaged(Self.seeds[number].bytes, &random)
      let complaint = try check.complaint(bytes)
      #expect(complaint == nil, "\(Self.seeds[number].name): \(Data(bytes).base64EncodedString())")
    }
  }

  /// Every length of a small zip, and every byte of its directory set to something else.
  @Test func everyCutAndEveryByteOfADirectory() throws {
    let folder = try TemporaryFolder()
    let check = ArchiveCheck(folder: folder.path)
    let bytes = ZipBytes([ZipBytes.Entry("a", "text"), ZipBytes.Entry("b", "text").kept(Array("text".utf8))])
      .bytes
    for length in 0..<bytes.count {
      #expect(try check.complaint(Array(bytes[..<length])) == nil)
      for value: UInt8 in [0, 1, 0x7F, 0xFF] {
        var changed = bytes
        changed[length] = value
        #expect(try check.complaint(changed) == nil, "byte \(length) is \(value)")
      }
    }
  }

  private static let numbers: [UInt64] = [
    0, 1, 8, 0x2F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFE, 0xFFFF_FFFF, .max, 1 << 63, (1 << 63) - 1, 46,
  ]
  private static let scraps = [
    "..", "../", "/", "\0", "PK\u{1}\u{2}", "PK\u{5}\u{6}", "99999 path=", "77777777777", "\u{1F}\u{8B}",
  ]

  private static func damaged(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
      let at = Int.random(in: 0..<bytes.count, using: &random)
      let end = min(bytes.count, at + Int.random(in: 1...600, using: &random))
      func put(_ new: some Collection<UInt8>) {
        for (byte, place) in zip(new, at...) where place < bytes.count { bytes[place] = byte }
      }
      switch UInt8.random(in: 0..<8, using: &random) {
      case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
      case 2: bytes.removeSubrange(at..<end)
      case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
      case 4: put(scraps.randomElement(using: &random)!.utf8)
      case 5, 6:
        let number = numbers.randomElement(using: &random)!
        put(
          (0..<[2, 4, 8].randomElement(using: &random)!).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        )
      default: bytes.removeLast(bytes.count - at)
      }
    }
    return bytes
  }
}
