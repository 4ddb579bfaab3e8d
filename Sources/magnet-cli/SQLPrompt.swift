import CLineEdit
import Magnet
import MagnetCommand

/// The prompt of `magnet sql`: queries that end in a semicolon, and words that begin with a dot.
struct SQLPrompt {
  var output: OutputOptions
  let answer: (String, OutputOptions) async throws -> Void

  /// A word that the prompt, and `magnet sql PATH WORD`, answer without a look at any run.
  enum Word: String, CaseIterable {
    case tables = ".tables"
    case schema = ".schema"
    case help = ".help"

    init?(_ text: String) {
      guard let word = text.split(whereSeparator: \.isWhitespace).first else { return nil }
      self.init(rawValue: String(word))
    }

    /// What it says, of one relation where a name follows it.
    /// - Throws: `MagnetError` for a relation that there is not.
    func answer(_ names: some Collection<String>) throws -> String {
      guard self == .schema, let name = names.first else { return text }
      let lines = text.split(separator: "\n")
      guard let line = lines.first(where: { $0.hasPrefix(name + "(") }) else {
        let known = lines.map { String($0.prefix { $0 != "(" }) }
        throw MagnetError(.notFound, "no such table: \(name)", advice: suggestion(for: name, among: known))
      }
      return line + "\n"
    }

    private var text: String {
      let tables = TableSource.allCases.map(\.sqlName)
      switch self {
      case .tables: return (Database.schema.map(\.name) + tables).joined(separator: "  ") + "\n"
      case .schema:
        return Database.schema.map { "\($0.name)(\($0.columns.joined(separator: ", ")))\n" }.joined()
          + tables.map { "\($0)(\"run_spec.name\", ...): the columns of magnet table, in double quotes\n" }
          .joined()
      case .help:
        return """
          .tables          list the relations
          .schema [NAME]   list the relations, or one, with their columns
          .mode FORMAT     choose how answers are shown: \(SQLPrompt.modes.joined(separator: ", "))
          .quit            leave, as Ctrl-D does
          SELECT ...;      a query ends with a semicolon

          """
      }
    }
  }

  /// The formats that answers can be shown in.
  private static var modes: [String] { TableFormat.allCases.filter(\.isText).map(\.name) }

  /// Reads until the end of the input or `.quit`.
  mutating func run() async throws {
    var query = ""
    while let line = try nextLine(query.isEmpty ? "magnet> " : "   ...> ") {
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      if query.isEmpty, words.isEmpty { continue }
      if query.isEmpty, let first = words.first, first.hasPrefix(".") {
        if first == ".quit" || first == ".exit" { return }
        _ = try obeys(first, Array(words.dropFirst()))
        continue
      }
      query += line + "\n"
      guard Database.isComplete(query) else { continue }
      do {
        for statement in Database.statements(in: query) { try await answer(statement, output) }
      } catch { Terminal.say(error is CancellationError ? "interrupted" : "\(error)", as: .error) }
      query = ""
    }
    try Terminal.write("\n")
  }

  /// Does what a word that begins with a dot says.
  /// - Returns: whether it could; if not, why is on standard error.
  mutating func obeys(_ word: String, _ rest: [String]) throws -> Bool {
    if let known = Word(word) {
      do { try Terminal.write(try known.answer(rest)) } catch let error as MagnetError {
        Terminal.say("\(error)", as: .error)
        return false
      }
      return true
    }
    guard word == ".mode" else {
      let names = Word.allCases.map(\.rawValue) + [".mode", ".quit"]
      Terminal.say(
        "unknown word \(word); " + (suggestion(for: word, among: names) ?? "see .help"), as: .error)
      return false
    }
    guard let name = rest.first, let format = TableFormat(named: name), format.isText else {
      Terminal.say(".mode takes " + Self.modes.joined(separator: ", "), as: .error)
      return false
    }
    output.format = format
    return true
  }

  private func nextLine(_ prompt: String) throws -> String? {
    guard Terminal.isInputTerminal, magnet_line_edit_exists() != 0 else {
      try Terminal.write(prompt)
      return readLine()
    }
    guard let line = unsafe magnet_line_edit_read(prompt) else { return nil }
    defer { unsafe free(line) }
    if unsafe line[0] != 0 { unsafe magnet_line_edit_remember(line) }
    return unsafe String(cString: line)
  }
}
