import Magnet

extension EvaluationCard {
  /// Takes the status, the symbols' values and the metrics of an evaluation that was written before, by magnet or by
  /// MAGNET. Values that JSON cannot hold are what Python's `repr` says of them.
  /// - Parameter folder: one evaluation, or a folder of several, of which the last one of this card is taken.
  /// - Throws: `MagnetError` where there is none, it is of another card, or it cannot be read.
  public func restore(from folder: String) throws {
    var path = folder
    if Files.exists(folder + "/verdict.json") {
      if !isOfThisCard(folder) {
        throw MagnetError(
          .invalidData, "is an evaluation of another card, or of \(self.path) as it was before a change",
          at: folder,
          advice: "evaluate the card again")
      }
    } else {
      let names = ((try? Files.entries(folder)) ?? []).filter(\.isFolder).map { folder + "/" + $0.name }
      // Names end with the time.
      func time(_ path: String) -> Substring {
        path.dropFirst(path.lastIndex(of: "/").map { path.distance(from: path.startIndex, to: $0) + 10 } ?? 0)
      }
      guard let last = names.filter(isOfThisCard).max(by: { time($0) < time($1) }) else {
        throw MagnetError(
          .notFound, "there is no evaluation of \(self.path) as it is now", at: folder,
          advice: "magnet card evaluate with -o writes one")
      }
      path = last
    }
    let verdict = try Self.json(path + "/verdict.json")
    guard let word = verdict["result"]?.string, let status = CardStatus(rawValue: word) else {
      throw MagnetError(.invalidData, "is not the verdict of a card", at: path + "/verdict.json")
    }
    let swept = Set(definition.symbols.filter { $0.sweep != nil }.map(\.name))
    let settings = try (verdict["claims"]?.elements ?? []).compactMap(\.string).map { id in
      let json = try Self.json("\(path)/results/\(id)/verdict.json")
      let symbols =
        if case .object(let members)? = json["all_symbols"] ?? json["symbols"] { members } else {
          [] as [JSONValue.Member]
        }
      return SettingOutcome(
        status: json["status"]?.string.flatMap(CardStatus.init(rawValue:)) ?? .inconclusive,
        output: json["output"]?.string ?? "",
        symbols: symbols.map { member in
          let text = json[CardBundle.reprs]?[member.key]?.string
          let value = text.map { CardValue.opaque(type: "value", text: $0) } ?? CardValue(json: member.value)
          return .init(
            name: member.key, value: value, isSimple: value.isSimple, isSwept: swept.contains(member.key))
        }, evidence: Self.evidence(json["evidence"]), line: nil, seconds: json["seconds"]?.double ?? 0)
    }
    let metrics: [CardOutcome.Metric] =
      if case .object(let members)? = verdict["metrics"] {
        members.map { .init(name: $0.key, value: CardValue(metric: $0.value)) }
      } else { [] }
    finish(CardOutcome(status: status, settings: settings, metrics: metrics, notes: [], theory: nil))
  }

  /// Whether an evaluation's `card.yaml` is this card, word for word or in MAGNET's own form of YAML.
  private func isOfThisCard(_ folder: String) -> Bool {
    guard let found = try? CardFiles.read(folder + "/card.yaml", limit: Self.sizeLimit) else { return false }
    // By what Python says of the values: NaN does not equal itself.
    return found == bytes || (try? YAMLDocument(found))?.root.value.pythonText == definition.value.pythonText
  }

  private static func evidence(_ json: JSONValue?) -> SettingOutcome.Evidence? {
    func count(_ key: String) -> Int? {
      if case .int(let value)? = json?[key] { Int(clamping: value) } else { nil }
    }
    guard let rows = count("rows"), let falsified = count("falsified"), let odd = count("inconclusive")
    else { return nil }
    return .init(rows: rows, falsified: falsified, inconclusive: odd)
  }

  private static func json(_ path: String) throws -> JSONValue {
    do {
      let bytes = try CardFiles.read(path, limit: 256 << 20)
      return try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
    } catch let error as SystemError { throw error.reading(path) } catch {
      throw MagnetError(.invalidData, "is not JSON: \(error)", at: path)
    }
  }
}

extension CardValue {
  /// The value of a metric, of which NaN and the infinities are texts in JSON.
  fileprivate init(metric json: JSONValue) {
    self = json.string.flatMap(JSONText.nonFinite).map(CardValue.float) ?? CardValue(json: json)
  }

  /// Whether JSON gives the value back as it is.
  var isJSON: Bool {
    switch self {
    case .null, .bool, .text: true
    case .int(let number): number.int64 != nil
    case .float(let number): number.isFinite
    case .list(let elements): elements.allSatisfy(\.isJSON)
    case .mapping(let entries): entries.allSatisfy { $0.key.text != nil && $0.value.isJSON }
    case .tuple, .date, .opaque: false
    }
  }

  /// A JSON value.
  init(json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(WholeNumber(value))
    case .double(let value): self = .float(value)
    case .string(let text): self = .text(text)
    case .array(let items): self = .list(items.map(CardValue.init(json:)))
    case .object(let members):
      self = .mapping(members.map { Entry(key: .text($0.key), value: CardValue(json: $0.value)) })
    }
  }
}
