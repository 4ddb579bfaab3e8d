/// The hash by which MAGNET names the results of a card: SHA-512 of the value in the encoding of ubelt's `hash_data`
/// (ubelt 1.4.3), in hexadecimal digits.
enum MagnetHash {
  /// The first digits of a value's hash: MAGNET takes 8 of a card and 12 of the symbols of a setting.
  static func digits(_ value: CardValue, count: Int) -> String {
    var encoder = Encoder()
    encoder.append(value, isTyped: false)
    let hex = Array("0123456789abcdef".utf8)
    let digits = SHA512.hash(encoder.bytes).prefix((count + 1) / 2).flatMap {
      [hex[Int($0 >> 4)], hex[Int($0 & 15)]]
    }
    return String(decoding: digits.prefix(count), as: UTF8.self)
  }

  private struct Encoder {
    var bytes: [UInt8] = []

    /// - Parameter isTyped: whether a value begins with its type, as it does within mappings.
    mutating func append(_ value: CardValue, isTyped: Bool) {
      func prefix(_ text: String) { if isTyped { bytes.append(contentsOf: text.utf8) } }
      switch value {
      case .null:
        prefix("NULL")
        bytes.append(contentsOf: "NONE".utf8)
      case .bool(let value):
        prefix("INT")
        bytes += WholeNumber(value ? 1 : 0).twosComplement
      case .int(let value):
        prefix("INT")
        bytes += value.twosComplement
      case .float(let value):
        prefix("FLT")
        if let (numerator, denominator) = ratio(value) {
          bytes += numerator.twosComplement
          bytes.append(UInt8(ascii: "/"))
          bytes += denominator.twosComplement
        } else {
          bytes.append(contentsOf: CardValue.pythonText(value).utf8)
        }
      case .date(let text):
        prefix(text.utf8.count == 10 ? "DATE" : "DATETIME")
        append(CalendarFields(text).timetuple.map { .int(WholeNumber($0)) }, true)
      case .text(let text), .opaque(_, let text):
        prefix("TXT")
        bytes.append(contentsOf: text.utf8)
      case .list(let elements), .tuple(let elements): append(elements, isTyped)
      case .mapping(let entries):
        prefix("DICT")
        append(entries.sorted { Self.precedes($0.key, $1.key) }.map { .tuple([$0.key, $0.value]) }, true)
      }
    }

    /// ubelt puts no separator behind the first element that is itself a list.
    private mutating func append(_ elements: [CardValue], _ isTyped: Bool) {
      bytes.append(contentsOf: "_[_".utf8)
      var hasList = false
      for element in elements {
        append(element, isTyped: isTyped)
        var isList = false
        switch element {
        case .list, .tuple: isList = true
        default: break
        }
        if hasList || !isList { bytes.append(contentsOf: "_,_".utf8) }
        hasList = hasList || isList
      }
      bytes.append(contentsOf: "_]_".utf8)
    }

    /// Python's order of keys: numbers by size, texts by their scalars; of unlike kinds, which Python does not order,
    /// numbers first.
    private static func precedes(_ a: CardValue, _ b: CardValue) -> Bool {
      switch (a.number, b.number) {
      case (let a?, let b?): a < b
      case (.some, nil): true
      case (nil, .some): false
      case (nil, nil):
        a.plainText.unicodeScalars.lexicographicallyPrecedes(b.plainText.unicodeScalars) {
          $0.value < $1.value
        }
      }
    }

    /// A finite number as a fraction in lowest terms.
    private func ratio(_ value: Double) -> (WholeNumber, WholeNumber)? {
      guard value.isFinite else { return nil }
      if value == 0 { return (WholeNumber(0), WholeNumber(1)) }
      let significand = value.magnitude.significandBitPattern | (value.isNormal ? 1 << 52 : 0)
      let exponent = (value.isNormal ? Int(value.exponentBitPattern) : 1) - 1075
      let shift = significand.trailingZeroBitCount
      let odd = significand >> UInt64(shift)
      let power = exponent + shift
      func shifted(_ number: UInt64, by bits: Int) -> WholeNumber {
        var result = WholeNumber(number)
        var left = bits
        while left > 0 {
          let step = min(left, 31)
          result = result.times(1 << UInt32(step), plus: 0)
          left -= step
        }
        return result
      }
      let numerator = shifted(odd, by: max(0, power))
      return (value < 0 ? numerator.negated : numerator, shifted(1, by: max(0, -power)))
    }
  }
}

/// A date or time in the fields of Python's `timetuple`.
struct CalendarFields {
  /// Year, month, day, hour, minute, second, weekday (Monday is 0), day of the year, and -1: no daylight saving time.
  let timetuple: [Int]

