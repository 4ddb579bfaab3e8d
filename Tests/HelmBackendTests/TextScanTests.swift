import Foundation
import Magnet
import Testing

@testable import HelmBackend

/// The small steps of the quick reader against plain ones, and numbers against the C library's.
@Suite struct TextScanTests {
  /// Calls `body` with a place in memory as the reader has it: the text, a NUL and 64 bytes.
  private func at<R>(_ text: String, _ filler: UInt8 = 0, _ body: (Place) -> R) -> R {
    let bytes = Array(text.utf8) + [0] + [UInt8](repeating: filler, count: 64)
    return bytes.withUnsafeBufferPointer { body($0.baseAddress!) }
  }

  private enum Number: Equatable {
    case int(Int64, Int)
    case double(UInt64, Int)
    case other(Int)
    case none
  }

  private func read(_ text: String, isShort: Bool = false) -> Number {
    at(text) { start in
      switch isShort ? NumberText.short(start) : NumberText.any(start) {
      case .int(let value, let end)?: .int(value, end - start)
      case .double(let value, let end)?: .double(value.bitPattern, end - start)
      case .other(let end)?: .other(end - start)
      case nil: .none
      }
    }
  }

  /// What JSON's grammar takes for a number at the beginning of a text.
  private static func number(_ text: String) -> Substring? {
    let pattern = #/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/#
    return text.prefixMatch(of: pattern)?.output.0
  }

