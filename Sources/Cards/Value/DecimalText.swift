/// Numbers in decimal digits, rounded as Python rounds them: the exact value of the double, half to even.
package enum DecimalText {
  /// `format(value, '.2f')` for two decimals.
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return CardValue.pythonText(value) }
    let sign = value.sign == .minus ? "-" : ""
    let digits = scaled(value.magnitude, by: decimals).description
    if decimals == 0 { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  /// `format(value, '.2e')` for two decimals.
  static func exponential(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return CardValue.pythonText(value) }
    let sign = value.sign == .minus ? "-" : ""
    let (digits, exponent) = significant(value.magnitude, decimals + 1)
    let rest = digits.dropFirst()
    let power = String(exponent.magnitude)
    return sign + digits.prefix(1) + (rest.isEmpty ? "" : "." + rest) + "e" + (exponent < 0 ? "-" : "+")
      + (power.count < 2 ? "0" : "") + power
  }

  /// `format(value, '.6g')` for six digits.
  /// - Parameter keepsPoint: whether a number without an exponent has a digit behind the point, as `format(value, '.6')`
  ///   has it; the exponent then comes a digit sooner.
  static func general(_ value: Double, _ count: Int, keepsPoint: Bool = false) -> String {
    guard value.isFinite else { return CardValue.pythonText(value) }
    let wanted = max(1, count)
    let exponent = significant(value.magnitude, wanted).exponent
    func trimmed(_ text: String) -> String {
      guard text.contains(".") else { return text }
      let end = text.lastIndex { $0 != "0" } ?? text.startIndex
      return text[end] == "." ? String(text[..<end]) : String(text[...end])
    }
    if exponent < -4 || exponent >= wanted - (keepsPoint ? 1 : 0) {
      let text = exponential(value, wanted - 1)
      guard let mark = text.firstIndex(of: "e") else { return text }
      return trimmed(String(text[..<mark])) + text[mark...]
    }
    let text = trimmed(fixed(value, wanted - 1 - exponent))
    return keepsPoint && !text.contains(".") ? text + ".0" : text
  }

  /// The first digits of a number, rounded, and the power of ten of the first.
  private static func significant(_ value: Double, _ count: Int) -> (digits: String, exponent: Int) {
    if value == 0 { return (String(repeating: "0", count: count), 0) }
    let text = CardValue.pythonText(value)
    // The power of ten, from the shortest text: right but for rounding up to the next one.
    var exponent: Int
    if let mark = text.firstIndex(of: "e") {
      exponent = Int(text[text.index(after: mark)...].drop { $0 == "+" }) ?? 0
    } else {
      let whole = text.prefix { $0 != "." }
      if whole == "0" {
        exponent = -1 - text.dropFirst(2).prefix { $0 == "0" }.count
      } else {
        exponent = whole.count - 1
      }
    }
    var digits = scaled(value, by: count - 1 - exponent).description
    if digits.count > count {
      exponent += 1
      digits = scaled(value, by: count - 1 - exponent).description
    }
    return (digits, exponent)
  }

  /// The whole number nearest to a number times a power of ten, of two equally near the even one.
  private static func scaled(_ value: Double, by power: Int) -> WholeNumber {
    if value == 0 { return WholeNumber(0) }
    let significand = value.significandBitPattern | (value.isNormal ? 1 << 52 : 0)
    let exponent = (value.isNormal ? Int(value.exponentBitPattern) : 1) - 1075
    var numerator = WholeNumber(significand)
    for _ in 0..<max(0, power) { numerator = numerator.times(10, plus: 0) }
    numerator = numerator.shiftedLeft(max(0, exponent))
    if power >= 0 { return numerator.shiftedRightToEven(max(0, -exponent)) }
    // Divided by a power of ten: by 10 again and again, with what is left over remembered.
    var isExact = true
    var digit: UInt32 = 0
    if exponent < 0 {
      let (whole, hasRest) = numerator.shiftedRight(-exponent)
      numerator = whole
      isExact = !hasRest
    }
    for _ in 0..<(-power) {
      if digit != 0 { isExact = false }
      (numerator, digit) = numerator.dividedBy10()
    }
    let roundsUp = digit > 5 || digit == 5 && (!isExact || numerator.isOdd)
    return roundsUp ? numerator.times(1, plus: 1) : numerator
  }
}

extension WholeNumber {
  var isOdd: Bool { (magnitude.first ?? 0) & 1 == 1 }

  func shiftedLeft(_ bits: Int) -> WholeNumber {
    var result = self
    var left = bits
    while left > 0 {
      let step = min(left, 31)
      result = result.times(1 << UInt32(step), plus: 0)
      left -= step
    }
    return result
  }

  /// The absolute value without its lowest bits, and whether one of these was set.
  func shiftedRight(_ bits: Int) -> (WholeNumber, hasRest: Bool) {
    let (words, rest) = (bits / 32, UInt32(bits % 32))
    let hasRest =
      magnitude.prefix(words).contains { $0 != 0 }
      || words < magnitude.count && magnitude[words] & (1 << rest - 1) != 0
    let kept = words < magnitude.count ? Array(magnitude[words...]) : []
    let shifted = kept.indices.map { index in
      let high = rest > 0 && index + 1 < kept.count ? kept[index + 1] << (32 - rest) : 0
      return kept[index] >> rest | high
    }
    return (WholeNumber(magnitude: shifted), hasRest)
  }

  /// The absolute value divided by a power of two, rounded, half to even.
  func shiftedRightToEven(_ bits: Int) -> WholeNumber {
    if bits == 0 { return self }
    let (more, hasRest) = shiftedRight(bits - 1)
    let (result, isHalf) = more.shiftedRight(1)
    return isHalf && (hasRest || result.isOdd) ? result.times(1, plus: 1) : result
  }

  /// The absolute value divided by ten, and what is left over.
  func dividedBy10() -> (WholeNumber, UInt32) {
    var digits = magnitude
    var rest: UInt64 = 0
    for index in digits.indices.reversed() {
      let value = rest << 32 | UInt64(digits[index])
      digits[index] = UInt32(value / 10)
      rest = value % 10
    }
    return (WholeNumber(magnitude: digits), UInt32(rest))
  }
}
