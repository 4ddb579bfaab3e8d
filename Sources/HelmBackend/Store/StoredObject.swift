/// What a store holds under a name: one version of an object. Size and checksum are those of the stored bytes.
struct StoredContent: Sendable {
  /// Tells one content of a name from another: Google's generation.
  let version: UInt64
  let size: Int
  /// The CRC-32C that the store states; nil when it states none.
  let crc32c: UInt32?
  /// Whether the stored bytes are gzip of the file's.
  let isGzip: Bool

  /// Whether two stand for the same bytes: an object written again with the same bytes is the same.
  func isSame(as other: StoredContent) -> Bool {
    size == other.size && crc32c == other.crc32c && (crc32c != nil || version == other.version)
  }
}

/// An object of the store, as a listing describes it.
struct StoredObject: Sendable {
  let name: String
  let content: StoredContent
}

/// A run that files belong to, or a source itself, whose own files have a run without a name.
final class PlannedRun: Sendable {
  /// The number of its source in the plan.
  let source: Int
  let name: String

  init(source: Int, name: String) {
    self.source = source
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

  /// Below the source's folder in the store.
  var objectPath: String { run.name.isEmpty ? name : "\(run.name)/\(name)" }
  /// Below the source's folder on the disk.
  var path: String { objectPath + (content.isGzip && !isInflated && !name.hasSuffix(".gz") ? ".gz" : "") }
}

/// The name of what there is of a file before all of it came: `NAME.VERSION.part`.
enum PartName {
  /// The longest name that the part's endings fit behind in the 255 bytes that systems allow.
  private static let longest = 220

  /// The part's name up to its version. Long names are cut and told apart by a hash.
  static func stem(_ name: String) -> String {
    guard name.utf8.count > longest else { return name }
    let hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return String(decoding: name.utf8.prefix(longest - 20), as: UTF8.self) + "~" + String(hash, radix: 36)
  }

  /// The path of the part of a file.
  static func path(of file: String, version: UInt64) -> String {
    let name = file.lastIndex(of: "/").map { file.index(after: $0) } ?? file.startIndex
    return "\(file[..<name])\(stem(String(file[name...]))).\(version).part"
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
