import Foundation
import Magnet
import TestSupport
import Testing

@testable import Cards

/// Folders as kwdagger leaves them: `NODE/PROCESS/job_config.json` beside a result.
private struct Processes {
  let folder: TemporaryFolder
  var path: String { folder.path }

  init() throws { folder = try TemporaryFolder() }

  func add(_ process: String, _ config: String, _ result: String? = nil, name: String = "out.json") throws {
    let node = process.split(separator: "_id_")[0]
    try folder.write(config, to: "_kwdagger/\(node)/\(process)/job_config.json")
    if let result { try folder.write(result, to: "_kwdagger/\(node)/\(process)/\(name)") }
  }

  /// The processes of the golden cards of `evaluate_new`; that of 13 failed.
  func addScores(_ values: [Int]) throws {
    let ids = [
      1: "score_id_xjmtnlybjxct", 2: "score_id_gvkdwz2y0xdp", 3: "score_id_pz2jofj1ecwn",
      13: "score_id_7y3b19jsjlpq",
    ]
    for value in values {
      let result = "{\"result\": {\"metrics\": {\"double\": \(2 * value), \"half\": \(Double(value) / 2)}}}"
      try add(try #require(ids[value]), "{\"score.v\": \(value)}", value == 13 ? nil : result)
    }
  }
}

/// Cards that run pipelines, judged by what these left behind.
@Suite struct ResultsTests {
  static let head =
    SchemaTests.header + """
      kwdagger:
        result_node: score
        pipeline:
          nodes:
            score: {executable: python node.py, algo_params: {v: 1}, out_paths: {out_fpath: out.json}, primary_out_key: out_fpath}
        matrix: {score.v: [1, 2, 3]}

      """

  private static func evaluate(
    _ text: String, _ processes: Processes, allowsPython: Bool = false
  ) async throws -> EvaluationCard {
    let card = try EvaluationCard(text: text, path: processes.path + "/card.yaml")
    var options = GoldenTests.options()
    options.allowsPython = allowsPython
    options.results = processes.path
    try await card.evaluate(options)
    return card
  }

  /// The golden cards of `magnet evaluate_new`: the same statuses, outputs and ids, in the order of the matrix.
  @Test(
    .enabled(if: Shared.cards != nil && Shared.python != nil),
    arguments: [("n1_falsified", [3, 1, 2]), ("n5_unknown_column", [1, 2])])
  func resultsAreThoseOfMAGNET(_ name: String, _ values: [Int]) async throws {
    let processes = try Processes()
    try processes.addScores(values)
    let golden = try #require(Shared.cards) + "/new/\(name)"
    let card = try await Self.evaluate(try Project.text(golden + ".yaml"), processes, allowsPython: true)
    let bundle = try card.write(to: processes.path + "/out", version: "0")
    let ids = try FileManager.default.contentsOfDirectory(atPath: golden + ".expected/results").sorted()
    #expect(try FileManager.default.contentsOfDirectory(atPath: bundle + "/results").sorted() == ids)
    for id in ids {
      let ours = try Project.json("\(bundle)/results/\(id)/verdict.json")
      let theirs = try Project.json("\(golden).expected/results/\(id)/verdict.json")
      for key in ["status", "output", "symbols", "cell", "consumed"] {
        #expect(ours[key] == theirs[key], "\(id) \(key)")
      }
      guard case .object(let row)? = theirs["evidence"], case .object(let own)? = ours["evidence"] else {
        Issue.record("\(id) has no evidence")
        continue
      }
      #expect(own.map(\.key) == row.map(\.key))
      for member in row where member.key != "fpath" { #expect(ours["evidence"]?[member.key] == member.value) }
    }
    let (ours, theirs) = (
      try Project.json(bundle + "/verdict.json"), try Project.json(golden + ".expected/verdict.json")
    )
    for key in ["result", "claim_aggregation_strategy", "metrics", "evidence"] {
      #expect(ours[key] == theirs[key])
    }
    #expect(card.settings.compactMap(\.process).first == "score_id_xjmtnlybjxct")
    #expect(
      bundle.split(separator: "/").last?.prefix(8) == (name == "n1_falsified" ? "30ef91ee" : "9e86c9e8"))
  }

