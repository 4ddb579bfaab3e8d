// Unsafe code, on one invariant: bytes of the file are used only while `memory` holds them, and within its bounds.

import Magnet

// A roll is a file that is written once, whole, and never changed; a new one takes its place. All numbers are
// little-endian.
//
//   magic       16 bytes, with the version of the format
//   body        the version of packs and the kind of run specs; the folder's path and version; uint32 lists of names, each uint32 names; uint32 names of columns; uint32
//               entries, each its name, uint8 flags (1 folder, 2 link, 4 run) and of a run: the version of its folder,
//               uint32 list of files, uint8 gzip, the version of run_spec.json; the header of a `TableImage`, up to
//               the end of the body
//   parts       of the image, from a multiple of 8 on
//   trailer     uint64 length of the body, where the header begins, the XXH64 of the body; magic
// A text is uint32 length, bytes; a version 5 uint64.

/// What a folder of runs held when they were last listed, with all run specs as one table: so that it takes one look at each
/// run's folder, and none into it, to list the runs again.
final class WarmRoll: Sendable {
  static let magic = Array("magnet runs 1\n\n\n".utf8)
  /// How names of rolls end.
  static let ending = ".runs"

  /// One run in the folder.
  struct Run: Sendable {
    /// Its folder, which has another version once a file in it is made, renamed, or removed.
    let folder: FileStatus.Version
    /// The names of its files, without `.gz`.
    let files: [String]
    let spec: WarmStore.Present
  }

  /// The folder's absolute path.
  let path: String
  let version: FileStatus.Version
  /// What is in the folder, and for runs their numbers.
  let entries: [Files.Entry]
  let runs: [Run]
  /// A row for each run.
  let specs: Table
  /// `run_spec.name` of each.
  let names: [String]
  private let numbers: [String: Int]

  /// The number of the run in a folder with a name.
  func number(_ name: String) -> Int? { numbers[name] }

  /// How the tables in packs and rolls are made: others have other cells.
  private static var making: String {
    "\(String(decoding: WarmPack.magic, as: UTF8.self)) \(TableSource.runSpecs.fingerprint)"
  }

  /// The name of the roll of a folder, among a store's files.
  static func fileName(_ path: String) -> String { WarmKey(path).hash.hexadecimal + ending }

  /// Opens a roll; nil when it is none of the folder, is damaged, or belongs to another user.
  init?(_ file: String, of path: String) {
    guard let status = Files.status(file, followsLinks: false), status.kind == .file, status.isOwn,
      let memory = try? SharedFile(file).mapped()
    else { return nil }
    let size = unsafe memory.bytes.count
    let (start, tail) = (Self.magic.count, 24 + Self.magic.count)
    guard size >= start + tail, unsafe memory.bytes.prefix(start).elementsEqual(Self.magic),
      unsafe memory.bytes.suffix(start).elementsEqual(Self.magic)
    else { return nil }
    var ends = unsafe WarmDirectory(UnsafeRawBufferPointer(rebasing: memory.bytes.suffix(tail)))
    guard let length = ends.count(), let header = ends.count(), let hash = ends.number(),
      length <= size - start - tail, header <= length
    else { return nil }
    let body = unsafe UnsafeRawBufferPointer(rebasing: memory.bytes[start..<start + length])
    guard unsafe XXH64.hash(body) == hash else { return nil }
    var reader = unsafe WarmDirectory(UnsafeRawBufferPointer(rebasing: body.prefix(header)))
    guard reader.text() == Self.making, reader.text() == path, let version = reader.version(),
      let lists = reader.schemas(),
      let columns = reader.texts(), let count = reader.small()
    else { return nil }
    var entries: [Files.Entry] = []
    var runs: [Run] = []
    var numbers: [String: Int] = [:]
    for _ in 0..<count {
      guard let name = reader.text(), let flags = reader.take(UInt8.self) else { return nil }
      entries.append(Files.Entry(name: name, isFolder: flags & 1 != 0, isLink: flags & 2 != 0))
      if flags & 4 == 0 { continue }
      guard let folder = reader.version(), let list = reader.small(), list < lists.count,
        let gzip = reader.take(UInt8.self), let spec = reader.version()
      else { return nil }
      numbers[name] = runs.count
      runs.append(
        Run(
          folder: folder, files: lists[list],
          spec: WarmStore.Present(version: spec, isGzip: gzip == 1, trust: .local)))
    }
    let table = TableImage.table(
      in: memory, header: start + header..<start + length,
      parts: (start + length + 7) / 8 * 8..<size - tail, columnCount: columns.count,
      wanted: Array(columns.indices), schema: TableSchema(columns), replacing: nil)
    guard let table, table.rowCount == runs.count else { return nil }
    self.path = path
    self.version = version
    self.entries = entries
    self.runs = runs
    self.numbers = numbers
    specs = table
    names = Array(table[.run])
  }

