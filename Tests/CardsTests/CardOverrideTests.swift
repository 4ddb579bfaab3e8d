import Magnet
import Testing

@testable import Cards

/// Other values for a card's symbols, whatever they are and wherever they come from, and the types they must have.
@Suite struct CardOverrideTests {
  private static let types = ["int", "float", "str", "bool"]

  private static func card(_ symbols: String) throws -> EvaluationCard {
    try EvaluationCard(
      text: SchemaTests.header + "claim: {expr: '1'}\nsymbols: {\(symbols)}\n", path: "c.yaml")
  }

  /// What becomes of a value of a type: itself, a float for an int, or nil where it is refused.
  private static func converted(_ value: CardValue, _ type: String) -> CardValue? {
    switch (type, value) {
    case (_, .null), ("int", .int), ("float", .float), ("str", .text), ("bool", .bool): value
    case ("float", .int(let number)): .float(Double(number.int64 ?? 0))
    default: nil
    }
  }

  private static let scalars: [CardValue] = [
    .null, .bool(true), .int(WholeNumber(-7)), .int(WholeNumber(0)), .float(0.5), .float(-2), .text(""),
    .text("yes"), .list([]), .mapping([]), .date("2024-01-02"),
  ]

  @Test(arguments: types) func valuesHaveTheirSymbolsType(_ type: String) throws {
    let fixed = try Self.card("x: {type: \(type), value: null}, y: {value: 1}")
    let swept = try Self.card("x: {type: \(type), sweep: [null]}")
    let listed = try Self.card("x: {type: 'List[\(type)]', value: null}")
    for value in Self.scalars {
      let wanted = Self.converted(value, type)
      let found = try? fixed.overriding([("x", value)])
      #expect(found?.definition.symbols[0].value == wanted && (found == nil) == (wanted == nil), "\(value)")
      // The card's own text has the value too, as it names the results.
      #expect(found?.definition.value["symbols"]?["x"]?["value"] == wanted)
      #expect(found?.definition.symbols[1].value == (wanted == nil ? nil : .int(WholeNumber(1))))
      // In a sweep, and in a list, each element has it; one that does not refuses all.
      for others in [[CardValue.null], [.null, .null]] {
        let values = others + [value]
        let list = others + (wanted.map { [$0] } ?? [])
        let sweep = try? swept.overriding([("x", .list(values))])
        #expect((sweep == nil) == (wanted == nil))
        if wanted != nil, case .values(let found)? = sweep?.definition.symbols[0].sweep {
          #expect(found == list)
        }
        let elements = try? listed.overriding([("x", .list(values))])
        #expect(elements?.definition.symbols[0].value == (wanted == nil ? nil : .list(list)))
      }
    }
  }

  @Test(arguments: 1...20) func valuesAreReadAsYAML(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    var pairs: [(String, CardValue)] = []
    for number in 0..<(1 + random.below(5)) { pairs.append(("s\(number)", YAMLTreeTests.tree(&random))) }
    let text = "{" + pairs.map { "\($0.0): \(YAMLTreeTests.flow($0.1))" }.joined(separator: ", ") + "}"
    let block = pairs.map { "\($0.0): \(YAMLTreeTests.flow($0.1))\n" }.joined()
    for yaml in [text, block] {
      let read = try EvaluationCard.overrides(yaml: yaml, source: "o.yaml")
      #expect(read.map(\.name) == pairs.map(\.0) && read.map(\.value) == pairs.map(\.1), "\(yaml)")
    }
    for (name, value) in pairs {
      let read = try EvaluationCard.setting("\(name)=\(YAMLTreeTests.flow(value))")
      #expect(read.name == name && read.value == value)
    }
    // Symbols without a type take anything, and nothing else of the card changes.
    let card = try Self.card(pairs.map { "\($0.0): {value: before}" }.joined(separator: ", "))
    let place = random.below(pairs.count)
    let other = try card.overriding([pairs[place]].map { (name: $0.0, value: $0.1) })
    for (number, symbol) in other.definition.symbols.enumerated() {
      #expect(symbol.value == (number == place ? pairs[place].1 : .text("before")))
      #expect(other.definition.value["symbols"]?[symbol.name]?["value"] == symbol.value)
    }
    #expect(other.definition.value["title"] == card.definition.value["title"] && other.bytes == card.bytes)
    #expect(other.overrides == [.init(key: .text(pairs[place].0), value: pairs[place].1)])
    #expect(card.definition.symbols.allSatisfy { $0.value == .text("before") }, "the card itself stays")
  }

