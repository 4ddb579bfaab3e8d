import Foundation
import Magnet
import TestSupport
import Testing

/// `magnet summary`: what is in a folder, and what looks wrong with it.
@Suite struct SummaryCommandTests {
  private func rows(_ text: String) -> [[String: String]] {
    let lines = parseCSV(text).map { $0.map(\.field) }
    return lines.dropFirst().map {
      Dictionary(zip(lines.first ?? [], $0), uniquingKeysWith: { first, _ in first })
    }
  }

  @Test func countsAgreeWithTheListOfRuns() throws {
    let broken = Project.fixture("broken")
    let summary = try Tool.run("summary", broken, "--format", "csv")
    let runs = rows(try Tool.run("runs", broken, "--long", "--format", "csv").output)
    let pairs = rows(summary.output).map { ($0["what"] ?? "", $0["count"] ?? "") }
    let counts = Dictionary(pairs, uniquingKeysWith: { $1 })
    #expect(summary.status == 1 && counts["runs"] == "\(runs.count)" && runs.count > 20)
    // What is faulty here is incomplete there, too.
    let faults = try Tool.run("summary", broken, "--show", "faults", "--format", "csv")
    let files = rows(faults.output).compactMap { $0["file"] }
    let complete = runs.filter { $0["state"] == "complete" }.compactMap { $0["path"] }
    #expect(files.count >= 20 && !complete.isEmpty)
    for file in files { #expect(!complete.contains { file.hasPrefix($0 + "/") }, "\(file)") }
  }

  /// Each kind of fault is a state of its own, with an example; deployments stand beside their model.
  @Test func statesAndModelsAreCounted() throws {
    let broken = Project.fixture("broken")
    let states = rows(try Tool.run("summary", broken, "--show", "states", "--format", "csv").output)
    let runs = rows(try Tool.run("runs", broken, "--format", "csv").output)
    #expect(states.compactMap { Int($0["runs"] ?? "") }.reduce(0, +) == runs.count)
    #expect(states.first?["state"] == "complete" && states.count > 20)
    #expect(states.allSatisfy { $0["example"]?.contains("broken/") == true })
    let folder = try TemporaryFolder()
    try MadeRun("made:part=one", "acme/a", [1]).write(to: folder)
    try MadeRun("made:part=two", "acme/a", [1]).write(to: folder)
    let models = rows(try Tool.run("summary", folder.path, "--show", "models", "--format", "csv").output)
    #expect(models.count == 1 && models.first?["maker"] == "acme")
    #expect(models.first?["runs"] == "2" && models.first?["tasks"] == "2")
  }

  /// Every command means the same by a complete run.
  @Test(arguments: ["broken", "odd", "benchmark_output"]) func completeIsOneThing(_ fixture: String) throws {
    let folder = Project.fixture(fixture)
    let runs = rows(try Tool.run("runs", folder, "--long", "--format", "csv").output)
    let complete = runs.filter { $0["state"] == "complete" }.compactMap { $0["path"] }.sorted()
    let summary = rows(try Tool.run("summary", folder, "--format", "csv").output)
    #expect(summary.first { $0["what"] == "complete" }?["count"] == "\(complete.count)")
    let query = "SELECT path FROM runs WHERE state = 'complete' ORDER BY path"
    let answer = rows(try Tool.run("sql", folder, query, "--format", "csv").output)
    #expect(answer.compactMap { $0["path"] } == complete)
    let page = try Tool.run("report", folder, "-o", "-", "--no-errors").output
    #expect(page.contains("\(runs.count), of which \(complete.count) are complete"))
  }

  /// A score is made of statistics: what is wrong with another file is said and takes the score of no run.
  @Test func aCutFileBesideStatisticsLeavesTheScore() throws {
    let folder = try TemporaryFolder()
    var paths: [String] = []
    for model in ["acme/a", "acme/b"] {
      paths.append(try MadeRun("made:part=one", model, [1, 0, 1, 1]).write(to: folder))
    }
    let cut = paths[0] + "/per_instance_stats.json"
    try Data(Project.text(cut).utf8.prefix(100)).write(to: URL(filePath: cut))
    for command in [["headline"], ["leaderboard", "--metric", "exact_match"]] {
      let outcome = try Tool.run(
        command: Tool.binary, command + [folder.path, "--metric", "exact_match", "--format", "csv"])
      #expect(outcome.status == 1 && outcome.errors.contains("per_instance_stats.json: byte 100"))
      #expect(rows(outcome.output).count == 2, "\(command)")
    }
    let backtest = try Tool.run(
      "items", folder.path, "--metric", "exact_match", "--format", "csv")
    #expect(backtest.status == 1 && rows(backtest.output).allSatisfy { $0["runs"] == "1" })
    let query = "SELECT model, mean FROM headline ORDER BY model"
    let answer = try Tool.run("sql", folder.path, query)
    #expect(answer.status == 1 && rows(answer.output).map { $0["mean"] } == ["0.75", "0.75"])
    let file = folder.path + "/x.db"
    #expect(try Tool.run("export", "sqlite", file, folder.path).status == 1)
    let exported = try Tool.run(command: "/usr/bin/env", ["sqlite3", file, "SELECT count(*) FROM headline"])
    if exported.status == 0 { #expect(exported.output == "2\n") }
  }

  @Test func coverageLosesOneCellPerRun() throws {
    let folder = try TemporaryFolder()
    for (model, task) in [
      ("acme/a", "one"), ("acme/a", "two"), ("acme/b", "one"), ("acme/b", "two"), ("acme/c", "two"),
    ] {
      try MadeRun("made:part=\(task)", model, [1, 0]).write(to: folder)
    }
    let missing = rows(try Tool.run("summary", folder.path, "--show", "missing", "--format", "csv").output)
    #expect(missing == [["model": "acme/c", "task": "made:part=one"]])
    let coverage = rows(try Tool.run("summary", folder.path, "--show", "coverage", "--format", "csv").output)
    #expect(coverage.map { $0["tasks"] } == ["2", "2", "1"])
  }

  @Test func emptyAnswersAndLostScoresAreFlagged() throws {
    let folder = try TemporaryFolder()
    try MadeRun("made:part=one", "acme/well", [1, 0, 1, 0, 1, 0]).write(to: folder)
    var silent = MadeRun("made:part=one", "acme/silent", [0, 0, 0, 0, 0, 0])
    silent.answer = { place, _ in place < 5 ? "  \n" : "x" }
    try silent.write(to: folder)
    let lossy = MadeRun("made:part=one", "acme/lossy", [1, 0, 1, 0, 7, 1])
    let path = try lossy.write(to: folder)
    let kept = try Project.json(path + "/per_instance_stats.json").elements.dropLast()
    try folder.write(JSONValue.array(Array(kept)).text, to: "s/\(lossy.name)/per_instance_stats.json")
    let outcome = try Tool.run(
      "summary", folder.path, "--show", "health", "--metric", "exact_match", "--format", "csv")
    let found = Dictionary(
      uniqueKeysWithValues: rows(outcome.output).map { ($0["run"] ?? "", $0["flags"] ?? "") })
    #expect(outcome.status == 0 && outcome.errors.contains("2 of 3 runs are flagged"))
    #expect(found["made:part=one,model=acme_well"] == "")
    #expect(found["made:part=one,model=acme_silent"] == "empty answers: 5 of 6; all 6 scores are equal")
    #expect(
      found["made:part=one,model=acme_lossy"] == "without a score: 1 of 6; scores outside 0 to 1: 1 of 5")
  }

  @Test func differentQuestionsAreNamed() throws {
    let folder = try TemporaryFolder()
    try MadeRun("made:part=one", "acme/a", [1, 0]).write(to: folder)
    try MadeRun("made:part=one", "acme/b", [1, 1]).write(to: folder)
    let same = try Tool.run("summary", folder.path, "--show", "instances", "--format", "csv")
    #expect(rows(same.output).first?["sets"] == "1" && rows(same.output).first?["reused_ids"] == "0")
    var other = MadeRun("made:part=one", "acme/c", [1, 0, 1])
    other.input = { "Else \($0)?" }
    try other.write(to: folder)
    let outcome = try Tool.run("summary", folder.path, "--show", "instances", "--format", "csv")
    let row = try #require(rows(outcome.output).first)
    #expect(row["sets"] == "2" && row["reused_ids"] == "2" && row["instances"] == "3" && row["least"] == "2")
    #expect(outcome.errors.contains("not all runs have the same questions: made:part=one (test)"))
  }

  @Test func filesOlderThanTheResultsAreStale() throws {
    let folder = try TemporaryFolder()
    let run = MadeRun("made:part=one", "acme/a", [1, 0])
    let path = try run.write(to: folder)
    try folder.write("[]", to: "s/\(run.name)/display_predictions.json")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 951_827_696)],
      ofItemAtPath: path + "/display_predictions.json")
    let outcome = try Tool.run("summary", folder.path, "--show", "files", "--format", "csv")
    let row = try #require(rows(outcome.output).first { $0["file"] == "display_predictions.json" })
    #expect(row["stale"] == "1" && row["oldest"] == "2000-02-29T12:34:56Z" && row["bytes"] == "2")
    #expect(outcome.errors.contains("older than the results"))
  }
}
