import Testing

@testable import Magnet

/// What a query's text says before SQLite sees it: names, words and constants, whatever the quotes, comments and line ends.
@Suite struct SQLTextTests {
  @Test(
    arguments: [
      (#"SELECT "a", `b`, [c d], 'e' FROM t"#, ["a", "b", "c d"]), (#"SELECT "a""b""#, [#"a"b"#]),
      ("SELECT '\"a\"'", []), ("SELECT 1 -- \"a\"\n, \"b\"", ["b"]), ("SELECT 1 -- \"a\"\r\n, \"b\"", ["b"]),
      ("SELECT 1 /* \"a\" */, \"b\"", ["b"]), ("SELECT \"a", ["a"]), ("SELECT 'it''s', \"x\"", ["x"]),
      ("SELECT 1 - \"a\" / \"b\"", ["a", "b"]), ("-- \"a\"", []), ("/* \"a\"", []), ("SELECT [a]]", ["a"]),
      ("SELECT \"é\", \"e\u{301}\"", ["é"]),
    ] as [(String, Set<String>)])
  func namesInQuotes(_ query: String, _ names: Set<String>) { #expect(SQLText(query).quotedNames == names) }

  @Test(
    arguments: [
      ("SELECT mean FROM Stats", ["select", "mean", "from", "stats"]), ("SELECT a.b", ["select", "a", "b"]),
      ("SELECT 'x y', \"z\"", ["select"]), ("SELECT 1e5, 0x1F", ["select"]),
      ("-- x\r\nSELECT y", ["select", "y"]),
      ("-- x\r-- z\nSELECT y", ["select", "y"]), ("/* x\r\n */SELECT y", ["select", "y"]),
      ("_a1 b2", ["_a1", "b2"]),
    ] as [(String, Set<String>)])
  func wordsOutsideOfQuotes(_ query: String, _ words: Set<String>) { #expect(SQLText(query).words == words) }

  @Test(arguments: [
    ("SELECT * FROM t", true), ("SELECT count(*) FROM t", false), ("select distinct * from t", true),
    ("SELECT a, * FROM t", true),
    ("SELECT t.* FROM t", true), ("SELECT 2 * 3", false), ("SELECT a * b FROM t", false),
    ("SELECT '*'", false),
    ("-- c\r\nSELECT * FROM t", true), ("-- c\nSELECT\r\n*\r\nFROM t", true),
    ("-- SELECT *\r\nSELECT 1", false),
    ("/* SELECT */ SELECT ALL * FROM t", true), ("SELECT /* a */ * FROM t", true), ("SELECT (1) * 2", false),
  ])
  func allColumnsAreAskedFor(_ query: String, _ all: Bool) { #expect(SQLText(query).selectsAll == all) }

  @Test(arguments: [
    ("", true), (" \r\n\t;", true), ("-- only a comment", true), ("-- a\r\n/* b */ ;", true),
    ("SELECT 1", false),
    ("-- a\r\nSELECT 1", false), ("-- a\rSELECT 1", true), ("'x'", false), ("(", false),
  ])
  func textsWithoutAQuery(_ query: String, _ isEmpty: Bool) { #expect(SQLText(query).isEmpty == isEmpty) }

  @Test(
    arguments: [
      ("SELECT a AS \"b\", \"c\"", ["b"]), ("SELECT a as `b`", ["b"]),
      ("SELECT \"b\" FROM t AS \"u\"", ["u"]),
      ("SELECT a AS b", []), ("SELECT has \"b\"", []),
    ] as [(String, Set<String>)])
  func namesThatAQueryGives(_ query: String, _ names: Set<String>) {
    #expect(SQLText(query).aliases == names)
  }

  @Test(arguments: [
    ("SELECT 0 AND x", "SELECT ? AND x"), ("x IN ()", "x IN (?)"), ("x IN (1, 2)", "x IN (?, ?)"),
    ("LIMIT 10", "LIMIT ?"),
    ("SELECT 1.5, 1e3, a1", "SELECT 1.5, 1e3, a1"), ("true OR False", "? OR ?"), ("'1' \"2\"", "'1' \"2\""),
    ("?1", "?1"),
    ("a.1", "a.1"), ("-- 1\r\n1", "-- 1\r\n?"), ("count()", "count()"),
  ])
  func constantsBecomeParameters(_ query: String, _ expected: String) {
    #expect(SQLText(query).withoutConstants == expected)
  }

  /// Any text is gone through to its end, and what is not a constant stays.
  @Test(arguments: 1...10) func nothingIsLost(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let pieces = [
      "SELECT", "*", "a", "\"b\"", "'c'", "--", "/*", "*/", "\n", "\r\n", "\r", " ", "'", "\"", "[", "]", "`",
      "(", ")", ",", ".",
      "é", "\u{301}", "in", "as", "x1", ";", "-", "/",
    ]
    for _ in 0..<400 {
      let query = (0..<random.below(14)).map { _ in random.choice(pieces) }.joined()
      let text = SQLText(query)
      #expect(text.withoutConstants.replacing("?)", with: ")") == query, "\(query)")
      #expect(text.aliases.isSubset(of: text.quotedNames))
    }
    let long = String(repeating: "(\"a\" -- x\r\n", count: 2000)
    #expect(SQLText(long).quotedNames == ["a"])
  }

  // MARK: Names of columns

  /// Names that SQLite takes for the same get numbers, and those that are kept stay.
  @Test(arguments: 1...12) func namesOfATableAreDifferentToSQLite(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let pool = [
      "a", "A", "b", "B", "a_2", "A_2", "é", "É", "e\u{301}", "x\0y", "x\u{2400}y", "stats.mean",
      "STATS.MEAN",
    ]
    let kept = ["stats.mean", "a"]
    let asked = (0..<10).map { _ in random.choice(pool) }.map(ExactText.init).unique().map(\.text)
    var names = SQLColumnNames(keeping: kept)
    let given = asked.map { names.name(for: $0) }
    func folded(_ name: String) -> [UInt8] { name.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 } }
    let all = given + kept.filter { !asked.contains($0) }
    #expect(Set(all.map(folded)).count == all.count, "\(given)")
    for (name, made) in zip(asked, given) {
      if kept.contains(name) { #expect(made == name) }
      #expect(made.hasPrefix(name.replacing("\0", with: "\u{2400}")) && !made.contains("\0"))
    }
    #expect(SQLColumnNames.clash(in: given) == nil)
  }

  @Test func clashesAreNamed() {
    #expect(SQLColumnNames.clash(in: ["a", "b", "A"])! == ("a", "A"))
    #expect(SQLColumnNames.clash(in: ["a", "b", "a"]) == nil && SQLColumnNames.clash(in: []) == nil)
    #expect(SQLColumnNames.clash(in: ["é", "É"]) == nil, "only ASCII letters have a case to SQLite")
  }

  @Test(
    arguments: [
      ("stats.mean", SQLType.real), ("stats.count", .integer), ("instance_id", .text), ("a.b.name", .text),
      ("mean", .real),
      ("meaning", nil), ("x.prediction_id", .integer), ("", nil), ("a.PROB", nil),
    ] as [(String, SQLType?)])
  func typesOfColumns(_ name: String, _ type: SQLType?) { #expect(SQLType(of: name) == type) }
}
