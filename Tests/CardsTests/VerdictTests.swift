import Magnet
import Testing

@testable import Cards

/// What the statuses of settings and the values of metrics come to, against plain definitions; and the order of settings.
@Suite struct VerdictTests {
  static let all: [CardStatus] = [.verified, .falsified, .inconclusive]

  /// All lists of statuses up to a length.
  static func lists(_ length: Int) -> [[CardStatus]] {
    var lists: [[CardStatus]] = [[]]
    var last = lists
    for _ in 0..<length {
      last = last.flatMap { list in all.map { list + [$0] } }
      lists += last
    }
    return lists
  }

  @Test func verdictsFollowTheStrategy() {
    for list in Self.lists(5) {
      let (good, bad) = (list.count { $0 == .verified }, list.count { $0 == .falsified })
      // A claim about all settings holds where it holds in each; one that fails settles it.
      let ofAll: CardStatus =
        list.isEmpty ? .inconclusive : bad > 0 ? .falsified : good == list.count ? .verified : .inconclusive
      // Of any: one that holds settles it; only when all fail it does not.
      let ofAny: CardStatus =
        list.isEmpty ? .inconclusive : good > 0 ? .verified : bad == list.count ? .falsified : .inconclusive
      #expect(CardDefinition.Aggregation.all.verdict(of: list) == ofAll)
      #expect(CardDefinition.Aggregation.any.verdict(of: list) == ofAny)
      for threshold in [0.2, 1.0 / 3, 0.5, 0.75, 1] {
        let share = list.isEmpty ? nil : Double(good) / Double(list.count)
        let expected: CardStatus = share.map { $0 >= threshold ? .verified : .falsified } ?? .inconclusive
        let aggregation = CardDefinition.Aggregation.fraction(threshold)
        #expect(aggregation.verdict(of: list) == expected)
        #expect(aggregation.verdict(of: list.reversed()) == expected)
      }
    }
  }

  /// Sums of eighths are exact, so means can be worked out in whole numbers; large numbers that cancel do not hide them.
  @Test func meansAreExact() throws {
    var random = SplitMix(state: 11)
    for _ in 0..<300 {
      let eighths = (0..<1 + Int(random.next() % 12)).map { _ in Int64(random.next() % 2001) - 1000 }
      var values = eighths.map { CardValue.float(Double($0) / 8) }
      let large = [1e100, 1e16, 3e200].map { $0 * Double(1 + random.next() % 5) }
      values += large.flatMap { [CardValue.float($0), .float(-$0)] }
      values.shuffle(using: &random)
      let expected = Double(eighths.reduce(0, +)) / 8 / Double(values.count)
      #expect(Self.mean(values) == .float(expected))
    }
    #expect(Self.mean([.float(0.1), .float(0.2), .float(0.3)]) == .float(0.6 / 3))
    #expect(Self.mean(Array(repeating: .float(0.1), count: 10)) == .float(0.1))
  }

  private static let (mean, most, least) =
    (CardDefinition.Reduction.mean, CardDefinition.Reduction.max, CardDefinition.Reduction.min)

  @Test func extremesAreThoseOfPython() {
    var random = SplitMix(state: 12)
    for _ in 0..<300 {
      let numbers = (0..<1 + Int(random.next() % 8)).map { _ in Int(random.next() % 9) - 4 }
      let values = numbers.map { number in
        random.next() % 2 == 0 ? CardValue.int(WholeNumber(number)) : .float(Double(number))
      }
      // Of equal numbers Python takes the first, whatever its type.
      let most = numbers.indices.first { place in numbers.allSatisfy { $0 <= numbers[place] } }
      let least = numbers.indices.first { place in numbers.allSatisfy { $0 >= numbers[place] } }
      #expect(Self.most(values) == most.map { values[$0] })
      #expect(Self.least(values) == least.map { values[$0] })
    }
    #expect(Self.most([.bool(false), .bool(true)]) == .int(WholeNumber(1)))
    for reduction in CardDefinition.Reduction.allCases {
      #expect(reduction([]) == nil && reduction([.float(1), .text("2")]) == nil && reduction([.null]) == nil)
    }
  }

  /// Settings are all combinations in the order of nested loops, the last sweep innermost.
  @Test func settingsAreNestedLoops() throws {
    var random = PythonRandom(seed: 13)
    for _ in 0..<60 {
      let sizes = (0..<random.below(4)).map { _ in 1 + random.below(4) }
      var expected: [[Int]] = [[]]
      for size in sizes { expected = expected.flatMap { list in (0..<size).map { list + [$0] } } }
      let symbols = sizes.enumerated().map { number, size in
        "  s\(number): {sweep: [\((0..<size).map(String.init).joined(separator: ", "))]}\n"
      }
      let text = SchemaTests.header + "claim: {expr: '1'}\nsymbols:\n  fixed: {value: 7}\n" + symbols.joined()
      let plan = try CardPlan(EvaluationCard(text: text).definition, file: "c.yaml")
      #expect(plan.numbers.count == expected.count)
      for number in plan.numbers {
        let swept = plan.swept(number)
        #expect(swept.map(\.name) == sizes.indices.map { "s\($0)" })
        #expect(swept.map(\.value) == expected[number].map { .int(WholeNumber($0)) })
      }
    }
  }

  /// A result's folder is named by the values alone: not by the order of keys, nor by values that are not recorded.
  @Test func idsDependOnValuesAlone() {
    var random = SplitMix(state: 14)
    for _ in 0..<100 {
      let entries = (0..<5).map {
        CardValue.Entry(key: .text("k\($0)"), value: .int(WholeNumber(Int(random.next() % 100))))
      }
      let id = MagnetHash.digits(.mapping(entries), count: 12)
      #expect(MagnetHash.digits(.mapping(entries.shuffled(using: &random)), count: 12) == id)
      #expect(id.count == 12 && id.allSatisfy { $0.isHexDigit && !$0.isUppercase })
      #expect(MagnetHash.digits(.mapping(entries), count: 7) == String(id.prefix(7)))
      var changed = entries
      let place = Int(random.next() % 5)
      changed[place] = .init(key: entries[place].key, value: .int(WholeNumber(1000)))
      #expect(MagnetHash.digits(.mapping(changed), count: 12) != id)
    }
  }

  @Test(arguments: [
    (CardValue.int(WholeNumber(1)), true), (.float(.nan), true), (.text(""), true), (.mapping([]), true),
    (.list([.int(WholeNumber(1)), .text("x")]), true), (.list([.text("x")]), false), (.list([]), false),
    (.bool(true), false), (.null, false), (.tuple([.int(WholeNumber(1))]), false),
    (.date("2024-01-02"), false),
    (.opaque(type: "set", text: "{1}"), false),
  ])
  func whatMAGNETRecords(_ value: CardValue, _ isSimple: Bool) { #expect(value.isSimple == isSimple) }
}
