import Magnet

/// A file or a folder in an archive.
struct ArchiveEntry: Sendable {
  enum Place: Sendable, Hashable {
    case folder
    /// The bytes as they are, from here on, in the tar or in what the .tar.gz inflates to.
    case tar(offset: Int)
    /// A zip entry's record in the file.
    case zip(ZipRecord)
  }

  /// The path below the archive's top.
  let name: String
  /// Bytes, inflated.
  let size: Int
  let place: Place

  var isFolder: Bool { place == .folder }
}

/// What an archive says it holds, in its order.
struct ArchiveContents {
  var entries: [ArchiveEntry] = []
  /// What keeps the rest from being read.
  var fault: DataFault?
  /// The entries left out: their names to be shown, and why.
  var refused: [(name: String, problem: String)] = []
  /// How many entries only macOS has a use for: the attributes of others, in a folder `__MACOSX`. They look like runs.
  private(set) var macOSCount = 0

  mutating func refuse(_ name: some Collection<UInt8>, _ refusal: EntryRefusal) {
    refused.append((EntryName.shown(name), refusal.problem))
  }

  /// Adds an entry under the name that an archive has for it.
  mutating func add(_ name: some Collection<UInt8>, size: Int, _ place: ArchiveEntry.Place) {
    do throws(EntryRefusal) {
      let path = try EntryName.path(name)
      if path == "__MACOSX" || path.hasPrefix("__MACOSX/") {
        macOSCount += 1
        return
      }
      if path.isEmpty, place != .folder { throw EntryRefusal(problem: "its name is empty") }
      if !path.isEmpty { entries.append(ArchiveEntry(name: path, size: size, place: place)) }
    } catch { refuse(name, error) }
  }
}

extension Collection<UInt8> {
  /// The number that the first `count` bytes from `offset` on are, the lowest first. Their number was checked before.
  func little(_ offset: Int, _ count: Int) -> UInt64 {
    dropFirst(offset).prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
