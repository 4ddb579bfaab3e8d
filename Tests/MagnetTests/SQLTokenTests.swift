import Testing

@testable import Magnet

/// Queries put together from pieces whose meaning is known, with anything between them that SQL skips.
@Suite struct SQLTokenTests {
  private enum Token {
    case word(String)
    case name(String)
    case text(String)
    case number(String)
    case sign(String)
  }

  private static func token(_ random: inout PythonRandom) -> Token {
    switch random.below(6) {
    case 0, 1: .word(random.choice(["SELECT", "From", "mean", "_x1", "JOIN", "größe", "AS", "a2"]))
    case 2: .name(random.choice(["stats.mean", "a b", "x\"y", "select", "é", "--", "/*", "'q'"]))
    case 3: .text(random.choice(["it's", "\"n\"", "-- no", "/* no", "", "漢字"]))
    case 4: .number(random.choice(["1", "42", "007"]))
    default: .sign(random.choice(["(", ")", ",", "+", "=", "<", "||"]))
    }
  }

  private static func text(_ token: Token, _ random: inout PythonRandom) -> String {
    switch token {
    case .word(let word): return word
    case .number(let digits): return digits
    case .sign(let sign): return sign
    case .text(let text): return "'" + text.replacing("'", with: "''") + "'"
    case .name(let name):
      switch random.below(3) {
      case 0 where !name.contains("]"): return "[\(name)]"
      case 1: return "`" + name.replacing("`", with: "``") + "`"
      default: return "\"" + name.replacing("\"", with: "\"\"") + "\""
      }
    }
  }

  private static let gaps = [
    " ", "\n", "\t ", "\r\n", " /* \"no\" 1 */ ", "/**/", " -- \"no\" 1\n", " -- it's\r\n", "/* a\nb */",
  ]

  @Test(arguments: 1...20) func piecesAreFoundWhateverIsBetweenThem(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    for _ in 0..<40 {
      let tokens = (0..<random.below(12)).map { _ in Self.token(&random) }
      var query = random.choice(["", Self.gaps[random.below(Self.gaps.count)]])
      var parameters = query
      var names: Set<String> = []
      var words: Set<String> = []
      var aliases: Set<String> = []
      var followsAs = false
      for token in tokens {
        let piece = Self.text(token, &random)
        let gap = random.choice(Self.gaps)
        query += piece + gap
        if case .number = token { parameters += "?" + gap } else { parameters += piece + gap }
        switch token {
        case .word(let word):
          words.insert(word.lowercased())
          followsAs = word == "AS"
        case .name(let name):
          names.insert(name)
          if followsAs { aliases.insert(name) }
          followsAs = false
        case .text, .number, .sign: followsAs = false
        }
      }
      let text = SQLText(query)
      #expect(text.quotedNames == names && text.words == words, "\(query.debugDescription)")
      #expect(text.isEmpty == tokens.isEmpty, "\(query.debugDescription)")
      #expect(text.aliases == aliases, "\(query.debugDescription)")
      #expect(text.withoutConstants == parameters, "\(query.debugDescription)")
      // What is asked for does not depend on what is skipped.
      let plain = SQLText(tokens.map { Self.text($0, &random) }.joined(separator: " "))
      #expect(plain.quotedNames == text.quotedNames && plain.selectsAll == text.selectsAll)
      #expect(plain.aliases == text.aliases && plain.words == text.words)
    }
  }

  /// An empty list takes a parameter that matches nothing; lists of texts and of names stay as they are.
  @Test(arguments: gaps) func listsKeepTheirTexts(_ gap: String) {
    for list in ["'a'", "'a', 'b'", "''", "name", "\"a b\""] {
      let query = "x IN\(gap)(\(gap)\(list)\(gap))"
      #expect(SQLText(query).withoutConstants == query)
    }
    #expect(SQLText("x IN\(gap)()").withoutConstants == "x IN\(gap)(?)")
  }

  /// A star asks for all columns at the beginning of a list, behind a comma and behind a table's dot.
  @Test(arguments: gaps) func starsAreFoundBehindGaps(_ gap: String) {
    for before in ["SELECT", "select", "SELECT DISTINCT", "SELECT ALL", "SELECT a,", "SELECT t."] {
      #expect(SQLText(before + gap + "*" + gap + "FROM t").selectsAll, "\(before)\(gap)")
    }
    for before in ["SELECT a", "SELECT (1)", "SELECT count(", "SELECT \"select\"", "SELECT 2", "SELECT 'a'"] {
      #expect(!SQLText(before + gap + "*" + gap + "3").selectsAll, "\(before)\(gap)")
    }
  }
}
