import HelmBackend
import Magnet
import TestSupport
import Testing

/// The message about each folder in Fixtures/broken.
@Suite struct FaultTests {
  static let broken = Project.fixture("broken")

  /// Folder and what its fault says after the path of Fixtures/broken.
  static let sentences: [(folder: String, sentence: String)] = [
    ("blank-file", "stats.json: byte 3: contains only white space; copy or download it again"),
    (
      "empty:model=acme_base",
      "the run's folder is empty; HELM leaves it so when a run fails; run it again or remove the folder"
    ),
    ("empty-file", "stats.json: the file is empty; copy or download it again"),
    ("list-for-object", "scenario_state.json: expected an object, found a list"),
    (
      "missing-per-instance-stats",
      "per_instance_stats.json: the file is missing; the run failed, is still running, or was copied only partly"
    ),
    (
      "missing-run-spec",
      "run_spec.json: the file is missing; the run failed, is still running, or was copied only partly"
    ),
    (
      "missing-scenario-state",
      "scenario_state.json: the file is missing; the run failed, is still running, or was copied only partly"
    ),
    (
      "missing-stats",
      "stats.json: the file is missing; the run failed, is still running, or was copied only partly"
    ),
    ("no-request-states", "scenario_state.json: request_states: the key is missing"),
    ("no-stats-in-bundle", "per_instance_stats.json: [0].stats: the key is missing"),
    (
      "not-json",
      "stats.json: byte 0: a value should begin here; this looks like an HTML page, not JSON; copy or download it again"
    ),
    ("not-utf8", "stats.json: byte 38: the text is not UTF-8"),
    (
      "number-for-instance-stat-name",
      "per_instance_stats.json: [0].stats[1].name.name: expected a name, found a number"
    ),
    (
      "number-for-request-states",
      "scenario_state.json: request_states: expected a list, found a number"
    ),
    ("number-for-run-name", "run_spec.json: name: expected a name, found a number"),
    ("number-for-stat-name", "stats.json: [1].name.name: expected a name, found a number"),
    ("numbers-for-stats", "stats.json: [0]: expected an object, found a number"),
    ("object-for-list", "stats.json: expected a list, found an object"),
    ("stat-without-name", "stats.json: [0].name: the key is missing"),
    ("string-for-metric-name", "stats.json: [2].name: expected an object, found a string"),
    (
      "string-for-request-state",
      "scenario_state.json: request_states[0]: expected an object, found a string"
    ),
    ("string-run-spec", "run_spec.json: expected an object, found a string"),
    (
      "truncated-instance-stats",
      "per_instance_stats.json: byte 933: unexpected end of file (truncated); copy or download it again"
    ),
    (
      "truncated-run-spec",
      "run_spec.json: byte 200: unexpected end of file (truncated); copy or download it again"
    ),
    (
      "truncated-state",
      "scenario_state.json: byte 700: unexpected end of file (truncated); copy or download it again"
    ),
    (
      "truncated-stats",
      "stats.json: byte 100: unexpected end of file (truncated); copy or download it again"
    ),
    ("unreadable", "stats.json: the file cannot be read: Too many levels of symbolic links"),
  ]

  @Test func everyFaultIsNamedAndTheRestGoesOn() async throws {
    let runs = try HelmRuns(Self.broken)
    let entries = try await runs.list().entries
    #expect(entries.count == Self.sentences.count + 1)
    let tables = try await runs.load(entries, tables: Set(TableSource.allCases))
    #expect(tables.runSpecs[.run].map { $0 } == ["tiny:fault=whole,model=acme_base"])
    #expect(tables.stats.rowCount == 3)
    #expect(tables.scenarioStates.rowCount == 1)
    #expect(tables.perInstanceStats.rowCount == 3)
    for (run, fault) in tables.faults {
      let folder = entries[run].folder
      let wanted = Self.sentences.first { $0.folder == folder }?.sentence ?? "nothing"
      let separator = folder.hasPrefix("empty:") ? ": " : "/"
      #expect("\(fault)" == Self.broken + "/" + folder + separator + wanted)
    }
    #expect(tables.faults.count == Self.sentences.count)
  }

