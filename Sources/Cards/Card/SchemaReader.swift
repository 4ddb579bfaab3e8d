import Magnet

/// Reads parts of a card and collects what is wrong with them.
struct SchemaReader {
  let file: String
  private(set) var faults: [CardFault] = []

  init(file: String) { self.file = file }

  mutating func error(_ mark: TextMark, _ problem: String, _ advice: String? = nil) {
    faults.append(CardFault(.error, file: file, mark: mark, problem: problem, advice: advice))
  }

  mutating func warn(_ mark: TextMark, _ problem: String, _ advice: String? = nil) {
    faults.append(CardFault(.warning, file: file, mark: mark, problem: problem, advice: advice))
  }

  mutating func recommend(_ mark: TextMark, _ problem: String, _ advice: String? = nil) {
    faults.append(CardFault(.recommendation, file: file, mark: mark, problem: problem, advice: advice))
  }

  /// The values of a mapping by their keys, which are texts.
  /// - Parameters:
  ///   - place: what the mapping is called in messages, such as `claim`; empty for the card itself.
  ///   - known: the keys that are read.
  ///   - isStrict: whether an unknown key is an error, not a warning.
  /// - Returns: nil for what is not a mapping.
  mutating func members(
    _ node: YAMLNode, _ place: String, known: [String], isStrict: Bool = false
  ) -> [String: YAMLNode]? {
    guard let pairs = node.pairs else {
      error(node.mark, "\(place.isEmpty ? "a card" : place) is a mapping, not \(node.kindName)")
      return nil
    }
    var members: [String: YAMLNode] = [:]
    for pair in pairs {
      guard let key = pair.key.text else {
        error(
          pair.key.mark,
          "the key \(pair.key.value.pythonText) of \(place.isEmpty ? "the card" : place) is not a text",
          "put it in quotes")
        continue
      }
      if known.contains(key) {
        members[key] = pair.value
      } else if isStrict {
        error(
          pair.key.mark,
          "unknown key '\(key)'" + Self.suggestion(key, known) + (place.isEmpty ? "" : " in \(place)"))
      } else {
        warn(
          pair.key.mark,
          "unknown key '\(key)'" + Self.suggestion(key, known) + (place.isEmpty ? "" : " in \(place)"))
      }
    }
    return members
  }

  /// ` (did you mean value?)`, where a name is near; of the first faults only, as a search in a card's own names for each
  /// of them would take the square of their number.
  func suggestion(_ name: String, _ known: some Sequence<String>) -> String {
    faults.count < 20 ? Self.suggestion(name, Array(known)) : ""
  }

  /// ` (did you mean value?)`, where a name is near.
  static func suggestion(_ name: String, _ known: [String]) -> String {
    guard let nearest = nearestNames(to: name, among: known, count: 1).first,
      editDistance(Array(name.unicodeScalars.prefix(100)), Array(nearest.unicodeScalars))
        <= max(1, (min(name.unicodeScalars.count, nearest.unicodeScalars.count) + 1) / 3)
    else { return "" }
    return " (did you mean \(nearest)?)"
  }

  /// A text; nil where it is missing or something else, which is said.
  mutating func text(_ node: YAMLNode?, _ place: String) -> String? {
    guard let node else { return nil }
    guard let text = node.text else {
      error(
        node.mark, "\(place) is a text, not \(node.kindName)",
        node.elements == nil && node.pairs == nil && !node.isNull ? "put it in quotes" : nil)
      return nil
    }
    return text
  }

  /// A text with its place.
  mutating func block(_ node: YAMLNode?, _ place: String) -> CardDefinition.Block? {
    guard let node, let text = text(node, place) else { return nil }
    return .init(text: text, mark: node.mark, firstLine: node.firstTextLine)
  }

  /// A list of texts with their places.
  mutating func texts(_ node: YAMLNode?, _ place: String) -> [(text: String, mark: TextMark)]? {
    guard let node else { return nil }
    guard let elements = node.elements else {
      error(node.mark, "\(place) is a list of texts, not \(node.kindName)")
      return nil
    }
    return elements.enumerated().compactMap { number, element in
      text(element, "\(place)[\(number)]").map { ($0, element.mark) }
    }
  }

  /// One of a few words.
  mutating func word(_ node: YAMLNode?, _ place: String, of words: [String]) -> String? {
    guard let node else { return nil }
    if let text = node.text, words.contains(text) { return text }
    let shown = node.text.map { "'\($0)'" } ?? node.kindName
    let list =
      words.count > 1 ? words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1] : words[0]
    error(
      node.mark, "\(place) is \(list), not \(shown)" + (node.text.map { Self.suggestion($0, words) } ?? ""))
    return nil
  }
}

extension YAMLNode {
  /// What the node is called in messages.
  var kindName: String {
    switch content {
    case .scalar(let value, _): value.kindName
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .keyOnly: "a text"
    }
  }
}
