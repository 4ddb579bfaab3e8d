import Foundation
import Magnet
import TestSupport
import Testing

@testable import Cards

/// Numbers, texts and scalars of cards against what Python itself makes of them, over random values.
@Suite struct PythonAgreementTests {
  private static let python = "/usr/bin/python3"
  private static let hasPython = FileManager.default.isExecutableFile(atPath: python)
  private static let hasYAML =
    hasPython && (try? Tool.run(command: python, ["-I", "-c", "import yaml"]).status) == 0

  /// The elements of the list that a program prints, given `items` as a list in a file.
  private func answers(_ items: [JSONValue], _ program: String) throws -> [JSONValue] {
    let folder = try TemporaryFolder()
    let file = try folder.write(JSONValue.array(items).text, to: "items.json")
    let script =
      "import json, sys, struct\nitems = json.load(open(sys.argv[1], encoding='utf-8'))\nout = []\n"
      + program
      + "\nprint(json.dumps(out))\n"
    let outcome = try Tool.run(
      command: Self.python, ["-I", "-c", script, file], environment: ["PYTHONIOENCODING": "utf-8"])
    try #require(outcome.status == 0, "\(outcome.errors)")
    let found = try JSONValue(parsing: outcome.output).elements
    try #require(found.count == items.count)
    return found
  }

  private static func double(_ random: inout PythonRandom) -> Double {
    switch random.below(6) {
    case 0: return Double(random.below(2000)) / 8
    case 1: return Double(random.below(100_000)) / 1000 - 50
    case 2:
      return random.choice([
        0, -0.0, 0.5, 1.5, 2.5, 0.125, 1e16, 1e15, 123_456_789_012_345_680, 1e-4, 1e-5, 9.5,
      ])
    case 3: return random.random() * 1e22
    case 4:
      return random.choice([
        .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.05, 0.15, 999999.5, 99.95,
      ])
    default:
      let value = Double(bitPattern: UInt64(random.nextWord()) << 32 | UInt64(random.nextWord()))
      return value.isFinite ? value : 0.1
    }
  }

