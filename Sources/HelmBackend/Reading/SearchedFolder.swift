import Magnet

/// A folder in which runs were found on the disk, as it was when it was searched.
final class SearchedFolder: Sendable {
  /// Its absolute path.
  let path: String
  /// Whether that is the path by which it was found.
  let isAbsolute: Bool
  let version: FileStatus.Version
  /// When it was looked at, in nanoseconds since 1970; what is in it was looked at later.
  let time: Int
  let roll: WarmRoll?
  private let found: [Files.Entry]?

  /// - Parameter entries: what is in it; nil where that is what the roll has.
  init(
    path: String, isAbsolute: Bool, version: FileStatus.Version, time: Int, entries: [Files.Entry]?,
    roll: WarmRoll?
  ) {
    self.path = path
    self.isAbsolute = isAbsolute
    self.version = version
    self.time = time
    self.roll = roll
    found = entries
  }

  /// Whether nothing came into the folder or went from it since the roll was made.
  var isRolled: Bool { found == nil }

  var entries: [Files.Entry] { found ?? roll?.entries ?? [] }

  /// Where a run's folder was found.
  struct Place: Sendable {
    let folder: SearchedFolder
    let name: String
    /// What the run's own folder was then; nil where links are in it, whose ends may change without it.
    let version: FileStatus.Version?
    /// The number of the run in the folder's roll, where that has its folder as it is.
    let number: Int?
  }

  /// What may be as the roll has it: a run's folder, or its file of a kind.
  struct Part: Sendable {
    /// The number of the kind in the roll; nil for the folder.
    let kind: Int?
    /// What follows the name of the run's folder, with a zero at its end, and the same for a compressed file.
    private(set) var ending: [CChar] = [0]
    private(set) var compressedEnding: [CChar] = [0]

    static let folder = Part(kind: nil)

    private init(kind: Int?) { self.kind = kind }

    init(_ kind: Int, _ fileName: String) {
      self.kind = kind
      ending = Array("/\(fileName)".utf8CString)
      compressedEnding = Array("/\(fileName).gz".utf8CString)
    }

    /// The bit that says that it is as the roll has it.
    var bit: UInt64 { 1 << UInt64(kind ?? 63) }
  }

  /// For each of some runs in the roll, the bits of the parts that are as they were.
  /// - Parameter path: the path that leads to the folder.
  func unchanged(_ runs: [Int], _ parts: [Part], in path: String, workers: Int) -> [UInt64] {
    guard let roll else { return Array(repeating: 0, count: runs.count) }
    let size = 256
    let blocks = (runs.count + size - 1) / size
    return Workers.results(blocks, jobs: workers) { block in
      Self.unchanged(runs[block * size..<min((block + 1) * size, runs.count)], parts, roll, in: path)
    }.flatMap { $0 }
  }

  private static func unchanged(
    _ runs: ArraySlice<Int>, _ parts: [Part], _ roll: WarmRoll, in path: String
  ) -> [UInt64] {
    var found: [UInt64] = []
    found.reserveCapacity(runs.count)
    guard let folder = try? FileDescriptor(path, .read) else {
      return Array(repeating: 0, count: runs.count)
    }
    // The paths begin in the folder: the system need not go from the root to each.
    var name: [CChar] = []
    for run in runs {
      name.removeAll(keepingCapacity: true)
      roll.appendName(of: run, to: &name)
      let end = name.count
      func status(_ ending: [CChar]) -> FileStatus? {
        name.removeLast(name.count - end)
        name += ending
        return folder.status(of: name)
      }
      var bits: UInt64 = 0
      for part in parts {
        if let kind = part.kind {
          // A plain file is read instead of a compressed one.
          guard let file = roll.file(run, kind), !file.isGzip || status(part.ending) == nil,
            let status = status(file.isGzip ? part.compressedEnding : part.ending), status.kind == .file,
            status.version == file.version
          else { continue }
        } else {
          guard let status = status(part.ending), status.kind == .folder, status.version == roll.folder(run)
          else { continue }
        }
        bits |= part.bit
      }
      found.append(bits)
    }
    return found
  }
}
