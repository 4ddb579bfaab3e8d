import Magnet

/// What an evaluation depends on, as text: digests and settings by name, in order.
struct Fingerprint: Hashable {
  /// Names are for people, too: they stand in the reasons for computing something again.
  var parts: [(name: String, value: String)]

  init(_ parts: [(name: String, value: String)]) { self.parts = parts }

  static func == (a: Fingerprint, b: Fingerprint) -> Bool {
    a.parts.elementsEqual(b.parts) { $0.name == $1.name && $0.value == $1.value }
  }

  func hash(into hasher: inout Hasher) { for part in parts { hasher.combine(part.value) } }

  /// Which parts differ from those of another one, for people; nil where none does. An empty part is as good as none.
  func difference(from other: Fingerprint) -> String? {
    let old = Dictionary(other.parts.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    let changed = parts.filter { old[$0.name] ?? "" != $0.value }.map(\.name)
    return changed.isEmpty ? nil : changed.joined(separator: ", ") + " changed"
  }

  /// A digest of all parts.
  var digest: String {
    var digest = Digest()
    for part in parts where !part.value.isEmpty {
      digest.add(part.name)
      digest.add(part.value)
    }
    return digest.text
  }

  var json: JSONValue {
    .object(parts.map { JSONValue.Member(key: $0.name, value: .string($0.value)) })
  }

  init?(_ value: JSONValue?) {
    guard case .object(let members)? = value else { return nil }
    var parts: [(name: String, value: String)] = []
    for member in members {
      guard let text = member.value.string else { return nil }
      parts.append((member.key, text))
    }
    self.parts = parts
  }
}

/// The record that magnet keeps beside an evaluation, `ID.magnet.json`.
struct EvaluationRecord {
  let origin: Evaluation.Origin
  let fingerprint: Fingerprint
  /// The digest of the evaluation's bytes: a record whose evaluation was not written yet, or was changed, is void.
  let evaluation: String

  init(origin: Evaluation.Origin, fingerprint: Fingerprint, evaluation: String) {
    self.origin = origin
    self.fingerprint = fingerprint
    self.evaluation = evaluation
  }

  init?(_ value: JSONValue) {
    guard value["magnet_evaluation"] == .int(1), let fingerprint = Fingerprint(value["made_from"]),
      let origin = value["scored_by"]?.string.flatMap(Evaluation.Origin.init(rawValue:)),
      let evaluation = value["evaluation"]?.string
    else { return nil }
    self.init(origin: origin, fingerprint: fingerprint, evaluation: evaluation)
  }

  var json: JSONValue {
    .object([
      JSONValue.Member(key: "magnet_evaluation", value: .int(1)),
      JSONValue.Member(key: "scored_by", value: .string(origin.rawValue)),
      JSONValue.Member(key: "made_from", value: fingerprint.json),
      JSONValue.Member(key: "evaluation", value: .string(evaluation)),
    ])
  }
}