  /// `validate` prepares queries over results and run specs too, of which the columns are not known.
  @Test(arguments: [
    (
      "claim: {expr: a > 1}\nsymbols: {a: {type: int, sql: 'SELECT count(*) FROM results WHERE v = :b'}, b: {type: int, sql: SELECT 1}}",
      "15:31: symbol 'a' uses :b, which it does not depend on; add depends_on: [b]"
    ),
    (
      "claim: {expr: a > 1}\nsymbols: {a: {type: int, sql: 'SELECT count(*) FROM run_specs r WHERE r.\"run_spec.adapter_spec.model\" = :m'}}",
      "15:31: symbol 'a' uses :m, which is not a symbol (did you mean a?)"
    ),
    (
      "claim: {sql: 'SELECT r.v, \"metrics.score.double\" < nosuch.x AS holds FROM results r'}\nsymbols: {}",
      "14:14: the claim: no such column: nosuch.x"
    ),
    ("claim: {sql: 'SELEC v FROM results'}\nsymbols: {}", "14:14: the claim: near \"SELEC\": syntax error"),
    (
      "claim: {sql: 'SELECT r.\"metrics.score.double\" < 5 AS holds, r.v, w, s.\"run_spec.name\" FROM results r, run_specs s'}\nsymbols: {}",
      ""
    ),
    (
      "claim: {expr: (SELECT max(deep) FROM rows) > 1}\nsymbols: {rows: {type: table, sql: SELECT * FROM results}}",
      ""
    ),
  ])
  func queriesOverResultsAreValidated(_ body: String, _ fault: String) throws {
    let found = try EvaluationCard(text: Self.head + body, path: "c.yaml").validate()
    #expect(found.faults.map { "\($0)" }.joined() == (fault.isEmpty ? "" : "c.yaml:" + fault))
  }

  @Test(.enabled(if: Shared.python != nil)) func whatFailedIsInconclusive() async throws {
    let processes = try Processes()
    try processes.addScores([1, 13])
    let text =
      Self.head.replacing("[1, 2, 3]", with: "[1, 13, 4]") + "claim: {python: 'assert score.double < 5'}\n"
    let card = try await Self.evaluate(text, processes, allowsPython: true)
    #expect(card.status == .inconclusive)
    #expect(
      card.settings.map(\.output) == [
        "Assertion holds",
        "ERROR evaluating claim: out.json is missing; the process failed, is still running, or was copied only partly",
        "ERROR evaluating claim: there is no process with score.v=4",
      ])
  }

