import CChecksum

/// CRC-32C (Castagnoli), as Google Cloud Storage states it for every object.
struct CRC32C: Sendable {
  /// Eight tables of 256: `tables[256 * k + b]` is the remainder of byte b followed by k zero bytes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
      tables[byte] = value
    }
    for i in 256..<8 * 256 { tables[i] = tables[i - 256] >> 8 ^ tables[Int(tables[i - 256] & 0xFF)] }
    return tables
  }()

  private static let hasInstruction = cchecksum_has_crc32c() != 0

  private var state: UInt32 = ~0

  /// The checksum of what was added so far.
  var value: UInt32 { ~state }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    if Self.hasInstruction, let start = bytes.baseAddress {
      state = cchecksum_crc32c(state, start, bytes.count)
    } else {
      addByTables(bytes)
    }
  }

  /// The same for processors without the instruction.
  mutating func addByTables(_ bytes: UnsafeRawBufferPointer) {
    Self.tables.withUnsafeBufferPointer { tables in
      var state = state
      var at = 0
      while at + 8 <= bytes.count {
        let word =
          UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) ^ UInt64(state)
        // Eight look-ups that do not wait for each other.
        let a = tables[1792 + Int(word & 0xFF)] ^ tables[1536 + Int(word >> 8 & 0xFF)]
        let b = tables[1280 + Int(word >> 16 & 0xFF)] ^ tables[1024 + Int(word >> 24 & 0xFF)]
        let c = tables[768 + Int(word >> 32 & 0xFF)] ^ tables[512 + Int(word >> 40 & 0xFF)]
        let d = tables[256 + Int(word >> 48 & 0xFF)] ^ tables[Int(word >> 56)]
        state = a ^ b ^ c ^ d
        at += 8
      }
      while at < bytes.count {
        state = state >> 8 ^ tables[Int((state ^ UInt32(bytes[at])) & 0xFF)]
        at += 1
      }
      self.state = state
    }
  }
}

/// MD5 (RFC 1321), for the objects of stores that state no CRC-32C.
struct MD5: Sendable {
  private static let shifts: [UInt32] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
  /// The first 32 bits of the fractional parts of |sin(1)| ... |sin(64)|.
  private static let sines: [UInt32] = [
    0xD76A_A478, 0xE8C7_B756, 0x2420_70DB, 0xC1BD_CEEE, 0xF57C_0FAF, 0x4787_C62A, 0xA830_4613, 0xFD46_9501,
    0x6980_98D8, 0x8B44_F7AF, 0xFFFF_5BB1, 0x895C_D7BE, 0x6B90_1122, 0xFD98_7193, 0xA679_438E, 0x49B4_0821,
    0xF61E_2562, 0xC040_B340, 0x265E_5A51, 0xE9B6_C7AA, 0xD62F_105D, 0x0244_1453, 0xD8A1_E681, 0xE7D3_FBC8,
    0x21E1_CDE6, 0xC337_07D6, 0xF4D5_0D87, 0x455A_14ED, 0xA9E3_E905, 0xFCEF_A3F8, 0x676F_02D9, 0x8D2A_4C8A,
    0xFFFA_3942, 0x8771_F681, 0x6D9D_6122, 0xFDE5_380C, 0xA4BE_EA44, 0x4BDE_CFA9, 0xF6BB_4B60, 0xBEBF_BC70,
    0x289B_7EC6, 0xEAA1_27FA, 0xD4EF_3085, 0x0488_1D05, 0xD9D4_D039, 0xE6DB_99E5, 0x1FA2_7CF8, 0xC4AC_5665,
    0xF429_2244, 0x432A_FF97, 0xAB94_23A7, 0xFC93_A039, 0x655B_59C3, 0x8F0C_CC92, 0xFFEF_F47D, 0x8584_5DD1,
    0x6FA8_7E4F, 0xFE2C_E6E0, 0xA301_4314, 0x4E08_11A1, 0xF753_7E82, 0xBD3A_F235, 0x2AD7_D2BB, 0xEB86_D391,
  ]

