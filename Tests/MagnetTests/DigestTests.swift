import Testing

@testable import Magnet

/// Digests equal those of other programs, however the bytes come.
@Suite struct DigestTests {
  /// `sha256sum` of so many times the letter a.
  @Test(arguments: [
    (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
    (54, "a3f01b6939256127582ac8ae9fb47a382a244680806a3f613a118851c1ca1d47"),
    (55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
    (56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
    (63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"),
    (64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
    (65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"),
    (119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"),
    (120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"),
    (128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"),
    (1000, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
  ])
  func sha256(_ count: Int, _ expected: String) {
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: count)
    var whole = SHA256()
    whole.update(bytes)
    #expect(whole.finish() == expected)
    var pieces = SHA256()
    for start in stride(from: 0, to: count, by: 7) { pieces.update(bytes[start..<min(start + 7, count)]) }
    #expect(pieces.finish() == expected)
  }

  /// Lists of texts differ where their joined bytes are the same.
  @Test func textsAreToldApartByTheirLengths() {
    func digest(_ texts: [String]) -> String {
      var sum = SHA256()
      for text in texts { sum.update(text) }
      return sum.finish()
    }
    let lists = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"], [], [""]]
    #expect(Set(lists.map(digest)).count == lists.count)
    var number = SHA256()
    number.update(0x0102 as UInt64)
    var bytes = SHA256()
    bytes.update([2, 1, 0, 0, 0, 0, 0, 0])
    #expect(number.finish() == bytes.finish())
  }

  /// `xxhsum -H1` of the bytes 0, 7, 14 ... modulo 251.
  @Test(
    arguments: [
      (0, 0xEF46_DB37_51D8_E999), (1, 0xE934_A84A_DB05_2768), (3, 0x9FF7_0A63_5A62_09AB),
      (4, 0xAE5A_CDC0_0A55_AC41), (7, 0xD734_A6B2_6F3D_A63E), (8, 0x8711_6B33_65B9_24EB),
      (31, 0x0F18_7C62_B1E7_22B7), (32, 0x91B0_CB09_31A8_C629), (33, 0x931B_043C_F8D6_5B94),
      (63, 0x5751_86C1_2DCE_BCFD), (64, 0xAB64_977B_5AF9_D022), (100, 0xB7FE_1D84_B2F2_3A05),
    ] as [(Int, UInt64)])
  func xxh64(_ count: Int, _ expected: UInt64) {
    let bytes = (0..<count).map { UInt8($0 * 7 % 251) }
    #expect(XXH64.hash(bytes) == expected)
    for step in [1, 3, 8, 31, 32, 33] {
      var sum = XXH64()
      for start in stride(from: 0, to: count, by: step) { sum.add(bytes[start..<min(start + step, count)]) }
      #expect(sum.value == expected && sum.value == expected, "in pieces of \(step)")
    }
    var lazily = XXH64()
    lazily.add(bytes.lazy.map { $0 })
    #expect(lazily.value == expected)
  }

  /// The same bytes at any place in memory, and no others.
  @Test func bytesAreHashedAndComparedWhereverTheyLie() {
    var random = PythonRandom(seed: 9)
    var hashes: Set<UInt64> = []
    for count in 1...70 {
      let bytes = (0..<count).map { _ in UInt8(random.below(256)) }
      let moved = [0, 0, 0] + bytes
      bytes.withUnsafeBytes { here in
        moved.withUnsafeBytes { there in
          let other = UnsafeRawBufferPointer(rebasing: there[3...])
          #expect(ByteHash.shared(here) == ByteHash.shared(other))
          #expect(equalBytes(here.baseAddress!, other.baseAddress!, count))
        }
      }
      hashes.insert(bytes.withUnsafeBytes { ByteHash.shared($0) })
      for place in 0..<count {
        var changed = bytes
        changed[place] ^= 1 << UInt8(random.below(8))
        bytes.withUnsafeBytes { here in
          changed.withUnsafeBytes { #expect(!equalBytes(here.baseAddress!, $0.baseAddress!, count)) }
        }
        #expect(
          changed.withUnsafeBytes { ByteHash.shared($0) } != bytes.withUnsafeBytes { ByteHash.shared($0) })
      }
    }
    #expect(hashes.count == 70)
  }
}