  @Test func queriesJudgeResultsWithoutPython() async throws {
    let processes = try Processes()
    try processes.addScores([1, 2, 3])
    let rows =
      Self.head + """
        claim: {sql: 'SELECT "params.score.v" AS v, "metrics.score.double" < 5 AS holds FROM results', message: "v = {v}"}
        symbols: {}

        """
    let query = try await Self.evaluate(rows, processes)
    #expect(query.settings.map(\.output) == ["Assertion does not hold: v = 3"])
    #expect(query.settings.first?.evidence?.rows == 3)
    let symbols =
      Self.head + """
        claim: {expr: double < bound AND half <= (SELECT max("metrics.score.half") FROM results)}
        symbols:
          bound: {value: 5}
          double: {metadata: {define_metric: {aggregation_strategy: {type: mean}}}}
          half: {metadata: {}}

        """
    let card = try await Self.evaluate(symbols, processes)
    #expect(card.settings.map(\.status) == [.verified, .verified, .falsified])
    #expect(card.lastOutcome?.metrics.map(\.value) == [.float(4)])
    // A process that failed has no numbers, which is neither true nor false.
    try processes.addScores([13])
    let all = rows.replacing("[1, 2, 3]", with: "[1, 13]")
    #expect(try await Self.evaluate(all, processes).status == .inconclusive)
    let unknown = try await Self.evaluate(
      Self.head + "claim: {expr: halve < 1}\nsymbols: {halve: {metadata: {}}}\n", processes)
    #expect(
      unknown.settings.first?.output.hasPrefix(
        "SymbolNotResolved: halve: no column of the results is called 'halve'") == true)
  }

  @Test(.enabled(if: Shared.python != nil)) func resultsOfEarlierNodesAreSeen() async throws {
    let processes = try Processes()
    try processes.add("a_id_1", "{\"a.v\": 3}", "{\"result\": {\"metrics\": {\"double\": 6}}}")
    try processes.add(
      "b_id_2", "{\"a.v\": 3, \"b.v\": 2, \"__input__.src\": {\"source_process_id\": \"a_id_1\"}}",
      "{\"result\": {\"metrics\": {\"double\": 4, \"nested\": {\"deep\": 1.5}, \"items\": [1]}}}")
    let card = try await Self.evaluate(
      SchemaTests.header + """
        kwdagger:
          result_node: b
          pipeline:
            nodes:
              a: {executable: x, out_paths: {o: out.json}}
              b: {executable: x, in_paths: [src], out_paths: {o: out.json}}
            edges: ["a.o -> b.src"]
          matrix: {a.v: [3], b.v: 2}
        claim:
          python: |
            assert (b.double, a.double, b.nested.deep, metrics.b['items']) == (4, 6, 1.5, [1])
            assert params.a.v == 3 and params.b.v == 2 and 'v' in b and node == 'b'
            assert sorted(b) == ['double', 'items', 'nested.deep', 'v'], list(b)
        symbols: {}

        """, processes, allowsPython: true)
    #expect(card.settings.map(\.output) == ["Assertion holds"])
  }

  /// MAGNET's first evaluator: the fields of the result are symbols.
  @Test(.enabled(if: Shared.python != nil)) func fieldsOfTheFirstEvaluatorAreSymbols() async throws {
    let processes = try Processes()
    for (id, value) in [("4cjt", 3), ("6o0y", 1), ("ilcr", 2)] {
      try processes.add(
        "double_id_\(id)", "{\"double.n\": \(value)}",
        "{\"v\": \(2 * value).0, \"n_in\": \(value), \"_private\": 1}",
        name: "results.json")
    }
    let card = try await Self.evaluate(
      SchemaTests.header + """
        claim: {python: 'assert v < bound, f"{v} is not below {bound}"'}
        pipeline:
          double: {executable: python double.py, algo_params: {n: [1, 2, 3]}, out_paths: {results_fpath: results.json}}
        symbols:
          bound: {type: float, value: 5.0}
          v: {metadata: {define_metric: {aggregation_strategy: {type: mean}}}}

        """, processes, allowsPython: true)
    #expect(card.settings.map(\.status) == [.verified, .verified, .falsified])
    #expect(card.settings.last?.output == "Assertion does not hold: 6.0 is not below 5.0")
    #expect(card.lastOutcome?.metrics.map(\.value) == [.float(4)])
    // The ids of the golden card 63.
    let outcome = try #require(card.lastOutcome)
    #expect(CardBundle.names(outcome) == ["7d50be51fc9f", "dfbada5257bc", "ab8e253b6347"])
  }

  @Test func resultsThatAreNotAskedForAreNotJudged() async throws {
    let processes = try Processes()
    try processes.addScores([1, 2, 3])
    let text =
      Self.head.replacing("[1, 2, 3]", with: "[2]")
      + "claim: {expr: double > 0}\nsymbols: {double: {metadata: {}}}\n"
    let card = try await Self.evaluate(text, processes)
    #expect(card.settings.compactMap(\.process) == ["score_id_gvkdwz2y0xdp"])
    #expect(card.lastOutcome?.notes.first?.hasPrefix("2 results are not of the card's matrix") == true)
    let all = try await Self.evaluate(text + "evidence: {scope: all}\n", processes)
    #expect(all.settings.count == 3 && all.settings.first?.process == "score_id_gvkdwz2y0xdp")
  }

  @Test func hostileFoldersAreReadAsFarAsTheyAreSound() async throws {
    let processes = try Processes()
    try processes.add("score_id_a", "{", "{}")
    try processes.add("score_id_b", "[]", "{}")
    try processes.add(
      "score_id_c", "{\"score.v\": 1, \"__input__.x\": {\"source_process_id\": \"../../x_id_y\"}}", "[1]")
    try processes.add("score_id_d", "{\"score.v\": 2}", String(repeating: "[", count: 100_000))
    try processes.add(
      "score_id_e", "{\"score.v\": 3, \"__input__.x\": {\"source_process_id\": \"score_id_e\"}}",
      "{\"double\": 1}")
    try processes.add("score_id_f", "{\"score.v\": 3}", nil)
    let scores = processes.path + "/_kwdagger/score"
    try FileManager.default.createSymbolicLink(
      atPath: scores + "/score_id_f/out.json", withDestinationPath: "/etc/passwd")
    try FileManager.default.createSymbolicLink(atPath: scores + "/score_id_g", withDestinationPath: "/etc")
    let card = try await Self.evaluate(
      Self.head + "claim: {expr: double = 1}\nsymbols: {double: {metadata: {}}}\nevidence: {scope: all}\n",
      processes)
    let outputs = Dictionary(
      card.settings.map { ($0.process ?? "", $0.output) }, uniquingKeysWith: { first, _ in first })
    #expect(outputs.count == 6)
    #expect(outputs["score_id_e"] == "Assertion holds")
    #expect(outputs["score_id_a"]?.hasPrefix("ERROR evaluating claim: job_config.json is not JSON") == true)
    #expect(outputs["score_id_c"] == "ERROR evaluating claim: out.json is not a JSON object")
    #expect(outputs["score_id_f"]?.hasPrefix("ERROR evaluating claim: out.json cannot be read") == true)
    #expect(!outputs.values.contains { $0.contains("root") })
    let outside = Self.head.replacing("out.json", with: "../../secret.json")
    let refused = try await Self.evaluate(
      outside + "claim: {expr: double}\nsymbols: {double: {metadata: {}}}\n", processes)
    #expect(refused.settings.contains { $0.output.contains("lies outside of the process's folder") })
  }

  @Test(
    arguments: [
      (
        "result_node: scor",
        "c.yaml:9:16: result_node 'scor' is not a node of the pipeline (did you mean score?)"
      ),
      (
        "primary_out_key: out_path}", "primary_out_key 'out_path' of node 'score' is not one of its out_paths"
      ),
    ] as [(String, String)])
  func faultsOfPipelinesHavePlaces(_ part: String, _ expected: String) throws {
    let key = part.prefix { $0 != ":" }
    let lines = Self.head.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
      guard let range = line.range(of: key + ": ") else { return String(line) }
      return line[..<range.lowerBound] + part
    }
    let text = lines.joined(separator: "\n") + "claim: {expr: double}\nsymbols: {double: {metadata: {}}}\n"
    let faults = try EvaluationCard(text: text, path: "c.yaml").faults.map { "\($0)" }
    #expect(faults.contains { $0.contains(expected) }, "\(faults)")
  }

  @Test func sweepsAndNamesThatPipelinesForbidAreFaults() throws {
    let text = Self.head + "name: n6.bad\nclaim: {expr: x}\nsymbols: {x: {sweep: [1]}, params: {value: 1}}\n"
    let faults = try EvaluationCard(text: text, path: "c.yaml").faults.map(\.problem)
    #expect(
      faults == [
        "name 'n6.bad' is not a folder's name", "symbol 'x' is swept, and the card runs a pipeline",
        "'params' is the name of columns of the results",
      ])
  }

  @Test func theCommandSaysHowToJudgeAPipeline() throws {
    let processes = try Processes()
    try processes.addScores([1, 2, 3])
    let card = try processes.folder.write(
      Self.head + "claim: {expr: double < 5}\nsymbols: {double: {metadata: {}}}\n", to: "card.yaml")
    let refused = try Tool.run("card", "evaluate", card)
    #expect(refused.status == 2 && refused.errors.contains("the card runs a pipeline (kwdagger)"))
    #expect(refused.errors.contains("judge its results: magnet card evaluate \(card) --results FOLDER"))
    let judged = try Tool.run("card", "evaluate", card, "--results", processes.path, "--format", "csv")
    #expect(judged.status == 1, "\(judged.errors)")
    let rows = parseCSV(judged.output)
    #expect(rows.count == 4 && rows[0].prefix(3).map(\.field) == ["setting", "process", "double"])
    #expect(rows[3][3].field == "FALSIFIED")
    let valid = try Tool.run("card", "validate", card)
    #expect(
      valid.status == 0 && valid.errors.contains("the card runs a pipeline (kwdagger), which needs kwdagger"))
    let none = try Tool.run("card", "evaluate", card, "--results", processes.path + "/none")
    #expect(none.status == 2 && none.errors.contains("there are no results of the node 'score'"))
    let plain = try processes.folder.write("claim: {expr: '1'}\nsymbols: {}\n", to: "plain.yaml")
    #expect(try Tool.run("card", "evaluate", plain, "--results", processes.path).status == 64)
  }
}
