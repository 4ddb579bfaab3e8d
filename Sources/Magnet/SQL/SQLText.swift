/// What a query's text says before it is prepared: which flattened columns it names, and where it asks for all.
struct SQLText {
  /// The names in double quotes, back quotes or brackets.
  private(set) var quotedNames: Set<String> = []
  /// Those of the names in quotes that the query itself gives, after AS.
  private(set) var aliases: Set<String> = []
  /// The words outside of quotes and comments, in small letters.
  private(set) var words: Set<String> = []
  /// Whether it contains only white space and comments.
  private(set) var isEmpty = true
  /// Whether it says `SELECT *`, `, *` or `table.*`.
  private(set) var selectsAll = false
  /// The query with a parameter in place of each whole number, of TRUE and FALSE, and in empty lists. SQLite drops what
  /// cannot matter, such as `x` in `0 AND x`, before it looks at names; here it looks at all of them.
  private(set) var withoutConstants = ""

  init(_ text: String) {
    var previous = ""
    var rest = Substring(text)
    while let first = rest.first {
      let before = rest
      var replacement: String?
      defer { withoutConstants += replacement ?? String(before[..<rest.startIndex]) }
      let isComment = rest.hasPrefix("--") || rest.hasPrefix("/*")
      if !first.isWhitespace, first != ";", !isComment { isEmpty = false }
      switch first {
      case "'":
        previous = "'"
        rest = Self.quoted(rest, "'").rest
      case "\"", "`", "[":
        let (name, after) = Self.quoted(rest, first == "[" ? "]" : first)
        quotedNames.insert(name)
        if previous == "as" { aliases.insert(name) }
        previous = "\"" + name
        rest = after
      case "-" where rest.hasPrefix("--"): rest = rest.drop { !$0.endsLine }
      case "/" where rest.hasPrefix("/*"):
        rest = rest.dropFirst(2)
        while !rest.isEmpty, !rest.hasPrefix("*/") { rest = rest.dropFirst() }
        rest = rest.dropFirst(2)
      case _ where first.isLetter || first == "_":
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        previous = word.lowercased()
        words.insert(previous)
        rest = rest.dropFirst(word.count)
        if previous == "true" || previous == "false" { replacement = "?" }
      case _ where first.isNumber:
        let number = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
        if number.allSatisfy(\.isNumber), previous != ".", previous != "?" { replacement = "?" }
        previous = String(number)
        rest = rest.dropFirst(number.count)
      case _ where first.isWhitespace: rest = rest.dropFirst()
      default:
        if first == ")", previous == "in(" { replacement = "?)" }
        if first == "*", ["select", "distinct", "all", ",", "."].contains(previous) { selectsAll = true }
        previous = first == "(" && previous == "in" ? "in(" : String(first)
        rest = rest.dropFirst()
      }
    }
  }

  /// What stands between quotes, doubled ones taken as one, and what follows.
  private static func quoted(_ text: Substring, _ end: Character) -> (name: String, rest: Substring) {
    var name = ""
    var rest = text.dropFirst()
    while let first = rest.first {
      rest = rest.dropFirst()
      if first == end {
        guard end != "]", rest.first == end else { return (name, rest) }
        rest = rest.dropFirst()
      }
      name.append(first)
    }
    return (name, rest)
  }
}
