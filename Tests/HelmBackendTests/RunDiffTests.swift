import Foundation
import HelmBackend
import TestSupport
import Testing

@testable import Magnet

/// What a diff of two runs calls different: never a run and itself, nor its rows in another order.
@Suite struct RunDiffTests {
  private static let whole: [String] = {
    let folders = ["benchmark_output/runs/plain-v1", "benchmark_output/runs/sweep-v1", "odd"].map {
      Project.fixture($0)
    }
    return folders.flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().map {
        folder + "/" + $0
      }
    }.filter { folder in
      TableSource.allCases.allSatisfy { FileManager.default.fileExists(atPath: folder + "/" + $0.fileName) }
    }
  }()

  private func diff(_ first: String, _ second: String) async throws -> RunDiff {
    try await RunDiff(try HelmRuns(first), try HelmRuns(second))
  }

  private func level(_ name: String, _ diff: RunDiff) throws -> RunDiff.Level {
    try #require(diff.levels.first { $0.name == name })
  }

  @Test(arguments: whole) func aRunIsItself(_ folder: String) async throws {
    let diff = try await diff(folder, folder)
    #expect(diff.verdict == "identical files", "\(diff.levels.filter { $0.state == .differs })")
    #expect(diff.levels.allSatisfy { $0.state == .equal || $0.name == "scenario" })
    #expect(diff.exampleTable.rowCount == 0 && diff.table.rowCount == 7)
  }

  @Test func thereAreSuchRuns() { #expect(Self.whole.count > 20) }

  /// A run with several requests for an instance: one for each reference and mode.
  private static let modes = Project.fixture("odd/references-and-modes")

  private func changed(_ file: String, _ change: (inout [JSONValue]) -> Void) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let copy = try folder.copy(Self.modes, to: "v1/" + (Self.modes as NSString).lastPathComponent)
    let json = try Project.json(copy + "/" + file)
    let isObject = file == "scenario_state.json"
    var rows = (isObject ? json["request_states"] : json)?.elements ?? []
    change(&rows)
    let list = JSONValue.array(rows)
    let whole = isObject ? JSONValue.object([.init(key: "request_states", value: list)]) : list
    try Data(whole.text.utf8).write(to: URL(filePath: copy + "/" + file))
    return folder
  }

  @Test(arguments: ["scenario_state.json", "stats.json", "per_instance_stats.json"])
  func theOrderOfRowsIsNoDifference(_ file: String) async throws {
    let folder = try changed(file) { $0.reverse() }
    let diff = try await diff(Self.modes, folder.path + "/v1/references-and-modes")
    #expect(diff.levels.allSatisfy { $0.state != .differs }, "\(diff.levels)")
  }

  @Test func aChangedRequestIsFoundAmongThoseOfItsInstance() async throws {
    let count = try Project.json(Self.modes + "/scenario_state.json")["request_states"]?.elements.count ?? 0
    for number in 0..<count {
      let folder = try changed("scenario_state.json") { rows in
        let text = rows[number].text.replacing("\"prompt\":\"Answer:\"", with: "\"prompt\":\"Answer now:\"")
        rows[number] = (try? JSONValue(parsing: text)) ?? .null
      }
      let diff = try await diff(Self.modes, folder.path + "/v1/references-and-modes")
      let prompts = try level("prompts", diff)
      #expect(diff.verdict == "prompts" && prompts.detail.hasPrefix("\(count - 1) of \(count) equal"))
      #expect(prompts.examples.count == 1, "\(prompts)")
      #expect(prompts.examples.first?.what.contains("reference \(number / 2 % 2)") == true)
      #expect(try level("instances", diff).detail.hasPrefix("2 of 2 in both"))
    }
  }

  /// A letter in one and in two code points is another text, as it is for a model.
  @Test func textsDifferWhereTheirBytesDo() async throws {
    func run(_ suite: String, _ text: String, _ folder: TemporaryFolder) throws -> String {
      var made = MadeRun("trivia:x=1", "acme/a", [1, 0])
      made.input = { "\(text) \($0)" }
      made.answer = { place, _ in "\(text) \(place)" }
      return try made.write(to: folder, suite: suite)
    }
    let folder = try TemporaryFolder()
    let diff = try await diff(run("a", "caf\u{E9}", folder), run("b", "cafe\u{301}", folder))
    #expect(diff.verdict == "instances")
    #expect(["instances", "prompts", "answers"].allSatisfy { (try? level($0, diff).state) == .differs })
    #expect(try level("instances", diff).detail.hasSuffix("content equal in 0 of 2"))
    #expect(try level("answers", diff).examples.first?.what.hasSuffix("character 3") == true)
  }

  /// Statistics of one metric under several strengths of a perturbation are told apart.
  @Test func strengthsOfPerturbationsAreToldApart() async throws {
    let folder = try TemporaryFolder()
    let run = try MadeRun("trivia:x=1", "acme/a", [1, 0]).write(to: folder)
    let stats = [0.1, 0.5].map { prob in
      """
      {"name": {"name": "exact_match", "split": "test", "perturbation": {"name": "misspellings", "prob": \(prob), \
      "computed_on": "perturbed"}}, "count": 1, "sum": \(prob), "mean": \(prob)}
      """
    }
    try folder.write("[\(stats.joined(separator: ","))]", to: "s/trivia:x=1,model=acme_a/stats.json")
    let other = try folder.copy(run, to: "t/trivia:x=1,model=acme_a")
    #expect(try await diff(run, other).verdict == "identical files")
    try folder.write(
      "[\(stats[1]), \(stats[0].replacing("\"mean\": 0.1", with: "\"mean\": 0.2"))]",
      to: "t/trivia:x=1,model=acme_a/stats.json")
    let statistics = try level("statistics", await diff(run, other))
    #expect(statistics.detail.hasPrefix("1 scores and 0 bookkeeping values differ of 2"))
    #expect(statistics.examples.map(\.first) == ["0.1"] && statistics.examples.map(\.second) == ["0.2"])
  }

  @Test func twoRunsOnASideAreRefused() async throws {
    let error = await #expect(throws: MagnetError.self) { try await diff(Project.plain, Self.modes) }
    #expect(error?.code == .usage && error?.problem.contains("runs are on one side") == true)
  }

  // MARK: Words

  @Test(arguments: [
    ("a b c", "a x c", "a {-b-}{+x+} c"), ("", "a", "{+a+}"), ("a", "", "{-a-}"),
    ("1 2 3 4 5 6 7 8 9", "1 2 3 4 x 6 7 8 9", "…2 3 4 {-5-}{+x+} 6 7 8…"), ("a a", "a", "a {-a-}"),
    ("x a b", "a b", "{-x-} a b"),
  ])
  func wordsThatDiffer(_ first: String, _ second: String, _ expected: String) {
    #expect(WordDiff.text(first, second) == expected)
  }
}