  @Test(arguments: 1...6) func numbersAreThoseOfTheGrammar(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    func digits(_ most: Int) -> String {
      (0...random.below(most)).map { _ in "\(random.below(10))" }.joined()
    }
    for _ in 0..<800 {
      var text = random.choice(["", "", "-"])
      text += random.choice(["0", digits(2), digits(17), digits(25), "1\(digits(15))"])
      if random.below(2) == 0 { text += "." + digits(random.choice([2, 17, 30])) }
      if random.below(3) == 0 { text += random.choice(["e", "E", "e-", "E+"]) + digits(3) }
      let tail = random.choice([",", "]", "}", " ", "\n", "", "-"])
      let found = read(text + tail)
      // Where the grammar stops within the digits, as after a leading zero, a parser has to say so.
      guard let expected = Self.number(text), expected.count == text.count else {
        if case .int = found { Issue.record("\(text) read as \(found)") }
        if case .double = found { Issue.record("\(text) read as \(found)") }
        continue
      }
      if case .other(let length) = found {
        #expect(length == text.count && !text.contains { ".eE".contains($0) })
        #expect(
          text.hasPrefix("-") && !text.contains { "123456789".contains($0) } || text.count > 18,
          "\(text)")
      } else if let whole = Int64(text) {
        #expect(found == .int(whole, text.count), "\(text)")
      } else if found != .none {
        let value = strtod(text, nil)
        #expect(found == .double(value.bitPattern, text.count), "\(text)")
      } else {
        let value = strtod(text, nil)
        #expect(!value.isFinite || value.magnitude < 1e-300, "\(text)\(tail)")
      }
    }
  }

  @Test(arguments: [
    ("5,", Number.int(5, 1)), ("0\n", .int(0, 1)), ("7.0,", .double(7.0.bitPattern, 3)),
    ("0.0\r", .double(0, 3)),
    ("7.5,", .none), ("12,", .none), ("-1,", .none), ("5}", .none), ("5.05", .none), ("5e1", .none),
    ("", .none),
    ("3 ", .int(3, 1)), ("3.0 ", .double(3.0.bitPattern, 3)), ("x", .none),
  ])
  private func shortNumbers(_ text: String, _ expected: Number) {
    #expect(read(text, isShort: true) == expected)
  }

  @Test func whatShortNumbersAreIsWhatAnyNumbersAre() {
    for first in 0...9 {
      for tail in [",", "\n", "\r", " ", ".0,", ".0\n"] {
        let text = "\(first)\(tail)"
        #expect(read(text, isShort: true) == read(text))
      }
    }
  }

  @Test(arguments: [
    "01", "-", "-a", "1.", "1.e5", "1e", "1e+", ".5", "+1", "", "e5", "-01", "1.5e-",
  ])
  func brokenNumbersAreLeftToAParser(_ text: String) { #expect(read(text) == .none) }

  @Test(arguments: 1...5) func spacesAndStringsEndWhereTheyEnd(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    for _ in 0..<400 {
      let space = (0..<random.choice([0, 1, 7, 8, 9, 16, 17, 40])).map { _ in
        random.choice([" ", " ", " ", "\n", "\t", "\r"])
      }.joined()
      let next = random.choice(["x", "\"", "[", "\u{1}", "\u{B}", ""])
      #expect(at(space + next, 0x20) { TextScan.afterSpace($0) - $0 } == space.utf8.count)
      let plain = (0..<random.choice([0, 1, 7, 8, 9, 31])).map { _ in
        random.choice(["a", " ", "{", "~", "!", "#", "]"])
      }
      .joined()
      let end = random.choice(["\"", "\\\"\"", "é", "\u{1F}", "\n", ""])
      let found = at(plain + end + "\"", 0x22) { start in
        TextScan.string(start).map { $0.hasEscapes ? -($0.end - start) : $0.end - start }
      }
      let length = plain.utf8.count
      let expected: Int? =
        switch end {
        case "\"", "": length
        case "é": length + 2
        case "\\\"\"": -length - 2
        default: nil
        }
      #expect(found == expected, "\(plain)\(end)")
    }
  }

  @Test(arguments: 1...6) func valuesArePassedOverWhole(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    func value(_ depth: Int) -> String {
      switch depth > 6 ? 4 : random.below(6) {
      case 0:
        "[" + (0..<random.below(4)).map { _ in value(depth + 1) }.joined(separator: ", ") + "]"
      case 1, 2:
        "{"
          + (0..<random.below(3)).map { "\"k\($0)]\": " + value(depth + 1) }.joined(separator: ",")
          + "}"
      default:
        random.choice([#""a""#, #""\"]}\\""#, "\"é\"", "\"\"", "12", "null", "true", "{}", "[]"])
      }
    }
    for _ in 0..<300 {
      let text = value(0)
      guard let first = text.first, "[{\"".contains(first) else { continue }
      #expect(
        at(text + random.choice([",", "]", "}", "", " x"]), 0x22) { TextScan.afterValue($0)! - $0 }
          == text.utf8.count)
      let cut = String(
        decoding: Array(text.utf8).dropLast(1 + random.below(text.utf8.count)), as: UTF8.self)
      if !cut.isEmpty { #expect(at(cut, 0x5D) { TextScan.afterValue($0) } == nil, "\(cut)") }
    }
    let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(at(deep) { TextScan.afterValue($0)! - $0 } == 128)
    #expect(
      at("[\(deep)]") { TextScan.afterValue($0) } == nil, "what is too deep is left to a parser")
  }

  @Test func booleansAreTheirLetters() {
    for (text, value) in [("true,", true), ("false}", false), ("true", true), ("false", false)] {
      #expect(at(text) { TextScan.boolean($0)?.0 } == value)
      #expect(at(text) { TextScan.boolean($0)!.1 - $0 } == (value ? 4 : 5))
    }
    for text in ["True", "tru", "fals", "", "null", "xtrue", "fAlse"] {
      #expect(at(text) { TextScan.boolean($0) == nil })
    }
  }

  private static func distance(_ start: Place, _ end: Place?) -> Int? { end.map { $0 - start } }

  /// What stood between two values is found again where it stands, byte for byte, and nowhere else.
  @Test(arguments: 1...32) func textsBetweenValuesAreRemembered(_ length: Int) {
    var random = PythonRandom(seed: length)
    let letters = Array("{}[],: \n\"abc".utf8)
    let text = (0..<length).map { _ in random.choice(letters) }
    let string = String(decoding: text, as: UTF8.self)
    let between = at(string, 0x61) {
      TextBetween(from: $0, to: $0 + length, isFirst: length % 2 == 0)
    }
    #expect(
      at(string + "7", 0x62) {
        Self.distance($0, between.after($0, isFirst: length % 2 == 0))
      } == length)
    #expect(
      at(string) { between.after($0, isFirst: length % 2 == 1) == nil }, "before another value")
    for place in 0..<length {
      var changed = text
      changed[place] ^= 1
      let other = String(decoding: changed, as: UTF8.self)
      #expect(at(other) { between.after($0, isFirst: length % 2 == 0) == nil })
    }
    #expect(at(string) { TextBetween().after($0) == nil })
    let long = String(repeating: " ", count: 33)
    #expect(
      at(long) { TextBetween(from: $0, to: $0 + 33).after($0) == nil }, "longer ones are not kept")
  }
}
