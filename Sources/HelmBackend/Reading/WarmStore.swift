import Magnet
import Synchronization

/// Keeps the columns of runs that do not change in a folder of its own, so that the next program reads them from there
/// instead of from JSON.
///
/// ```swift
/// let store = try WarmStore("/var/cache/magnet")
/// let runs = try HelmRuns("benchmark_output", store: store)
/// ```
///
/// An entry is used only while its file is the one it was made of: same path, device, inode, size, and times of change
/// of the contents and of the file, to the nanosecond. Files that changed within the last second are not kept, as their
/// next change might not show; on network file systems within the last minute, by the server's clock, and there files are
/// opened to be looked at. Other file systems, such as FAT and FUSE, whose times programs may set, are not trusted. Entries
/// that are damaged, of another version or of another user are not used. Runs in archives, broken ones, and those with
/// objects of more than 512 keys are read from their files each time.
///
/// Several processes may use a store at once. Its files are written under temporary names and never changed; a process
/// that is killed leaves nothing that others take for an entry, nor does a full disk. They are mapped into memory, and
/// tables use their columns where they lie, after checking what they use by its XXH64; nobody else may shorten them.
public final class WarmStore: Sendable {
  /// The folder's path.
  package let folder: String
  /// The most bytes that the store keeps; the oldest files go first.
  package let limit: Int
  private let current: String
  let isVerifying: Bool
  private let state = Mutex(State())
  /// The file systems met, by their devices.
  private let trusted = Mutex<[UInt64: Files.Trust]>([:])
  private let reused = Atomic(0)

  private struct State {
    /// The packs there are, the newest first; nil before they were looked for.
    var packs: [WarmPack]?
    var writer: WarmPackWriter?
    var use = Use()
    var isFailed = false
    /// The names of the rolls there are; nil before they were looked for.
    var rolls: Set<String>?
  }

  /// What a store was good for.
  package struct Use: Sendable, Hashable {
    /// Files whose columns came from the store.
    package var reused = 0
    /// Files whose columns are kept now.
    package var kept = 0
    /// Files that changed too short a time ago to be kept.
    package var unsettled = 0
    /// Files that cannot be kept: with objects of too many keys.
    package var refused = 0
    /// When verifying: files whose columns were other ones than those kept. There should be none.
    package var wrong: [String] = []
    /// Why nothing more could be written; nil while it could.
    package var failure: String?
  }

  /// The usual limit of a store, 10 GB.
  public static let standardLimit = 10_000_000_000

  /// Opens a store, and makes its folder where it is missing.
  /// - Parameters:
  ///   - folder: its path.
  ///   - limit: the most bytes that it keeps.
  ///   - isVerifying: whether every file is read, and what is kept of it compared and replaced where it differs.
  /// - Throws: `MagnetError` when there is no such folder and none can be made.
  public init(_ folder: String, limit: Int = standardLimit, isVerifying: Bool = false) throws {
    self.folder = folder
    self.limit = limit
    self.isVerifying = isVerifying
    current = Files.current
    if !Files.isFolder(folder) {
      let parent = folder.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/")
      do throws(SystemError) {
        if !parent.isEmpty { try Files.makeFolder(parent) }
        // Others may not read it: it holds what the runs hold.
        try Files.makeNewFolder(folder, isPrivate: true)
      } catch { if !Files.isFolder(folder) { throw error.writing(folder) } }
    }
  }

  deinit { flush() }

  /// What the store was good for so far.
  package var use: Use {
    var use = state.withLock { $0.use }
    use.reused = reused.load(ordering: .relaxed)
    return use
  }

  /// The bytes of its files.
  package var size: Int { (packFiles + files(WarmRoll.ending)).reduce(0) { $0 + $1.status.size } }

  private var packFiles: [(path: String, status: FileStatus)] {
    files(WarmPackWriter.ending).sorted { a, b in
      let (x, y) = (a.status.stamp.modified, b.status.stamp.modified)
      return x == y ? a.path > b.path : x > y
    }
  }

  private func files(_ ending: String) -> [(path: String, status: FileStatus)] {
    ((try? Files.entries(folder)) ?? []).compactMap { entry in
      guard entry.name.hasSuffix(ending), !entry.isFolder, !entry.isLink else { return nil }
      let path = folder + "/" + entry.name
      return Files.status(path, followsLinks: false).flatMap { $0.isOwn ? (path, $0) : nil }
    }
  }

  /// Removes everything that is kept.
  package func clear() {
    state.withLock { state in
      state.writer = nil
      state.packs = nil
      for file in files(WarmPackWriter.ending) + files(WarmRoll.ending) { Files.remove(file.path) }
      removeStaleParts()
    }
  }

  /// Removes what processes that were killed left half-written.
  private func removeStaleParts() {
    for (path, _) in files(WarmPackWriter.partEnding) {
      if let file = try? FileDescriptor(path, .readNoFollow), file.lock() { Files.remove(path) }
    }
  }

  // MARK: Reading

  /// The packs there are, the newest first.
  func packs() -> [WarmPack] {
    state.withLock { state in
      if let packs = state.packs { return packs }
      let packs = packFiles.compactMap { WarmPack($0.path) }
      state.packs = packs
      return packs
    }
  }