  @Test(.enabled(if: hasPython)) func floatsArePrintedAsInPython() throws {
    var random = PythonRandom(seed: 21)
    let values = (0..<600).map { _ in (Self.double(&random), random.below(12)) }
    let items = values.map {
      JSONValue.array([.string(String($0.0.bitPattern)), .int(Int64($0.1))])
    }
    let found = try answers(
      items,
      """
      for bits, n in items:
          v = struct.unpack('<d', struct.pack('<Q', int(bits)))[0]
          out.append([repr(v), format(v, f'.{n}f'), format(v, f'.{n}e'), format(v, f'.{n}g')])
      """)
    for ((value, decimals), answer) in zip(values, found) {
      #expect(CardValue.pythonText(value) == answer[0]?.string)
      #expect(DecimalText.fixed(value, decimals) == answer[1]?.string, "\(value) .\(decimals)f")
      #expect(
        DecimalText.exponential(value, decimals) == answer[2]?.string, "\(value) .\(decimals)e")
      #expect(DecimalText.general(value, decimals) == answer[3]?.string, "\(value) .\(decimals)g")
    }
  }

  @Test(.enabled(if: hasPython)) func textsArePrintedAsInPython() throws {
    var random = PythonRandom(seed: 22)
    let pieces = [
      "a", "'", "\"", "\\", "\n", "\r", "\t", "\0", "\u{1B}", "\u{7F}", "\u{80}", "\u{A0}",
      "\u{AD}", "é",
      "\u{301}", "\u{200B}", "\u{2028}", "\u{E000}", "漢", "😀", "\u{FFFF}", "\u{10FFFF}", " ",
      "\u{3000}", "\r\n",
    ]
    let texts = (0..<500).map { _ in
      (0..<random.below(6)).map { _ in random.choice(pieces) }.joined()
    }
    let found = try answers(texts.map { .string($0) }, "out = [repr(text) for text in items]")
    for (text, answer) in zip(texts, found) {
      #expect(
        haveSameBytes(CardValue.pythonText(text), answer.string ?? ""),
        "\(text.unicodeScalars.map(\.value))")
    }
  }

  @Test(.enabled(if: hasPython)) func wholeNumbersAreThoseOfPython() throws {
    var random = PythonRandom(seed: 23)
    let digits = Array("0123456789abcdef")
    let numbers = (0..<300).map { _ -> (String, UInt32, Bool) in
      let radix = random.choice([2, 8, 10, 16] as [UInt32])
      let count = random.choice([1, 2, 9, 10, 19, 20, 33, 64, 65, 130])
      return (
        String((0..<count).map { _ in digits[random.below(Int(radix))] }), radix,
        random.below(2) == 0
      )
    }
    let items = numbers.map {
      JSONValue.array([.string($0.0), .int(Int64($0.1)), .bool($0.2)])
    }
    let found = try answers(
      items,
      """
      for text, radix, negative in items:
          n = int(text, radix)
          if negative: n = -n
          try: near = float(n)
          except OverflowError: near = float('inf') if n > 0 else float('-inf')
          raw = n.to_bytes((n.bit_length() + 8) // 8, 'big', signed=True)
          out.append([str(n), str(struct.unpack('<Q', struct.pack('<d', near))[0]), list(raw),
                      n if -2**63 <= n < 2**63 else None])
      """)
    for ((text, radix, isNegative), answer) in zip(numbers, found) {
      let number = try #require(
        WholeNumber(digits: Substring(text), radix: radix, isNegative: isNegative))
      #expect(number.description == answer[0]?.string)
      let isZero = number.magnitude.isEmpty
      #expect(isZero || String(number.double.bitPattern) == answer[1]?.string, "\(text)")
      #expect(number.twosComplement.map { JSONValue.int(Int64($0)) } == answer[2]?.elements)
      #expect(number.int64.map { JSONValue.int($0) } ?? .null == answer[3])
      #expect(number.negated.negated == number && WholeNumber(number.description) == number)
      let next = number.times(1_000_003, plus: 17)
      #expect(next.isNegative == number.isNegative && isZero == (next == WholeNumber(17)))
    }
  }

  private static let scalars = [
    "1", "-1", "+12", "0", "00", "017", "08", "0b101", "0x1F", "0x_", "0b_", "1_000", "_1", "1__0_",
    "190:20:30",
    "1:60", "190:20:30.15", "12:30", "1.5", ".5", "5.", "-.5", "1e5", "1.e+5", "1.5e-3", "1.5E+10",
    "1.5e3", ".inf",
    "-.INF", "+.Inf", ".nan", "-.nan", "yes", "Yes", "YES", "yEs", "on", "Off", "n", "true",
    "False", "~", "null",
    "NULL", "nUll", "", "<<", "=", "2001-12-14", "2001-1-4", "2001-02-30",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43.1 Z", "2001-12-14T1:59:43", "2001-12-15 2:59:43.123456789",
    "2001-12-14T24:00:00",
    "0000-01-01", "2000-02-29", "1900-02-29", "2001-12-14 21:59:43 +5", "2001-12-14 21:59:43 -0:30",
    "-", "+", ".",
    "1.2.3", "+.5", "0o17", "1:2:3", "-1:30", "0.0", "-0.0", "-0", "9223372036854775808",
    "0x8000000000000000", "a",
    "2001-12-14 21:59:43.000", "2001-12-14t21:59:43+23:59", "2001-12-14t21:59:43+25:00", "0:0",
    "0_7", "1e400",
  ]

  private static func kind(_ scalar: YAMLScalar) -> [String] {
    switch scalar {
    case .merge: ["merge"]
    case .equals: ["equals"]
    case .value(.null): ["null"]
    case .value(.bool(let value)): ["bool", value ? "True" : "False"]
    case .value(.int(let value)): ["int", value.description]
    case .value(.float(let value)): ["float", CardValue.pythonText(value)]
    case .value(.date(let text)): ["date", text]
    case .value(.text(let text)): ["str", text]
    case .value(let value): ["other", value.pythonText]
    }
  }

  /// Plain scalars mean what PyYAML takes them for, or are refused where it fails.
  @Test(.enabled(if: hasYAML), arguments: 1...3) func scalarsMeanWhatTheyDoInPyYAML(_ seed: Int)
    throws
  {
    var random = PythonRandom(seed: seed)
    let letters = Array("0123456789_+-.:eExXbTZ infNa~")
    let mutated = (0..<900).map { _ -> String in
      var text = Array(random.choice(Self.scalars))
      for _ in 0...random.below(2) {
        let place = random.below(text.count + 1)
        switch random.below(3) {
        case 0 where place < text.count: text.remove(at: place)
        case 1 where place < text.count: text[place] = random.choice(letters)
        default: text.insert(random.choice(letters), at: place)
        }
      }
      return String(text)
    }
    let texts = seed == 1 ? Self.scalars + mutated : mutated
    let found = try answers(
      texts.map { .string($0) },
      """
      import yaml
      names = {'NoneType': 'null', 'datetime': 'date'}
      loader = yaml.SafeLoader('')
      for text in items:
          tag = loader.resolve(yaml.nodes.ScalarNode, text, (True, False))
          if tag.endswith(':merge') or tag.endswith(':value'):
              out.append(['merge' if tag.endswith(':merge') else 'equals'])
              continue
          try: v = loader.construct_object(yaml.nodes.ScalarNode(tag, text), deep=True)
          except Exception: out.append(['error']); continue
          kind = names.get(type(v).__name__, type(v).__name__)
          said = v.isoformat() if kind == 'date' else v if kind == 'str' else repr(v)
          out.append([kind] + ([] if kind == 'null' else [said]))
      """)
    for (text, answer) in zip(texts, found) {
      let expected = answer.elements.compactMap(\.string)
      do throws(ScalarFault) {
        let own = Self.kind(try YAMLScalar(plain: text))
        #expect(own == expected, "\(text)")
      } catch {
        #expect(expected == ["error"], "\(text): \(error.problem)")
        #expect(!error.problem.isEmpty)
      }
    }
  }
}
