import Magnet

/// The members that an object of a program may have, and what they are. One that the contract does not know is refused: it
/// would otherwise do nothing, and nobody would notice. `null` is as good as absent.
struct ContractMembers {
  enum Kind: String {
    case text = "a string"
    case texts = "a list of strings"
    case integer = "an integer"
    case number = "a number"
    case list = "a list"
    case any = "a value"

    func holds(_ value: JSONValue) -> Bool {
      switch (self, value) {
      case (.any, _), (.text, .string), (.integer, .int), (.number, .int), (.number, .double),
        (.list, .array):
        true
      case (.texts, .array(let items)): items.allSatisfy { $0.string != nil }
      default: false
      }
    }
  }

  private let kinds: [String: Kind]

  init(_ kinds: [String: Kind]) { self.kinds = kinds }

  /// Why an object does not keep to these members; nil where it does.
  func fault(_ value: JSONValue, of what: String) -> String? {
    guard case .object(let members) = value else {
      return "\(what) is not an object: \(value.text.prefix(200))"
    }
    for member in members {
      guard let kind = kinds[member.key] else {
        return
          "\(what) has an unknown member \"\(member.key)\"; known: \(kinds.keys.sorted().joined(separator: ", "))"
      }
      if member.value != .null, !kind.holds(member.value) {
        return "\(member.key) of \(what) is not \(kind.rawValue): \(member.value.text.prefix(200))"
      }
    }
    return nil
  }

  /// What a program says, by the member that tells what it is.
  static let messages: KeyValuePairs<String, ContractMembers> = [
    "yield": ContractMembers(["yield": .text]),
    "end": ContractMembers(["end": .any]),
    "query": ContractMembers(["query": .list]),
    "ask": ContractMembers(["ask": .text, "requests": .list]),
    "tune": ContractMembers(["tune": .text, "stage": .text, "data": .list, "epochs": .number]),
    "answers": ContractMembers(["answers": .list]),
    "chances": ContractMembers(["chances": .list]),
    "ready": ContractMembers(["ready": .text]),
  ]

  /// A request, or a sample to tune on: ProgressGym's members, and ours.
  static let request = ContractMembers([
    "id": .integer, "instruction": .text, "input": .text, "options": .texts, "system": .text,
    "history": .list,
    "output": .any, "predict": .text, "copies": .integer,
  ])
  /// An answer: ProgressGym adds it to the request.
  static let answer = ContractMembers([
    "id": .integer, "predict": .text, "unreadable": .text, "instruction": .text, "input": .text,
    "options": .texts, "system": .text, "history": .list, "output": .any,
  ])
}