  /// Where entries of a run are found; nil where its files are not kept.
  private func key(_ run: RunDirectory) -> WarmKey? {
    run.seen.key { run.tree is DiskTree ? makeKey(run) : nil }
  }

  private func makeKey(_ run: RunDirectory) -> WarmKey {
    WarmKey(run.seen.place?.folder.isAbsolute == true ? run.path : absolute(run.path))
  }

  /// `Files.absolute`, quickly where little is to be done.
  func absolute(_ path: String) -> String {
    var last: UInt8 = 0
    for byte in path.utf8 {
      if last == UInt8(ascii: "/"), byte == last || byte == UInt8(ascii: ".") { return Files.absolute(path) }
      last = byte
    }
    if last == UInt8(ascii: "/") { return Files.absolute(path) }
    if path.hasPrefix("/") { return path }
    return path.hasPrefix(".") ? Files.absolute(path) : current + "/" + path
  }

  /// A file as it is now.
  struct Present: Equatable {
    let version: FileStatus.Version
    let isGzip: Bool
    let trust: Files.Trust
  }

  /// The file that a table of a run is made of; nil where its times tell nothing.
  private func present(_ source: TableSource, of run: RunDirectory) -> Present? {
    var path = run.file(of: source)
    var isGzip = false
    var found = Files.status(path)
    if found == nil {
      isGzip = true
      path += ".gz"
      found = Files.status(path)
    }
    guard var status = found, status.kind == .file else { return nil }
    let trust = trust(status.version, path)
    switch trust {
    case .local: break
    case .network:
      // What a client remembers of a file may be a minute old, until it opens it.
      guard let file = try? FileDescriptor(path, .read), let fresh = file.status, fresh.kind == .file else {
        return nil
      }
      status = fresh
    case .none: return nil
    }
    return Present(version: status.version, isGzip: isGzip, trust: trust)
  }

  /// How far times of the file system are trusted in which a file or folder lies.
  func trust(_ version: FileStatus.Version, _ path: String) -> Files.Trust {
    if let known = trusted.withLock({ $0[version.device] }) { return known }
    let trust = Files.trust(path)
    trusted.withLock { $0[version.device] = trust }
    return trust
  }

  /// The file that a table of a run is made of, looked at once since the runs were listed.
  func seen(_ source: TableSource, of run: RunDirectory) -> Present? {
    run.seen.file(source.fingerprint) { present(source, of: run) }
  }

  private func entry(
    _ source: TableSource, of run: RunDirectory, in packs: [WarmPack]
  ) -> (WarmPack, WarmEntry)? {
    guard !packs.isEmpty, let key = key(run), let file = seen(source, of: run) else { return nil }
    for pack in packs {
      if let entry = pack.entry(of: key, source.fingerprint, file) { return (pack, entry) }
    }
    return nil
  }

  /// Whether the file of a table is one in which there were no faults.
  func knows(_ source: TableSource, of run: RunDirectory, _ packs: [WarmPack]) -> Bool {
    !isVerifying && (run.seen.isRolled(source.fingerprint) || entry(source, of: run, in: packs) != nil)
  }

  /// The table of a run as reading its file would give it; nil when it is not kept.
  /// - Parameter name: the run's name, for tables whose files do not have it.
  func table(
    _ source: TableSource, of run: RunDirectory, name: String, _ choice: inout WarmChoice.Worker
  ) -> (Table, ReadingCounts)? {
    guard !isVerifying, let (pack, entry) = entry(source, of: run, in: choice.choice.packs) else {
      return nil
    }
    let (columns, memory) = choice.columns(source, of: pack, entry.schema)
    let runColumn = source.namesRun ? nil : columns.runColumn.map { ($0, Cell.string(name)) }
    guard let table = pack.table(entry, columns, in: memory, run: runColumn) else { return nil }
    reused.wrappingAdd(1, ordering: .relaxed)
    return (table, entry.counts)
  }

  /// The names of the rolls there are.
  var rollNames: Set<String> {
    state.withLock { state in
      if let names = state.rolls { return names }
      let names = Set(files(WarmRoll.ending).map { String($0.path.dropFirst(folder.count + 1)) })
      state.rolls = names
      return names
    }
  }

  /// Notes that files' columns came from the store.
  func note(reused count: Int) { reused.wrappingAdd(count, ordering: .relaxed) }

  // MARK: Writing

  /// Writes a file into the store's folder, in place of one of that name.
  func write(_ name: String, _ bytes: [UInt8]) {
    if bytes.count > limit / 8 { return }
    state.withLock { state in
      if state.isFailed { return }
      do throws(SystemError) {
        try tag()
        let number = UInt64.random(in: .min ... .max).hexadecimal
        let part = "\(folder)/\(name)-\(number)\(WarmPackWriter.partEnding)"
        let file = try FileDescriptor(part, .new)
        _ = file.lock()
        do throws(SystemError) {
          try file.write(bytes)
          try Files.move(part, to: "\(folder)/\(name)")
        } catch {
          Files.remove(part)
          throw error
        }
        state.rolls = nil
        evict(except: "\(folder)/\(name)")
      } catch { fail(&state, error) }
    }
  }

