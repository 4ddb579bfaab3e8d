import Foundation
import Magnet
import Testing

@testable import Cards

/// Digits of numbers against the C library's, which rounds exactly, and whole numbers against those of the machine.
@Suite struct DecimalTests {
  /// Doubles of every size, with many that lie half-way between two decimals.
  static func double(_ random: inout SplitMix) -> Double {
    switch random.next() % 6 {
    case 0: return Double(Int64(truncatingIfNeeded: random.next()) % 100_000) / 8
    case 1: return Double(Int64(truncatingIfNeeded: random.next()) % 10_000_000) / 1000
    case 2: return Double(bitPattern: random.next() % (1 << 54))
    case 3: return Double(random.next() % 1000) * 1e-7
    case 4: return Double(Int64(truncatingIfNeeded: random.next()))
    default:
      let value = Double(bitPattern: random.next())
      return value.isFinite ? value : 0.5
    }
  }

  @Test(arguments: 1...4) func digitsAreThoseOfTheCLibrary(_ seed: UInt64) {
    var random = SplitMix(state: seed)
    for _ in 0..<400 {
      let (value, count) = (Self.double(&random), Int(random.next() % 18))
      #expect(DecimalText.fixed(value, count) == String(format: "%.\(count)f", value), "\(value)")
      #expect(DecimalText.exponential(value, count) == String(format: "%.\(count)e", value), "\(value)")
      #expect(DecimalText.general(value, count) == String(format: "%.\(count)g", value), "\(value) \(count)")
    }
  }