  @Test func theEndsOfFilesTellIncompleteRuns() async throws {
    let entries = try await HelmRuns(Self.broken).list().entries
    let incomplete = Set(entries.filter { !$0.faults.isEmpty }.map(\.folder))
    let cut = Self.sentences.map(\.folder).filter {
      $0.hasPrefix("truncated") || $0.hasPrefix("missing") || $0.hasPrefix("empty") || $0.hasPrefix("blank")
    }
    #expect(incomplete.isSuperset(of: cut))
    #expect(!incomplete.contains("whole"))
  }

  @Test func strictStopsAtTheFirstFault() async throws {
    let lenient = try HelmRuns(Self.broken)
    let entries = try await lenient.list().entries
    let listed = entries.compactMap(\.faults.first).first
    let loaded = try await lenient.load(entries, tables: [.stats]).faults.first?.fault
    // Many runs are faulty: which worker meets its own first must not tell.
    for workers in [1, 2, 4] {
      for _ in 0..<10 {
        let runs = try HelmRuns(Self.broken, isStrict: true, workers: workers)
        let inList = await #expect(throws: DataFault.self) { try await runs.list() }
        #expect(inList == listed)
        let inLoad = await #expect(throws: DataFault.self) { try await runs.load(entries, tables: [.stats]) }
        #expect(inLoad == loaded)
      }
    }
  }

  @Test func everyTruncationOfAFileIsAFault() async throws {
    let folder = try TemporaryFolder()
    let whole = Self.broken + "/whole/"
    for name in ["run_spec.json", "scenario_state.json", "per_instance_stats.json"] {
      try folder.copy(whole + name, to: "run:1/" + name)
    }
    let text = try Project.text(whole + "stats.json")
    for length in stride(from: 0, to: text.utf8.count, by: 7) {
      try folder.write(String(text.prefix(length)), to: "run:1/stats.json")
      let runs = try HelmRuns(folder.path)
      let listing = try await runs.list()
      #expect(listing.entries[0].faults.count == 1, "cut at \(length)")
      let tables = try await runs.load(listing.entries, tables: [.stats])
      #expect(tables.faults.count == 1 && tables.stats.rowCount == 0, "cut at \(length)")
    }
  }
}

/// The message about paths.
@Suite struct PathFaultTests {
  private func sentence(_ path: String) -> String {
    do {
      _ = try HelmRuns(path)
      return "no fault"
    } catch { return "\(error)" }
  }

  @Test func missingPath() {
    let runs = Project.fixture("benchmark_output/runs")
    #expect(
      sentence(runs + "/sweep-v2").hasPrefix(
        runs + "/sweep-v2: no such file or folder; did you mean sweep-v1?"))
  }

  @Test func patternWithoutMatch() {
    #expect(
      sentence("/nowhere/v*")
        == "/nowhere/v*: the pattern matches no folder; check it with ls, and quote it so that the shell does not expand it"
    )
  }

  @Test func folderWithoutRuns() throws {
    let folder = try TemporaryFolder()
    #expect(
      sentence(folder.path)
        == "\(folder.path): the folder is empty; name a benchmark_output folder, a suite in its runs, or one run"
    )
    try folder.write("x", to: "notes/readme.txt")
    #expect(
      sentence(folder.path)
        == "\(folder.path): no runs are in it (no folder with a run_spec.json); "
        + "name a benchmark_output folder, a suite in its runs, or one run")
  }

  @Test func fileForFolder() throws {
    let file = Project.fixture("README.md")
    #expect(
      sentence(file)
        == "\(file): this is a file, and runs are folders; "
        + "name the run's folder, its suite, the benchmark_output they lie in, or an archive of one")
  }
}
