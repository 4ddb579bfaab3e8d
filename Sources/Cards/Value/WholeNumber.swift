/// A whole number of any size, as Python's `int` is.
public struct WholeNumber: Sendable, Hashable, CustomStringConvertible {
  /// The most digits that a text may have: Python's own limit.
  static let digitLimit = 4300

  let isNegative: Bool
  /// The absolute value in digits to the base 2³², the lowest first; none for 0.
  let magnitude: [UInt32]

  /// A number that fits a machine word.
  public init(_ value: some BinaryInteger) {
    isNegative = value < 0
    var rest = UInt64(value.magnitude)
    var digits: [UInt32] = []
    while rest > 0 {
      digits.append(UInt32(truncatingIfNeeded: rest))
      rest >>= 32
    }
    magnitude = digits
  }

  private init(isNegative: Bool, magnitude: [UInt32]) {
    self.isNegative = isNegative && !magnitude.isEmpty
    self.magnitude = magnitude
  }

  /// A number that is not negative; zeros at its top are dropped.
  init(magnitude: [UInt32]) {
    let count = (magnitude.lastIndex { $0 != 0 } ?? -1) + 1
    self.init(isNegative: false, magnitude: Array(magnitude[..<count]))
  }

  /// The number that digits spell; nil where they are none, or more than 4300.
  /// - Parameter radix: 2, 8, 10 or 16.
  init?(digits: Substring, radix: UInt32, isNegative: Bool = false) {
    guard !digits.isEmpty, digits.utf8.count <= Self.digitLimit else { return nil }
    var magnitude: [UInt32] = []
    for byte in digits.utf8 {
      guard let digit = UInt32(String(UnicodeScalar(byte)), radix: Int(radix)) else { return nil }
      var carry = UInt64(digit)
      for index in magnitude.indices {
        carry += UInt64(magnitude[index]) * UInt64(radix)
        magnitude[index] = UInt32(truncatingIfNeeded: carry)
        carry >>= 32
      }
      if carry > 0 { magnitude.append(UInt32(carry)) }
    }
    self.init(isNegative: isNegative, magnitude: magnitude)
  }

  /// The number that a decimal text such as `-12` spells.
  init?(_ text: String) {
    let isNegative = text.hasPrefix("-")
    self.init(digits: Substring(text.dropFirst(isNegative ? 1 : 0)), radix: 10, isNegative: isNegative)
  }

  /// `self` times `factor` plus `addend`.
  func times(_ factor: UInt32, plus addend: UInt32) -> WholeNumber {
    var carry = UInt64(addend)
    var digits = magnitude
    for index in digits.indices {
      carry += UInt64(digits[index]) * UInt64(factor)
      digits[index] = UInt32(truncatingIfNeeded: carry)
      carry >>= 32
    }
    if carry > 0 { digits.append(UInt32(carry)) }
    return WholeNumber(isNegative: isNegative, magnitude: digits)
  }

  /// The number with the other sign.
  var negated: WholeNumber { WholeNumber(isNegative: !isNegative, magnitude: magnitude) }

  /// The number as a machine word; nil where it does not fit.
  public var int64: Int64? {
    guard magnitude.count <= 2 else { return nil }
    let value = magnitude.reversed().reduce(UInt64(0)) { $0 << 32 | UInt64($1) }
    return isNegative
      ? (value <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- value) : nil) : Int64(exactly: value)
  }

  /// The nearest floating-point number.
  var double: Double { Double(description) ?? (isNegative ? -.infinity : .infinity) }

  /// The number in decimal digits.
  public var description: String {
    if magnitude.count < 2 { return (isNegative ? "-" : "") + String(magnitude.first ?? 0) }
    var rest = magnitude
    var groups: [String] = []
    while !rest.isEmpty {
      var remainder: UInt64 = 0
      for index in rest.indices.reversed() {
        let value = remainder << 32 | UInt64(rest[index])
        rest[index] = UInt32(value / 1_000_000_000)
        remainder = value % 1_000_000_000
      }
      while rest.last == 0 { rest.removeLast() }
      let digits = String(remainder)
      groups.append(rest.isEmpty ? digits : String(repeating: "0", count: 9 - digits.count) + digits)
    }
    return (isNegative ? "-" : "") + groups.reversed().joined()
  }

  /// The number in two's complement, the highest byte first, in ceil((bits + 1) / 8) bytes.
  var twosComplement: [UInt8] {
    let bits = magnitude.last.map { 32 * magnitude.count - $0.leadingZeroBitCount } ?? 0
    let count = (bits + 8) / 8
    var bytes = (0..<count).map { place in
      let digit = place / 4
      return digit < magnitude.count
        ? UInt8(truncatingIfNeeded: magnitude[digit] >> UInt32(8 * (place % 4))) : 0
    }
    if isNegative {
      var carry = true
      for index in bytes.indices {
        bytes[index] = ~bytes[index] &+ (carry ? 1 : 0)
        carry = carry && bytes[index] == 0
      }
    }
    return bytes.reversed()
  }
}
