import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// What is too large, or too restless, to lie in Fixtures/odd.
@Suite struct OddSizesTests {
  private let folder: TemporaryFolder
  private let mapping = "scenario_state.request_states.output_mapping"

  init() throws { folder = try TemporaryFolder() }

  private func copy(_ name: String) throws {
    try folder.copy(OddDataTests.odd + "/count-zero", to: name)
  }

  /// A list of requests, each with a map of these keys.
  private func state(_ maps: [[String]], more: String = "") -> String {
    let requests = maps.map { keys in
      "{\"output_mapping\": {" + keys.map { "\"\($0)\": \"v\"" }.joined(separator: ", ") + "}\(more)}"
    }
    return "{\"adapter_spec\": {\"n\": 1}, \"request_states\": [" + requests.joined(separator: ",\n") + "]}"
  }

  /// A million, but fewer where nothing is optimised.
  #if DEBUG
    private static let keyCount = 100_000
  #else
    private static let keyCount = 1_000_000
  #endif

  private func load(_ path: String = "", threshold: Int = 1 << 30, workers: Int = 1) async throws -> RunTables
  {
    try await OddDataTests.load(folder.path + "/" + path, threshold: threshold, workers: workers)
  }

  @Test(arguments: ["0.5", "NaN"]) func aTextOfTenMegabytes(number: String) async throws {
    try copy("run:1")
    let long = String(repeating: "0123456789 é ", count: 720_000)
    #expect(long.utf8.count > 10_000_000)
    try folder.write(
      "{\"request_states\": [{\"x\": \(number), \"prompt\": \"\(long)\"}, {\"prompt\": \"\"}]}",
      to: "run:1/scenario_state.json")
    for threshold in [1 << 20, 1 << 30] {
      let states = try await load(threshold: threshold).scenarioStates
      #expect(states.rowCount == 2)
      #expect(states[0, "scenario_state.request_states.prompt"] == .string(long))
    }
  }

  @Test(.timeLimit(.minutes(30))) func aMapOfVeryManyKeysIsOneCell() async throws {
    try copy("run:1")
    let keys = (0..<Self.keyCount).map(String.init)
    try folder.write(state([["A"], keys]), to: "run:1/scenario_state.json")
    for threshold in [1 << 20, 1 << 30] {
      let tables = try await load(threshold: threshold)
      #expect(tables.counts.map(\.mapsKept) == [1])
      let cells = tables.scenarioStates.rows.map { $0[mapping] }
      #expect(cells.first == .json(#"{"A":"v"}"#))
      #expect(cells.last?.text.hasSuffix(",\"\(Self.keyCount - 1)\":\"v\"}") == true)
      #expect(!tables.scenarioStates.columnNames.contains { $0.hasPrefix(mapping + ".") })
    }
  }

