import CChecksum

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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
      state = unsafe cchecksum_crc32c(state, start, bytes.count)
    } else {
      unsafe addByTables(bytes)
    }
  }

  /// The same for processors without the instruction.
  mutating func addByTables(_ bytes: UnsafeRawBufferPointer) {
    unsafe Self.tables.withUnsafeBufferPointer { tables in
      var state = state
      var at = 0
      while at + 8 <= bytes.count {
        let word =
          unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
          ^ UInt64(state)
        // Eight look-ups that do not wait for each other.
        let a = unsafe tables[1792 + Int(word & 0xFF)] ^ tables[1536 + Int(word >> 8 & 0xFF)]
        let b = unsafe tables[1280 + Int(word >> 16 & 0xFF)] ^ tables[1024 + Int(word >> 24 & 0xFF)]
        let c = unsafe tables[768 + Int(word >> 32 & 0xFF)] ^ tables[512 + Int(word >> 40 & 0xFF)]
        let d = unsafe tables[256 + Int(word >> 48 & 0xFF)] ^ tables[Int(word >> 56)]
        state = a ^ b ^ c ^ d
        at += 8
      }
      while at < bytes.count {
        state = unsafe state >> 8 ^ tables[Int((state ^ UInt32(bytes[at])) & 0xFF)]
        at += 1
      }
      self.state = state
    }
  }
}

extension CRC32C {
  /// A checksum as stores and manifests write it: base 64 of its four bytes, the highest first.
  static func base64(_ value: UInt32) -> String {
    unsafe withUnsafeBytes(of: value.bigEndian) { unsafe Data($0).base64EncodedString() }
  }

  /// The checksum that such a text stands for; nil when it is not one.
  static func value(base64 text: String) -> UInt32? {
    guard let bytes = Data(base64Encoded: text), bytes.count == 4 else { return nil }
    return bytes.reduce(0) { $0 << 8 | UInt32($1) }
  }
}
