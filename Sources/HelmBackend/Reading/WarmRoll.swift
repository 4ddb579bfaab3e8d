// Unsafe code, on one invariant: bytes of the file are used only while `memory` holds them, and within its bounds.

import Magnet

// A roll is a file that is written once, whole, and never changed; a new one takes its place. All numbers are
// little-endian.
//
//   magic       16 bytes, with the version of the format
//   body        the version of packs and the kind of run specs; the folder's path and version; uint32 kinds of files,
//               each uint64; uint32 lists of names, each uint32 names; uint32 names of columns; uint32 entries that are
//               not runs, each its name and uint8 flags (1 folder, 2 link); uint64 runs, and from a multiple of 8 on a
//               record for each: uint64 where its name ends, uint64 list of files, the version of its folder, and for
//               each kind uint64 (0 nothing is known, 1 as it is, 2 gzip) and the version of its file; uint64 length of
//               the names, and from a multiple of 8 on the names; the header of a `TableImage`, up to the end
//   parts       of the image, from a multiple of 8 on
//   trailer     uint64 length of the body, where the header begins, the XXH64 of the body; magic
// A text is uint32 length, bytes; a version 5 uint64.

/// What a folder of runs held when they were last listed, with all run specs as one table, and the versions of the files in
/// which a listing found no faults: so that it takes one look at each folder and file to list the runs again.
final class WarmRoll: Sendable {
  static let magic = Array("magnet runs 2\n\n\n".utf8)
  /// How names of rolls end.
  static let ending = ".runs"

  /// One run in the folder.
  struct Run: Sendable, Equatable {
    /// Its folder, which has another version once a file in it is made, renamed, or removed.
    let folder: FileStatus.Version
    /// The names of its files, without `.gz`, in order.
    let files: [String]
    /// Its files without faults, as far as a listing finds them, by the kinds of tables that they become.
    var sound: [UInt64: WarmStore.Present]
  }

  /// The folder's absolute path.
  let path: String
  let version: FileStatus.Version
  /// What is in the folder beside the runs.
  let others: [Files.Entry]
  /// The kinds of files of which something is known.
  let kinds: [UInt64]
  let runCount: Int
  /// A row for each run.
  let specs: Table
  /// `run_spec.name` of each.
  let names: [String]
  /// Names of files, without `.gz`, that runs have.
  let lists: [[String]]
  private let memory: SharedMemory
  /// Where the records and the names of the runs' folders begin in the memory.
  private let records: Int
  private let texts: Int

  /// How the tables in packs and rolls are made: others have other cells.
  private static var making: String {
    "\(String(decoding: WarmPack.magic, as: UTF8.self)) \(TableSource.runSpecs.fingerprint)"
  }

