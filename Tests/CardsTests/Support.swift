import Foundation
import Magnet
import TestSupport

@testable import Cards

/// Golden cards with what MAGNET made of them, in a folder beside the project or under `MAGNET_SHARED`; nil where absent.
enum Shared {
  static let cards: String? = {
    let shared =
      ProcessInfo.processInfo.environment["MAGNET_SHARED"]
      ?? Project.folder.deletingLastPathComponent().appending(path: "shared").path
    let path = shared + "/data/cards"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  /// The golden cards' names, in order.
  static let names: [String] = {
    guard let cards else { return [] }
    let files = (try? FileManager.default.contentsOfDirectory(atPath: cards)) ?? []
    return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }()
}

extension CardValue {
  /// A value as `Fixtures/generate/write_cards.py` writes it, with its type.
  init?(typed json: JSONValue) {
    switch (json[0]?.string, json[1]) {
    case ("n", _): self = .null
    case ("b", .bool(let value)?): self = .bool(value)
    case ("i", .string(let text)?): self = WholeNumber(text).map(CardValue.int) ?? .null
    case ("f", .string(let text)?): self = .float(Double(text) ?? .nan)
    case ("s", .string(let text)?): self = .text(text)
    case ("t", .string(let text)?): self = .date(text)
    case ("l", .array(let items)?): self = .list(items.compactMap(CardValue.init(typed:)))
    case ("u", .array(let items)?): self = .tuple(items.compactMap(CardValue.init(typed:)))
    case ("d", .array(let items)?):
      self = .mapping(
        items.compactMap { item in
          guard let key = item[0].flatMap(CardValue.init(typed:)),
            let value = item[1].flatMap(CardValue.init(typed:))
          else { return nil }
          return Entry(key: key, value: value)
        })
    default: return nil
    }
  }
}

/// Whether two values are the same, NaN being the same as NaN.
func same(_ a: CardValue, _ b: CardValue) -> Bool {
  a == b || a.pythonText == b.pythonText && a.kindName == b.kindName
}
