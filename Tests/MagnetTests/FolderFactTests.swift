import Foundation
import TestSupport
import Testing

@testable import Magnet

/// Facts about a folder of runs as a whole: which questions they share, which states they are in, which are absent.
@Suite struct FolderFactTests {
  private static let prefix = "scenario_state.request_states.instance."

  /// Runs of three tasks by three models, each asked some of a few questions under some of a few ids.
  private static func asked(_ seed: Int) -> (
    source: MemorySource, questions: [String: [String: Set<[String]>]]
  ) {
    var random = PythonRandom(seed: seed)
    var runs: [MemorySource.Run] = []
    var questions: [String: [String: Set<[String]>]] = [:]
    for task in ["a", "b:x=1", "c"] {
      for model in 0..<3 where random.below(5) > 0 {
        var run = MemorySource.Run(task, "m/\(model)")
        // All of a task the same, or each run its own.
        let isSame = random.below(2) == 0
        let rows = (0..<(3 + random.below(isSame ? 1 : 3))).map { number in
          [
            "id\(number)", random.choice(isSame ? ["test"] : ["test", "valid"]),
            "what is \(isSame ? number : random.below(3))",
          ]
        }
        let perturbed: [[Cell]] = [[.string("id0"), .string("test"), .string("wat is"), .string("typos")]]
        run.tables[.scenarioStates] = run.named(
          rows.map { $0.map(Cell.string) + [.null] } + perturbed,
          ["id", "split", "input.text", "perturbation.name"].map { prefix + $0 })
        for row in rows {
          questions[task + "|" + row[1], default: [:]][run.name, default: []].insert([row[0], row[2]])
        }
        runs.append(run)
      }
    }
    return (MemorySource(runs), questions)
  }

  @Test(arguments: 1...15) func questionsAreCountedByTaskAndSplit(_ seed: Int) async throws {
    let (source, questions) = Self.asked(seed)
    let coverage = try await InstanceCoverage(of: source)
    #expect(coverage.faults.isEmpty && coverage.table.rowCount == questions.count)
    var unequal: [String] = []
    for (row, place) in zip(coverage.table.rows, questions.keys.sorted()) {
      let runs = try #require(questions[place])
      #expect(row["task"].text + "|" + row["split"].text == place)
      #expect(row["runs"] == .int(Int64(runs.count)))
      #expect(row["instances"].number == runs.values.map { Double($0.count) }.max())
      #expect(row["least"].number == runs.values.map { Double($0.count) }.min())
      #expect(row["sets"].number == Double(Set(runs.values).count))
      let all = Set(runs.values.flatMap(\.self))
      let reused = Set(all.map { $0[0] }).count { id in all.count { $0[0] == id } > 1 }
      #expect(row["reused_ids"].number == Double(reused))
      if Set(runs.values).count > 1 { unequal.append("\(row["task"].text) (\(row["split"].text))") }
    }
    #expect(coverage.unequal == unequal)
  }

  // MARK: Times

