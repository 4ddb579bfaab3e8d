import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// What a store keeps is what reading the files gives, to the byte, and counts only as long as they are the same files.
@Suite(
  .enabled(if: Files.trust(NSTemporaryDirectory()) == .local, "temporary files have times that tell nothing"))
struct WarmStoreTests {
  /// Everything that a reading gives, as bytes where tables are concerned.
  struct Reading: Equatable {
    var entries: [RunEntry] = []
    var tables: [String: [UInt8]] = [:]
    var names: [String: [String]] = [:]
    var counts: [ReadingCounts] = []
    var faults: [DataFault] = []

    mutating func add(_ table: Table, _ name: String) {
      let image = TableImage(table)
      tables[name] = image.header + image.parts
      names[name] = table.columnNames
    }
  }

  static let choices: [Set<String>?] = [
    nil, [],
    ["stats.mean", "per_instance_stats.stats.mean", "run_spec.groups", "run_spec.adapter_spec.model"],
    [
      "scenario_state.request_states.result.completions", "per_instance_stats.instance_id",
      "stats.name.split",
    ],
  ]

  static func read(
    _ path: String, _ store: WarmStore?, _ columns: Set<String>?, windows: Int = HelmRuns.windowThreshold,
    workers: Int? = nil
  ) async throws -> Reading {
    let runs = try HelmRuns(
      paths: [path], isStrict: false, workers: workers, progress: nil, windowThreshold: windows, store: store)
    let listing = try await runs.list()
    var reading = Reading()
    reading.entries = listing.entries
    // Its rows may be in fewer chunks.
    reading.tables["listing"] = Array(TableWriter(.ndjson).text(listing.runSpecs).utf8)
    reading.names["listing"] = zip(listing.runSpecs.columnNames, listing.runSpecs.columnTypes).map {
      "\($0) \(String(describing: $1))"
    }
    let tables = try await runs.load(listing.entries, tables: Set(TableSource.allCases), columns: columns)
    for kind in TableSource.allCases { reading.add(tables[kind], kind.rawValue) }
    reading.counts = tables.counts
    reading.faults = tables.faults.map(\.fault)
    return reading
  }

