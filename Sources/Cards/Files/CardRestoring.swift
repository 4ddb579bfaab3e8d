import Magnet

extension EvaluationCard {
  /// Takes the status and the symbols' values of an evaluation that was written before.
  /// - Parameter folder: one evaluation, or a folder of several, of which the last one of this card is taken.
  /// - Throws: `MagnetError` where there is none, or it cannot be read.
  public func restore(from folder: String) throws {
    var path = folder
    if !Files.exists(folder + "/verdict.json") {
      let names = ((try? Files.entries(folder)) ?? []).filter(\.isFolder).map { folder + "/" + $0.name }
      // Names end with the time.
      func time(_ path: String) -> Substring {
        path.dropFirst(path.lastIndex(of: "/").map { path.distance(from: path.startIndex, to: $0) + 10 } ?? 0)
      }
      let own = names.filter { (try? CardFiles.read($0 + "/card.yaml", limit: Self.sizeLimit)) == bytes }
      guard let last = own.max(by: { time($0) < time($1) }) else {
        throw MagnetError(.notFound, "there is no evaluation of \(self.path)", at: folder)
      }
      path = last
    }
    let verdict = try Self.json(path + "/verdict.json")
    guard let word = verdict["result"]?.string, let status = CardStatus(rawValue: word) else {
      throw MagnetError(.invalidData, "is not the verdict of a card", at: path + "/verdict.json")
    }
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
          let value = CardValue(json: member.value)
          return .init(name: member.key, value: value, isSimple: value.isSimple, isSwept: false)
        }, evidence: nil, line: nil, seconds: json["seconds"]?.double ?? 0)
    }
    finish(CardOutcome(status: status, settings: settings, metrics: [], notes: [], theory: nil))
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