  @Test(.timeLimit(.minutes(30))) func aRecordOfVeryManyKeysIsAFaultOfItsRunAlone() async throws {
    for name in ["run:1", "run:2", "run:3"] { try copy(name) }
    let keys = (0..<Self.keyCount).map { "\"\($0)\": 1" }.joined(separator: ",")
    let name = #""name": {"name": "a"}"#
    try folder.write("[{\(name), \(keys)}]", to: "run:1/stats.json")
    try folder.write("{\"request_states\": [], \(keys)}", to: "run:2/scenario_state.json")
    for threshold in [1 << 20, 1 << 30] {
      let tables = try await load(threshold: threshold)
      let problem = "the records have more than 4096 keys, too many for columns"
      #expect(
        tables.faults.map { "\($0.fault)" }
          == ["run:1/stats.json", "run:2/scenario_state.json"].map { "\(folder.path)//\($0): \(problem)" })
      #expect(tables.stats.rowCount == 3 && tables.scenarioStates.rowCount == 2)
    }
  }

  /// The limit on columns is one of each file: what other runs hold does not matter, nor who reads them.
  @Test func mapsOfOtherRunsDoNotCount() async throws {
    for number in 0..<6 {
      try copy("run:\(number)")
      try folder.write(
        state([(0..<200).map { "\(number)-\($0)" }]), to: "run:\(number)/scenario_state.json")
    }
    let one = try await load(workers: 1)
    #expect(one.counts.map(\.mapsKept) == Array(repeating: 0, count: 6))
    #expect(one.scenarioStates.columnNames.filter { $0.hasPrefix(mapping + ".") }.count == 1200)
    let three = try await load(workers: 3)
    #expect(TableWriter(.csv).text(three.scenarioStates) == TableWriter(.csv).text(one.scenarioStates))
  }

  /// 600 keys in a file are too many, though no window holds them all.
  @Test(arguments: [1, 3]) func mapsAreKeptInWindowsAsInTheWholeFile(workers: Int) async throws {
    try copy("run:1")
    for (count, isKept) in [(500, false), (600, true)] {
      try folder.write(state((0..<count).map { ["k\($0)"] }), to: "run:1/scenario_state.json")
      let whole = try await load()
      let windows = try await load(threshold: 4000, workers: workers)
      #expect(whole.counts.map(\.mapsKept) == [isKept ? 1 : 0])
      #expect(windows.counts.map(\.mapsKept) == [isKept ? 1 : 0])
      #expect(whole.scenarioStates.hasColumn(mapping) == isKept)
      #expect(windows.scenarioStates.columnNames == whole.scenarioStates.columnNames)
      #expect(
        TableWriter(.csv).text(windows.scenarioStates) == TableWriter(.csv).text(whole.scenarioStates))
    }
  }

  @Test func manyMapsAreCellsUntilTheColumnsFit() async throws {
    try copy("run:1")
    let maps = (0..<12).map { map in
      "\"m\(map)\": {" + (0..<400).map { "\"\($0)\": 1" }.joined(separator: ", ") + "}"
    }
    try folder.write(
      state([["A"], ["B"]], more: ", " + maps.joined(separator: ", ")), to: "run:1/scenario_state.json")
    let whole = try await load()
    #expect(whole.faults.isEmpty && whole.counts[0].mapsKept > 0)
    #expect(whole.scenarioStates.columnNames.count <= 4096 + 2)
    for workers in [1, 3] {
      let windows = try await load(threshold: 4000, workers: workers)
      #expect(windows.scenarioStates.columnNames == whole.scenarioStates.columnNames)
      #expect(windows.counts.map(\.mapsKept) == whole.counts.map(\.mapsKept))
    }
  }

  /// One limit for both parsers: beside a NaN, the slower one reads.
  @Test(arguments: ["1", "NaN"]) func depthIsLimited(number: String) async throws {
    try copy("run:1")
    for (depth, isRead) in [(998, true), (999, false)] {
      let deep = String(repeating: "[", count: depth) + number + String(repeating: "]", count: depth)
      try folder.write("[{\"name\": {\"name\": \"a\"}, \"x\": \(deep)}]", to: "run:1/stats.json")
      let tables = try await load()
      #expect(tables.faults.isEmpty == isRead)
      if isRead { #expect(tables.stats[0, "stats.x"].text.utf8.count == 2 * depth + (number == "1" ? 1 : 5)) }
    }
  }

  @Test func aSecondListOfRequestsIsAFaultInALargeFile() async throws {
    try copy("run:1")
    try folder.write(
      #"{"request_states": [{"a": 1}], "request_states": [{"a": 2}]}"#, to: "run:1/scenario_state.json")
    #expect(try await load().scenarioStates.rows.map { $0["scenario_state.request_states.a"] } == [.int(2)])
    let windows = try await load(threshold: 0)
    #expect(windows.faults.count == 1 && windows.scenarioStates.rowCount == 0)
  }

  @Test func controlCharactersAroundAListAreAFault() async throws {
    try copy("run:1")
    for text in ["\u{1}[]", "[]\0", "[\u{1}]", "[{\"name\": {\"name\": \"a\"}}]\u{B}"] {
      try folder.write(text, to: "run:1/stats.json")
      for threshold in [0, 1 << 30] {
        #expect(try await load(threshold: threshold).faults.count == 1, "\(text.debugDescription)")
      }
    }
  }

  @Test func linksAreFollowedOnce() async throws {
    try copy("elsewhere/run:1")
    try copy("suite/run:2")
    func link(_ target: String, _ name: String) { #expect(symlink(target, folder.path + "/" + name) == 0) }
    link("../elsewhere/run:1", "suite/run:linked")
    link("..", "suite/up")
    link("itself", "suite/itself")
    link("b", "suite/a")
    link("a", "suite/b")
    let entries = try await HelmRuns(folder.path + "/suite").list().entries
    #expect(entries.map(\.folder) == ["run:2", "run:linked"])
    #expect(entries.flatMap(\.faults).isEmpty)
    #expect(try await HelmRuns(folder.path).list().entries.map(\.folder) == ["run:1", "run:2"])
    #expect(try await HelmRuns(folder.path + "/suite/run:linked").list().entries.count == 1)
  }

  @Test func aLoopWithoutRunsIsAFault() throws {
    try folder.write("x", to: "a/b/notes.txt")
    #expect(symlink("..", folder.path + "/a/b/loop") == 0)
    #expect(throws: DataFault.self) { try HelmRuns(folder.path) }
  }

  @Test func runsLieInFoldersWithColons() async throws {
    try copy("suite:1/run:1")
    #expect(try await HelmRuns(folder.path).list().entries.map(\.suite) == ["suite:1"])
  }

  @Test func aPipeIsAFaultAndNotWaitedFor() async throws {
    try copy("run:1")
    let path = folder.path + "/run:1/stats.json"
    try FileManager.default.removeItem(atPath: path)
    #expect(mkfifo(path, 0o600) == 0)
    #expect(try await load().faults.map(\.fault.problem) == ["the file is empty"])
  }

  @Test(arguments: ["grown", "cut", "rewritten"]) func aFileThatChangesIsAFault(how: String) throws {
    try copy("run:1")
    let path = folder.path + "/run:1/stats.json"
    let text = try Project.text(path)
    let windows = SharedWindows(try DiskTree().open(path), list: nil, windowSize: 8)
    let reader = RunReader()[.stats]
    _ = try reader.nextWindow(of: windows, run: "r")
    Thread.sleep(forTimeInterval: 0.05)
    let changed =
      switch how {
      case "grown": text + "  \n"
      case "cut": String(text.prefix(text.utf8.count / 2))
      default: text.replacing("0", with: "1")
      }
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.write(contentsOf: Data(changed.utf8))
    try file.truncate(atOffset: UInt64(changed.utf8.count))
    let fault = #expect(throws: DataFault.self) {
      while try reader.nextWindow(of: windows, run: "r") != nil {}
    }
    #expect(fault?.problem == "the file changed while it was read")
  }

  @Test func aFileWrittenOverAndOverNeverCrashes() async throws {
    try copy("run:1")
    let path = folder.path + "/run:1/stats.json"
    let text = try Project.text(path)
    // A thread of its own: a loop on one of the threads that tasks share would hold up all other tests.
    let writer = Thread {
      for step in 1...200 {
        try? Data(text.utf8.prefix(step * 97 % text.utf8.count)).write(to: URL(filePath: path))
        try? Data(text.utf8).write(to: URL(filePath: path))
      }
    }
    writer.start()
    var number = 0
    while !writer.isFinished || number < 2 {
      let tables = try await load(threshold: number % 2 == 0 ? 0 : 1 << 30)
      #expect(tables.faults.count == 1 || tables.stats.rowCount == 3)
      number += 1
    }
  }

  @Test func twoThousandRunsOfOneSuite() async throws {
    for number in 0..<2000 {
      let run = "suite/run:n=\(number)"
      try folder.write("{\"name\": \"r\(number)\"}", to: run + "/run_spec.json")
      try folder.write("{\"request_states\": []\n}", to: run + "/scenario_state.json")
      try folder.write(
        "[{\"name\": {\"name\": \"m\"}, \"mean\": \(number)}\n]", to: run + "/stats.json")
      try folder.write("[\n]", to: run + "/per_instance_stats.json")
    }
    let tables = try await load(workers: 2)
    #expect(tables.faults.isEmpty && tables.runSpecs.rowCount == 2000)
    let names = tables.stats[.run].map { $0 }
    #expect(names == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    #expect(zip(names, tables.stats[.mean]).allSatisfy { Double($0.dropFirst()) == $1 })
  }
}