  /// The most kinds of files.
  static let kindLimit = 60

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
      let kinds = reader.numbers(), kinds.count <= Self.kindLimit, let lists = reader.schemas(),
      let columns = reader.texts(), let others = reader.entries(), let count = reader.count(),
      let records = reader.takePlace(of: count, size: Self.recordSize(kinds.count)),
      let textSize = reader.count(), let texts = reader.takePlace(of: textSize, size: 1)
    else { return nil }
    self.path = path
    self.version = version
    self.others = others
    self.kinds = kinds
    self.lists = lists
    self.memory = memory
    self.records = start + records
    self.texts = start + texts
    runCount = count
    let table = TableImage.table(
      in: memory, header: start + header..<start + length,
      parts: (start + length + 7) / 8 * 8..<size - tail, columnCount: columns.count,
      wanted: Array(columns.indices), schema: TableSchema(columns), replacing: nil)
    guard let table, table.rowCount == count else { return nil }
    specs = table
    names = Array(table[.run])
    var end: UInt64 = 0
    for run in 0..<count {
      let next = number(run, 0)
      guard next >= end, next <= textSize, number(run, 1) < lists.count else { return nil }
      end = next
    }
  }

  // MARK: Reading

  private static func recordSize(_ kindCount: Int) -> Int { 8 * (7 + 6 * kindCount) }

  private func number(_ run: Int, _ place: Int) -> UInt64 {
    precondition(run >= 0 && run < runCount && place < 7 + 6 * kinds.count)
    let at = records + run * Self.recordSize(kinds.count) + 8 * place
    return unsafe UInt64(littleEndian: memory.bytes.load(fromByteOffset: at, as: UInt64.self))
  }

  private func version(_ run: Int, _ place: Int) -> FileStatus.Version {
    func whole(_ place: Int) -> Int { Int(truncatingIfNeeded: number(run, place)) }
    return FileStatus.Version(
      device: number(run, place), inode: number(run, place + 1), size: whole(place + 2),
      modified: whole(place + 3), changed: whole(place + 4))
  }

  private func nameBytes(_ run: Int) -> UnsafeRawBufferPointer {
    let start = run == 0 ? 0 : Int(number(run - 1, 0))
    return unsafe UnsafeRawBufferPointer(
      rebasing: memory.bytes[texts + start..<texts + Int(number(run, 0))])
  }

  /// The name of a run's folder.
  func name(of run: Int) -> String { unsafe String(decoding: nameBytes(run), as: UTF8.self) }

  /// Puts the name of a run's folder behind what is there.
  func appendName(of run: Int, to text: inout [CChar]) {
    unsafe text.append(contentsOf: nameBytes(run).assumingMemoryBound(to: CChar.self))
  }

  /// A run's folder as it was.
  func folder(_ run: Int) -> FileStatus.Version { version(run, 2) }

  /// The number of the list of a run's files.
  func list(_ run: Int) -> Int { Int(number(run, 1)) }

  /// The names of a run's files, without `.gz`.
  func files(_ run: Int) -> [String] { lists[list(run)] }

  /// A run's file of a kind as it was, where it had no faults.
  func file(_ run: Int, _ kind: Int) -> WarmStore.Present? {
    let form = number(run, 7 + 6 * kind)
    if form == 0 { return nil }
    return WarmStore.Present(version: version(run, 8 + 6 * kind), isGzip: form == 2, trust: .local)
  }

  /// What is known of a run.
  func run(_ number: Int) -> Run {
    var sound: [UInt64: WarmStore.Present] = [:]
    for (place, kind) in kinds.enumerated() { sound[kind] = file(number, place) }
    return Run(folder: folder(number), files: files(number), sound: sound)
  }

  /// What was in the folder, in order.
  var entries: [Files.Entry] {
    let runs = (0..<runCount).map { Files.Entry(name: name(of: $0), isFolder: true, isLink: false) }
    return (others + runs).sorted { codePointOrder($0.name, $1.name) }
  }

  // MARK: Writing

  /// The bytes of a roll.
  /// - Parameters:
  ///   - path: the absolute path of the runs' folder.
  ///   - entries: what is in it.
  ///   - runs: by their names.
  ///   - specs: a row for each run, in the order of `entries`.
  static func bytes(
    path: String, version: FileStatus.Version, entries: [Files.Entry], runs: [String: Run], specs: Table
  ) -> [UInt8] {
    let table = specs.inFewChunks
    let kinds = Set(runs.values.flatMap(\.sound.keys)).sorted()
    var lists: [[String]: Int] = [:]
    var records: [UInt8] = []
    var texts: [UInt8] = []
    for entry in entries {
      guard let run = runs[entry.name] else { continue }
      let list = lists[run.files] ?? lists.count
      lists[run.files] = list
      texts += entry.name.utf8
      records.append(number: UInt64(texts.count))
      records.append(number: UInt64(list))
      records.append(run.folder)
      for kind in kinds {
        let file = run.sound[kind]
        records.append(number: file.map { $0.isGzip ? 2 : 1 } ?? 0)
        records.append(
          file?.version ?? FileStatus.Version(device: 0, inode: 0, size: 0, modified: 0, changed: 0))
      }
    }
    var body: [UInt8] = []
    body.append(text: making)
    body.append(text: path)
    body.append(version)
    body.append(small: kinds.count)
    for kind in kinds { body.append(number: kind) }
    body.append(small: lists.count)
    for (names, _) in lists.sorted(by: { $0.value < $1.value }) { body.append(texts: names) }
    body.append(texts: table.columnNames)
    let others = entries.filter { runs[$0.name] == nil }
    body.append(small: others.count)
    for entry in others {
      body.append(text: entry.name)
      body.append((entry.isFolder ? 1 : 0) | (entry.isLink ? 2 : 0))
    }
    for (count, part) in [(runs.count, records), (texts.count, texts)] {
      body.append(number: UInt64(count))
      while body.count % 8 != 0 { body.append(0) }
      body += part
    }
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
