import Magnet

/// What a download finished, a line of JSON for each file, in the folder of the version it belongs to.
struct Manifest {
  static let fileName = ".magnet-manifest.jsonl"

  struct Entry: Sendable {
    /// The file's path below the folder.
    let file: String
    let content: StoredContent
    /// Of the file on the disk, inflated or not.
    let local: FileStatus.Stamp
    let localCRC32C: UInt32
  }

  /// Every entry, in the order they were written: a file's last one holds. Lines that make no sense, such as one that a
  /// killed download left half written, are passed over.
  static func forEachEntry(_ folder: String, _ body: (Entry) -> Void) {
    var rest: [UInt8] = []
    guard let file = try? FileDescriptor(folder + "/" + fileName, .readNoFollow) else { return }
    try? unsafe file.forEachPiece { piece in
      unsafe rest.append(contentsOf: piece)
      guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return }
      for line in rest[..<end].split(separator: UInt8(ascii: "\n")) {
        if let entry = entry(String(decoding: line, as: UTF8.self)) { body(entry) }
      }
      rest.removeSubrange(...end)
    }
  }

  private static func entry(_ line: String) -> Entry? {
    guard let json = try? JSONValue(parsing: line), let file = json["file"]?.string,
      file.split(separator: "/", omittingEmptySubsequences: false).allSatisfy({ HelmStore.isSafe(String($0)) }
      ),
      let generation = json["generation"]?.string.flatMap({ UInt64($0) }),
      case .int(let storedSize)? = json["stored_size"],
      case .int(let size)? = json["size"], case .int(let modified)? = json["modified_ns"],
      let crc = json["local_crc32c"]?.string.flatMap({ CRC32C.value(base64: $0) })
    else { return nil }
    return Entry(
      file: file,
      content: StoredContent(
        version: generation, size: Int(storedSize),
        crc32c: json["crc32c"]?.string.flatMap { CRC32C.value(base64: $0) }, isGzip: false),
      local: FileStatus.Stamp(size: Int(size), modified: Int(modified)), localCRC32C: crc)
  }

  /// An entry's line, with its end.
  static func line(_ entry: Entry) -> [UInt8] {
    var members: [JSONValue.Member] = [
      .init(key: "file", value: .string(entry.file)),
      .init(key: "generation", value: .string("\(entry.content.version)")),
      .init(key: "stored_size", value: .int(Int64(entry.content.size))),
    ]
    if let sum = entry.content.crc32c {
      members.append(.init(key: "crc32c", value: .string(CRC32C.base64(sum))))
    }
    members += [
      .init(key: "size", value: .int(Int64(entry.local.size))),
      .init(key: "modified_ns", value: .int(Int64(entry.local.modified))),
      .init(key: "local_crc32c", value: .string(CRC32C.base64(entry.localCRC32C))),
    ]
    return Array(JSONValue.object(members).text.utf8) + [UInt8(ascii: "\n")]
  }
}

/// A version's manifest, open for adding to and locked against other downloads.
final class ManifestWriter {
  private let file: FileDescriptor

  /// - Throws: `MagnetError` when the folder cannot be written or another download holds the lock.
  init(_ folder: String) throws {
    do {
      try Files.makeFolder(folder)
      file = try FileDescriptor(folder + "/" + Manifest.fileName, .append)
    } catch {
      throw MagnetError(.system, "\(folder): cannot be written: \(sentence(error)); choose another folder")
    }
    guard file.lock() else {
      throw MagnetError(
        .system, "\(folder): another download into this folder is going on; wait until it is done")
    }
    // Ends a line that a killed download left half written; empty lines mean nothing.
    if let status = file.status, status.size > 0 { try add([UInt8(ascii: "\n")], to: folder) }
  }

  func add(_ entry: Manifest.Entry, to folder: String) throws { try add(Manifest.line(entry), to: folder) }

  func sync() { try? file.sync() }

  private func add(_ bytes: [UInt8], to folder: String) throws {
    do { try unsafe bytes.withUnsafeBytes { bytes in try unsafe write(bytes) } } catch {
      let path = "\(folder)/\(Manifest.fileName)"
      if (error as? SystemError)?.isDiskFull == true { throw DiskFull(path: path) }
      throw MagnetError(.system, "\(path): cannot be written: \(sentence(error))")
    }
  }

  // Compilers crash on a closure that rethrows the typed error.
  private func write(_ bytes: UnsafeRawBufferPointer) throws { try unsafe file.write(bytes) }
}
