import Foundation
import Magnet
import TestSupport
import Testing

/// Standard errors and tie groups of `magnet leaderboard`.
@Suite struct BoardErrorTests {
  private func rows(_ arguments: String...) throws -> [[String: String]] {
    let outcome = try Tool.run(command: Tool.binary, arguments + ["--format", "csv"])
    #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
    let lines = parseCSV(outcome.output).map { $0.map(\.field) }
    return lines.dropFirst().map { Dictionary(zip(lines[0], $0), uniquingKeysWith: { first, _ in first }) }
  }

  private func error(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1) / Double(values.count)).squareRoot()
  }

  /// Half, half and all right, and the second by other questions than the first.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let half = (0..<40).map { $0 < 21 ? 1.0 : 0 }
    let other = (0..<40).map { $0 >= 20 ? 1.0 : 0 }
    let all = Array(repeating: 1.0, count: 39) + [0]
    for (model, scores) in [("acme/half", half), ("acme/other", other), ("acme/best", all)] {
      try MadeRun("made:part=one", model, scores).write(to: folder)
    }
    return folder
  }

  @Test func errorsAreThoseOfInstances() throws {
    let folder = try folder()
    let found = try rows("leaderboard", folder.path, "--long")
    let half = try #require(found.first { $0["model"] == "acme/half" && $0["metric"] == "exact_match" })
    let wanted = error((0..<40).map { $0 < 21 ? 1.0 : 0 })
    #expect(abs(Double(half["stderr"] ?? "") ?? 1) - wanted < 1e-12)
    #expect(half["value"] == "0.525" && half["runs"] == "1" && half["of_runs"] == "1")
    let rates = found.filter { $0["metric"] == "win_rate" }
    #expect(rates.count == 3 && rates.allSatisfy { $0["stderr"] == "" })
    #expect(rates.map { $0["tie_group"] } == ["1", "2", "2"])
    #expect(rates.map { $0["model"] } == ["acme/best", "acme/half", "acme/other"])

    let wide = try rows("leaderboard", folder.path, "--errors")
    #expect(wide.map { $0["tie_group"] } == ["1", "2", "2"] && wide[0]["runs"] == "1 of 1")
    #expect(abs((Double(wide[1]["made - exact_match stderr"] ?? "") ?? 1) - wanted) < 1e-12)
    let plain = try rows("leaderboard", folder.path)
    #expect(plain[0].keys.sorted() == ["Mean win rate", "made - exact_match", "model", "rank", "runs"])
  }

  /// Of several trials the instance is the unit; of several runs each weighs the same.
  @Test func trialsAndRunsAreMerged() throws {
    let folder = try TemporaryFolder()
    let first = [1.0, 0, 1, 1, 0, 0.5]
    let second = [1.0, 1, 0, 1, 0, 0.5]
    let other = [0.25, 0.5, 0.75, 1]
    try MadeRun("made:part=one", "acme/a", [first, second]).write(to: folder)
    try MadeRun("made:part=two", "acme/a", other).write(to: folder)
    let board = try rows("leaderboard", folder.path, "--long")
    let cell = try #require(board.first { $0["metric"] == "exact_match" })
    // Two trials and one: the runs weigh 2 and 1, as in the mean.
    let means = zip(first, second).map { ($0 + $1) / 2 }
    let (one, two) = (2 * error(means), error(other))
    let wanted = (one * one + two * two).squareRoot() / 3
    let found = Double(cell["stderr"] ?? "") ?? 1
    #expect(abs(found - wanted) < 1e-12)
    let sums = [first.reduce(0, +) / 6, second.reduce(0, +) / 6, other.reduce(0, +) / 4]
    let mean = Double(cell["value"] ?? "") ?? 1
    #expect(abs(mean - sums.reduce(0, +) / 3) < 1e-12)
    let query = try rows("sql", folder.path, "SELECT stderr FROM leaderboard WHERE metric = 'exact_match'")
    #expect(query.first?["stderr"] == cell["stderr"])
  }

  /// A statistic that is not the mean of its instances has no error by them.
  @Test func otherStatisticsHaveNone() throws {
    let folder = try TemporaryFolder()
    let path = try MadeRun("made:part=one", "acme/a", [1, 0, 1, 0.5]).write(to: folder)
    let stats = try Project.text(path + "/stats.json")
    try folder.write(
      stats.replacing("0.625", with: "0.7"),
      to: "s/" + MadeRun("made:part=one", "acme/a", [0]).name + "/stats.json")
    let found = try rows("leaderboard", folder.path, "--long")
    let cell = try #require(found.first { $0["metric"] == "exact_match" })
    #expect(cell["value"] == "0.7" && cell["stderr"] == "" && cell["tie_group"] == "")
  }

  /// The same ids with other questions are not pairs.
  @Test func otherQuestionsAreNotTested() throws {
    let folder = try TemporaryFolder()
    try MadeRun("made:part=one", "acme/a", Array(repeating: 1, count: 30)).write(to: folder)
    var other = MadeRun("made:part=one", "acme/b", Array(repeating: 0, count: 30))
    other.input = { "Something else \($0)?" }
    try other.write(to: folder)
    let outcome = try Tool.run("leaderboard", folder.path, "--errors", "--format", "csv")
    #expect(outcome.errors.contains("no tie group"))
    #expect(parseCSV(outcome.output).dropFirst().allSatisfy { $0[1].field == "" })
  }

  @Test func groupsBeginWhereTheAnchorDiffers() throws {
    let runs = Project.fixture("benchmark_output/runs/plain-v1")
    let found = try rows("leaderboard", runs, "--errors")
    let groups = found.compactMap { Int($0["tie_group"] ?? "") }
    #expect(groups.count == found.count && groups.first == 1)
    #expect(zip(groups, groups.dropFirst()).allSatisfy { $1 == $0 || $1 == $0 + 1 })
    // Without instances there is neither, and that is said.
    let folder = try TemporaryFolder()
    let path = try MadeRun("made:part=one", "acme/a", [1, 0]).write(to: folder)
    try FileManager.default.removeItem(atPath: path + "/per_instance_stats.json")
    let outcome = try Tool.run("leaderboard", folder.path, "--errors", "--format", "csv")
    #expect(outcome.errors.contains("no standard errors") && outcome.output.contains("exact_match"))
  }
}