  /// Every day of four centuries, counted one after the other.
  @Test func daysAreCounted() {
    var (year, month, day) = (1880, 1, 1)
    var seconds: Int64 = 0
    for earlier in 1880..<1970 {
      seconds -= earlier % 4 == 0 && (earlier % 100 != 0 || earlier % 400 == 0) ? 31_622_400 : 31_536_000
    }
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    var wrong = 0
    while year < 2280 {
      let date = "\(year)-\(two(month))-\(two(day))T"
      if RunFiles.text(seconds) != date + "00:00:00Z" { wrong += 1 }
      if day % 9 == 1, RunFiles.text(seconds + 86_399) != date + "23:59:59Z" { wrong += 1 }
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      day += 1
      if day > lengths[month - 1] { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
      seconds += 86_400
    }
    #expect(wrong == 0)
    #expect(RunFiles.text(0) == "1970-01-01T00:00:00Z" && RunFiles.text(-1) == "1969-12-31T23:59:59Z")
    #expect(RunFiles.text(1_700_000_000) == "2023-11-14T22:13:20Z")
  }

  /// Sizes and times of files; displayed ones that are older than the results are stale, and files in archives unknown.
  @Test func filesAreCountedAndCompared() throws {
    let folder = try TemporaryFolder()
    func entry(_ name: String, _ files: [(String, Int, Double)]) throws -> RunEntry {
      for (file, size, time) in files {
        try folder.write([UInt8](repeating: 0x20, count: size), to: "s/\(name)/\(file)")
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSince1970: time)],
          ofItemAtPath: "\(folder.path)/s/\(name)/\(file)")
      }
      return RunEntry(
        suite: "s", folder: name, path: "\(folder.path)/s/\(name)", name: name, files: files.map(\.0),
        faults: [])
    }
    let runs = [
      try entry(
        "a", [("stats.json", 10, 1000), ("instances.json", 3, 999), ("display_requests.json", 4, 1000)]),
      try entry(
        "b", [("stats.json", 7, 4000), ("scenario_state.json", 1, 2000), ("instances.json", 2, 4001)]),
      RunEntry(suite: "s", folder: "c", path: "/none/s.zip/c", name: "c", files: ["stats.json"], faults: []),
    ]
    let files = RunFiles(RunListing(entries: runs, runSpecs: Table(), entryOfRow: []))
    #expect(files.archivedCount == 1 && files.stale == ["\(folder.path)/s/a/instances.json"])
    #expect(
      files.table.rows.map { row in files.table.columnNames.map { row[$0].text }.joined(separator: " ") } == [
        "display_requests.json 1 4 1970-01-01T00:16:40Z 1970-01-01T00:16:40Z 0",
        "instances.json 2 5 1970-01-01T00:16:39Z 1970-01-01T01:06:41Z 1",
        "scenario_state.json 1 1 1970-01-01T00:33:20Z 1970-01-01T00:33:20Z 0",
        "stats.json 2 17 1970-01-01T00:16:40Z 1970-01-01T01:06:40Z 0",
      ])
  }

  // MARK: States

  private static let problems = [
    nil, nil, "stats.json: the file is missing", "run_spec.json: the file is empty",
  ]

  /// Runs of some models and tasks in several suites, some of them with a fault.
  private static func listing(_ seed: Int) -> RunListing {
    var random = PythonRandom(seed: seed)
    var entries: [RunEntry] = []
    var rows: [[Cell]] = []
    for suite in ["v1", "v2"] {
      for task in 0..<4 {
        for model in 0..<4 where random.below(3) > 0 {
          let name = "t\(task):model=m_\(model)"
          let path = "runs/\(suite)/\(name)"
          let fault = random.choice(problems).map { problem in
            let parts = problem.split(separator: ":").map(String.init)
            return DataFault(file: "\(path)/\(parts[0])", problem: String(parts[1].dropFirst()))
          }
          entries.append(
            RunEntry(
              suite: suite, folder: name, path: path, name: name,
              files: fault?.file.hasSuffix("stats.json") == true ? [] : ["stats.json"],
              faults: fault.map { [$0] } ?? []))
          rows.append([
            .string(name), .string("m/\(model)"), Cell(random.choice(["x/d1", "x/d2", nil])),
          ])
        }
      }
    }
    return RunListing(
      entries: entries,
      runSpecs: Table(
        columnNames: [
          "run_spec.name", "run_spec.adapter_spec.model", "run_spec.adapter_spec.model_deployment",
        ], rows: rows), entryOfRow: Array(entries.indices))
  }

  @Test(arguments: 1...10) func statesAreCounted(_ seed: Int) {
    let listing = Self.listing(seed)
    let states = RunStates(listing)
    func problem(_ entry: RunEntry) -> String {
      entry.faults.first.map { "\($0.file.dropFirst(entry.path.utf8.count + 1)): \($0.problem)" }
        ?? "complete"
    }
    let names = Set(listing.entries.map(\.name))
    let repeated = names.filter { name in listing.entries.count { $0.name == name } > 1 }
    for (state, count, example) in states.entries {
      if state == "the same name in several suites" {
        #expect(count == repeated.count)
        // Of the names in order, the first.
        #expect(example == listing.entries.first { $0.name == repeated.sorted().first }?.path)
        continue
      }
      let own = listing.entries.filter { problem($0) == state }
      #expect(count == own.count && example == own.first?.path)
    }
    #expect(
      Set(states.entries.map(\.state))
        == Set(listing.entries.map(problem) + (repeated.isEmpty ? [] : ["the same name in several suites"])))
    #expect(states.table.rows.map { $0["runs"] } == states.entries.map { .int(Int64($0.count)) })
    if listing.entries.contains(where: \.faults.isEmpty) {
      #expect(states.entries.first?.state == "complete")
    }
  }

  /// Of several runs of a model on a task the best counts, and all are named.
  @Test(arguments: 1...10) func coverageIsTheBestOfTheRuns(_ seed: Int) {
    let listing = Self.listing(seed)
    let matrix = CoverageMatrix(listing)
    for model in 0..<4 {
      for task in 0..<4 {
        let own = listing.entries.filter { $0.name == "t\(task):model=m_\(model)" }
        let entry = matrix.entry("m/\(model)", "t\(task)")
        #expect((entry == nil) == own.isEmpty && entry?.runs.count ?? 0 == own.count)
        // Statistics beside a fault in another file are partial, and without them the run is faulty.
        let expected = own.contains { $0.faults.isEmpty } ? CoverageMatrix.State.complete : nil
        if let expected { #expect(entry?.state == expected && entry?.problem == nil) }
        if !own.isEmpty, expected == nil {
          #expect(entry?.state == (own.contains { $0.hasStatistics } ? .partial : .faulty))
          #expect(entry?.problem != nil)
        }
      }
      #expect(
        matrix.count(of: "m/\(model)")
          == Set(listing.entries.map(\.name).filter { $0.hasSuffix("m_\(model)") }).count)
    }
    let all = Set(listing.entries.map(\.name))
    let common = matrix.scenarios.filter { task in
      2 * matrix.models.count { all.contains("\(task):model=\($0.replacing("/", with: "_"))") }
        >= matrix.models.count
    }
    let missing = matrix.models.flatMap { model in
      common.filter { !all.contains("\($0):model=\(model.replacing("/", with: "_"))") }.map { [model, $0] }
    }
    #expect(matrix.missing.map { [$0.model, $0.scenario] } == missing)
    #expect(matrix.missingTable.rows.map { [$0["model"].text, $0["task"].text] } == missing)
    #expect(matrix.table.columnNames == ["model", "tasks"] + matrix.scenarios)
  }

  @Test(arguments: 1...6) func modelsAreCountedWithTheirDeployments(_ seed: Int) {
    let listing = Self.listing(seed)
    let table = listing.modelTable
    #expect(
      table.rows.map { $0["model"].text } == Set(listing.runSpecs.rows.map { $0[.model] ?? "" }).sorted())
    for row in table.rows {
      let own = listing.runSpecs.rows.filter { $0[.model] == row["model"].text }
      let deployments = Set(own.compactMap { $0[.deployment] }).sorted().joined(separator: ", ")
      #expect(row["deployments"].text == deployments && row["maker"] == .string("m"))
      #expect(row["runs"] == .int(Int64(own.count)))
      #expect(row["tasks"].number == Double(Set(own.map { $0[.run].prefix(2) }).count))
    }
  }
}
