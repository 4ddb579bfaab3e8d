import Foundation
import Magnet
import TestSupport
import Testing

@testable import Cards

@Suite struct SchemaTests {
  static let header = """
    title: t
    description: d
    version: 1.0
    organizations: [o]
    submitter: {name: n, email: e}
    tags: []
    links: []

    """

  /// The message about a card whose header takes seven lines.
  static func faults(_ body: String) throws -> [String] {
    try EvaluationCard(text: header + body, path: "c.yaml").faults.map { "\($0)" }
  }

  @Test func aSoundCardHasNoFaults() throws {
    #expect(try Self.faults("claim: {python: assert x}\nsymbols: {x: {value: 1}}\n") == [])
    let seed = try EvaluationCard(
      text: "title: t\ndescription: d\nclaim: {python: assert x}\nsymbols: {x: {value: 1}}")
    #expect(seed.faults.map(\.severity) == [.recommendation])
  }

  @Test func allFaultsAreSaidAtOnceInTheOrderOfLines() throws {
    let faults = try Self.faults(
      """
      claim: {pyton: assert x}
      claim_aggregation_strategy: {type: majority}
      symbols:
        x: {depends_on: [y]}
        y: 1
        z: {type: float, value: 1, valeu: 2}
        w: {sweep: []}
        v: {sweep: 3, metadata: {kind: nonsense}}
      """)
    #expect(
      faults == [
        "c.yaml:8:8: claim has no python, expr or sql; one of them says what is claimed",
        "c.yaml:8:9: unknown key 'pyton' (did you mean python?) in claim",
        "c.yaml:9:36: claim_aggregation_strategy.type is all, any or fraction, not 'majority'",
        "c.yaml:11:3: symbol 'x' has no value; give it one of value, sweep, python or sql",
        "c.yaml:12:6: symbol 'y' is a mapping, not an int; write y: {value: ...}",
        "c.yaml:13:30: unknown key 'valeu' (did you mean value?) in symbol 'z'",
        "c.yaml:14:14: the sweep of symbol 'w' is empty; give it values, or the symbol a value",
        "c.yaml:15:14: the sweep of symbol 'v' is a list or {sql: ...}, not an int",
        "c.yaml:15:34: kind is model, dataset or metric, not 'nonsense'",
      ])
  }

  @Test(
    arguments: [
      (
        "claim: assert True",
        "c.yaml:8:8: claim is a mapping, not a text; write it as claim: {python: ...} or claim: {expr: ...}"
      ),
      ("claim: {python: ''}", "c.yaml:8:17: the claim is empty, so nothing is checked"),
      (
        "claim: {python: x, reduce: {type: fraction}}",
        "c.yaml:8:20: claim.reduce is not read; use claim_aggregation_strategy"
      ),
      (
        "claim: {python: x}\nsymbols: {x: {depends_on: [zz], python: x = 1}}",
        "c.yaml:9:28: symbol 'x' depends on 'zz', which is not a symbol"
      ),
      (
        "claim: {python: x}\nsymbols: {x: {depends_on: [y], python: x = 1}, y: {depends_on: [x], python: y = 1}}",
        "c.yaml:9:11: the symbols depend on each other in a circle: x -> y -> x"
      ),
      (
        "claim: {python: x}\nsymbols: {x: {value: 1}, x: {value: 2}}",
        "c.yaml:9:26: the key 'x' is there twice, first in line 9; the last one counts"
      ),
      (
        "claim: {python: x}\nsymbols: {x: {metadata: {define_metric: {aggregation_strategy: {type: custom}}}, value: 1}}",
        "c.yaml:9:71: the aggregation 'custom' is not defined: MAGNET has none either; use mean, max or min"
      ),
      (
        "claim: {python: x}\nclaim_aggregation_strategy: {type: fraction}",
        "c.yaml:9:29: fraction needs parameters: {threshold: ...}"
      ),
      (
        "claim: {python: x}\nclaim_aggregation_strategy: {type: fraction, parameters: {threshold: '0.5'}}",
        "c.yaml:9:70: threshold is a number, not a text"
      ),
      (
        "claim: {expr: x}\nsymbols: {x: {sql: SELECT 1}}",
        "c.yaml:9:20: symbol 'x' is asked by SQL and has no type; add one of int, float, str, bool, List[float], table"
      ),
      (
        "claim: {expr: x}\nsymbols: {x: {type: str, sweep: {sql: SELECT 1}}}",
        "c.yaml:9:39: the query of the sweep of symbol 'x' has no order; add ORDER BY, so that settings keep theirs"
      ),
      (
        "claim: {python: x}\nsymbols: {x: {type: 'Optional[int]', python: x = 1}}",
        "c.yaml:9:21: the type of symbol 'x', Optional[int], is not known to MAGNET: it has List, Dict, Tuple and Any"
      ),
      (
        "claim: {python: x}\nsymbols: {1 bad: {python: x = 1}}",
        "c.yaml:9:11: '1 bad' is not a name that Python can assign"
      ),
    ] as [(String, String)])
  func eachFaultHasItsPlace(_ body: String, _ expected: String) throws {
    let body = body.contains("symbols:") ? body : body + "\nsymbols: {}"
    #expect(try Self.faults(body) == [expected])
  }

  @Test func manyFaultsAreAllSaid() throws {
    let symbols = (0..<3000).map { "  a\($0): {value: 1, depends_on: [zz\($0)]}\n" }.joined()
    let faults = try Self.faults("claim: {expr: a1}\nsymbols:\n" + symbols)
    #expect(faults.count == 3000)
    #expect(faults.last == "c.yaml:3009:34: symbol 'a2999' depends on 'zz2999', which is not a symbol")
  }

  @Test(arguments: [
    "", "[]", "a", "- 1", "{}", "? [1]\n: 2", "claim: {python: [1]}", "symbols: [1]", "symbols: {1: {}}",
  ])
  func oddCardsHaveFaults(_ text: String) throws {
    do {
      let card = try EvaluationCard(text: text)
      #expect(card.faults.contains { $0.severity == .error }, "\(text)")
      _ = card.summarize()
    } catch { #expect(!error.faults.isEmpty) }
  }

  /// The first block of the outputs of aiq-magnet 0.0.1, byte for byte.
  @Test(.enabled(if: Shared.cards != nil)) func summariesAreThoseOfMAGNET() throws {
    let cards = try #require(Shared.cards)
    let sections = try Project.text(cards + "/seed/v0.0.1_outputs.txt").split(separator: "##### ")
    var compared = 0
    for section in sections {
      let lines = section.split(separator: "\n", omittingEmptySubsequences: false)
      let path = cards + "/" + lines[0]
      guard lines[0].hasSuffix(".yaml"), Shared.names.contains(String(lines[0].dropLast(5))),
        let end = section.range(of: "$ evaluate\n"), let start = section.range(of: "$ summarize\n")
      else { continue }
      let expected = String(section[start.upperBound..<end.lowerBound])
      #expect(try EvaluationCard(path).summarize() == expected, "\(lines[0])")
      compared += 1
    }
    #expect(compared > 25)
  }

  /// The hashes by which MAGNET named the golden cards' result folders.
  @Test(.enabled(if: Shared.cards != nil)) func hashesOfCardsAreThoseOfMAGNET() throws {
    let cards = try #require(Shared.cards)
    var compared = 0
    for name in Shared.names where !["26_override"].contains(name) {
      let text = try Project.text(cards + "/\(name).expected.txt")
      guard let match = text.firstMatch(of: #/OUT/([0-9a-f]{8})_TIMESTAMP/#), !text.contains("--override")
      else { continue }
      let card = try EvaluationCard(cards + "/\(name).yaml")
      #expect(MagnetHash.digits(card.definition.value, count: 8) == match.output.1, "\(name)")
      compared += 1
    }
    #expect(compared > 35)
  }

  /// Every id in the golden data: those of cards, and those of the symbols of each setting. All cards have 159; some may
  /// be missing from the data.
  @Test(.enabled(if: Shared.cards != nil)) func everyHashIsThatOfMAGNET() throws {
    let cards = try #require(Shared.cards)
    var compared = 0
    for name in Shared.names {
      let folder = cards + "/\(name).expected"
      guard Files.exists(folder + "/card.yaml") else { continue }
      let text = try Project.text(cards + "/\(name).expected.txt")
      let id = try #require(text.firstMatch(of: #/OUT/([0-9a-f]{8})_TIMESTAMP/#), "\(name)").output.1
      // As MAGNET wrote it, with what was overridden.
      let card = try YAMLDocument(CardFiles.read(folder + "/card.yaml", limit: 1 << 20)).root.value
      #expect(MagnetHash.digits(card, count: 8) == id, "\(name)")
      compared += 1
      for id in (try? FileManager.default.contentsOfDirectory(atPath: folder + "/results")) ?? [] {
        let verdict = try Project.json("\(folder)/results/\(id)/verdict.json")
        // As JSON has it: every number of the goldens but 2^70 fits, and only 46 has NaN.
        var symbols = CardValue(json: try #require(verdict["symbols"]))
        if name.hasPrefix("46_"), case .mapping(let entries) = symbols {
          symbols = .mapping(
            entries.map { entry in
              switch entry.key.text {
              case "nan": .init(key: entry.key, value: .float(.nan))
              case "big":
                .init(
                  key: entry.key, value: WholeNumber("1180591620717411303424").map(CardValue.int) ?? .null)
              default: entry
              }
            })
        }
        #expect(MagnetHash.digits(symbols, count: 12) == id, "\(name) \(id)")
        compared += 1
      }
    }
    #expect(compared >= 159 || Shared.names.count < 77 && compared > 100, "\(compared)")
  }
}
