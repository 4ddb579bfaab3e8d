import Magnet
import Testing

@testable import Cards

/// Random trees written as YAML in every style, and read back; blocks of text by the rules of YAML 1.1, written out.
@Suite struct YAMLTreeTests {
  /// A tree with texts that YAML would take for something else.
  static func tree(_ random: inout PythonRandom, depth: Int = 0) -> CardValue {
    let texts = [
      "", "a", "yes", "1", "1.5", "~", "null", "2024-01-02", "- x", "a: b", "a #b", "#", "'", "\"", "\\", "{",
      "[]",
      "&a", "*a", "!x", "%", "@", "`", "  two ", "line\nline", "tab\t", "é", "漢字", "😀", "<<", "=", "0x1F",
      "?", ":",
    ]
    switch random.below(depth > 3 ? 5 : 8) {
    case 0: return .null
    case 1: return .bool(random.below(2) == 0)
    case 2: return .int(WholeNumber(Int64(random.below(2_000_000) - 1_000_000) &* 9_000_000_000_001))
    case 3: return .float(Double(random.below(20001) - 10000) / 64)
    case 4: return .text(random.choice(texts))
    case 5, 6: return .list((0..<random.below(4)).map { _ in tree(&random, depth: depth + 1) })
    default:
      var keys: Set<String> = []
      let entries = (0..<random.below(4)).compactMap { _ -> CardValue.Entry? in
        let key = random.choice(texts)
        guard keys.insert(key).inserted else { return nil }
        return .init(key: .text(key), value: tree(&random, depth: depth + 1))
      }
      return .mapping(entries)
    }
  }

  private static func quoted(_ text: String) -> String {
    "\""
      + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
      .replacing("\t", with: "\\t") + "\""
  }