  /// - Parameter text: a date or time in the form of ISO 8601.
  init(_ text: String) {
    var fields = text.split { !$0.isNumber }.prefix(6).map { Int($0) ?? 0 }
    fields += [Int](repeating: 0, count: max(0, 6 - fields.count))
    if text.utf8.count == 10 { fields.replaceSubrange(3..<6, with: [0, 0, 0]) }
    let (year, month, day) = (fields[0], min(12, max(1, fields[1])), fields[2])
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let before =
      [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month - 1] + (isLeap && month > 2 ? 1 : 0)
    let past = year - 1
    let days = past * 365 + past / 4 - past / 100 + past / 400 + before + day
    timetuple = fields + [(days + 6) % 7, before + day, -1]
  }
}

/// The Secure Hash Algorithm with 512 bits (FIPS 180-4).
enum SHA512 {
  static func hash(_ message: [UInt8]) -> [UInt8] {
    var padded = message
    padded.append(0x80)
    padded += [UInt8](repeating: 0, count: (240 - padded.count % 128) % 128 + 8)
    let bits = UInt64(message.count) * 8
    padded += (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) }
    var state = initial
    var words = [UInt64](repeating: 0, count: 80)
    for start in stride(from: 0, to: padded.count, by: 128) {
      for index in 0..<16 {
        words[index] = padded[start + 8 * index..<start + 8 * index + 8].reduce(0) { $0 << 8 | UInt64($1) }
      }
      for index in 16..<80 {
        let a = words[index - 15]
        let b = words[index - 2]
        words[index] =
          words[index - 16] &+ (turned(a, 1) ^ turned(a, 8) ^ a >> 7) &+ words[index - 7]
          &+ (turned(b, 19) ^ turned(b, 61) ^ b >> 6)
      }
      var (a, b, c, d) = (state[0], state[1], state[2], state[3])
      var (e, f, g, h) = (state[4], state[5], state[6], state[7])
      for index in 0..<80 {
        let choice = e & f ^ ~e & g
        let first =
          h &+ (turned(e, 14) ^ turned(e, 18) ^ turned(e, 41)) &+ choice &+ constants[index] &+ words[index]
        let majority = a & b ^ a & c ^ b & c
        let second = (turned(a, 28) ^ turned(a, 34) ^ turned(a, 39)) &+ majority
        (h, g, f, e) = (g, f, e, d &+ first)
        (d, c, b, a) = (c, b, a, first &+ second)
      }
      for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
    }
    return state.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
  }

  private static func turned(_ word: UInt64, _ bits: UInt64) -> UInt64 { word >> bits | word << (64 - bits) }

  private static let primes: [UInt64] = {
    var found: [UInt64] = []
    var number: UInt64 = 2
    while found.count < 80 {
      if found.allSatisfy({ number % $0 != 0 }) { found.append(number) }
      number += 1
    }
    return found
  }()

  /// The first 64 bits of the fractional parts of the square roots of the first eight primes.
  private static let initial = primes.prefix(8).map { fraction(of: $0, power: 2) }
  /// The same of the cube roots of the first eighty.
  private static let constants = primes.map { fraction(of: $0, power: 3) }

  /// The first 64 bits of the fractional part of a root, bit by bit: the largest r with r^power <= prime * 2^(64 power).
  private static func fraction(of prime: UInt64, power: Int) -> UInt64 {
    var root: [UInt32] = [0, 0, 0]  // base 2³², lowest first; 64 bits behind the point, then the whole part
    let target = [UInt32](repeating: 0, count: 2 * power) + [UInt32(prime)]
    for bit in stride(from: 64 + 5, through: 0, by: -1) {
      var attempt = root
      attempt[bit / 32] |= 1 << UInt32(bit % 32)
      var value = attempt
      for _ in 1..<power { value = product(value, attempt) }
      if !exceeds(value, target) { root = attempt }
    }
    return UInt64(root[1]) << 32 | UInt64(root[0])
  }

  private static func product(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
    var result = [UInt32](repeating: 0, count: a.count + b.count)
    for i in a.indices {
      var carry: UInt64 = 0
      for j in b.indices {
        carry += UInt64(a[i]) * UInt64(b[j]) + UInt64(result[i + j])
        result[i + j] = UInt32(truncatingIfNeeded: carry)
        carry >>= 32
      }
      result[i + b.count] = UInt32(carry)
    }
    return result
  }

  private static func exceeds(_ a: [UInt32], _ b: [UInt32]) -> Bool {
    for place in (0..<max(a.count, b.count)).reversed() {
      let left = place < a.count ? a[place] : 0
      let right = place < b.count ? b[place] : 0
      if left != right { return left > right }
    }
    return false
  }
}