  private var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476]
  private var rest: [UInt8] = []
  private var length: UInt64 = 0

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    length += UInt64(bytes.count)
    var at = 0
    if !rest.isEmpty {
      at = min(64 - rest.count, bytes.count)
      rest.append(contentsOf: bytes[..<at])
      guard rest.count == 64 else { return }
      let block = rest
      rest = []
      block.withUnsafeBytes { mix($0, 0) }
    }
    while at + 64 <= bytes.count {
      mix(bytes, at)
      at += 64
    }
    rest.append(contentsOf: bytes[at...])
  }

  private mutating func mix(_ bytes: UnsafeRawBufferPointer, _ offset: Int) {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    for i in 0..<64 {
      let f: UInt32
      let word: Int
      switch i / 16 {
      case 0: (f, word) = (b & c | ~b & d, i)
      case 1: (f, word) = (d & b | ~d & c, (5 * i + 1) % 16)
      case 2: (f, word) = (b ^ c ^ d, (3 * i + 5) % 16)
      default: (f, word) = (c ^ (b | ~d), 7 * i % 16)
      }
      let input = UInt32(
        littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4 * word, as: UInt32.self))
      let sum = a &+ f &+ Self.sines[i] &+ input
      let shift = Self.shifts[4 * (i / 16) + i % 4]
      (a, d, c, b) = (d, c, b, b &+ (sum << shift | sum >> (32 - shift)))
    }
    state[0] &+= a
    state[1] &+= b
    state[2] &+= c
    state[3] &+= d
  }

  /// The sixteen bytes, as two words with the first byte highest.
  var value: (UInt64, UInt64) {
    var last = self
    let bits = length &* 8
    var padding: [UInt8] = [0x80]
    while (rest.count + padding.count) % 64 != 56 { padding.append(0) }
    for i in 0..<8 { padding.append(UInt8(truncatingIfNeeded: bits >> (8 * UInt64(i)))) }
    padding.withUnsafeBytes { last.add($0) }
    let words = last.state.map { UInt64($0.byteSwapped) }
    return (words[0] << 32 | words[1], words[2] << 32 | words[3])
  }
}

enum Base64 {
  private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func text(_ bytes: [UInt8]) -> String {
    var out: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var value: UInt32 = 0
      for i in 0..<3 { value = value << 8 | (i < group.count ? UInt32(group[start + i]) : 0) }
      for i in 0..<4 {
        out.append(i <= group.count ? letters[Int(value >> (18 - 6 * UInt32(i)) & 63)] : UInt8(ascii: "="))
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The bytes that a text stands for; nil when it is no base 64.
  static func bytes(_ text: String) -> [UInt8]? {
    var digits = Array(text.utf8)
    guard digits.count % 4 == 0 else { return nil }
    var padding = 0
    while padding < 2, digits.last == UInt8(ascii: "=") {
      digits.removeLast()
      padding += 1
    }
    var out: [UInt8] = []
    var value: UInt32 = 0
    for (place, digit) in digits.enumerated() {
      guard let number = letters.firstIndex(of: digit) else { return nil }
      value = value << 6 | UInt32(number)
      if place % 4 > 0 { out.append(UInt8(truncatingIfNeeded: value >> (6 - 2 * UInt32(place % 4)))) }
    }
    return out
  }
}

/// A checksum that a listing states, and the same of bytes that came.
enum StatedChecksum: Sendable, Hashable {
  case crc32c(UInt32)
  case md5(UInt64, UInt64)

  /// Reads the base 64 of listings and manifests; nil when neither is a checksum.
  init?(crc32c: String?, md5: String?) {
    func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
    if let bytes = crc32c.flatMap({ Base64.bytes($0) }), bytes.count == 4 {
      self = .crc32c(UInt32(number(bytes)))
    } else if let bytes = md5.flatMap({ Base64.bytes($0) }), bytes.count == 16 {
      self = .md5(number(bytes[..<8]), number(bytes[8...]))
    } else {
      return nil
    }
  }

  /// Base 64 of the bytes, the highest first.
  var base64: String {
    func bytes(_ value: UInt64) -> [UInt8] {
      (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
    }
    return switch self {
    case .crc32c(let value): Base64.text(Array(bytes(UInt64(value))[4...]))
    case .md5(let first, let second): Base64.text(bytes(first) + bytes(second))
    }
  }

  /// Whether bytes of these checksums have it.
  func matches(_ sums: FileSums) -> Bool {
    switch self {
    case .crc32c(let value): value == sums.crc32c.value
    case .md5(let first, let second): sums.md5.map { $0.value == (first, second) } ?? false
    }
  }
}

/// The checksums of bytes as they come.
struct FileSums: Sendable {
  var crc32c = CRC32C()
  var md5: MD5?

  init(for stated: StatedChecksum? = nil) { if case .md5 = stated { md5 = MD5() } }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    crc32c.add(bytes)
    md5?.add(bytes)
  }
}
