import Magnet

extension EvaluationCard {
  /// The card with other values of some symbols.
  ///
  /// A list replaces a sweep, a single value fixes it; a value, or a block of Python or SQL, is replaced by the value
  /// given. Values are checked against the symbol's type where that is int, float, str, bool or a list of these.
  /// - Parameter values: symbols and their values.
  /// - Throws: `MagnetError` for a symbol that is not there, or a value of another type.
  public func overriding(_ values: [(name: String, value: CardValue)]) throws -> EvaluationCard {
    if values.isEmpty { return self }
    var card = definition
    for (name, value) in values {
      guard let place = card.symbols.firstIndex(where: { $0.name == name }) else {
        let names = card.symbols.map(\.name)
        throw MagnetError(
          .notFound, "unknown symbol '\(name)'" + SchemaReader.suggestion(name, names), at: path,
          advice: names.isEmpty ? "the card has no symbols" : "the card has \(names.joined(separator: ", "))")
      }
      var symbol = card.symbols[place]
      let key: String
      let stored: CardValue
      if symbol.sweep != nil {
        let choices = if case .list(let elements) = value { elements } else { [value] }
        if choices.isEmpty {
          throw MagnetError(.usage, "the sweep of '\(name)' needs at least one value", at: path)
        }
        let typed = try choices.map { try Self.typed($0, name, symbol.type?.text, path) }
        symbol.sweep = .values(typed)
        (key, stored) = ("sweep", .list(typed))
      } else {
        let typed = try Self.typed(value, name, symbol.type?.text, path)
        symbol.value = typed
        (key, stored) = ("value", typed)
      }
      symbol.python = nil
      symbol.sql = nil
      card.symbols[place] = symbol
      card.value = card.value.replacing(["symbols", name, key], with: stored)
    }
    return EvaluationCard(
      card, path: path, bytes: bytes, faults: faults,
      overrides: overrides + values.map { .init(key: .text($0.name), value: $0.value) })
  }

  /// The values that a YAML text, a mapping of symbols to values, stands for.
  /// - Parameters:
  ///   - text: the YAML text.
  ///   - source: what the text is called in errors.
  /// - Throws: `MagnetError` for what is not such a text.
  public static func overrides(yaml text: String, source: String) throws -> [(name: String, value: CardValue)]
  {
    let root: YAMLNode
    do throws(YAMLFault) { root = try YAMLDocument(Array(text.utf8)).root } catch {
      throw MagnetError(.usage, error.problem, at: "\(source):\(error.mark.line):\(error.mark.column)")
    }
    guard let pairs = root.pairs else {
      throw MagnetError(
        .usage, "overrides are a mapping, not \(root.kindName)", at: source,
        advice: "such as '{threshold: 0.2}'")
    }
    return try pairs.map { pair in
      guard let name = pair.key.text else {
        throw MagnetError(.usage, "\(pair.key.value.pythonText) is not the name of a symbol", at: source)
      }
      return (name, pair.value.value)
    }
  }

  /// The symbol and the value that `NAME=VALUE` stands for; the value is YAML.
  /// - Throws: `MagnetError` for what is not such a text.
  public static func setting(_ text: String) throws -> (name: String, value: CardValue) {
    guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
      throw MagnetError(.usage, "'\(text)' is not NAME=VALUE", at: "--set")
    }
    let value: CardValue
    do throws(YAMLFault) {
      value = try YAMLDocument(Array(text[text.index(after: sign)...].utf8)).root.value
    } catch {
      throw MagnetError(.usage, "'\(text)': \(error.problem)", at: "--set")
    }
    return (String(text[..<sign]), value)
  }

  /// A value as its symbol's type has it: an int is a float where one is asked for.
  private static func typed(
    _ value: CardValue, _ name: String, _ type: String?, _ path: String
  ) throws -> CardValue {
    guard let type else { return value }
    func mismatch(_ value: CardValue, _ wanted: SQLType.Scalar) -> MagnetError {
      var reason = "'\(name)' is \(wanted.rawValue), and \(value.plainText) is \(value.kindName)"
      var advice: String?
      if case .text(let text) = value {
        reason += " in YAML 1.1"
        if wanted == .float, let number = Double(text), number.isFinite {
          advice = "write \(CardValue.yamlFloat(number))"
        }
      } else if wanted == .str {
        advice = "put it in quotes"
      }
      return MagnetError(.usage, reason, at: path, advice: advice)
    }
    func checked(_ value: CardValue, _ wanted: SQLType.Scalar) throws -> CardValue {
      switch (wanted, value) {
      case (_, .null), (.int, .int), (.float, .float), (.str, .text), (.bool, .bool): return value
      case (.float, .int(let number)): return .float(number.double)
      default: throw mismatch(value, wanted)
      }
    }
    switch SQLType(type) {
    case .scalar(let wanted): return try checked(value, wanted)
    case .list(let wanted):
      guard case .list(let elements) = value else { return value }
      return .list(try elements.map { try checked($0, wanted) })
    default: return value
    }
  }
}

extension CardValue {
  /// The value with another one at the end of a path of keys.
  func replacing(_ path: [String], with new: CardValue) -> CardValue {
    guard let key = path.first else { return new }
    var entries: [Entry] = if case .mapping(let entries) = self { entries } else { [] }
    let rest = Array(path.dropFirst())
    if let place = entries.firstIndex(where: { $0.key == .text(key) }) {
      entries[place] = Entry(key: entries[place].key, value: entries[place].value.replacing(rest, with: new))
    } else {
      entries.append(Entry(key: .text(key), value: CardValue.null.replacing(rest, with: new)))
    }
    return .mapping(entries)
  }

  /// A number as YAML 1.1 reads it back as a float: `1.0e-3`.
  static func yamlFloat(_ number: Double) -> String {
    let text = pythonText(number)
    guard let mark = text.firstIndex(of: "e") else { return text }
    let mantissa = text[..<mark]
    return mantissa + (mantissa.contains(".") ? "" : ".0") + text[mark...]
  }
}
