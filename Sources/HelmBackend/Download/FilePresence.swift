import Magnet

/// What is on the disk of a version: whether files are there already, and what a killed download left beside them.
final class FilePresence {
  enum Presence {
    case there
    /// Something of the right size is there: these must be the checksums of its bytes.
    case maybe(local: UInt32?)
    case missing
  }

  let folder: String
  private let index: ManifestIndex
  /// The folder whose part files are known, and they: by the file they belong to.
  private var seen: String?
  private var parts: [String: [String]] = [:]

  /// - Parameter folder: the version's.
  init(_ folder: String) {
    self.folder = folder
    index = ManifestIndex(folder)
  }

  func presence(of file: PlannedFile) -> Presence {
    let path = file.path
    guard let stamp = Files.stamp(folder + "/" + path) else { return .missing }
    let content = file.content
    if let known = index[path], known.isOf(content) {
      if known.local == stamp { return .there }
      return known.local.size == stamp.size ? .maybe(local: known.localCRC32C) : .missing
    }
    // The manifest knows nothing of these bytes: they are read, if they can be told at all.
    return !file.isInflated && content.crc32c != nil && stamp.size == content.size
      ? .maybe(local: nil) : .missing
  }

  /// Whether the file is there as far as sizes tell.
  func isThere(_ file: PlannedFile) -> Bool {
    switch presence(of: file) {
    case .there, .maybe(local: .some): true
    case .maybe(local: nil), .missing: false
    }
  }

  /// Removes what earlier downloads left beside a file, but for the part file of its version while that is of use.
  func tidy(_ file: PlannedFile, keepsPart: Bool) {
    let path = folder + "/" + file.path
    guard let slash = path.lastIndex(of: "/") else { return }
    let place = String(path[..<slash])
    if place != seen {
      seen = place
      parts = [:]
      for entry in (try? Files.entries(place)) ?? [] where !entry.isFolder {
        var name = entry.name[...]
        if name.hasSuffix(".inflated") { name = name.dropLast(9) }
        guard name.hasSuffix(".part"), let dot = name.dropLast(5).lastIndex(of: "."),
          UInt64(name[name.index(after: dot)...].dropLast(5)) != nil
        else { continue }
        parts[String(name[..<dot]), default: []].append(entry.name)
      }
    }
    let name = String(path[path.index(after: slash)...])
    guard !parts.isEmpty, let left = parts.removeValue(forKey: PartName.stem(name)) else { return }
    for name in left where !keepsPart || !name.hasSuffix(".\(file.content.version).part") {
      Files.remove(place + "/" + name)
    }
  }
}

/// Whether a file's bytes are those of an object, found by reading them; done on one of a few threads.
struct FileCheck: Sendable {
  let file: PlannedFile
  let path: String
  /// The checksum its bytes must have; nil when they must have that of the stored bytes.
  let local: UInt32?

  /// The file's line for the manifest; nil when it is another file.
  func entry() -> Manifest.Entry? {
    let content = file.content
    var sum = CRC32C()
    guard let stamp = Files.stamp(path),
      unsafe (try? FileDescriptor(path, .readNoFollow).forEachPiece { unsafe sum.add($0) }) != nil,
      local ?? content.crc32c == sum.value
    else { return nil }
    return Manifest.Entry(file: file.path, content: content, local: stamp, localCRC32C: sum.value)
  }
}
