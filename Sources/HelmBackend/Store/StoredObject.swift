/// What a store holds under a name: one version of an object. Size and checksum are those of the stored bytes.
struct StoredContent: Sendable {
  /// Tells one content of a name from another: Google's generation.
  let version: UInt64
  let size: Int
  /// The CRC-32C that the store states; nil when it states none.
  let crc32c: UInt32?
  /// Whether the stored bytes are gzip of the file's.
  let isGzip: Bool

  /// Whether two stand for the same bytes: an object written anew with the same bytes is the same.
  func isSame(as other: StoredContent) -> Bool {
    size == other.size && crc32c == other.crc32c && (crc32c != nil || version == other.version)
  }
}

/// An object of the store, as a listing describes it.
struct StoredObject: Sendable {
  let name: String
  let content: StoredContent
}

/// A run that files belong to.
final class PlannedRun: Sendable {
  /// The number of its version in the plan.
  let version: Int
  let name: String

  init(version: Int, name: String) {
    self.version = version
    self.name = name
  }
}

/// A file of a plan. Small, since there may be hundreds of thousands: files of a run share it, equal names their text.
struct PlannedFile: Sendable {
  let run: PlannedRun
  /// Below the run's folder in the store.
  let name: String
  let content: StoredContent
  let isInflated: Bool

  /// Below the version's folder on the disk.
  var path: String {
    let suffix = content.isGzip && !isInflated && !name.hasSuffix(".gz") ? ".gz" : ""
    return "\(run.name)/\(name)\(suffix)"
  }
}

/// Files that wait, in the order they came; what has left takes no memory.
struct FileQueue {
  private var pages: [ArraySlice<PlannedFile>] = []
  private(set) var count = 0

  mutating func add(_ files: [PlannedFile]) {
    guard !files.isEmpty else { return }
    // The first pages leave first: they lie at the end.
    pages.insert(files[...], at: 0)
    count += files.count
  }

  mutating func addFirst(_ file: PlannedFile) {
    pages.append([file])
    count += 1
  }

  mutating func next() -> PlannedFile? {
    guard let last = pages.indices.last, let file = pages[last].popFirst() else { return nil }
    if pages[last].isEmpty { pages.removeLast() }
    count -= 1
    return file
  }
}
