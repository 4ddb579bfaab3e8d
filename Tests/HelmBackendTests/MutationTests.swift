import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Runs with seeded damage: nothing crashes, whole files and windows agree, and other runs stay as they are.
@Suite struct MutationTests {
  @Test(arguments: OddDataTests.cases) func damageNeverCrashes(name: String) async throws {
    let folder = try TemporaryFolder()
    let check = try await ReaderCheck(folder: folder.path, run: Project.fixture("odd/count-zero"))
    var mutation = Mutation(seed: UInt64(OddDataTests.cases.firstIndex(of: name)!))
    for kind in ReaderCheck.kinds {
      let path = RunDirectory(path: Project.fixture("odd/\(name)"), files: []).file(of: kind)
      let text = try Array(Data(contentsOf: URL(filePath: path)))
      for _ in 0..<25 {
        let bytes = mutation.damaged(text)
        let complaint = try await check.complaint(kind, bytes)
        #expect(complaint == nil, "\(kind): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
      }
    }
  }
}

/// Changes texts of JSON, some so that they stay JSON. The same seed makes the same changes.
struct Mutation {
  private var random: SeededRandom

  init(seed: UInt64) { random = SeededRandom(state: seed) }

  private static let values = [
    "null", "true", "NaN", "-Infinity", "0", "-1", "1.5", "1e400", "18446744073709551615", "{}", "[]", "\"\"",
    "\"\\ud83d\"", "\"[{\"", "{\"a\": [1]}", "[{\"name\": {\"name\": \"x\"}}]", "{\"name\": \"x\"}", "\"é\"",
  ]
  private static let keys = [
    "name", "stats", "request_states", "instance", "id", "instance_id", "", "a.b", "mean",
  ]
  private static let scraps = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d", "\\\"", " ", "\n", "\0", "\u{FEFF}", "-", "é",
  ]

  mutating func damaged(_ text: [UInt8]) -> [UInt8] {
    var text = text
    let isGentle = UInt8.random(in: 0..<4, using: &random) > 0
    for _ in 0..<Int.random(in: 1...4, using: &random) where !text.isEmpty {
      text = isGentle ? changed(text) : broken(text)
    }
    return text
  }

  /// Changes values and keys: JSON stays JSON.
  private mutating func changed(_ text: [UInt8]) -> [UInt8] {
    var tokens = Self.tokens(text)
    func places(_ isMeant: (ArraySlice<UInt8>) -> Bool) -> [Int] {
      tokens.indices.filter { isMeant(tokens[$0]) }
    }
    let scalars = places { !"{}[]:, \n\r\t".utf8.contains($0.first!) }
    guard let at = scalars.randomElement(using: &random) else { return text }
    let next = tokens[(at + 1)...].first { !" \n\r\t".utf8.contains($0.first!) }
    let isKey = next?.first == UInt8(ascii: ":")
    let value = Self.values.randomElement(using: &random)!
    let key = Self.keys.randomElement(using: &random)!
    switch UInt8.random(in: 0..<4, using: &random) {
    case 0: tokens[at] = ArraySlice((isKey ? "\"\(key)\"" : value).utf8)
    case 1:
      if let brace = places({ $0.first == UInt8(ascii: "{") }).randomElement(using: &random) {
        tokens[brace] += ArraySlice("\"\(key)\": \(value)".utf8)
        let isEmpty = tokens[(brace + 1)...].first { !" \n\r\t".utf8.contains($0.first!) }?.first == 0x7D
        if !isEmpty { tokens[brace].append(UInt8(ascii: ",")) }
      }
    case 2:
      let others = scalars.filter { tokens[$0].first == tokens[at].first }
      tokens.swapAt(at, others.randomElement(using: &random)!)
    default:
      // A member or an element twice.
      if isKey, at + 1 < tokens.count {
        tokens[at] = tokens[at] + ArraySlice(": \(value), ".utf8) + tokens[at]
      }
    }
    return Array(tokens.joined())
  }

  /// Changes bytes, whatever comes of it.
  private mutating func broken(_ text: [UInt8]) -> [UInt8] {
    var text = text
    let at = Int.random(in: 0..<text.count, using: &random)
    let end = min(text.count, at + Int.random(in: 1...40, using: &random))
    let scrap = Self.scraps.randomElement(using: &random)!.utf8
    switch UInt8.random(in: 0..<7, using: &random) {
    case 0: text[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: text[at] = UInt8.random(in: 0...255, using: &random)
    case 2: text.removeSubrange(at..<end)
    case 3: text.insert(contentsOf: text[at..<end], at: at)
    case 4: text.insert(contentsOf: scrap, at: at)
    case 5: text.replaceSubrange(at..<end, with: scrap)
    default: text.removeLast(text.count - at)
    }
    return text
  }

  /// A text cut into strings, brackets and the like, and what stands between.
  private static func tokens(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
    var tokens: [ArraySlice<UInt8>] = []
    var at = 0
    while at < text.count {
      let start = at
      at += 1
      if text[start] == UInt8(ascii: "\"") {
        while at < text.count, text[at] != UInt8(ascii: "\"") { at += text[at] == UInt8(ascii: "\\") ? 2 : 1 }
        at = min(at + 1, text.count)
      } else if !"{}[]:, \n\r\t".utf8.contains(text[start]) {
        while at < text.count, !"{}[]:,\" \n\r\t".utf8.contains(text[at]) { at += 1 }
      }
      tokens.append(text[start..<at])
    }
    return tokens
  }
}

/// 64 bits at a time, from a seed (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
