import Foundation
import HelmBackend
import Magnet
import TestSupport
import Testing

@testable import Cards

/// Two trees of llama runs, made by the golden data's program from a run of the fixtures.
enum LlamaTrees {
  static let folder: TemporaryFolder? = {
    guard let cards = Shared.cards, let python = Shared.python, let folder = try? TemporaryFolder(),
      let script = try? folder.copy(cards + "/llama/make_llama_data.py", to: "make_llama_data.py"),
      let outcome = try? Tool.run(command: python, [script]), outcome.status == 0
    else { return nil }
    return folder
  }()

  static func runs(_ tree: String) throws -> HelmRuns {
    try HelmRuns(try #require(folder).path + "/\(tree)/data/crfm-helm-public/lite/benchmark_output")
  }
}

/// Cards that ask by SQL, against what the golden data's prototype made of them.
@Suite(.enabled(if: LlamaTrees.folder != nil)) struct NativeTests {
  static let names = [
    "default_message", "division_by_zero", "lists_and_tables", "llama_rows", "llama_sweep", "no_such_model",
    "nothing_checked", "sweep_from_sql", "too_many_rows", "wrong_type",
  ]

  @Test(arguments: names, ["falsified", "verified"])
  func outcomesAreThoseExpected(_ name: String, _ tree: String) async throws {
    let folder = try #require(Shared.cards) + "/native/"
    let card = try EvaluationCard(folder + name + ".yaml")
    let status = try await card.evaluate(over: LlamaTrees.runs(tree))
    let expected = try Project.json(folder + "\(name).\(tree).expected.json")
    #expect(status.rawValue == expected["result"]?.string)
    let settings = expected["settings"]?.elements ?? []
    #expect(card.settings.count == settings.count)
    for (found, wanted) in zip(card.settings, settings) {
      #expect(found.status.rawValue == wanted["status"]?.string)
      #expect(found.output == wanted["output"]?.string)
      for symbol in found.symbols {
        let json = try JSONValue(parsing: CardJSON.text(symbol.value))
        #expect(json == wanted["symbols"]?[symbol.name], "\(symbol.name)")
      }
      if let rows = wanted["evidence"]?["rows"]?.double {
        #expect(found.evidence.map { Double($0.rows) } == rows)
      }
    }
    let metrics = card.lastOutcome?.metrics ?? []
    for metric in metrics { #expect(metric.value.number == expected["metrics"]?[metric.name]?.double) }
  }

  static func card(_ body: String) throws -> EvaluationCard {
    try EvaluationCard(text: SchemaTests.header + body, path: "c.yaml")
  }

  /// What evaluating a card says when it cannot be.
  static func refusal(_ body: String, over source: (any RunSource)? = nil) async throws -> [String] {
    do {
      let card = try card(body)
      try await card.evaluate(over: source)
      return [card.settings.first?.output ?? "", card.status.rawValue]
    } catch let faults as CardFaults { return faults.faults.map { "\($0)" } } catch { return ["\(error)"] }
  }

  @Test(
    arguments: [
      (
        "claim: {expr: a > 1}\nsymbols: {a: {type: int, sql: SELECT b}, b: {value: 1}}",
        "c.yaml:9:31: symbol 'a': no such column: b"
      ),
      (
        "claim: {expr: a > 1}\nsymbols: {a: {type: int, sql: 'SELECT :b'}, b: {type: int, sql: SELECT 1}}",
        "c.yaml:9:31: symbol 'a' uses :b, which it does not depend on; add depends_on: [b]"
      ),
      (
        "claim: {expr: a > 1}\nsymbols: {a: {type: int, sql: 'SELECT :bb'}, b: {value: 1}}",
        "c.yaml:9:31: symbol 'a' uses :bb, which is not a symbol (did you mean b?)"
      ),
      (
        "claim: {expr: a > 1}\nsymbols: {a: {type: int, sql: SELECT count(*) FROM scores}}",
        "c.yaml:9:31: symbol 'a' asks scores, and no runs are given; name them after the card, or in data"
      ),
      (
        "claim: {expr: y, message: '{x}'}\nsymbols: {y: {value: 1}}",
        "c.yaml:8:27: claim.message names 'x', which is not a symbol or a column (did you mean y?)"
      ),
      (
        "claim: {expr: y, message: '{y:q}'}\nsymbols: {y: {value: 1}}",
        "c.yaml:8:27: claim.message: the format 'q' of {y:q} is not known; such as .2f, d, .1%"
      ),
      (
        "claim: {expr: a > 3}\nsymbols: {A: {value: 1}, a: {value: 5}}",
        "c.yaml:8:15: the claim uses 'A' or 'a', which are one name in SQL, which ignores case; give one of them another name"
      ),
      (
        "claim: {expr: (SELECT sum(value) FROM a) > 3}\nsymbols: {A: {value: [1]}, a: {value: [5]}}",
        "c.yaml:9:28: the tables 'A' and 'a' have one name in SQL, which ignores case; give one of them another name"
      ),
      (
        "claim: {expr: order > 0}\nsymbols: {order: {value: 1}}",
        "c.yaml:8:15: the claim uses 'order', a word of SQL; give the symbol another name"
      ),
      (
        "claim: {expr: cfg > 0}\nsymbols: {cfg: {sweep: [{a: 1}, {a: 2}]}}",
        "c.yaml:8:15: the claim: no such column: cfg; 'cfg' is a table: SELECT a FROM cfg"
      ),
      ("claim: {expr: b > 3}\nsymbols: {A: {value: 1}, a: {value: 5}, b: {value: 4}}", "Assertion holds"),
      (
        "claim: {expr: x > 1}\nsymbols: {x: {value: 1}, scores: {type: int, sql: SELECT 1}}",
        "c.yaml:9:26: 'scores' is the name of a relation; give the symbol another name"
      ),
      (
        "claim: {sql: 'SELECT 1; SELECT 2'}\nsymbols: {}",
        "c.yaml:8:14: the claim: there is more than one statement; give one at a time"
      ),
      ("claim: {sql: 'ATTACH DATABASE ''x'' AS y'}\nsymbols: {}", "c.yaml:8:14: the claim: "),
      ("claim: {sql: 'CREATE TABLE x(y)'}\nsymbols: {}", "c.yaml:8:14: the claim: "),
      ("claim: {sql: 'DELETE FROM xs'}\nsymbols: {xs: {value: [1]}}", "c.yaml:8:14: the claim: "),
      ("claim: {expr: \"load_extension('x')\"}\nsymbols: {}", "c.yaml:8:15: the claim: "),
      (
        "claim: {expr: n > 0}\nsymbols: {n: {sweep: {sql: SELECT NULL ORDER BY 1}}}\nwhere: n > 1",
        "c.yaml:10:8: where: NULL is neither true nor false"
      ),
    ] as [(String, String)])
  func faultsOfQueriesHaveAPlace(_ body: String, _ expected: String) async throws {
    let found = try await Self.refusal(body).joined(separator: " | ")
    #expect(found.hasPrefix(expected), "\(found)")
  }

  @Test(
    arguments: [
      (
        "claim: {expr: x >= 2}\nsymbols: {x: {type: float, value: 1}}",
        "Assertion does not hold: x >= 2 (x = 1)"
      ),
      ("claim: {expr: '1'}\nsymbols: {}", "Assertion holds"),
      (
        "claim: {expr: x}\nsymbols: {x: {value: null}}",
        "ERROR evaluating claim: NULL is neither true nor false"
      ),
      ("claim: {expr: x}\nsymbols: {x: {value: 2}}", "ERROR evaluating claim: 2 is neither true nor false"),
      (
        "claim: {expr: x, message: '{x:>6.1%}|{x:+.2f}|{{}}|{x!r}|{x:05.1f}'}\nsymbols: {x: {value: 0.0}}",
        "Assertion does not hold:   0.0%|+0.00|{}|0.0|000.0"
      ),
      (
        "claim: {sql: 'SELECT value, value < 2 AS holds FROM xs'}\nsymbols: {xs: {value: [1, 2, 3]}}",
        "Assertion does not hold: value = 2, holds = 0"
      ),
      (
        "claim: {sql: SELECT a < b FROM pairs}\nsymbols: {pairs: {value: [{a: 1, b: 2}, {a: 2, b: 3}]}}",
        "Assertion holds"
      ),
      (
        "claim: {expr: x > 0, unsure: abs(x) < 0.1}\nsymbols: {x: {value: 0.05}}",
        "Unsure: abs(x) < 0.1 (x = 0.05)"
      ),
      ("claim: {expr: p = 'it''s'}\nsymbols: {p: {value: it's}}", "Assertion holds"),
      (
        "claim: {expr: x = 1}\nsymbols: {x: {type: int, sql: SELECT 1 WHERE 0}}",
        "SymbolNotResolved: x: the query gave 0 rows; int takes one"
      ),
      (
        "claim: {expr: x = 1}\nsymbols: {x: {type: bool, sql: SELECT 2}}",
        "SymbolNotResolved: x: 2 is not bool"
      ),
      (
        "claim: {expr: x = 1}\nsymbols: {x: {type: int, sql: 'SELECT 1 AS a, 2 AS b'}}",
        "SymbolNotResolved: x: the query has 2 columns; int takes one"
      ),
    ] as [(String, String)])
  func outputsSayWhatWasFound(_ body: String, _ output: String) async throws {
    #expect(try await Self.refusal(body).first == output)
  }

  /// `List[Tuple[...]]` and `Dict[...]` are checked, are those in Python, and are tables in SQL.
  @Test(.enabled(if: Shared.python != nil)) func tuplesAndMappingsAreThoseOfTheirTypes() async throws {
    let card = try Self.card(
      """
      claim:
        python: |
          assert means == {"a": 1.0, "b": 2.0} and pairs == [("a", 1), ("b", 2)], (means, pairs)
          assert both == 4 and total == 3.0
      symbols:
        means: {type: "Dict[str, float]", sql: "SELECT 'a' AS model, 1 AS mean UNION ALL SELECT 'b', 2.0"}
        pairs: {type: "List[Tuple[str, int]]", sql: "SELECT 'a', 1 UNION ALL SELECT 'b', 2"}
        total: {type: float, depends_on: [means], sql: SELECT sum(mean) FROM means}
        both: {type: int, depends_on: [means, pairs], sql: "SELECT (SELECT count(*) FROM means) + (SELECT count(*) FROM pairs)"}
      """)
    try await card.evaluate(GoldenTests.options())
    #expect(card.settings.map(\.output) == ["Assertion holds"])
    for (type, sql, problem) in [
      ("Dict[str, float]", "SELECT 'a', 1 UNION ALL SELECT 'a', 2", "the query gave the key 'a' twice"),
      ("Dict[str, float]", "SELECT 'a', 'b'", "'b' in row 1 is not float"),
      ("Dict[str, float]", "SELECT 1", "the query has 1 columns; Dict[str, float] takes 2"),
      ("List[Tuple[int, Any]]", "SELECT 1, NULL UNION ALL SELECT 'x', 2", "'x' in row 2 is not int"),
    ] {
      let card = try Self.card("claim: {expr: '1'}\nsymbols: {x: {type: \"\(type)\", sql: \"\(sql)\"}}")
      try await card.evaluate()
      #expect(card.settings.map(\.output) == ["SymbolNotResolved: x: " + problem])
    }
  }

  @Test func whereDropsSettingsAndSweepsOfMappingsAreRows() async throws {
    let card = try Self.card(
      """
      claim: {expr: a < b}
      symbols: {a: {sweep: [1, 2, 3]}, b: {sweep: [1, 2, 3]}}
      where: a < b
      """)
    #expect(try await card.evaluate() == .verified)
    #expect(
      card.settings.map { $0.symbols.map(\.value.plainText) } == [["1", "2"], ["1", "3"], ["2", "3"]])
    let pairs = try Self.card(
      "claim: {expr: (SELECT lower < upper FROM pair)}\nsymbols: {pair: {sweep: [{lower: 1, upper: 2}, {lower: 3, upper: 2}]}}"
    )
    #expect(try await pairs.evaluate() == .falsified)
    #expect(pairs.settings.map(\.status) == [.verified, .falsified])
  }

  @Test func queriesEndWithTheirTimeLimit() async throws {
    let card = try Self.card(
      """
      claim: {expr: (WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n) > 0}
      symbols: {}
      """)
    var options = EvaluationOptions()
    options.timeLimit = .milliseconds(300)
    try await card.evaluate(options)
    #expect(
      card.settings.map(\.output) == ["ERROR evaluating claim: the query took longer than its time limit"])
  }

