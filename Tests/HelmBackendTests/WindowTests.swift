import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Large files, read in windows, give what they give when read whole.
@Suite struct WindowTests {
  private func runs(_ path: String, threshold: Int, workers: Int = 2) throws -> HelmRuns {
    try HelmRuns(paths: [path], isStrict: false, workers: workers, progress: nil, windowThreshold: threshold)
  }

  private func text(_ tables: RunTables) -> String {
    TableSource.allCases.map { TableWriter(.ndjson).text(tables[$0]) }.joined(separator: "\n--\n")
  }

  @Test(arguments: [8, 800, 20_000, 100_000]) func tablesAreTheSame(threshold: Int) async throws {
    let path = Project.sweep + "/*0.2*"
    let whole = try runs(path, threshold: 1 << 30)
    let entries = try await whole.list().entries
    let kinds = Set(TableSource.allCases)
    let wanted = try await whole.load(entries, tables: kinds)
    for workers in [1, 3] {
      let read = try await runs(path, threshold: threshold, workers: workers).load(entries, tables: kinds)
      #expect(read.faults.isEmpty)
      for kind in kinds { #expect(read[kind].columnNames == wanted[kind].columnNames) }
      #expect(text(read) == text(wanted))
    }
  }

  @Test func projectionKeepsTheColumnsAskedFor() async throws {
    let columns: Set = [
      "stats.mean", "per_instance_stats.instance_id", "scenario_state.request_states.instance.id",
      "scenario_state.adapter_spec.model", "run_spec.adapter_spec.model",
    ]
    for threshold in [800, 1 << 30] {
      let runs = try runs(Project.sweep, threshold: threshold)
      let entries = try await runs.list().entries
      let all = try await runs.load(entries, tables: Set(TableSource.allCases))
      let some = try await runs.load(entries, tables: Set(TableSource.allCases), columns: columns)
      for kind in TableSource.allCases {
        let names = all[kind].columnNames.filter { columns.contains($0) || $0 == "run_spec.name" }
        #expect(some[kind].columnNames.filter { !$0.hasSuffix("stats.name.name") } == names)
        #expect(
          TableWriter(.csv).text(some[kind].selecting(names))
            == TableWriter(.csv).text(all[kind].selecting(names)))
      }
    }
  }

  /// Several windows are faulty, and the file is cut off: the first fault in the file is said, whoever met it when.
  @Test func theFirstFaultIsSaid() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("odd/count-zero"), to: "run:1")
    let records = (0..<60).map { number in
      [20, 23, 40].contains(number)
        ? "{\"name\": {\"name\": \"a\"}, \"mean\": 0\(number)}"
        : "{\"name\": {\"name\": \"a\"}, \"mean\": 1\(number)}"
    }
    let before = records[..<20].joined(separator: ",\n").utf8.count
    try folder.write("[" + records.joined(separator: ",\n") + ",", to: "run:1/stats.json")
    for workers in [1, 2, 3, 4] {
      for _ in 0..<15 {
        let runs = try runs(folder.path, threshold: 100, workers: workers)
        let fault = try await runs.load(runs.list().entries, tables: [.stats]).faults.first?.fault
        let place = try #require(fault?.place?.split(separator: " ").last.flatMap { Int($0) })
        #expect(place > before && place < before + 50, "\(fault!)")
      }
    }
  }

  /// Folder, file and text; the fault is the same as of the file read whole, but for where a cut file ends.
  static let faults = [
    "no-request-states", "no-stats-in-bundle", "number-for-instance-stat-name", "number-for-stat-name",
    "stat-without-name", "truncated-stats", "truncated-state", "truncated-instance-stats", "not-utf8",
  ]

  @Test(arguments: faults) func faultsAreTheSame(folder: String) async throws {
    let path = Project.fixture("broken/" + folder)
    let entries = try await runs(path, threshold: 1 << 30).list().entries
    let whole = try await runs(path, threshold: 1 << 30).load(entries, tables: Set(TableSource.allCases))
    let windows = try await runs(path, threshold: 8).load(entries, tables: Set(TableSource.allCases))
    #expect(windows.faults.map { "\($0.fault)" } == whole.faults.map { "\($0.fault)" })
  }

  @Test func everyTruncationIsAFault() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "run:1")
    for name in ["stats.json", "scenario_state.json", "per_instance_stats.json"] {
      let text = try Project.text(Project.fixture("broken/whole/" + name))
      let entries = try await runs(folder.path, threshold: 1 << 30).list().entries
      for length in stride(from: 1, to: text.utf8.count, by: 13) {
        try folder.write(String(text.prefix(length)), to: "run:1/" + name)
        let read = try await runs(folder.path, threshold: 0).load(entries, tables: Set(TableSource.allCases))
        #expect(read.faults.count == 1, "\(name) cut at \(length)")
      }
      try folder.write(text, to: "run:1/" + name)
    }
  }

  @Test func oddTextsAroundAndBetweenRecords() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "run:1")
    let record = #"{"name": {"name": "a ]}\",[{ \\"}, "mean": 1}"#
    let texts: [(text: String, rows: Int?)] = [
      ("[]", 0), ("  [ ]\n", 0), ("[\(record)]", 1), ("\n[ \(record) ,\n\(record)\n]\n\n", 2),
      ("[\(record),]", nil), ("[,\(record)]", nil), ("[\(record) \(record)]", nil), ("[\(record)] x", nil),
      ("{}", nil), ("[\(record)}", nil), ("", nil), ("[1, \(record)]", nil),
    ]
    for (text, rows) in texts {
      try folder.write(text, to: "run:1/stats.json")
      let runs = try runs(folder.path, threshold: 0)
      let entries = try await runs.list().entries
      let read = try await runs.load(entries, tables: [.stats])
      #expect(read.faults.isEmpty == (rows != nil), "\(text)")
      #expect(read.stats.rowCount == rows ?? 0, "\(text)")
    }
  }
}
