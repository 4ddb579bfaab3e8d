/// Which names are meant: any of several exact names, patterns of the shell (`*`, `?`) and regular expressions.
package struct NameSelector: Sendable, CustomStringConvertible {
  private enum Choice {
    case exact(String)
    case pattern(String)
    /// As Python's `re.match`: from the name's beginning, not necessarily to its end.
    case regex(String)
  }

  private let choices: [Choice]
  package let description: String

  /// Reads selectors. Each text is an exact name, a pattern, `regex:` and a regular expression, a list as YAML writes
  /// it (`[a, b]`, or lines that begin with `- `), or names with `|` between them.
  /// - Throws: `MagnetError` for a regular expression that cannot be read.
  package init(_ texts: [String]) throws {
    description = texts.joined(separator: ", ")
    choices = try texts.flatMap(Self.items).map { item in
      if item.hasPrefix("regex:") {
        let expression = String(item.dropFirst(6))
        do { _ = try Regex(expression) } catch {
          throw MagnetError(.usage, "'\(expression)' is not a regular expression: \(error)")
        }
        return .regex(expression)
      }
      return item.contains("*") || item.contains("?") ? .pattern(item) : .exact(item)
    }
  }

  /// A test of names; made once, used on many.
  package func matcher() -> (String) -> Bool {
    var exact: Set<String> = []
    var patterns: [NamePattern] = []
    var expressions: [Regex<AnyRegexOutput>] = []
    for choice in choices {
      switch choice {
      case .exact(let name): exact.insert(name)
      case .pattern(let text): patterns.append(NamePattern(text))
      case .regex(let text): if let expression = try? Regex(text) { expressions.append(expression) }
      }
    }
    return { name in
      exact.contains(name) || patterns.contains { $0.matches(name) }
        || expressions.contains { (try? $0.prefixMatch(in: name)) != nil }
    }
  }

  /// The exact names among the choices.
  package var exactNames: [String] {
    choices.compactMap { if case .exact(let name) = $0 { name } else { nil } }
  }

  /// Beginnings of names, of which every name that matches has one and none begins with another; `[""]` for all names.
  package var prefixes: [String] {
    let all = choices.map { choice in
      switch choice {
      case .exact(let name): name
      case .pattern(let text): String(text.prefix { $0 != "*" && $0 != "?" })
      case .regex: ""
      }
    }
    return Set(all).filter { prefix in !all.contains { $0 != prefix && prefix.hasPrefix($0) } }
      .sorted(by: codePointOrder)
  }

  private static func items(_ text: String) -> [String] {
    let text = trimmed(text)
    if text.hasPrefix("regex:") { return [text] }
    let lines = text.split(whereSeparator: \.isNewline).map { trimmed($0) }.filter { !$0.isEmpty }
    if !lines.isEmpty, lines.allSatisfy({ $0.hasPrefix("- ") }) {
      return lines.map { unquoted(trimmed($0.dropFirst(2))) }
    }
    if text.hasPrefix("["), text.hasSuffix("]") { return flowItems(text.dropFirst().dropLast()) }
    if text.contains("|") { return text.split(separator: "|").map { trimmed($0) }.filter { !$0.isEmpty } }
    return text.isEmpty ? [] : [text]
  }

  /// The items of `a, "b"`. Names of runs hold commas: where some comma is followed by a space, only those separate.
  private static func flowItems(_ text: Substring) -> [String] {
    var items: [String] = [""]
    var quote: Character?
    let isSpaced = text.contains(", ")
    var at = text.startIndex
    while at < text.endIndex {
      let character = text[at]
      let next = text.index(after: at)
      if character == quote {
        quote = nil
      } else if quote == nil, character == "\"" || character == "'",
        items[items.count - 1].allSatisfy(\.isWhitespace)
      {
        quote = character
      } else if quote == nil, character == ",", !isSpaced || next == text.endIndex || text[next] == " " {
        items[items.count - 1] = trimmed(items[items.count - 1])
        items.append("")
      } else {
        items[items.count - 1].append(character)
      }
      at = next
    }
    return items.map { trimmed($0) }.filter { !$0.isEmpty }
  }

  private static func unquoted(_ text: String) -> String {
    guard text.count > 1, let quote = text.first, quote == text.last, quote == "\"" || quote == "'" else {
      return text
    }
    return String(text.dropFirst().dropLast())
  }
}