  /// Waits until the files' clock has gone on, so that they are kept.
  static func settle(_ folder: String) async throws {
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder).map { folder + "/" + $0 }
    while !files.allSatisfy({
      Files.status($0)?.version.isSettled(at: WallClock.nanosecondsSince1970) ?? true
    }) { try await Task.sleep(for: .milliseconds(100)) }
  }

  /// A copy of some runs whose files can be kept, and a folder for a store beside it.
  func runs(_ source: String = Project.plain) async throws -> (
    TemporaryFolder, runs: String, store: String
  ) {
    let folder = try TemporaryFolder()
    let runs = try folder.copy(source, to: "runs/" + (source as NSString).lastPathComponent)
    try await Self.settle(runs)
    return (folder, runs, folder.path + "/store")
  }

  @Test(arguments: ["benchmark_output", "odd"], [HelmRuns.windowThreshold, 2000])
  func readingIsTheSame(fixture: String, windows: Int) async throws {
    let (folder, runs, path) = try await runs(Project.fixture(fixture))
    for columns in Self.choices {
      let plain = try await Self.read(runs, nil, columns, windows: windows)
      // Empty, then with what was just kept, then by one that asks for other columns.
      let fresh = path + "\(columns?.count ?? -1)"
      for pass in 0..<3 {
        let store = try WarmStore(pass == 2 ? path : fresh)
        let warm = try await Self.read(runs, store, columns, windows: windows, workers: pass + 1)
        #expect(warm == plain, "pass \(pass)")
        if pass == 1 { #expect(store.use.reused > 0 && store.use.kept == 0) }
      }
    }
    _ = folder
  }

  @Test func aStoreIsVerified() async throws {
    let (folder, path, store) = try await runs(Project.fixture("benchmark_output"))
    let runs = try HelmRuns(path, store: WarmStore(store))
    let faults = try await runs.index()
    let verifying = try WarmStore(store, isVerifying: true)
    #expect(try await HelmRuns(path, store: verifying).index() == faults)
    #expect(verifying.use.wrong.isEmpty && verifying.use.reused > 50 && verifying.use.kept == 0)
    _ = folder
  }

  /// Changes that size and date of a file do not show, and those that they do.
  @Test func changedFilesAreReadAnew() async throws {
    let (folder, path, store) = try await runs()
    let run = try #require(try FileManager.default.contentsOfDirectory(atPath: path).sorted().first)
    let file = "\(path)/\(run)/stats.json"
    @discardableResult func check(_ what: Comment, reads count: Int? = nil) async throws -> Int {
      let used = try WarmStore(store)
      let warm = try await Self.read(path, used, nil)
      #expect(try await warm == Self.read(path, nil, nil), what)
      if let count { #expect(used.use.kept == count, what) }
      used.flush()
      return used.use.kept
    }
    try await check("first")
    try await check("nothing changed", reads: 0)

    let date = try #require(
      try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date)
    let text = try Project.text(file)
    let digit = try #require(text.range(of: #""mean": [0-9]"#, options: .regularExpression))
    var other = text
    let last = text.index(before: digit.upperBound)
    other.replaceSubrange(last..<digit.upperBound, with: text[last] == "7" ? "8" : "7")
    let handle = try #require(FileHandle(forWritingAtPath: file))
    try handle.write(contentsOf: Data(other.utf8))
    try handle.close()
    try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file)
    #expect(Files.stamp(file)?.size == text.utf8.count)
    // On a slow machine it has settled already.
    let kept = try await check("another digit, with the old date")
    try await Self.settle(path)
    try await check("settled", reads: 1 - kept)

    try FileManager.default.setAttributes([.modificationDate: Date.now], ofItemAtPath: file)
    try await Self.settle(path)
    try await check("touched", reads: 1)

    try FileManager.default.copyItem(atPath: "\(path)/\(run)", toPath: "\(path)/\(run)-copy")
    try await check("a run more")
    try FileManager.default.removeItem(atPath: "\(path)/\(run)-copy")
    try await check("and one less", reads: 0)

    // Another file at the same place, compressed.
    try gzip(Array(text.utf8)).withUnsafeBytes { try Data($0).write(to: URL(filePath: file + ".gz")) }
    try await check("a compressed file beside it", reads: 0)
    try FileManager.default.removeItem(atPath: file)
    try await Self.settle(path)
    try await check("the compressed file alone", reads: 1)
    try await check("once more", reads: 0)
    try FileManager.default.removeItem(atPath: file + ".gz")
    try await check("no file")
    _ = folder
  }

  /// What is listed of a folder is what is in it, whatever a roll says of it.
  @Test func rollsAreOfUnchangedFolders() async throws {
    let (folder, path, store) = try await runs()
    let manager = FileManager.default
    let found = try manager.contentsOfDirectory(atPath: path).sorted().map { path + "/" + $0 }
    func check(_ what: Comment) async throws {
      for pass in 0..<2 {
        #expect(
          try await Self.read(path, WarmStore(store), []) == Self.read(path, nil, []), "\(what), \(pass)")
      }
    }
    try await check("first")
    let names = try manager.contentsOfDirectory(atPath: store).filter { $0.hasSuffix(WarmRoll.ending) }
    #expect(names == [WarmRoll.fileName(path)])
    // A roll that would take most of a store is not kept.
    _ = try await Self.read(path, WarmStore(store + "-small", limit: 8000), [])
    #expect(
      try !manager.contentsOfDirectory(atPath: store + "-small").contains { $0.hasSuffix(WarmRoll.ending) })
    let roll = try #require(WarmRoll("\(store)/\(names[0])", of: path))
    #expect(roll.runCount == found.count && roll.specs.rowCount == found.count)
    #expect(WarmRoll("\(store)/\(names[0])", of: path + "x") == nil)
    // The listing comes from it: with it alone, no run spec is read.
    let used = try WarmStore(store)
    _ = try await HelmRuns(path, store: used).list()
    #expect(used.use.reused == found.count && used.use.kept == 0)

    try Data("{}".utf8).write(to: URL(filePath: found[0] + "/scenario.json"))
    try await check("a file more")
    try manager.moveItem(atPath: found[0] + "/scenario.json", toPath: found[0] + "/x.json")
    try await check("another name")
    try manager.moveItem(atPath: found[1], toPath: path + "/zz:moved")
    try await check("a run of another name")
    try await Self.settle(path)
    try await check("settled")
    let spec = found[0] + "/run_spec.json"
    let text = try Project.text(spec)
    let handle = try #require(FileHandle(forWritingAtPath: spec))
    try handle.write(contentsOf: Data(text.replacingOccurrences(of: "0", with: "1").utf8))
    try handle.close()
    try await check("a run spec that was written over")
    try await Self.settle(path)
    try await check("settled again")
    try manager.removeItem(atPath: spec)
    try await check("a run without a run spec")
    try manager.createDirectory(atPath: path + "/a:empty", withIntermediateDirectories: false)
    try await check("an empty run before all others")
    try await Self.settle(path)
    try await check("settled once more")
    try manager.createSymbolicLink(atPath: path + "/b:link", withDestinationPath: folder.path + "/elsewhere")
    try await check("a link that leads nowhere")
    _ = try folder.copy(found[2], to: "elsewhere")
    try await check("and now to a run")
    try await Self.settle(folder.path + "/elsewhere")
    try await check("which is kept")
    try await check("the same")
    let before = try Data(contentsOf: URL(filePath: "\(store)/\(names[0])"))
    try await check("nothing new")
    #expect(try Data(contentsOf: URL(filePath: "\(store)/\(names[0])")) == before)

    var random = SplitMix(state: 7)
    let plain = try await Self.read(path, nil, [])
    for turn in 0..<150 {
      var bytes = [UInt8](before)
      let place =
        turn < 50 ? bytes.count - 1 - Int(random.next() % 60) : Int(random.next() % UInt64(bytes.count))
      bytes[place] ^= 1 << UInt8(random.next() % 8)
      if turn % 10 == 9 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
      try Data(bytes).write(to: URL(filePath: "\(store)/\(names[0])"))
      #expect(try await Self.read(path, WarmStore(store), []) == plain, "damage \(turn)")
    }
    try WarmStore(store).clear()
    #expect(try manager.contentsOfDirectory(atPath: store) == ["CACHEDIR.TAG"])
  }

  /// Columns of several kinds of cells keep them.
  @Test func tablesInFewChunksHaveTheSameCells() {
    var random = SplitMix(state: 11)
    let cells: [Cell] = [
      .null, .bool(true), .bool(false), .int(.min), .int(7), .double(-0.0), .double(.nan), .double(7),
      .string(""), .string("7"), .string("\0"), .json("[7]"), .json("{}"),
    ]
    for turn in 0..<200 {
      let choice = (0...turn % 4).map { _ in cells[Int(random.next() % UInt64(cells.count))] }
      let tables = (0..<turn % 40).map { _ in
        Table(
          columnNames: ["a", "b"],
          rows: [(0..<2).map { _ in choice[Int(random.next() % UInt64(choice.count))] }])
      }
      let table = Table(stacking: tables)
      let few = table.inFewChunks
      #expect(few.columnNames == table.columnNames && few.rowCount == table.rowCount)
      for row in 0..<table.rowCount {
        for column in 0..<2 {
          let (a, b) = (table[row: row, column: column], few[row: row, column: column])
          #expect("\(a)" == "\(b)", "turn \(turn), row \(row)")
        }
      }
      #expect(TableWriter(.ndjson).text(few) == TableWriter(.ndjson).text(table))
    }
  }

  /// Files that trade places have the inodes and dates that were noted, but not at their paths.
  @Test func swappedFilesAreReadAnew() async throws {
    let (folder, path, store) = try await runs()
    _ = try await Self.read(path, WarmStore(store), nil)
    let found = try FileManager.default.contentsOfDirectory(atPath: path).sorted().prefix(2).map {
      path + "/" + $0
    }
    for (from, to) in [(found[0], path + "/x"), (found[1], found[0]), (path + "/x", found[1])] {
      try FileManager.default.moveItem(atPath: from, toPath: to)
    }
    #expect(try await Self.read(path, WarmStore(store), nil) == Self.read(path, nil, nil))
    _ = folder
  }

  @Test func settledMeansThatTheClockWentOn() {
    func version(modified: Int = 0, changed: Int) -> FileStatus.Version {
      FileStatus.Version(device: 1, inode: 2, size: 3, modified: modified, changed: changed)
    }
    let second = 1_000_000_000
    #expect(version(changed: 50 * second + 123_456).isSettled(at: 52 * second))
    #expect(!version(changed: 50 * second + 123_456).isSettled(at: 51 * second))
    #expect(!version(changed: 50 * second).isSettled(at: 52 * second), "a clock of whole seconds")
    #expect(version(changed: 50 * second).isSettled(at: 54 * second))
    #expect(!version(modified: 90 * second, changed: 50 * second).isSettled(at: 54 * second), "the future")
  }

  @Test(.enabled(if: Files.isFolder("/proc/self"))) func timesOfUnknownFileSystemsTellNothing() {
    #expect(Files.trust("/proc/self/status") == .none)
    #expect(Files.trust("/nowhere/at/all") == .none)
  }

  /// Whatever happens to the bytes of a store: an entry is right or not used.
  @Test func damagedStoresAreNotUsed() async throws {
    let (folder, path, store) = try await runs()
    let run =
      path + "/" + (try #require(try FileManager.default.contentsOfDirectory(atPath: path).sorted().first))
    let plain = try await Self.read(run, nil, nil)
    _ = try await Self.read(run, WarmStore(store), nil)
    let pack = try #require(
      try FileManager.default.contentsOfDirectory(atPath: store).first { $0.hasSuffix(".columns") })
    let sound = [UInt8](try Data(contentsOf: URL(filePath: "\(store)/\(pack)")))
    var random = SplitMix(state: 5)
    var damaged: [[UInt8]] = [
      [], Array(sound.dropLast()), Array(sound.prefix(sound.count / 2)), sound + sound,
    ]
    for _ in 0..<120 {
      var bytes = sound
      bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
      damaged.append(bytes)
    }
    // The directory lies at the end.
    for _ in 0..<60 {
      var bytes = sound
      bytes[bytes.count - 1 - Int(random.next() % 2000)] = UInt8(truncatingIfNeeded: random.next())
      damaged.append(bytes)
    }
    for bytes in damaged {
      try Data(bytes).write(to: URL(filePath: "\(store)/\(pack)"))
      #expect(try await Self.read(run, WarmStore(store), nil) == plain)
    }
    // What was right of a damaged pack is still used, and the rest is kept again.
    let again = try WarmStore(store)
    _ = try await Self.read(run, again, nil)
    #expect(again.use.kept == 0 && again.use.reused > 0)
    _ = folder
  }

  /// Images with sound checksums and nonsense in them: nil or a table, never a trap.
  @Test func nonsenseImagesAreRefused() async throws {
    let tables = try await HelmRuns(Project.plain).load(
      HelmRuns(Project.plain).list().entries, tables: [.perInstanceStats, .scenarioStates])
    var random = SplitMix(state: 9)
    for whole in [tables.perInstanceStats, tables.scenarioStates] {
      let image = TableImage(whole)
      let names = whole.columnNames
      func read(_ header: [UInt8]) -> Table? {
        let start = (header.count + 7) / 8 * 8
        let padding = [UInt8](repeating: 0, count: start - header.count)
        let bytes = header + padding + image.parts
        let memory = SharedMemory(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
        return TableImage.table(
          in: memory, header: 0..<header.count, parts: start..<bytes.count, columnCount: names.count,
          wanted: Array(names.indices), schema: TableSchema(names), replacing: nil)
      }
      let copy = try #require(read(image.header))
      #expect(TableWriter(.ndjson).text(copy) == TableWriter(.ndjson).text(whole))
      for _ in 0..<2000 {
        var header = image.header
        for _ in 0...random.next() % 3 {
          header[Int(random.next() % UInt64(header.count))] = UInt8(truncatingIfNeeded: random.next())
        }
        if let found = read(header), found.rowCount > 0 { _ = found[row: found.rowCount - 1, column: 0] }
      }
    }
  }

  @Test func oldPacksGoAndSmallOnesBecomeOne() async throws {
    let (folder, path, store) = try await runs()
    let found = try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { path + "/" + $0 }
    func packs() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: store).filter { $0.hasSuffix(".columns") }
    }
    for turn in 0..<20 {
      // A run that is read again and again under other paths.
      let copy = try folder.copy(found[0], to: "copies/runs/s\(turn)/r:a=\(turn)")
      try await Self.settle(copy)
      _ = try await Self.read(copy, WarmStore(store), nil)
      #expect(try packs().count <= 8)
    }
    let used = try WarmStore(store)
    for turn in 0..<20 {
      _ = try await Self.read("\(folder.path)/copies/runs/s\(turn)/r:a=\(turn)", used, nil)
    }
    #expect(used.use.kept == 0, "what small packs held is still there")
    _ = try await Self.read(found[1], WarmStore(store, limit: 1), nil)
    #expect(try packs().count == 1)
    try WarmStore(store).clear()
    #expect(try packs().isEmpty)
  }

  /// The bytes of what is kept of the fixtures. When they change, tables are made in another way, and stores that were
  /// written before must not be used: change the version in `WarmPack.magic`, and then this number.
  @Test func whatIsKeptHasAVersion() async throws {
    var all: [UInt8] = WarmPack.magic
    for fixture in ["benchmark_output", "odd"] {
      let reading = try await Self.read(Project.fixture(fixture), nil, nil)
      for kind in TableSource.allCases {
        all += Array((reading.names[kind.rawValue] ?? []).joined(separator: ",").utf8)
        all += reading.tables[kind.rawValue] ?? []
      }
    }
    #expect(XXH64.hash(all) == 7_624_877_854_115_712_055)
  }

  @Test func hashesAreXXH64() {
    #expect(XXH64.hash([]) == 0xEF46_DB37_51D8_E999)
    #expect(XXH64.hash(Array("a".utf8)) == 0xD24E_C4F1_A98C_6E5B)
    #expect(XXH64.hash(Array("abc".utf8)) == 0x44BC_2CF5_AD77_0999)
    #expect(
      XXH64.hash(Array("Nobody inspects the spammish repetition".utf8)) == 0xFBCE_A83C_8A37_8BF1)
  }
}