  @Test func aFaultyRunMattersWhereItIsAsked() async throws {
    let tree = try #require(LlamaTrees.folder).path + "/falsified/data/crfm-helm-public/lite/benchmark_output"
    let folder = try TemporaryFolder()
    let copy = try folder.copy(tree, to: "benchmark_output")
    let broken =
      copy
      + "/runs/v1.0.0/mmlu:subject=abstract_algebra,method=multiple_choice_joint,model=meta_llama-2-7b/stats.json"
    try Data("[{".utf8).write(to: URL(filePath: broken))
    func card(_ model: String) throws -> EvaluationCard {
      try Self.card(
        """
        claim: {expr: score > 0}
        symbols:
          score:
            type: float
            sql: SELECT avg(mean) FROM scores WHERE metric = 'exact_match' AND split = 'test' AND model = '\(model)'
        """)
    }
    let asked = try card("meta/llama-2-7b")
    #expect(try await asked.evaluate(over: HelmRuns(copy)) == .inconclusive)
    #expect(asked.settings[0].output == "SymbolNotResolved: score: 1 run was left out as faulty")
    #expect(asked.lastOutcome?.notes.first?.contains("model=meta_llama-2-7b/stats.json") == true)
    var options = EvaluationOptions()
    options.ignoresFaults = true
    #expect(try await asked.evaluate(over: HelmRuns(copy), options) == .verified)
    #expect(try await card("meta/llama-65b").evaluate(over: HelmRuns(copy)) == .verified)
  }

  @Test(.enabled(if: Shared.python != nil)) func pythonAndSQLAreMixed() async throws {
    let card = try Self.card(
      """
      claim:
        expr: abs(best - :double / 2) < 0.01 AND models = 6
      symbols:
        rows:
          type: table
          sql: SELECT model, avg(mean) FROM scores WHERE metric = 'exact_match' AND split = 'test' AND model LIKE 'meta/%' GROUP BY 1
        best:
          type: float
          depends_on: [rows]
          python: best = max(score for _, score in rows)
        double:
          type: float
          depends_on: [best]
          sql: SELECT 2 * :best
        names: {type: "List[str]", depends_on: [rows], python: "names = [name for name, _ in rows]"}
        models: {type: int, depends_on: [names], sql: SELECT count(*) FROM names}
      """)
    try await card.evaluate(over: LlamaTrees.runs("falsified"), GoldenTests.options())
    #expect(card.settings.map(\.output) == ["Assertion holds"])
  }
}