  @Test func codeGivesWay() throws {
    let card = try Self.card(
      "a: {type: int, sql: 'SELECT 1'}, b: {python: 'b = 1', depends_on: [a]}, c: {sweep: {sql: 'SELECT 1 ORDER BY 1'}}"
    )
    let other = try card.overriding([
      ("a", .int(WholeNumber(3))), ("b", .text("x")), ("c", .int(WholeNumber(4))),
    ])
    let symbols = other.definition.symbols
    #expect(symbols.allSatisfy { $0.sql == nil && $0.python == nil })
    #expect(
      symbols[0].value == .int(WholeNumber(3)) && symbols[1].value == .text("x") && symbols[2].value == nil)
    guard case .values(let values)? = symbols[2].sweep else {
      Issue.record("the sweep is still a query")
      return
    }
    #expect(values == [.int(WholeNumber(4))])
  }

  @Test func pathsAreFilledIn() throws {
    func value(_ text: String) throws -> CardValue { try YAMLTests.value(text) }
    let cases = [
      ("{a: {b: 1}, c: 2}", ["a", "b"], "{a: {b: x}, c: 2}"), ("{a: 1}", ["b"], "{a: 1, b: x}"),
      ("{a: 1}", ["a", "b"], "{a: {b: x}}"), ("null", ["a", "b"], "{a: {b: x}}"),
      ("{a: 1, b: 2}", ["a"], "{a: x, b: 2}"),
      ("[1]", ["a"], "{a: x}"), ("{1: 2}", ["1"], "{1: 2, '1': x}"), ("{a: 1}", [], "x"),
    ]
    for (before, path, after) in cases {
      let filled = try value(before).replacing(path, with: .text("x"))
      #expect(filled.pythonText == (try value(after)).pythonText, "\(before) \(path)")
    }
  }

  // MARK: Types

  /// Types of queries in every spelling, and as many that are none.
  @Test(arguments: 1...6) func typesAreReadInEverySpelling(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    func spaced(_ parts: [String]) -> String {
      parts.map { $0 + random.choice(["", "", " ", "  "]) }.joined()
    }
    func scalar() -> (String, SQLType.Scalar?) {
      let name = random.choice(Self.types + ["Any"])
      return (name, SQLType.Scalar(rawValue: name))
    }
    for _ in 0..<60 {
      let members = (0..<(1 + random.below(4))).map { _ in scalar() }
      let names = members.map(\.0).joined(separator: " , ").split(separator: " ").map(String.init)
      let one = random.choice(Self.types)
      let wanted = SQLType.Scalar(rawValue: one)
      #expect(SQLType(spaced([one])) == wanted.map { .scalar($0) })
      #expect(SQLType(spaced([random.choice(["List", "list"]), "[", one, "]"])) == wanted.map { .list($0) })
      let rows = spaced(
        [random.choice(["List", "list"]), "[", random.choice(["Tuple", "tuple"]), "["] + names + ["]", "]"])
      #expect(SQLType(rows) == .rows(members.map(\.1)), "\(rows)")
      let pairs = spaced([random.choice(["Dict", "dict"]), "["] + names + ["]"])
      #expect(
        SQLType(pairs) == (members.count == 2 ? .pairs(key: members[0].1, value: members[1].1) : nil),
        "\(pairs)")
      for wrong in [
        pairs + "]", "Set[\(one)]", "List[\(one)", "List[]", "List[Any]", one + one, "List[Tuple[]]",
      ] {
        #expect(SQLType(wrong) == nil, "\(wrong)")
      }
    }
    #expect(SQLType(" table ") == .table && SQLType("") == nil && SQLType("Table") == nil)
    #expect(
      SQLType("table")?.isTable == true && SQLType("Dict[str, int]")?.isTable == true
        && SQLType("List[int]")?.isTable == false)
  }

  @Test(
    arguments: [
      ("int", nil), ("List[Dict[str, Any]]", nil), ("Tuple[int, str]", nil),
      ("Optional[int]", "is not known to MAGNET: it has List, Dict, Tuple and Any"),
      ("List[ Union[int, str] ]", "is not known to MAGNET: it has List, Dict, Tuple and Any"),
      ("Literal['a']", "is not known to MAGNET: it has List, Dict, Tuple and Any"),
      ("int | None", "accepts no value in MAGNET; use Any"),
      ("set[int]", "accepts no value in MAGNET; use Any"),
      ("frozenset[int]", "accepts no value in MAGNET; use Any"),
      ("Tuple[int, ...]", "stops MAGNET; name each element, or use tuple"),
      ("None", "is not a type; use Any"),
      ("callable", "is not a type; use Any"),
    ] as [(String, String?)])
  func typesThatMAGNETDoesNotTake(_ text: String, _ problem: String?) {
    #expect(PythonType.problem(with: text) == problem)
  }
}
