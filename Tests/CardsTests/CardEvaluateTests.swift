import Foundation
import Magnet
import TestSupport
import Testing

@testable import Cards

/// Cards that ask by SQL, without runs and without Python, against the same claims worked out in the test.
@Suite struct CardEvaluateTests {
  static func card(_ body: String, path: String = "c.yaml") throws -> EvaluationCard {
    try EvaluationCard(text: SchemaTests.header + body, path: path)
  }

  static func numbers(_ values: [Int]) -> String {
    "[" + values.map(String.init).joined(separator: ", ") + "]"
  }

  @Test(arguments: 1...4) func claimsAreThoseOfNestedLoops(_ seed: Int) async throws {
    var random = PythonRandom(seed: seed)
    for _ in 0..<8 {
      func sweep() -> [Int] { (0..<1 + random.below(4)).map { _ in random.below(7) } }
      let (xs, ys, bound) = (sweep(), sweep(), random.below(15))
      let (isFiltered, isUnsure) = (random.below(2) == 0, random.below(2) == 0)
      let strategy = random.choice(["all", "any", "fraction, parameters: {threshold: 0.5}"])
      let symbols = [
        "x: {sweep: \(Self.numbers(xs))}", "y: {sweep: \(Self.numbers(ys))}",
        "z: {type: int, sql: 'SELECT 2 * :x + :y', depends_on: [x, y], metadata: {display_name: most, define_metric: {aggregation_strategy: {type: max}}}}",
      ]
      var body = "claim: {expr: z <= \(bound)" + (isUnsure ? ", unsure: x = y" : "") + "}\n"
      if isFiltered { body += "where: x + y <> 5\n" }
      body +=
        "claim_aggregation_strategy: {type: \(strategy)}\nsymbols:\n" + symbols.map { "  \($0)\n" }.joined()
      let card = try Self.card(body)
      let status = try await card.evaluate()
      var expected: [(values: [Int], status: CardStatus)] = []
      for x in xs {
        for y in ys where !isFiltered || x + y != 5 {
          let z = 2 * x + y
          expected.append(
            ([x, y, z], isUnsure && x == y ? .inconclusive : z <= bound ? .verified : .falsified))
        }
      }
      #expect(card.settings.map(\.status) == expected.map(\.status), "\(body)")
      #expect(
        card.settings.map { $0.symbols.map(\.value) }
          == expected.map { $0.values.map { .int(WholeNumber($0)) } })
      #expect(card.settings.allSatisfy { $0.symbols.map(\.isSwept) == [true, true, false] })
      let good = expected.filter { $0.status == .verified }.count
      let bad = expected.filter { $0.status == .falsified }.count
      let wanted: CardStatus
      switch strategy {
      case "all":
        wanted = bad > 0 ? .falsified : good == expected.count && good > 0 ? .verified : .inconclusive
      case "any":
        wanted = good > 0 ? .verified : bad == expected.count && bad > 0 ? .falsified : .inconclusive
      default: wanted = expected.isEmpty ? .inconclusive : 2 * good >= expected.count ? .verified : .falsified
      }
      #expect(status == wanted && card.status == wanted, "\(body)")
      let most = expected.map { $0.values[2] }.max()
      #expect(card.lastOutcome?.metrics.map(\.name) == (most == nil ? [] : ["most"]))
      #expect(card.lastOutcome?.metrics.first?.value == most.map { .int(WholeNumber($0)) })
      let falsified = card.settings.first { $0.status == .falsified }
      if let falsified, let z = falsified.symbols.last?.value.pythonText {
        #expect(falsified.output == "Assertion does not hold: z <= \(bound) (z = \(z))")
      }
    }
  }

  /// A claim over rows is the claim of each; the order of the rows changes the counts of nothing.
  @Test func claimsOverRowsAreThoseOfEach() async throws {
    var random = PythonRandom(seed: 7)
    for _ in 0..<25 {
      let rows = (0..<random.below(8)).map { _ in (random.below(10), [0, 1, 2][random.below(3)]) }
      func evaluated(_ rows: [(Int, Int)]) async throws -> SettingOutcome {
        let table = rows.map { "{v: \($0.0), kind: \($0.1)}" }.joined(separator: ", ")
        // Kind 2 says nothing.
        let card = try Self.card(
          "claim: {sql: 'SELECT v, CASE kind WHEN 2 THEN NULL ELSE v < 5 END AS holds, kind FROM t'}\nsymbols: {t: {value: [\(table)]}, other: {value: [{v: 1}]}}"
        )
        try await card.evaluate()
        return try #require(card.settings.first)
      }
      if rows.isEmpty { continue }
      let found = try await evaluated(rows)
      let falsified = rows.filter { $0.1 != 2 && $0.0 >= 5 }
      let odd = rows.filter { $0.1 == 2 }
      #expect(found.evidence == .init(rows: rows.count, falsified: falsified.count, inconclusive: odd.count))
      #expect(found.status == (falsified.isEmpty ? odd.isEmpty ? .verified : .inconclusive : .falsified))
      if let first = falsified.first {
        #expect(found.output == "Assertion does not hold: v = \(first.0), holds = 0, kind = \(first.1)")
      }
      let reversed = try await evaluated(rows.reversed())
      #expect(reversed.evidence == found.evidence && reversed.status == found.status)
    }
  }

  /// Files of JSON lines attached to a card are tables with a column per key of any line.
  @Test func attachedFilesAreTables() async throws {
    let folder = try TemporaryFolder()
    try folder.write("{\"a\": 1, \"b\": \"x\"}\n\n{\"b\": \"y\", \"c\": [1]}\n", to: "t.ndjson")
    try folder.write("[{\"a\": true}, {\"A\": 2, \"a\": null}]", to: "list.json")
    try folder.write("{\"score\": 0.5}", to: "tree/one/x.json")
    try folder.write("3", to: "tree/y.json")
    try folder.write("{}", to: "tree/x.magnet.json")
    func value(_ sql: String) async throws -> String {
      let body =
        "claim: {expr: '1'}\nattach: {t: t.ndjson, l: list.json, f: tree}\nsymbols: {x: {type: table, sql: \"\(sql)\"}}"
      let card = try Self.card(body, path: folder.path + "/c.yaml")
      try await card.evaluate()
      return card.settings.first?.symbols.first?.value.pythonText ?? card.settings.first?.output ?? ""
    }
    #expect(try await value("SELECT * FROM t") == "[[1, 'x', None], [None, 'y', '[1]']]")
    #expect(try await value("SELECT a FROM l") == "[[1], [None]]")
    #expect(
      try await value("SELECT name, folder_1, score, value FROM f ORDER BY name")
        == "[['x', 'one', 0.5, None], ['y', None, None, 3]]")
  }

  @Test(arguments: [
    ("t.ndjson", "{\"a\": 1}\n[2]\n", "line 2 is not a JSON object"), ("t.ndjson", "\n  \n", "has no rows"),
    ("t.json", "{}", "is not a list of JSON objects"),
    ("t.json", "[1]", "[0] is not a JSON object"), ("t.json", "[", "is not JSON"),
    ("t.json", "[]", "has no rows"),
    ("tree/x.txt", "1", "has no JSON files"), ("tree/x.json", "{", "x.json is not JSON"),
  ])
  func filesThatAreNoTablesAreFaults(_ name: String, _ text: String, _ problem: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(text, to: name)
    let path = folder.path + "/" + (name.split(separator: "/").first.map(String.init) ?? "")
    #expect(LinesTable.reads(path))
    let error = #expect(throws: MagnetError.self) { try LinesTable(path) }
    #expect(error?.problem.hasPrefix(problem) == true, "\(String(describing: error))")
  }

  // MARK: - Other values

  @Test func otherValuesReplaceWhatTheCardHas() async throws {
    let text =
      "claim: {expr: a + b > 2}\nsymbols: {a: {type: float, value: 1}, b: {sweep: [0, 1]}, c: {type: int, sql: 'SELECT 7'}}"
    let card = try Self.card(text)
    let other = try card.overriding([
      ("a", .int(WholeNumber(2))), ("b", .list([.int(WholeNumber(1)), .int(WholeNumber(5))])),
      ("c", .int(WholeNumber(0))),
    ])
    #expect(try await card.evaluate() == .falsified)
    #expect(try await other.evaluate() == .verified)
    #expect(
      other.settings.map { $0.symbols.map(\.value.pythonText) } == [["2.0", "1", "0"], ["2.0", "5", "0"]])
    let fixed = try other.overriding([("b", .int(WholeNumber(0)))])
    #expect(try await fixed.evaluate() == .falsified)
    #expect(fixed.settings.count == 1 && fixed.overrides.count == 4)
    #expect(try card.overriding([]) === card)
    // The card with its new values is another card, as MAGNET names it.
    #expect(
      MagnetHash.digits(card.definition.value, count: 8)
        != MagnetHash.digits(other.definition.value, count: 8))
  }

  @Test(arguments: [
    ("zzzzzz", CardValue.null, "unknown symbol 'zzzzzz'"),
    ("tresh", .null, "unknown symbol 'tresh' (did you mean thresh?)"),
    ("thresh", .text("a"), "'thresh' is float, and a is a text in YAML 1.1"),
    ("thresh", .text("1e-3"), "'thresh' is float, and 1e-3 is a text in YAML 1.1"),
    ("name", .int(WholeNumber(1)), "'name' is str, and 1 is an int"),
    ("flag", .int(WholeNumber(1)), "'flag' is bool, and 1 is an int"),
    ("ids", .list([.int(WholeNumber(1)), .float(2)]), "'ids' is int, and 2.0 is a float"),
    ("s", .list([]), "the sweep of 's' needs at least one value"),
  ])
  func valuesOfAnotherTypeAreRefused(_ name: String, _ value: CardValue, _ problem: String) throws {
    let card = try Self.card(
      "claim: {expr: '1'}\nsymbols: {thresh: {type: float, value: 1}, name: {type: str, value: a}, flag: {type: bool, value: true}, ids: {type: 'List[int]', value: [1]}, s: {sweep: [1]}}"
    )
    let error = #expect(throws: MagnetError.self) { try card.overriding([(name, value)]) }
    #expect(error?.problem == problem && error?.place == "c.yaml")
    if case .text("1e-3") = value { #expect(error?.advice == "write 0.001") }
    // Null is a value of every type, and an int is a float where one is asked for.
    for name in ["thresh", "name", "flag"] {
      #expect(throws: Never.self) { try card.overriding([(name, .null)]) }
    }
  }

  @Test func settingsAreReadAsYAML() throws {
    #expect(try EvaluationCard.setting("a=1").value == .int(WholeNumber(1)))
    #expect(
      try EvaluationCard.setting("a=x=y").value == .text("x=y") && EvaluationCard.setting("a=").value == .null
    )
    #expect(try EvaluationCard.setting("a=[1, b]").value == .list([.int(WholeNumber(1)), .text("b")]))
    for wrong in ["a", "=1", "", "a=[1", "a=*b"] {
      #expect(throws: MagnetError.self, "\(wrong)") { try EvaluationCard.setting(wrong) }
    }
    let pairs = try EvaluationCard.overrides(yaml: "{b: 1, a: [x]}", source: "file")
    #expect(pairs.map(\.name) == ["b", "a"])
    for (text, problem) in [
      ("[1]", "overrides are a mapping, not a list"), ("{1: 2}", "1 is not the name of a symbol"),
      ("", "overrides are a mapping, not null"),
    ] {
      let error = #expect(throws: MagnetError.self) {
        try EvaluationCard.overrides(yaml: text, source: "file")
      }
      #expect(error?.problem == problem)
    }
    // A number that is advised is read back as the float it is.
    var random = SplitMix(state: 3)
    for _ in 0..<300 {
      let number = DecimalTests.double(&random)
      #expect(try YAMLTests.value(CardValue.yamlFloat(number)) == .float(number), "\(number)")
    }
  }

  // MARK: - What was written before

  /// What was written is restored, values of every kind included; of another card it is refused.
  @Test func evaluationsAreRestored() async throws {
    let folder = try TemporaryFolder()
    let body = """
      claim: {expr: x < 3}
      claim_aggregation_strategy: {type: any}
      symbols:
        x: {sweep: [1, 3], metadata: {define_metric: {aggregation_strategy: {type: mean}}}}
        d: {value: 2024-01-02}
        n: {value: .nan}
        l: {value: [1, [a, null]]}
        m: {value: {1: a, b: .inf}}
      """
    let path = try folder.write(SchemaTests.header + body, to: "card.yaml")
    let card = try EvaluationCard(path)
    try await card.evaluate()
    let bundle = try card.write(to: folder.path + "/out", version: "1.2", data: ["runs"])
    let again = try card.write(to: folder.path + "/out", version: "1.2")
    #expect(bundle != again && bundle.hasPrefix(folder.path + "/out/"))
    let verdict = try Project.json(bundle + "/verdict.json")
    #expect(
      verdict["result"] == .string("VERIFIED") && verdict["magnet"] == .string("1.2")
        && verdict["data"] == .array([.string("runs")]))
    for place in [bundle, folder.path + "/out"] {
      let read = try EvaluationCard(path)
      try read.restore(from: place)
      #expect(read.status == .verified && read.settings.map(\.status) == [.verified, .falsified])
      #expect(read.settings.map(\.output) == card.settings.map(\.output))
      #expect(read.lastOutcome?.metrics == card.lastOutcome?.metrics)
      #expect(read.summarize() == card.summarize())
      for (a, b) in zip(read.settings, card.settings) {
        #expect(a.symbols.map(\.value.pythonText) == b.symbols.map(\.value.pythonText))
      }
    }
    let changed = try EvaluationCard(folder.write(SchemaTests.header + body + "\n# changed", to: "card.yaml"))
    try changed.restore(from: bundle)
    #expect(changed.status == .verified, "a comment is not a change")
    let other = try EvaluationCard(
      folder.write(SchemaTests.header + body.replacing("x < 3", with: "x < 4"), to: "card.yaml"))
    for place in [bundle, folder.path + "/out", folder.path + "/nothing"] {
      let error = #expect(throws: MagnetError.self) { try other.restore(from: place) }
      #expect(error?.code == (place == bundle ? .invalidData : .notFound))
    }
    #expect(other.status == .unverified)
    let error = #expect(throws: MagnetError.self) { try other.write(to: folder.path + "/out", version: "1") }
    #expect(error?.problem == "the card was not evaluated")
  }
}
