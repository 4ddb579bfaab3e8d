/// What a query's text says before it is prepared: which flattened columns it names, and where it asks for all.
struct SQLText {
  /// The names in double quotes, back quotes or brackets.
  private(set) var quotedNames: Set<String> = []
  /// Those of the names in quotes that the query itself gives, after AS.
  private(set) var aliases: Set<String> = []
  /// The words outside of quotes and comments, in small letters.
  private(set) var words: Set<String> = []
  /// Whether there is nothing but white space and comments.
  private(set) var isEmpty = true
  /// Whether it says `SELECT *`, `, *` or `table.*`.
  private(set) var selectsAll = false

  init(_ text: String) {
    var previous = ""
    var rest = Substring(text)
    while let first = rest.first {
      let isComment = rest.hasPrefix("--") || rest.hasPrefix("/*")
      if !first.isWhitespace, first != ";", !isComment { isEmpty = false }
      switch first {
      case "'": rest = Self.quoted(rest, "'").rest
      case "\"", "`", "[":
        let (name, after) = Self.quoted(rest, first == "[" ? "]" : first)
        quotedNames.insert(name)
        if previous == "as" { aliases.insert(name) }
        previous = "\"" + name
        rest = after
      case "-" where rest.hasPrefix("--"): rest = rest.drop { $0 != "\n" }
      case "/" where rest.hasPrefix("/*"):
        rest = rest.dropFirst(2)
        while !rest.isEmpty, !rest.hasPrefix("*/") { rest = rest.dropFirst() }
        rest = rest.dropFirst(2)
      case _ where first.isLetter || first == "_":
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        previous = word.lowercased()
        words.insert(previous)
        rest = rest.dropFirst(word.count)
      case _ where first.isWhitespace: rest = rest.dropFirst()
      default:
        if first == "*", ["select", "distinct", "all", ",", "."].contains(previous) { selectsAll = true }
        previous = String(first)
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
