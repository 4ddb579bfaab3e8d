import Foundation
import Magnet
import TestSupport
import Testing

/// Boards against those that helm-summarize made of the same runs.
@Suite struct LeaderboardTests {
  @Test(arguments: [["--format", "xyz"], ["-o", "board.xyz"]])
  func formatsThatDoNotExistAreRefused(_ arguments: [String]) throws {
    let outcome = try Tool.run(
      command: Tool.binary, ["leaderboard", Project.fixture("benchmark_output")] + arguments)
    #expect(outcome.status == 64 && outcome.errors.contains("xyz'") && outcome.errors.contains("parquet"))
    #expect(!outcome.errors.contains("CommandError"))
  }

  /// The synthetic runs of five schemas, unpacked once; nil where the reference data is absent.
  static let corpus: TemporaryFolder? = {
    guard let archive = Project.shared("data/headline/synthetic_small.tar.xz"),
      let folder = try? TemporaryFolder(),
      let outcome = try? Tool.run(command: "/usr/bin/env", ["tar", "xJf", archive, "-C", folder.path]),
      outcome.status == 0
    else { return nil }
    return folder
  }()

  /// Cells of the same place agree in all that HELM decides.
  private func compare(_ ours: JSONValue, _ theirs: JSONValue, _ place: String) -> Int {
    #expect(ours["title"] == theirs["title"] && ours["name"] == theirs["name"], "\(place)")
    let headers = (ours["header"]?.elements ?? [], theirs["header"]?.elements ?? [])
    #expect(headers.0.map { $0["value"] } == headers.1.map { $0["value"] }, "\(place)")
    #expect(headers.0.map { $0["lower_is_better"] } == headers.1.map { $0["lower_is_better"] }, "\(place)")
    #expect(headers.0.map { $0["metadata"] } == headers.1.map { $0["metadata"] }, "\(place)")
    let rows = (ours["rows"]?.elements ?? [], theirs["rows"]?.elements ?? [])
    #expect(rows.0.count == rows.1.count, "\(place)")
    var count = 0
    for (number, (a, b)) in zip(rows.0, rows.1).enumerated() {
      #expect(a.elements.count == b.elements.count, "\(place) row \(number)")
      for (column, (mine, other)) in zip(a.elements, b.elements).enumerated() {
        count += 1
        let where_ = "\(place) row \(number) column \(column): \(mine.text) \(other.text)"
        for key in ["description", "style", "run_spec_names", "href", "markdown"] {
          #expect(mine[key] == other[key], "\(where_)")
        }
        if let value = other["value"]?.double {
          let own = mine["value"]?.double ?? .nan
          #expect(abs(own - value) <= 1e-12 * max(1, abs(value)), "\(where_)")
        } else {
          #expect(mine["value"] == other["value"], "\(where_)")
        }
      }
    }
    return count
  }

  @Test(
    .enabled(if: corpus != nil), arguments: ["lite", "capabilities", "safety", "mmlu", "medhelm"])
  func boardsEqualThoseOfHELM(project: String) throws {
    let folder = try #require(Self.corpus).path + "/synthetic_small/\(project)/benchmark_output"
    let groups = folder + "/releases/r1/groups"
    var cells = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: groups).sorted()
    where file.hasSuffix(".json") {
      let theirs = try Project.json(groups + "/" + file).elements
      let outcome = try Tool.run(
        "leaderboard", folder + "/runs", "--helm-exact", "--group", String(file.dropLast(5)), "--format",
        "helm")
      let ours = try JSONValue(parsing: outcome.output).elements
      #expect(ours.count == theirs.count, "\(project)/\(file): \(outcome.errors)")
      for (mine, other) in zip(ours, theirs) {
        cells += compare(mine, other, "\(project)/\(file)/\(other["name"]?.string ?? "")")
      }
    }
    #expect(cells > 100)
  }

  /// The page of groups: numbers of instances, references, tokens and models.
  @Test(
    .enabled(if: corpus != nil), arguments: ["lite", "capabilities", "safety", "mmlu", "medhelm"])
  func theIndexEqualsThatOfHELM(project: String) throws {
    let folder = try #require(Self.corpus).path + "/synthetic_small/\(project)/benchmark_output"
    let theirs = try Project.json(folder + "/releases/r1/groups.json").elements
    let outcome = try Tool.run(
      "leaderboard", folder + "/runs", "--helm-exact", "--index", "--format", "helm")
    let ours = try JSONValue(parsing: outcome.output).elements
    #expect(ours.map { $0["title"] } == theirs.map { $0["title"] }, "\(outcome.errors)")
    for (mine, other) in zip(ours, theirs) {
      #expect(mine["header"] == other["header"])
      let rows = (mine["rows"]?.elements ?? [], other["rows"]?.elements ?? [])
      #expect(rows.0.count == rows.1.count)
      for (a, b) in zip(rows.0, rows.1) {
        for (column, (cell, wanted)) in zip(a.elements, b.elements).enumerated() {
          // HELM lists the methods in the order of a set.
          if column == 2 {
            let methods = [cell, wanted].map { Set(($0["value"]?.string ?? "").split(separator: ", ")) }
            #expect(methods[0] == methods[1])
          } else if let value = wanted["value"]?.double {
            #expect(abs((cell["value"]?.double ?? .nan) - value) <= 1e-12 * max(1, abs(value)), "\(wanted)")
            #expect(cell["description"] == wanted["description"])
          } else {
            #expect(cell == wanted)
          }
        }
      }
    }
  }

  private func rows(_ arguments: String...) throws -> [[String]] {
    let outcome = try Tool.run(command: Tool.binary, arguments + ["--format", "csv"])
    #expect(outcome.status != 2 && outcome.status != 64, "\(arguments): \(outcome.errors)")
    return parseCSV(outcome.output).map { $0.map(\.field) }
  }

  @Test(.enabled(if: corpus != nil), arguments: ["lite", "capabilities", "safety", "medhelm"])
  func queriesGiveWhatTheCommandsGive(project: String) throws {
    let runs = try #require(Self.corpus).path + "/synthetic_small/\(project)/benchmark_output/runs"
    func plain(_ rows: [[String]]) -> [[String]] {
      rows.map { $0.map { $0 == "true" ? "1" : $0 == "false" ? "0" : $0 } }
    }
    let headlines = try rows("headline", runs)
    let columns = try #require(headlines.first).map { "\"\($0)\"" }.joined(separator: ", ")
    #expect(headlines.count > 10)
    #expect(try rows("sql", runs, "SELECT \(columns) FROM headline") == plain(headlines))
    let all = try rows("sql", runs, "SELECT * FROM leaderboard")
    let groups = try rows("leaderboard", runs, "--list").dropFirst().map { $0[0] }
    #expect(!groups.isEmpty)
    for group in Set(groups) {
      let board = try rows("leaderboard", runs, "--group", group, "--all", "--long", "--no-errors")
      #expect(all.first == board.first)
      #expect(all.filter { $0[0] == group } == plain(Array(board.dropFirst())), "\(project) \(group)")
    }
    // What a score is made of, put together again.
    let apart = try rows(
      "sql", runs,
      """
      SELECT count(*) FROM headline h JOIN (SELECT suite, run, sum("stats.sum") / sum("stats.count") mean FROM
      (SELECT s.suite, s.run, s.mean * s.count AS "stats.sum", s.count AS "stats.count" FROM scores s WHERE is_main)
      GROUP BY suite, run) s USING (suite, run) WHERE abs(h.mean - s.mean) > 1e-9
      """)
    #expect(apart.last == ["0"])
  }
}
