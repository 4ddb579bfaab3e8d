import Magnet

/// A zip, tar or tar.gz file open for reading: its list of entries, and the bytes of each. Nothing is unpacked to the
/// disk, and several may read at once.
final class Archive: Sendable {
  let path: String
  let limits: InflateLimits
  /// In the archive's order; of those with one name the last only.
  let entries: [ArchiveEntry]
  /// What is wrong with it, beside what can be read.
  let fault: DataFault?
  /// What was unusual.
  let notes: [String]
  private let file: SharedFile
  private let files: [String: ArchiveEntry]
  private let folders: [String: [Files.Entry]]
  /// Where inflating may begin, in a .tar.gz.
  private let points: GzipPoints?

  /// The ends of the names of archives.
  static let endings = [".zip", ".tar", ".tar.gz", ".tgz"]

  static func hasName(_ path: String) -> Bool { endings.contains { path.hasSuffix($0) } }

  /// The name of an archive without its ending.
  static func stem(_ name: some StringProtocol) -> String {
    let ending = [".tar.gz", ".tgz", ".tar", ".zip"].first { name.hasSuffix($0) } ?? ""
    return String(name.dropLast(ending.count))
  }

  /// Reads an archive's list of entries; of a .tar.gz, this takes inflating all of it once.
  /// - Throws: `DataFault` when there is nothing to be read in it.
  init(_ path: String, limits: InflateLimits) throws(DataFault) {
    self.path = path
    self.limits = limits
    do { file = try SharedFile(path) } catch { throw error.fault(path) }
    var points: GzipPoints?
    let contents: ArchiveContents
    switch try Format(file) {
    case .zip: contents = try ZipDirectory.contents(file, limits)
    case .tar: contents = try TarReader.contents(FilePart(file))
    case .tarGzip:
      let stream = InflatedStream(gzip: FilePart(file), limits: limits, notesPoints: true)
      contents = try TarReader.contents(stream)
      points = stream.points
    }
    self.points = points
    var index = EntryIndex()
    for entry in contents.entries { index.add(entry) }
    (files, folders) = (
      index.files, index.folders.mapValues { $0.sorted { codePointOrder($0.name, $1.name) } }
    )
    entries = contents.entries.enumerated().filter { index.numbers[$1.name] == $0 }.map(\.element)
    try Self.check(entries, limits, file)
    let refused = contents.refused + index.refused
    fault =
      contents.fault
      ?? refused.first.map {
        DataFault(
          file: "\(path)!/\($0.name)", problem: "the entry is refused: \($0.problem)",
          advice: refused.count == 1
            ? nil : "\(refused.count - 1) more " + (refused.count == 2 ? "is" : "are") + " refused, too")
      }
    var notes: [String] = []
    if let first = index.repeated.first {
      notes.append(
        "\(path): \(first)"
          + (index.repeated.count == 1 ? " stands" : " and \(index.repeated.count - 1) more stand")
          + " in it more than once; the last counts")
    }
    if contents.macOSCount > 0 {
      notes.append("\(path): \(contents.macOSCount) entries in __MACOSX, which macOS added, are left out")
    }
    self.notes = notes
  }

  /// Checks what all entries together inflate to: many small ones make a bomb as well as a large one, and links count
  /// each time. Those that are bombs by themselves are refused where they are read.
  private static func check(_ entries: [ArchiveEntry], _ limits: InflateLimits, _ file: SharedFile)
    throws(DataFault)
  {
    var (all, sound) = (0, 0)
    for entry in entries {
      let (sum, isTooMuch) = all.addingReportingOverflow(entry.size)
      all = isTooMuch ? .max : sum
      if case .zip(let record) = entry.place,
        limits.fault(file.path, inflated: entry.size, stored: record.stored) != nil
      {
        continue
      }
      sound = isTooMuch ? .max : sound + entry.size
    }
    let total = all > limits.bytes ? all : sound
    if let fault = limits.fault(file.path, inflated: total, stored: file.size) { throw fault }
  }

  /// What is in a folder, in order of the names' code points; nil when there is no such folder.
  func entries(_ folder: String) -> [Files.Entry]? { folders[folder] }

