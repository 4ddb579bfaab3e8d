import Foundation
import HelmBackend
import Magnet
import TestSupport
import Testing

/// Which runs are found under which paths.
@Suite struct LocatingTests {
  private func names(_ paths: String...) async throws -> [String] {
    try await HelmRuns(paths: paths).list().entries.map { $0.suite + "/" + $0.name }
  }

  @Test func everyLevelLeadsToTheSameRuns() async throws {
    let whole = try await names(Project.fixture())
    #expect(whole.count == 37)
    #expect(try await names(Project.fixture("benchmark_output")) == whole)
    #expect(try await names(Project.fixture("benchmark_output/runs")) == whole)
    #expect(try await names(Project.fixture("benchmark_output/runs/")) == whole)
    #expect(try await names(Project.fixture("benchmark_output/runs/*")) == whole)
    #expect(try await names(Project.fixture("benchmark_output/runs/*/*")) == whole)
    #expect(try await names(Project.fixture(), Project.sweep) == whole)
  }

  @Test func runsAreInPathOrderWhateverTheOrderOfPaths() async throws {
    let first = Project.fixture("benchmark_output/runs/plain-v1")
    #expect(try await names(Project.sweep, first) == names(first, Project.sweep))
  }

  @Test func oneRun() async throws {
    let path = Project.fixture("benchmark_output/runs/plain-v2/trivia:subject=capitals,model=acme_base")
    #expect(try await names(path) == ["plain-v2/trivia:subject=capitals,model=acme_base"])
  }

  @Test func patternsAndLiteralBrackets() async throws {
    #expect(try await names(Project.fixture("benchmark_output/runs/plain-v1/*calendar*")).count == 4)
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "suite[1]/a run")
    #expect(try await names(folder.path + "/suite[1]") == ["suite[1]/tiny:fault=whole,model=acme_base"])
  }

  @Test func foldersThatAreNoRuns() async throws {
    let folder = try TemporaryFolder()
    let runs = "benchmark_output/runs"
    try folder.copy(Project.fixture("broken/whole"), to: runs + "/v1/no colon")
    try folder.write("{}", to: runs + "/v1/eval_cache/x.json")
    try folder.write("{}", to: runs + "/v1/groups/x.json")
    try folder.write("[]", to: runs + "/v1/runs.json")
    try folder.write("{}", to: "benchmark_output/scenarios/mmlu/x.json")
    #expect(symlink("v1", folder.path + "/\(runs)/latest") == 0)
    #expect(symlink("..", folder.path + "/\(runs)/v1/loop") == 0)
    #expect(try await names(folder.path) == ["v1/tiny:fault=whole,model=acme_base"])
  }

  @Test func foldersAboveRunsMayHaveColons() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "try: 2/benchmark_output/runs/v1:a/mmlu:x=1")
    #expect(try await names(folder.path) == ["v1:a/tiny:fault=whole,model=acme_base"])
    #expect(try await names(folder.path + "/try: 2") == ["v1:a/tiny:fault=whole,model=acme_base"])
  }

  @Test func suitesKeepRunsOfOneName() async throws {
    let twice = try await names(
      Project.fixture("benchmark_output/runs/plain-v1"), Project.fixture("benchmark_output/runs/plain-v2"))
    #expect(twice.filter { $0.hasSuffix("/trivia:subject=capitals,model=acme_base") }.count == 2)
  }
}

/// What reading promises beside parity.
@Suite struct ReadingTests {
  @Test func resultsDoNotDependOnTheNumberOfWorkers() async throws {
    var texts: Set<String> = []
    for workers in [1, 2, 7] {
      let runs = try HelmRuns(Project.sweep, workers: workers)
      let tables = try await runs.load(runs.list().entries, tables: Set(TableSource.allCases))
      texts.insert(TableSource.allCases.map { TableWriter(.csv).text(tables[$0]) }.joined())
    }
    #expect(texts.count == 1)
  }

  @Test func onlyTheTablesAskedForAreRead() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/truncated-state"), to: "s/run:1")
    let runs = try HelmRuns(folder.path)
    let tables = try await runs.load(runs.list().entries, tables: [.stats])
    #expect(tables.faults.isEmpty && tables.stats.rowCount == 3 && tables.scenarioStates.rowCount == 0)
  }

  @Test func repeatedKeysCountOnceAsInPython() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "s/run:1")
    try folder.write(
      """
      [{"name": {"name": "a", "perturbation": {"name": "x", "prob": 1}, "perturbation": {"name": "y"}},
        "mean": 1, "mean": 2.5},
       {"name": {"name": "b"}, "mean": null, "extra": {}, "list": [1, {"k": NaN}], "text": "\\ud83d"}]
      """, to: "s/run:1/stats.json")
    let runs = try HelmRuns(folder.path)
    let stats = try await runs.load(runs.list().entries, tables: [.stats]).stats
    #expect(stats.rows.map { $0[.mean] } == [2.5, nil])
    #expect(stats.rows.map { $0[.perturbation] } == ["y", nil])
    #expect(stats.rows.map { $0[.prob] } == [nil, nil])
    #expect(stats[1, "stats.list"] == .json("[1,{\"k\":\"NaN\"}]"))
    #expect(stats[1, "stats.text"] == .string("\u{FFFD}"))
    #expect(!stats.hasColumn("stats.extra"))
  }

  @Test func idsAreTextWhateverTheyAreInTheFile() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "s/run:1")
    for name in ["scenario_state.json", "per_instance_stats.json"] {
      let text = try Project.text(folder.path + "/s/run:1/" + name)
      let changed = text.replacing(#/"(id|instance_id)": "id\d+"/#) { "\"\($0.output.1)\": 17" }
      #expect(changed != text)
      try folder.write(changed, to: "s/run:1/" + name)
    }
    let runs = try HelmRuns(folder.path)
    let tables = try await runs.load(runs.list().entries, tables: [.scenarioStates, .perInstanceStats])
    #expect(Set(tables.scenarioStates[.instance]) == ["17"])
    #expect(Set(tables.perInstanceStats[.instance]) == ["17"])
  }

  @Test(.enabled(if: Project.publishedRuns != nil, "the published runs are not on this machine"))
  func publishedRuns() async throws {
    let runs = try HelmRuns(try #require(Project.publishedRuns))
    let summary = try await RunSummary(of: runs, isThorough: true)
    #expect(summary.faults.isEmpty)
    #expect(summary.table.rows.map { $0["scenario"] } == [.string("mmlu"), .string("narrative_qa")])
    #expect(summary.table.rows.map { $0["instances"] } == [.int(10), .int(5)])
    let tables = try await runs.load(runs.list().entries, tables: Set(TableSource.allCases))
    let exact = tables.stats.filter { $0[.metric] == "exact_match" && $0[.perturbation] == nil }
    #expect(exact[.mean].count >= 2)
  }

  @Test func nothingIsWrittenIntoRuns() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.sweep, to: "runs/s")
    let before = try listing(folder.path)
    let runs = try HelmRuns(folder.path)
    _ = try await runs.load(runs.list().entries, tables: Set(TableSource.allCases))
    #expect(try listing(folder.path) == before)
  }

  private func listing(_ path: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: path).sorted().map {
      let date = try FileManager.default.attributesOfItem(atPath: path + "/" + $0)[.modificationDate]
      return "\($0) \(String(describing: date))"
    }
  }
}
