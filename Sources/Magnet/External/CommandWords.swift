/// The words of a command line, split as a shell splits them: at white space, with quotes and backslashes. Nothing is
/// expanded, and no shell is started: give `sh -c '...'` for one.
package struct CommandWords: Sendable, Hashable {
  /// The program and its arguments; at least the program.
  package let words: [String]

  /// A program and its arguments as they are.
  package init(program: String, arguments: [String] = []) { words = [program] + arguments }

  /// Splits a command line.
  /// - Throws: `MagnetError` for a quote that is not closed, and a line without words.
  package init(parsing line: String) throws {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var rest = line[...]
    while let next = rest.popFirst() {
      if let open = quote {
        if next == open {
          quote = nil
        } else if next == "\\", open == "\"", let escaped = rest.first, "\"\\$`".contains(escaped) {
          word?.append(rest.removeFirst())
        } else {
          word?.append(next)
        }
      } else if next == "'" || next == "\"" {
        quote = next
        word = word ?? ""
      } else if next == "\\", let escaped = rest.popFirst() {
        word = (word ?? "") + String(escaped)
      } else if next.isWhitespace {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(next)
      }
    }
    if let quote { throw MagnetError(.usage, "the command has a \(quote) that is not closed: \(line)") }
    if let word { words.append(word) }
    guard !words.isEmpty, words[0] != "" else { throw MagnetError(.usage, "the command names no program") }
    self.words = words
  }
}