  var identity: FileStatus.Identity? { Files.status(path)?.identity }

  /// A file's bytes; nil when there is none of the name.
  func bytes(_ name: String) throws(DataFault) -> (any ByteStream)? {
    guard let entry = files[name] else { return nil }
    let path = "\(path)!/\(name)"
    switch entry.place {
    case .folder: return nil
    case .zip(let record): return try record.bytes(file, path: path, size: entry.size, limits)
    case .tar(let offset):
      guard let points else { return FilePart(file, path: path, from: offset, count: entry.size) }
      return GzipSection(points, file, path: path, from: offset, count: entry.size)
    }
  }

  private enum Format {
    case zip, tar, tarGzip

    /// By the file's first bytes.
    init(_ file: SharedFile) throws(DataFault) {
      let head = try FilePart(file, count: min(file.size, 512)).next(512)
      if head.isEmpty { throw DataFault(file: file.path, problem: "the file is empty") }
      // Something may stand before a zip, such as a program that unpacks it.
      if file.path.hasSuffix(".zip")
        || ["PK\u{3}\u{4}", "PK\u{5}\u{6}", "PK\u{6}\u{6}"].contains(where: { head.starts(with: $0.utf8) })
      {
        self = .zip
      } else if head.starts(with: [0x1F, 0x8B]) {
        self = .tarGzip
      } else if TarReader.isHeader(head) {
        self = .tar
      } else {
        let kinds: [(name: String, start: [UInt8])] = [
          ("bzip2", Array("BZh".utf8)), ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]),
          ("Zstandard", [0x28, 0xB5, 0x2F, 0xFD]), ("7z", [0x37, 0x7A, 0xBC, 0xAF]),
        ]
        let kind = kinds.first { head.starts(with: $0.start) }
        if kind == nil, Archive.stem(file.path) != file.path {
          throw DataFault(
            file: file.path, problem: "the file is not an archive, whatever its name says",
            advice: "copy or download it again")
        }
        throw DataFault(
          file: file.path,
          problem: kind.map { "archives packed by \($0.name) are not read" }
            ?? "this is a file, and runs are folders",
          advice: kind == nil
            ? "name the run's folder, its suite, the benchmark_output they lie in, or an archive of one"
            : "pack it as .zip or .tar.gz")
      }
    }
  }
}

/// An archive's path without its ending; the path itself where it has none.
package func archiveStem(_ path: String) -> String { Archive.stem(path) }

/// The files and folders of an archive by their names.
private struct EntryIndex {
  private(set) var files: [String: ArchiveEntry] = [:]
  private(set) var folders: [String: Set<Files.Entry>] = ["": []]
  /// The number of the entry that counts.
  private(set) var numbers: [String: Int] = [:]
  private(set) var repeated: [String] = []
  private(set) var refused: [(name: String, problem: String)] = []
  private var count = 0

  mutating func add(_ entry: ArchiveEntry) {
    defer { count += 1 }
    let isKnown = entry.isFolder ? folders[entry.name] != nil : files[entry.name] != nil
    let isOther = entry.isFolder ? files[entry.name] != nil : folders[entry.name] != nil
    guard !isOther, addParents(of: entry) else {
      return refused.append((entry.name, "it is a file and a folder"))
    }
    if entry.isFolder {
      if !isKnown { folders[entry.name] = [] }
    } else {
      if isKnown { repeated.append(entry.name) }
      files[entry.name] = entry
    }
    numbers[entry.name] = count
  }

  /// Makes the folders an entry lies in; false when one of them is a file.
  private mutating func addParents(of entry: ArchiveEntry) -> Bool {
    var name = entry.name[...]
    var isFolder = entry.isFolder
    while !name.isEmpty {
      let slash = name.lastIndex(of: "/")
      let parent = slash.map { name[..<$0] } ?? ""
      let child = String(slash.map { name[name.index(after: $0)...] } ?? name)
      if !parent.isEmpty, files[String(parent)] != nil { return false }
      let isNew = folders[String(parent)] == nil
      folders[String(parent), default: []].insert(
        Files.Entry(name: child, isFolder: isFolder, isLink: false))
      if !isNew { return true }
      name = parent
      isFolder = true
    }
    return true
  }
}