  /// The shortest digits read back as the number, and no shorter ones do.
  @Test func reprIsTheShortestThatReadsBack() throws {
    var random = SplitMix(state: 9)
    for _ in 0..<600 {
      let value = Self.double(&random)
      let text = CardValue.pythonText(value)
      #expect(Double(text) == value, "\(text)")
      let digits = text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
      let count = text.contains("e") || !text.hasSuffix(".0") ? digits.count : 0
      if count > 1 { #expect(Double(String(format: "%.\(count - 2)e", value)) != value, "\(text)") }
      let exponent = value == 0 ? 0 : Int(log10(abs(value)).rounded(.down))
      if exponent > 16 || exponent < -5 { #expect(text.contains("e"), "\(text)") }
      if exponent < 15, exponent > -4 { #expect(!text.contains("e"), "\(text)") }
      #expect(CardValue.pythonText(-value) == (text.hasPrefix("-") ? String(text.dropFirst()) : "-" + text))
    }
  }

  @Test func shiftsAndDivisionsAreThoseOfTheMachine() {
    var random = SplitMix(state: 3)
    for _ in 0..<500 {
      let value = random.next() >> (random.next() % 64)
      let number = WholeNumber(value)
      let bits = Int(random.next() % 60)
      let (shifted, hasRest) = number.shiftedRight(bits)
      #expect(shifted == WholeNumber(value >> UInt64(bits)))
      #expect(hasRest == (value & (1 << UInt64(bits) - 1) != 0))
      #expect(number.shiftedLeft(bits).shiftedRight(bits).0 == number)
      #expect(number.shiftedLeft(bits) == WholeNumber(UInt128Digits.product(value, 1 << UInt64(bits))))
      let (tenth, digit) = number.dividedBy10()
      #expect(tenth == WholeNumber(value / 10) && UInt64(digit) == value % 10)
      #expect(number.isOdd == (value % 2 == 1))
      // Half to even, by a definition of its own.
      let unit = UInt64(1) << UInt64(bits)
      let (quotient, rest) = value.quotientAndRemainder(dividingBy: unit)
      let roundsUp = bits > 0 && (rest > unit / 2 || rest == unit / 2 && quotient % 2 == 1)
      #expect(
        number.shiftedRightToEven(bits) == WholeNumber(quotient + (roundsUp ? 1 : 0)), "\(value) >> \(bits)")
    }
  }

  /// The digits of the product of two machine words, worked out as in school.
  private enum UInt128Digits {
    static func product(_ a: UInt64, _ b: UInt64) -> String {
      var digits = [UInt64](repeating: 0, count: 40)
      for (i, x) in String(a).reversed().enumerated() {
        for (j, y) in String(b).reversed().enumerated() {
          digits[i + j] += UInt64(x.wholeNumberValue ?? 0) * UInt64(y.wholeNumberValue ?? 0)
        }
      }
      for place in 0..<39 {
        digits[place + 1] += digits[place] / 10
        digits[place] %= 10
      }
      let text = String(digits.reversed().map { Character(String($0)) }.drop { $0 == "0" })
      return text.isEmpty ? "0" : text
    }
  }

  @Test func numbersOfAnyRadixAreTheSame() throws {
    var random = SplitMix(state: 4)
    for _ in 0..<300 {
      let value = Int64(truncatingIfNeeded: random.next() >> (random.next() % 64))
      for radix in [2, 8, 10, 16] {
        let digits = String(value.magnitude, radix: radix)
        let padded = String(repeating: "0", count: Int(random.next() % 4)) + digits
        let number = try #require(
          WholeNumber(digits: Substring(padded), radix: UInt32(radix), isNegative: value < 0))
        #expect(number == WholeNumber(value) && number.int64 == value)
        #expect(number.double == Double(value))
      }
    }
    for text in ["", "+1", "1 ", "0x1", "²", "1_0", "-", "--1", "1.0"] {
      #expect(WholeNumber(text) == nil, "\(text)")
    }
    #expect(WholeNumber("-0") == WholeNumber(0))
    #expect(WholeNumber(digits: "12", radix: 2) == nil && WholeNumber(digits: "8", radix: 8) == nil)
    let most = String(repeating: "9", count: WholeNumber.digitLimit)
    #expect(WholeNumber(most)?.description == most)
    #expect(WholeNumber(most + "9") == nil)
    #expect(WholeNumber(most)?.double == .infinity && WholeNumber("-" + most)?.double == -.infinity)
  }

  /// Two's complement in as few bytes as hold the number and its sign.
  @Test func twosComplementsReadBack() {
    var random = SplitMix(state: 6)
    for _ in 0..<400 {
      let value = Int64(truncatingIfNeeded: random.next()) >> Int64(random.next() % 63)
      let bytes = WholeNumber(value).twosComplement
      var read: Int64 = bytes.first.map { $0 >= 0x80 } == true ? -1 : 0
      if bytes.count <= 8 {
        for byte in bytes { read = read << 8 | Int64(byte) }
        #expect(read == value)
      }
      let bits = 64 - value.magnitude.leadingZeroBitCount
      #expect(bytes.count == (bits + 8) / 8)
    }
  }

  @Test func daysAreThoseOfTheCalendar() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
    var random = SplitMix(state: 8)
    for _ in 0..<300 {
      // Foundation's calendar is Julian before 1582.
      let (year, month) = (1583 + Int(random.next() % 8000), 1 + Int(random.next() % 12))
      let length = [
        31, year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31,
        30, 31,
      ]
      let day = 1 + Int(random.next() % UInt64(length[month - 1]))
      let date = try #require(calendar.date(from: DateComponents(year: year, month: month, day: day)))
      let text = String(format: "%04d-%02d-%02d", year, month, day)
      let fields = CalendarFields(text).timetuple
      let weekday = (calendar.component(.weekday, from: date) + 5) % 7
      let number = try #require(calendar.ordinality(of: .day, in: .year, for: date))
      #expect(fields == [year, month, day, 0, 0, 0, weekday, number, -1], "\(text)")
      #expect(try YAMLTests.value(text) == .date(text))
      #expect(CalendarFields(text + "T01:02:03").timetuple[3..<6] == [1, 2, 3])
      for wrong in [length[month - 1] + 1, 0] {
        let text = String(format: "%04d-%02d-%02d", year, month, wrong)
        #expect(throws: YAMLFault.self, "\(text)") { try YAMLTests.value(text) }
      }
    }
  }
}
