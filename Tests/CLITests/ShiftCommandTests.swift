import Foundation
import Magnet
import TestSupport
import Testing

/// `magnet shift` on published results, which are beside the project or where MAGNET_SHARED says.
@Suite struct ShiftCommandTests {
  static let published: String? = {
    let shared =
      ProcessInfo.processInfo.environment["MAGNET_SHARED"]
      ?? Project.folder.deletingLastPathComponent().appending(path: "shared").path
    let path = shared + "/data/genies"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  @Test(.enabled(if: published != nil)) func metricsPrintThePublishedBytes() throws {
    let root = try #require(Self.published)
    let outcome = try Tool.run(
      "shift", "metrics", root, "GENIES.json", "--model", "llama-7b", "--intervention", "mms", "--as",
      "published",
      "--format", "csv")
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    let expected = try Project.text(root + "/results/generalization_metrics/llama-7b/mms/GENIES.csv")
    #expect(outcome.output == expected)
    // All tables at once, each in its place.
    let folder = try TemporaryFolder()
    let all = try Tool.run(
      "shift", "metrics", root, "GENIES.json", root + "/distribution_shifts/all.json", "--as", "published",
      "--capability", "best", "--tables", folder.path + "/tables")
    #expect(all.status == 0, "\(all.errors)")
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path + "/tables").filter {
      $0.hasSuffix(".csv")
    }
    #expect(names.count == 14)
    for name in names {
      let expected = try Project.text(root + "/results/generalization_metrics/" + name)
      #expect(try Project.text(folder.path + "/tables/" + name) == expected, "\(name)")
    }
  }

