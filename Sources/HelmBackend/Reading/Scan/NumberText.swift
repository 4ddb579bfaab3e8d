/// How numbers of a JSON text are read where they stand.
enum NumberText {
  /// A number and the place after it.
  @safe enum Read {
    case int(Int64, Place)
    case double(Double, Place)
    /// A number that is left to a parser: minus zero, or more than 18 digits without a point.
    case other(Place)
  }

  /// The number that begins at `start`, when it is like most: one digit, or one and a point and a zero, before a comma
  /// or the line's end. Where it ends does not wait for what it is.
  @inline(__always)
  static func short(_ start: Place) -> Read? {
    let word = unsafe TextScan.word(start)
    let digit = word & 0xFF &- 0x30
    if digit > 9 { return nil }
    if word >> 8 & 0xFF < 0x2D { return unsafe .int(Int64(digit), start + 1) }
    if word >> 8 & 0xFFFF == 0x302E, word >> 24 & 0xFF < 0x2D {
      return unsafe .double(Double(digit), start + 3)
    }
    return nil
  }

  /// The number that begins at `start`; nil when there is none, or doubles do not reach it.
  static func any(_ start: Place) -> Read? {
    var at = unsafe start
    let isNegative = unsafe at.pointee == UInt8(ascii: "-")
    if isNegative { unsafe at += 1 }
    let whole = unsafe at
    var digits: UInt64 = 0
    unsafe takeDigits(&at, &digits)
    let wholeCount = unsafe at - whole
    if unsafe wholeCount == 0 || wholeCount > 1 && whole.pointee == UInt8(ascii: "0") { return nil }
    var decimals = 0
    if unsafe at.pointee == UInt8(ascii: ".") {
      unsafe at += 1
      let fraction = unsafe at
      unsafe takeDigits(&at, &digits)
      decimals = unsafe at - fraction
      if decimals == 0 { return nil }
    }
    if unsafe at.pointee | 0x20 == UInt8(ascii: "e") {
      unsafe at += 1
      if unsafe at.pointee == UInt8(ascii: "+") || at.pointee == UInt8(ascii: "-") { unsafe at += 1 }
      let exponent = unsafe at
      unsafe takeDigits(&at, &digits)
      if unsafe at == exponent { return nil }
    } else if decimals == 0 {
      if wholeCount > 18 || isNegative && digits == 0 { return unsafe .other(at) }
      return unsafe .int(isNegative ? -Int64(bitPattern: digits) : Int64(bitPattern: digits), at)
    } else if wholeCount + decimals <= 19, digits <= 1 << 53 {
      let value = exact(Double(digits), decimals)
      return unsafe .double(isNegative ? -value : value, at)
    }
    return unsafe JSONFileReader.double(from: start, to: at).map { unsafe .double($0, at) }
  }

  /// `digits`, at most 2^53, with some of them behind the point: both numbers are exact, so that the quotient is the
  /// nearest double (Clinger, How to Read Floating Point Numbers Accurately, 1990).
  @inline(__always)
  private static func exact(_ digits: Double, _ decimals: Int) -> Double { digits / powersOfTen[decimals] }

  @inline(__always)
  private static func takeDigits(_ at: inout Place, _ digits: inout UInt64) {
    while true {
      let digit = unsafe at.pointee &- 0x30
      if digit > 9 { return }
      digits = digits &* 10 &+ UInt64(digit)
      unsafe at += 1
    }
  }

  /// The powers of ten that doubles hold exactly.
  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
  ]
}