  private static func scalar(_ value: CardValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .int(let value): value.description
    case .float(let value): "\(value)"
    case .text(let text): quoted(text)
    default: ""
    }
  }

  static func flow(_ value: CardValue) -> String {
    switch value {
    case .list(let items): "[" + items.map(flow).joined(separator: ", ") + "]"
    case .mapping(let entries):
      "{" + entries.map { scalar($0.key) + ": " + flow($0.value) }.joined(separator: ", ") + "}"
    default: scalar(value)
    }
  }

  /// Lines of a block, each with its indent.
  static func block(_ value: CardValue, indent: Int) -> [String] {
    let blanks = String(repeating: " ", count: indent)
    func nested(_ head: String, _ value: CardValue) -> [String] {
      switch value {
      case .list(let items) where !items.isEmpty: [blanks + head] + block(value, indent: indent + 2)
      case .mapping(let entries) where !entries.isEmpty: [blanks + head] + block(value, indent: indent + 2)
      default: [blanks + head + " " + flow(value)]
      }
    }
    switch value {
    case .list(let items) where !items.isEmpty: return items.flatMap { nested("-", $0) }
    case .mapping(let entries) where !entries.isEmpty:
      return entries.flatMap { nested(scalar($0.key) + ":", $0.value) }
    default: return [blanks + flow(value)]
    }
  }

  @Test(arguments: 1...4) func treesReadBackInEveryStyle(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for _ in 0..<120 {
      let value = Self.tree(&random)
      let flow = Self.flow(value)
      #expect(try YAMLTests.value(flow) == value, "\(flow)")
      let block = Self.block(value, indent: random.below(3)).joined(separator: "\n")
      #expect(try YAMLTests.value(block) == value, "\(block)")
      #expect(try YAMLTests.value("--- # a comment\n" + block + "\n...\n") == value)
      #expect(try YAMLTests.value(block.replacing("\n", with: "\r\n")) == value)
    }
  }

  /// JSON is YAML: what result files hold reads back.
  @Test func jsonReadsBack() throws {
    var random = PythonRandom(seed: 77)
    for _ in 0..<150 {
      let value = Self.tree(&random)
      let text = CardJSON.text(value)
      #expect(try YAMLTests.value(text) == value, "\(text)")
      #expect(CardValue(json: try JSONValue(parsing: text)) == value, "\(text)")
    }
  }

  /// Every node of a block has the line and column at which it begins.
  @Test func nodesHaveTheirPlaces() throws {
    var random = PythonRandom(seed: 12)
    for _ in 0..<60 {
      let items = (0..<1 + random.below(6)).map { _ in String(repeating: "x", count: 1 + random.below(5)) }
      let text = items.enumerated().map { "k\($0): \($1)\n" }.joined()
      let pairs = try #require(try YAMLDocument(Array(text.utf8)).root.pairs)
      for (line, pair) in pairs.enumerated() {
        #expect(pair.key.mark == TextMark(line: line + 1, column: 1))
        #expect(pair.value.mark == TextMark(line: line + 1, column: "k\(line): ".count + 1))
      }
      let flow = "é [" + items.joined(separator: ", ") + "]"
      let elements = try #require(try YAMLDocument(Array(flow.dropFirst(2).utf8)).root.elements)
      var column = 2
      for (item, element) in zip(items, elements) {
        #expect(element.mark == TextMark(line: 1, column: column))
        column += item.count + 2
      }
    }
  }

  /// What `|`, `|-` and `|+` keep of the line breaks at the end.
  @Test func literalBlocksKeepTheirLines() throws {
    var random = PythonRandom(seed: 31)
    for _ in 0..<150 {
      let lines = (0..<1 + random.below(5)).map { _ in
        random.choice(["a", "b c", "", "  deeper", "# no comment"])
      }
      guard let first = lines.first, !first.isEmpty, !first.hasPrefix(" ") else { continue }
      let empty = String(repeating: "\n", count: random.below(3))
      let body = lines.map { $0.isEmpty ? "" : "    " + $0 }.joined(separator: "\n") + "\n" + empty
      let all = lines.joined(separator: "\n") + "\n" + empty
      var stripped = all
      while stripped.hasSuffix("\n") { stripped.removeLast() }
      for (mark, expected) in [("|", stripped + "\n"), ("|-", stripped), ("|+", all)] {
        let document = try YAMLDocument(Array("k: \(mark)\n\(body)".utf8))
        #expect(document.root.value["k"] == .text(expected), "\(mark) \(body)")
        #expect(document.root.pairs?.first?.value.firstTextLine == 2)
      }
    }
  }

  /// `>` joins lines with blanks; an empty line is a line break.
  @Test func foldedBlocksJoinTheirLines() throws {
    var random = PythonRandom(seed: 32)
    for _ in 0..<100 {
      let paragraphs = (0..<1 + random.below(3)).map { _ in
        (0..<1 + random.below(3)).map { _ in random.choice(["a", "b c", "d"]) }
      }
      let body = paragraphs.map { $0.map { "  " + $0 }.joined(separator: "\n") }.joined(separator: "\n\n")
      let expected = paragraphs.map { $0.joined(separator: " ") }.joined(separator: "\n") + "\n"
      #expect(try YAMLTests.value("k: >\n\(body)\n")["k"] == .text(expected), "\(body)")
      // A plain text of several lines is joined in the same way, without the break at its end.
      #expect(try YAMLTests.value("k:\n\(body)\n")["k"] == .text(String(expected.dropLast())))
    }
  }

  /// What `<<` adds: the keys that the mapping has not, of several the first one's.
  @Test func mergedKeysAreThoseOfADictionary() throws {
    var random = PythonRandom(seed: 33)
    for _ in 0..<150 {
      let names = ["p", "q", "r", "s"]
      func mapping(_ base: Int) -> [String: Int] {
        var found: [String: Int] = [:]
        for (place, name) in names.enumerated() where random.below(2) == 0 { found[name] = base + place }
        return found
      }
      func text(_ mapping: [String: Int]) -> String {
        mapping.sorted { $0.key < $1.key }.map { "\($0): \($1)" }.joined(separator: ", ")
      }
      let (a, b, own) = (mapping(10), mapping(20), mapping(30))
      let ownText = own.isEmpty ? "" : ", " + text(own)
      for (merged, expected) in [
        ("*a", own.merging(a) { old, _ in old }),
        ("[*a, *b]", own.merging(a) { old, _ in old }.merging(b) { old, _ in old }),
        ("[*b, *a]", own.merging(b) { old, _ in old }.merging(a) { old, _ in old }),
      ] {
        let yaml = "a: &a {\(text(a))}\nb: &b {\(text(b))}\nc: {<<: \(merged)\(ownText)}\n"
        let found = try YAMLTests.value(yaml)["c"]?.members ?? []
        let values = Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.value) })
        #expect(values == expected.mapValues { .int(WholeNumber($0)) }, "\(yaml)")
      }
    }
  }

  @Test(arguments: [
    ("a: {<<: 1}", "<< merges a mapping or a list of mappings, which this is not"),
    ("a: {<<: [1]}", "<< merges mappings, which this is not"),
    ("a: <<", "'<<' is not a value; put it in quotes to mean the text"),
    ("[=]", "'=' is not a value; put it in quotes to mean the text"),
    ("{[1]: 2}", "a key is a single value, not a list or a mapping"),
    ("a: *b", "there is no anchor &b before the alias *b"),
    ("a: &a {b: *a}", "the alias *a stands in what it names"),
    ("a: !!seq {}", "the tag tag:yaml.org,2002:seq has no meaning here"),
    ("a: !mine 1", "the tag !mine has no meaning here"), ("a: !!int x", "'x' is not an int"),
    ("a: !!float x", "'x' is not a float"), ("a: !!bool 1", "'1' is not a bool: write true or false"),
    ("a: !!timestamp x", "'x' is not a date"), ("a: 2024-02-30", "2024-02-30 is not a date of the calendar"),
    ("a: 2024-02-03 25:00:00", "'2024-02-03 25:00:00' is not a time of day"),
    ("a: 2024-02-03 05:00:00+24:00", "a time zone is less than a day from UTC"),
    ("a: 1\n---\nb: 2", "a second document begins; a card is one"),
  ])
  func eachFaultHasItsSentence(_ text: String, _ problem: String) {
    let fault = #expect(throws: YAMLFault.self) { try YAMLTests.value(text) }
    #expect(fault?.problem == problem)
  }

  @Test(arguments: [
    ("!!str 1", CardValue.text("1")), ("!!int '0x10'", .int(WholeNumber(16))), ("!!float 1", .float(1)),
    ("!!null x", .null), ("!!bool YES", .bool(true)), ("! 12", .int(WholeNumber(12))),
    ("!!map {a: 1}", .mapping([.init(key: .text("a"), value: .int(WholeNumber(1)))])),
    ("!!timestamp 2024-01-02", .date("2024-01-02")), ("", .null), ("# only a comment", .null),
    ("'it''s'", .text("it's")),
    (#""\x41\u00e9\U0001F600\e""#, .text("Aé😀\u{1B}")),
    ("? a\n: 1", .mapping([.init(key: .text("a"), value: .int(WholeNumber(1)))])),
  ])
  func tagsAndQuotesMeanWhatTheySay(_ text: String, _ value: CardValue) throws {
    #expect(try YAMLTests.value(text) == value)
  }

  /// Keys that are equal to Python are one key, the last value counting in the first one's place.
  @Test func equalKeysAreOne() throws {
    let document = try YAMLDocument(Array("{1: a, x: b, 1.0: c, true: d, '1': e}".utf8))
    guard case .mapping(let entries) = document.root.value else {
      Issue.record("it is not a mapping")
      return
    }
    #expect(entries.map(\.key) == [.int(WholeNumber(1)), .text("x"), .text("1")])
    #expect(entries.map(\.value) == [.text("d"), .text("b"), .text("e")])
    #expect(document.duplicates.map(\.key) == ["1.0", "True"])
    let nan = try YAMLTests.value("{.nan: 1, .nan: 2}")
    if case .mapping(let entries) = nan { #expect(entries.map(\.value) == [.int(WholeNumber(2))]) }
    // With a sign it is a number of its own, each time.
    let signed = try YAMLTests.value("{!!float '-.nan': 1, !!float '-.nan': 2}")
    if case .mapping(let entries) = signed { #expect(entries.count == 2) }
  }
}
