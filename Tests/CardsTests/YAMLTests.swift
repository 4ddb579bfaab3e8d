import Magnet
import TestSupport
import Testing

@testable import Cards

@Suite struct YAMLTests {
  static func value(_ text: String) throws -> CardValue { try YAMLDocument(Array(text.utf8)).root.value }

  /// PyYAML's values of 180 texts, from Fixtures/generate/write_cards.py.
  @Test(arguments: try ExpectedCase.all("card_yaml.json"))
  func valuesAreThoseOfPyYAML(_ item: ExpectedCase) throws {
    let text = try #require(item.value[0]?.string)
    let typed = try #require(item.value[1])
    // PyYAML reads bytes, sets and pairs, which cards do not have; a byte order mark is removed before.
    if ["!!set", "!!binary", "!!omap"].contains(where: text.contains) || text.hasPrefix("\u{FEFF}") {
      return
    }
    guard let expected = CardValue(typed: typed) else {
      #expect(throws: YAMLFault.self, "\(text)") { _ = try Self.value(text) }
      return
    }
    let read = try Self.value(text)
    #expect(same(read, expected), "\(text): \(read.pythonText), not \(expected.pythonText)")
  }

  @Test(arguments: [
    ("a: !!binary aGVsbG8=", 1, 4), ("a: !!set {x}", 1, 4), ("&a [1, *a]", 1, 8), ("a: [1\nb: 2", 2, 2),
    ("a: 1\nb: \"x", 2, 6), ("a: *x", 1, 4), ("a: 0b", 0, 0), ("x: 1\ny: 2024-13-01", 2, 4),
  ])
  func faultsHaveAPlace(_ text: String, _ line: Int, _ column: Int) throws {
    do {
      _ = try Self.value(text)
      #expect(line == 0)
    } catch let fault as YAMLFault {
      #expect(fault.mark == TextMark(line: line, column: column), "\(text): \(fault)")
    }
  }

  @Test func whatIsTooDeepTooLargeOrABombIsAFault() {
    func problem(_ text: String) -> String {
      do {
        _ = try YAMLDocument(Array(text.utf8))
        return "none"
      } catch { return error.problem }
    }
    let deep = String(repeating: "[", count: 100_000)
    #expect(problem(deep).contains("nested"))
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...20 {
      bomb +=
        "a\(level): &a\(level) [" + (0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", ") + "]\n"
    }
    #expect(problem(bomb).contains("more than 1000000 values"))
    var merges = "m: &m {" + (0..<2000).map { "k\($0): 1" }.joined(separator: ", ") + "}\n"
    for number in 0..<2000 { merges += "n\(number): {<<: *m}\n" }
    #expect(problem(merges).contains("more than 1000000 values"))
    #expect(problem("a: \u{1}").contains("control characters"))
  }

  @Test func duplicateKeysAreRemembered() throws {
    let document = try YAMLDocument(Array("a: 1\nb: {<<: {c: 1}, c: 2}\na: 3\n".utf8))
    #expect(document.duplicates.map(\.key) == ["a"])
    #expect(document.duplicates.first?.second == TextMark(line: 3, column: 1))
    #expect(document.root.value["a"] == .int(WholeNumber(3)))
  }
}

@Suite struct CardValueTests {
  /// Python's `repr` and ubelt's hashes of 70 values.
  @Test(arguments: try ExpectedCase.all("card_values.json"))
  func textsAndHashesAreThoseOfPython(_ item: ExpectedCase) throws {
    let value = try #require(item.value[0].flatMap(CardValue.init(typed:)))
    #expect(value.pythonText == item.value[1]?.string)
    #expect(MagnetHash.digits(value, count: 128) == item.value[2]?.string, "\(value.pythonText)")
  }

  @Test func wholeNumbersConvert() {
    for value in [0, 1, -1, .max, .min, 1 << 32, -(1 << 32)] as [Int64] {
      #expect(WholeNumber(value).int64 == value)
      #expect(WholeNumber(value).description == String(value))
      #expect(WholeNumber(String(value)) == WholeNumber(value))
    }
    #expect(WholeNumber("9223372036854775808")?.int64 == nil)
    #expect(WholeNumber("-9223372036854775809")?.int64 == nil)
    #expect(WholeNumber("12x") == nil)
    #expect(WholeNumber("") == nil)
  }

  /// The examples of FIPS 180-4, and lengths around the block's.
  @Test func hashesAreSHA512() {
    func hex(_ text: String) -> String {
      SHA512.hash(Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    #expect(hex("abc").hasPrefix("ddaf35a193617abacc417349ae204131"))
    #expect(hex("").hasPrefix("cf83e1357eefb8bdf1542850d66d8007"))
    #expect(Set((100...140).map { hex(String(repeating: "a", count: $0)) }).count == 41)
  }

  @Test func jsonIsThatOfPythonWithNaNAsText() {
    let value = CardValue.mapping([
      .init(key: .text("a"), value: .list([.int(WholeNumber(1)), .tuple([])])),
      .init(key: .int(WholeNumber(2)), value: .float(.nan)),
      .init(key: .null, value: .float(1e-7)),
    ])
    #expect(
      CardJSON.text(value)
        == "{\n  \"a\": [\n    1,\n    []\n  ],\n  \"2\": \"NaN\",\n  \"null\": 1e-07\n}")
    #expect(value.json == "{\"a\": [1,[]],\"2\": \"NaN\",\"null\": 1e-07}")
  }
}

@Suite struct SymbolOrderTests {
  /// Python's graphlib on 500 graphs, some with cycles.
  @Test func ordersAreThoseOfGraphlib() throws {
    let cases = try ExpectedCase.all("card_orders.json")
    #expect(cases.count == 500)
    for item in cases {
      let graph = (item.value[0]?.elements ?? []).map { pair in
        (name: pair[0]?.string ?? "", needs: (pair[1]?.elements ?? []).compactMap(\.string))
      }
      switch (SymbolOrder.order(graph), item.value[1]) {
      case (.success(let order), .array(let expected)?): #expect(order == expected.compactMap(\.string))
      case (.failure(let cycle), .null?):
        #expect(cycle.names.first == cycle.names.last)
        let needs = Dictionary(uniqueKeysWithValues: graph.map { ($0.name, $0.needs) })
        for (name, next) in zip(cycle.names, cycle.names.dropFirst()) {
          #expect(needs[name]?.contains(next) == true)
        }
      case let (found, expected): Issue.record("\(graph): \(found), not \(String(describing: expected))")
      }
    }
  }
}