  /// A file that is about to be read, to be kept if it is the same afterwards.
  struct Ticket {
    let source: TableSource
    let key: WarmKey
    fileprivate let file: Present

    var size: Int { file.version.size }
  }

  /// Asks for the columns of a file to be kept; nil when they cannot be.
  func ticket(_ source: TableSource, of run: RunDirectory) -> Ticket? {
    let time = WallClock.nanosecondsSince1970
    guard let key = key(run), let file = present(source, of: run) else { return nil }
    // A server's clock may be slow.
    guard file.version.isSettled(at: time - (file.trust == .network ? 60_000_000_000 : 0)) else {
      state.withLock { $0.use.unsettled += 1 }
      return nil
    }
    let isPending = state.withLock { $0.isFailed || $0.writer?.has(key, source.fingerprint) == true }
    return isPending ? nil : Ticket(source: source, key: key, file: file)
  }

  /// Keeps all columns of a file.
  func keep(_ table: Table, _ counts: ReadingCounts, of run: RunDirectory, _ ticket: Ticket) {
    guard counts.mapsKept == 0 else { return state.withLock { $0.use.refused += 1 } }
    guard present(ticket.source, of: run) == ticket.file else {
      return state.withLock { $0.use.unsettled += 1 }
    }
    let image = TableImage(table)
    let entry = WarmEntry(
      kind: ticket.source.fingerprint, isGzip: ticket.file.isGzip, version: ticket.file.version,
      counts: counts, schema: 0, offset: 0,
      headerLength: image.header.count, headerHash: XXH64.hash(image.header), partsLength: image.parts.count)
    let padding = [UInt8](repeating: 0, count: entry.partsOffset - entry.headerLength)
    let bytes = image.header + padding + image.parts
    if isVerifying, let (pack, old) = self.entry(ticket.source, of: run, in: packs()) {
      if pack.bytes(of: old) == bytes { return note(reused: 1) }
      state.withLock { $0.use.wrong.append(run.file(of: ticket.source)) }
    }
    state.withLock { state in
      do throws(SystemError) {
        try open(&state)
        guard let writer = state.writer, !writer.has(ticket.key, entry.kind) else { return }
        try writer.add(ticket.key, entry, names: table.columnNames, bytes)
        state.use.kept += 1
        if writer.size > min(1 << 30, max(1 << 20, limit / 8)) { try close(&state) }
      } catch { fail(&state, error) }
    }
  }

  private func open(_ state: inout State) throws(SystemError) {
    if state.writer != nil || state.isFailed { return }
    removeStaleParts()
    try tag()
    state.writer = try WarmPackWriter(in: folder)
  }

  /// Backup programs leave folders with such a file out (https://bford.info/cachedir/).
  private func tag() throws(SystemError) {
    let tag = folder + "/CACHEDIR.TAG"
    if !Files.exists(tag) {
      try FileDescriptor(tag, .truncate).write(
        Array("Signature: 8a477f597d28d172789f06886806bc55\n# Columns of runs, kept by magnet.\n".utf8))
    }
  }

  private func fail(_ state: inout State, _ error: SystemError) {
    state.isFailed = true
    state.use.failure = "\(folder): cannot be written: \(error)"
    state.writer = nil
  }

  /// Completes what is being written, so that others find it.
  package func flush() {
    state.withLock { state in
      do throws(SystemError) { try close(&state) } catch { fail(&state, error) }
    }
  }

  /// More packs of less than this are made one.
  private static let smallPacks = (count: 8, bytes: 1 << 26)

  private func close(_ state: inout State) throws(SystemError) {
    guard let writer = state.writer else { return }
    let small = packFiles.filter { $0.status.size < Self.smallPacks.bytes }
    var merged: [String] = []
    if small.count >= Self.smallPacks.count {
      // The newest first: of several entries of a file, the first counts.
      for file in small {
        guard let pack = WarmPack(file.path) else { continue }
        try Self.copy(pack, to: writer)
        merged.append(file.path)
      }
    }
    state.writer = nil
    let path = try writer.finish()
    for path in merged { Files.remove(path) }
    state.packs = nil
    evict(except: path)
  }

  private static func copy(_ pack: WarmPack, to writer: WarmPackWriter) throws(SystemError) {
    var failure: SystemError?
    pack.forEachRun { key, entries in
      for entry in entries where failure == nil && !writer.has(key, entry.kind) {
        do throws(SystemError) {
          try writer.add(key, entry, names: pack.schemas[entry.schema], pack.bytes(of: entry))
        } catch { failure = error }
      }
    }
    if let failure { throw failure }
  }

  /// Removes the oldest packs until the rest keep to the limit.
  private func evict(except newest: String) {
    let files = (packFiles + files(WarmRoll.ending)).sorted {
      $0.status.stamp.modified > $1.status.stamp.modified
    }
    var total = files.reduce(0) { $0 + $1.status.size }
    for file in files.reversed() where total > limit && file.path != newest {
      Files.remove(file.path)
      total -= file.status.size
    }
  }
}
