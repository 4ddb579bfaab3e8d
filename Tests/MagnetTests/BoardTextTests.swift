import Foundation
import Testing

@testable import Magnet

/// Boards as HELM's files have them: numbers as Python rounds and writes them, texts as JSON and in addresses.
@Suite struct BoardTextTests {
  /// The value as Python's `round(value, 3)`, by whole numbers alone.
  private static func rounded(_ value: Double) -> Double {
    // |value| = significand · 2^exponent; its thousandths lie between two whole numbers.
    let size = abs(value)
    let significand = Int128(size.significandBitPattern | (size.isNormal ? 1 << 52 : 0))
    let exponent = (size.isNormal ? Int(size.exponent) : -1022) - 52
    let product = significand * 1000
    let unit = Int128(1) << Int128(-exponent)
    var (whole, rest) = product.quotientAndRemainder(dividingBy: unit)
    rest *= 2
    if rest > unit || (rest == unit && whole % 2 == 1) { whole += 1 }
    return Double(sign: value.sign, exponent: 0, significand: 1) * (Double(Int64(whole)) / 1000)
  }

  @Test func halvesAreRoundedAsPythonDoes() {
    for number in 0..<4000 {
      let value = (Double(number) + 0.5) / 1000
      for near in [value, value.nextUp, value.nextDown, -value] {
        let found = PythonRound.three(near)
        #expect(found == Self.rounded(near) && found.sign == near.sign, "\(near)")
      }
    }
    // Python 3.11 says so.
    for (value, expected) in [
      (0.0005, 0.001), (0.0025, 0.003), (0.0195, 0.019), (2.0005, 2.001), (0.0625, 0.062),
      (0.1875, 0.188),
      (1.0005, 1.0), (-0.0625, -0.062),
    ] {
      #expect(PythonRound.three(value) == expected, "\(value)")
    }
    #expect(PythonRound.three(-0.0001).description == "-0.0")
  }

  @Test(arguments: 1...10) func othersAreRoundedAsPythonDoes(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    for _ in 0..<200 {
      let value = (random.random() - 0.5) * random.choice([1e-3, 1, 100, 1e6])
      #expect(PythonRound.three(value) == Self.rounded(value), "\(value)")
    }
    for value in [0, 1e300, -1e300, .infinity, 123_456_789_012_345_680] {
      #expect(PythonRound.three(value) == value)
    }
    #expect(PythonRound.three(.nan).isNaN)
  }

  @Test(arguments: [
    (MergedStat(count: 0, sum: 0), "(0)"),
    (MergedStat(mean: 0.5), "min=0.5, mean=0.5, max=0.5, sum=0.5 (1)"),
    (MergedStat(count: 3, sum: 1, min: 0, max: 1), "min=0, mean=0.333, max=1, sum=1 (3)"),
    (MergedStat(count: 2, sum: 5), "min=None, mean=2.5, max=None, sum=5 (2)"),
    (
      MergedStat(count: 1, sum: -0.25, min: -1e17, max: 1e17),
      "min=-100000000000000000, mean=-0.25, max=100000000000000000, sum=-0.25 (1)"
    ),
  ])
  func statisticsAreDescribedAsHELMDoes(_ stat: MergedStat, _ text: String) {
    #expect(stat.helmText == text)
  }

  private static let texts = [
    "", "plain", "two words", "a/b?c=d&e", "ü\u{1F600}", "e\u{301}",
    "\"\\\n\r\t\u{8}\u{C}\u{0}\u{7F}", "~-._", "%",
  ]

  @Test(arguments: texts) func addressesAreQuotedAsPythonDoes(_ text: String) {
    var allowed = CharacterSet()
    allowed.insert(
      charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    #expect(Board.quoted(text) == text.addingPercentEncoding(withAllowedCharacters: allowed))
    #expect(Board.quoted(text).removingPercentEncoding == text)
  }

  @Test(arguments: 1...15) func indentedJSONReadsBack(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    func value(_ depth: Int) -> JSONValue {
      switch random.below(depth > 3 ? 4 : 6) {
      case 0: return .string(random.choice(Self.texts))
      case 1: return .int(Int64(random.below(1000)) - 500)
      case 2: return random.choice([.null, .bool(true), .bool(false)])
      case 3: return .double(random.random())
      case 4: return .array((0..<random.below(4)).map { _ in value(depth + 1) })
      default:
        return .object(
          (0..<random.below(4)).map {
            .init(key: "k\($0)" + random.choice(Self.texts), value: value(depth + 1))
          })
      }
    }
    let made = value(0)
    let text = made.indented()
    #expect(try JSONValue(parsing: text).text == made.text)
    #expect(text.utf8.allSatisfy { $0 == 0x0A || (0x20...0x7E).contains($0) }, "ASCII alone")
    // Each line is indented by two blanks for each bracket that is open.
    var level = 0
    for line in text.split(separator: "\n") {
      if line.trimmingPrefix(while: { $0 == " " }).first.map({ "]}".contains($0) }) == true {
        level -= 1
      }
      #expect(line.prefix { $0 == " " }.count == 2 * level, "\(line)")
      if let last = line.last, "[{".contains(last) { level += 1 }
    }
    let foundation = try JSONSerialization.jsonObject(
      with: Data(text.utf8), options: .fragmentsAllowed)
    let other = try JSONSerialization.jsonObject(
      with: Data(made.text.utf8), options: .fragmentsAllowed)
    #expect((foundation as? NSObject) == (other as? NSObject))
  }

  @Test func fewFieldsTellRowsApart() {
    typealias Fields = [(key: String, value: Cell)]
    func told(_ items: [Fields]) -> [[String]] {
      BoardMaker.distinguishing(items).map { $0.map { "\($0.key)=\($0.value.text)" } }
    }
    func fields(_ model: String, _ temperature: Double, _ method: String = "joint") -> Fields {
      [
        ("model_deployment", .string(model)), ("model", .string(model)),
        ("method", .string(method)),
        ("temperature", .double(temperature)),
      ]
    }
    #expect(told([fields("a", 0)]) == [[]], "one row needs nothing")
    #expect(
      told([fields("a", 0), fields("b", 0)]) == [["model_deployment=a"], ["model_deployment=b"]])
    // The model is named first, and of the rest as little as tells a row from all others.
    let rows = told([fields("a", 0), fields("a", 1), fields("b", 0)])
    #expect(
      rows[0].count == rows[1].count && rows[0] != rows[1] && rows[2] == ["model_deployment=b"])
    #expect(rows[0].last == "temperature=0.0" && rows[0].first == "model_deployment=a")
    let same = told([fields("a", 0), fields("a", 0)])
    #expect(same[0] == same[1], "what is the same stays the same")
  }
}