  @Test(.enabled(if: published != nil)) func missingBaselinesAreNamed() throws {
    let root = try #require(Self.published)
    let outcome = try Tool.run(
      "shift", "metrics", root, "GENIES.json", "--model", "llama-7b", "--intervention", "mms", "--format",
      "csv")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("missing: evaluations/zero_shot/llama-7b/us_history_fiction.json"))
    let lines = parseCSV(outcome.output)
    #expect(lines.count == 16 && lines.dropFirst().allSatisfy { $0[4].field.isEmpty && $0[10].field.isEmpty })
    let misspelt = try Tool.run(
      "shift", "metrics", root, "GENIES.json", "--model", "llama-7b", "--intervention", "mss")
    #expect(misspelt.status == 2 && misspelt.errors.contains("did you mean mms?"))
  }

  @Test(.enabled(if: published != nil)) func aTableAndAHeatMapCompareInterventions() throws {
    let root = try #require(Self.published)
    let folder = try TemporaryFolder()
    let plot = folder.path + "/heat.svg"
    let outcome = try Tool.run(
      "shift", "table", root, "all.json", "--as", "published", "--by", "category", "--plot", plot, "--draw",
      "--format", "table")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("unwanted_personas") && outcome.output.contains("scale -0.50 to +0.50"))
    #expect(
      try Project.text(plot).contains("<title>alpaca_mmlu → truthful_qa, mms: 0.10289855072463763</title>"))
    let plain = try Tool.run("shift", "table", root, "all.json", "--as", "published", "--format", "csv")
    let again = try Tool.run("shift", "table", root, "all.json", "--as", "published", "--format", "csv")
    #expect(plain.output == again.output && parseCSV(plain.output).count == 8)
    #expect(
      try Tool.run("shift", "table", root, "all.json", "--plot", folder.path + "/heat.png").status == 64)
  }

  @Test(.enabled(if: published != nil)) func aListCountsRowsAndDistinctShifts() throws {
    let root = try #require(Self.published)
    let outcome = try Tool.run("shift", "list", root + "/distribution_shifts/all.json", "--format", "csv")
    #expect(outcome.status == 0)
    #expect(
      outcome.errors.contains(
        """
        69 rows, 56 distinct shifts, 8 categories: context 8, difficulty 6, encoding 4, pretraining_similarity 4, \
        quality 3, skill 12, spurious_cues 6, unwanted_personas 13
        """), "\(outcome.errors)")
    #expect(parseCSV(outcome.output).count == 70)
  }

  @Test func faultsOfDistributionsAreNamedAndTheOthersAreListed() throws {
    let folder = try TemporaryFolder()
    for (id, test) in [
      ("a", #"[{"prompt": "q", "responses": {"x": 1, "y": 0}}]"#),
      ("b", #"[{"prompt": "q", "responses": {"x": 1, "y": 0.5}}]"#),
    ] {
      try folder.write(#"[{"prompt": "p", "responses": {"x": 1, "y": 0}}]"#, to: "d/\(id)/train.json")
      try folder.write(test, to: "d/\(id)/test.json")
    }
    let shifts = try folder.write(#"[{"source": "a", "target": "b"}]"#, to: "s.json")
    let outcome = try Tool.run(
      "shift", "list", shifts, "--distributions", folder.path + "/d", "--check", "--format", "json")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("d/b/test.json: [0].responses: 'y': expected 0 or 1, found 0.5"))
    #expect(outcome.errors.contains("warning: a: a calibration error needs 20 pairs, test.json has 1"))
    #expect(try JSONValue(parsing: outcome.output)[0]?["train"] == .int(1))
    #expect(try Tool.run("shift", "list", shifts, "--check").status == 64)
    #expect(try Tool.run("shift", "list", folder.path + "/none.json").status == 2)
  }
}

/// `magnet shift run` on the distributions of Fixtures.
@Suite struct ShiftRunCommandTests {
  private let folder: TemporaryFolder
  private let distributions = Project.fixture("distributions")

  init() throws { folder = try TemporaryFolder() }

  private func run(_ results: String, _ more: String...) throws -> Tool.Outcome {
    try Tool.run(
      command: Tool.binary,
      [
        "shift", "run", distributions + "/shifts.json", "--distributions", distributions, "--intervention",
        "bag-of-words,chance", "--results", folder.path + "/" + results, "--format", "csv",
      ] + more)
  }

  @Test func aSecondRunDoesNothingAndPrintsTheSame() throws {
    let plan = try run("a", "--dry-run")
    #expect(
      plan.status == 0 && plan.errors.contains("8 trainings and 31 evaluations to do"), "\(plan.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/a"))
    let first = try run("a")
    #expect(first.status == 0, "\(first.errors)")
    let lines = parseCSV(first.output).map { $0.map(\.field) }
    #expect(lines.count == 11 && lines[0][0] == "intervention")
    #expect(lines[1...5].map { $0[4] } == ["1.0", "0.5", "0.5", "0.0", "0.0"])
    #expect(lines[6...].allSatisfy { $0[4] == "0.5" && $0[11] == "0.0" })
    let second = try run("a", "--jobs", "2")
    #expect(second.output == first.output)
    #expect(parseCSV(try run("a", "--dry-run").output).count == 1)
    // What is made again has its reason said.
    #expect(second.errors.isEmpty)
    let reseeded = try run("a", "--seed", "2")
    #expect(reseeded.errors.contains("training base-mammals_easy (bag-of-words): the seed changed"))
    #expect(try run("a").output == first.output)
    let table = try Tool.run(
      "shift", "table", folder.path + "/a", distributions + "/shifts.json", "--baseline", "chance", "--by",
      "category",
      "--format", "csv", "--plot", folder.path + "/heat.svg")
    #expect(table.status == 0 && parseCSV(table.output).count == 11, "\(table.errors)")
    #expect(
      try Project.text(folder.path + "/heat.svg").contains("polite_help → flattery, bag-of-words: -0.5"))
  }

  /// Killed at any moment, a run leaves whole files, and the next ends as if nothing had been.
  @Test func aRunThatWasKilledResumes() throws {
    let whole = try run("whole")
    var random = SystemRandomNumberGenerator()
    for round in 0..<20 {
      let results = "killed-\(round % 4)"
      let process = try Tool.start(
        "shift", "run", distributions + "/shifts.json", "--distributions", distributions, "--intervention",
        "bag-of-words,chance", "--results", folder.path + "/" + results, "--jobs", "2")
      usleep(UInt32.random(in: 5_000...600_000, using: &random))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let root = folder.path + "/" + results + "/evaluations"
      for name in (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? []
      where name.hasSuffix(".json") {
        #expect((try? Project.json(root + "/" + name)) != nil, "\(name)")
      }
    }
    for number in 0..<4 {
      let resumed = try run("killed-\(number)")
      #expect(resumed.output == whole.output && resumed.status == 0)
      #expect(try files("killed-\(number)") == files("whole"))
    }
  }

  private func files(_ results: String) throws -> [String: String] {
    let root = folder.path + "/" + results
    var found: [String: String] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: root) {
      if let text = try? Project.text(root + "/" + name) { found[name] = text }
    }
    return found
  }

  @Test func wrongUsageIsSaid() throws {
    let shifts = distributions + "/shifts.json"
    func status(_ arguments: String...) throws -> Int32 {
      try Tool.run(
        command: Tool.binary, ["shift", "run", shifts, "--distributions", distributions] + arguments
      ).status
    }
    #expect(try status() == 64)
    #expect(try status("--intervention", "bag-of-words", "--jobs", "0") == 64)
    #expect(try status("--intervention", "bag-of-words", "--train-kwargs", "[1]") == 64)
    #expect(try status("--intervention", "x", "--train", "true") == 64)
    let unknown = try Tool.run(
      "shift", "run", shifts, "--distributions", distributions, "--intervention", "bag-of-word", "--results",
      folder.path + "/r")
    #expect(unknown.status == 2 && unknown.errors.contains("did you mean bag-of-words?"))
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/r"))
  }
}