  /// The bytes of a roll.
  /// - Parameters:
  ///   - path: the absolute path of the runs' folder.
  ///   - runs: by their names.
  ///   - specs: a row for each run, in the order of `entries`.
  static func bytes(
    path: String, version: FileStatus.Version, entries: [Files.Entry], runs: [String: Run], specs: Table
  ) -> [UInt8] {
    let table = specs.inFewChunks
    var lists: [[String]: Int] = [:]
    var items: [UInt8] = []
    for entry in entries {
      let run = runs[entry.name]
      items.append(text: entry.name)
      items.append((entry.isFolder ? 1 : 0) | (entry.isLink ? 2 : 0) | (run == nil ? 0 : 4))
      guard let run else { continue }
      let files = run.files.sorted()
      let list = lists[files] ?? lists.count
      lists[files] = list
      items.append(run.folder)
      items.append(small: list)
      items.append(run.spec.isGzip ? 1 : 0)
      items.append(run.spec.version)
    }
    var body: [UInt8] = []
    body.append(text: making)
    body.append(text: path)
    body.append(version)
    body.append(small: lists.count)
    for (names, _) in lists.sorted(by: { $0.value < $1.value }) { body.append(texts: names) }
    body.append(texts: table.columnNames)
    body.append(small: entries.count)
    body += items
    let header = body.count
    let image = TableImage(table)
    body += image.header
    var bytes = magic + body
    while bytes.count % 8 != 0 { bytes.append(0) }
    bytes += image.parts
    for number in [UInt64(body.count), UInt64(header), XXH64.hash(body)] { bytes.append(number: number) }
    return bytes + magic
  }
}

/// A folder in which runs were found on the disk, as it was when it was searched.
final class SearchedFolder: Sendable {
  /// Its absolute path.
  let path: String
  let version: FileStatus.Version
  /// When it was looked at, in nanoseconds since 1970; what is in it was looked at later.
  let time: Int
  let entries: [Files.Entry]
  let roll: WarmRoll?

  init(path: String, version: FileStatus.Version, time: Int, entries: [Files.Entry], roll: WarmRoll?) {
    self.time = time
    self.path = path
    self.version = version
    self.entries = entries
    self.roll = roll
  }

  /// Where a run's folder was found.
  struct Place: Sendable {
    let folder: SearchedFolder
    let name: String
    /// What the run's own folder was then; nil where links are in it, whose ends may change without it.
    let version: FileStatus.Version?
    /// The number of the run in the folder's roll, where that has it as it is.
    let number: Int?
  }

  /// For each run of the roll, whether its folder is as it was.
  /// - Parameter path: the path that leads to the folder.
  func unchanged(_ path: String, workers: Int) -> [Bool] {
    guard let roll else { return [] }
    let names = roll.entries.map(\.name).filter { roll.number($0) != nil }
    @Sendable func look(_ range: Range<Int>) -> [Bool] {
      range.map { number in
        let status = Files.status(path + "/" + names[number])
        return status?.kind == .folder && status?.version == roll.runs[number].folder
      }
    }
    if names.count < 500 || workers < 2 { return look(names.indices) }
    let size = (names.count + workers - 1) / workers
    return Workers.results(workers, jobs: workers) { number in
      look(min(number * size, names.count)..<min((number + 1) * size, names.count))
    }.flatMap { $0 }
  }
}
