import Foundation
import Magnet
import TestSupport
import Testing

@testable import Cards

/// Damaged cards: each is read, or is a fault with a place; nothing traps. `make fuzz` does more of it.
@Suite struct CardSoupTests {
  /// The numbers of a linear congruential generator (Knuth's MMIX), for damage that is the same in every run.
  struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 33
    }
  }

  static func read(_ bytes: [UInt8]) {
    guard let document = try? YAMLDocument(bytes) else { return }
    let (card, faults) = CardSchema.read(document, file: "soup.yaml")
    for fault in faults { #expect(!"\(fault)".isEmpty) }
    let whole = EvaluationCard(card, path: "soup.yaml", bytes: bytes, faults: faults, overrides: [])
    #expect(whole.summarize().hasPrefix("Title:"))
    _ = MagnetHash.digits(card.value, count: 8)
    if !faults.contains(where: { $0.severity == .error }), card.asksSQL {
      _ = try? SQLQueries(card, path: "soup.yaml", nil, nil, nil, timeLimit: .seconds(5), isForChecking: true)
    }
  }

  static let seeds: [[UInt8]] = {
    let folder = Project.fixture("cards")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().compactMap { name in
      FileManager.default.contents(atPath: folder + "/" + name).map { Array($0) }
    }
  }()

  @Test(arguments: 0..<8) func damagedCards(_ seed: Int) {
    var numbers = Numbers(state: UInt64(seed))
    let pieces = [
      "&a ", "*a", "<<: ", "- ", "? ", ": ", "{", "}", "[", "]", "|\n", ">-\n", "!!int ", "\t", "\r\n", "'",
      "\"", "#", "\u{FEFF}", "\u{0}", "%YAML 9\n", "---\n", "1e5", "null", ".nan", "0x", "12:30", "sweep: ",
      "sql: SELECT 1",
    ]
    for _ in 0..<150 {
      var bytes = Self.seeds[Int.random(in: 0..<Self.seeds.count, using: &numbers)]
      for _ in 0...Int.random(in: 0...5, using: &numbers) {
        let place = Int.random(in: 0...bytes.count, using: &numbers)
        switch Int.random(in: 0...3, using: &numbers) {
        case 0 where place < bytes.count: bytes[place] = UInt8.random(in: .min ... .max, using: &numbers)
        case 1:
          bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 0...40, using: &numbers)))
        case 2:
          bytes.insert(
            contentsOf: pieces.randomElement(using: &numbers).map { Array($0.utf8) } ?? [], at: place)
        default: bytes = Array(bytes[..<place])
        }
      }
      Self.read(bytes)
    }
  }

  @Test func cardsThatAreNoTexts() throws {
    func problem(_ bytes: [UInt8]) throws -> String {
      let folder = try TemporaryFolder()
      let path = try folder.write(bytes, to: "card.yaml")
      do {
        let card = try EvaluationCard(path)
        return card.faults.filter { $0.severity == .error }.map { "\($0)" }.joined()
      } catch { return "\(error)".replacing(folder.path + "/", with: "") }
    }
    #expect(try problem([0xFF, 0xFE, 0x61, 0]) == "card.yaml:1:1: the text is UTF-16; save it as UTF-8")
    #expect(try problem(Array("title: a\nx: \u{E9}".utf8) + [0xE9, 0x28]).hasPrefix("card.yaml:2:5: "))
    #expect(
      try problem([UInt8](repeating: 0x61, count: 10 << 20)).hasPrefix(
        "card.yaml:1:1: the file has more than 4 MB"))
    #expect(try problem(Array("title: a\n\tb: c".utf8)).hasPrefix("card.yaml:2:"))
    let windows = "\u{FEFF}title: t\r\ndescription: d\r\nclaim:\r\n  expr: '1'\r\nsymbols: {}\r\n"
    #expect(try problem(Array(windows.utf8)) == "")
  }
}
