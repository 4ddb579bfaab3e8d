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

    var answer: String {
      let tables = TableKind.allCases.map { $0.rawValue.replacing("-", with: "_") }
      switch self {
      case .tables: return (Database.schema.map(\.name) + tables).joined(separator: "  ") + "\n"
      case .schema:
        return Database.schema.map { "\($0.name)(\($0.columns.joined(separator: ", ")))\n" }.joined()
          + tables.map { "\($0)(\"run_spec.name\", ...): the columns of magnet table, in double quotes\n" }
          .joined()
      case .help:
        return """
          .tables          list the relations
          .schema          list the relations with their columns
          .mode FORMAT     choose how answers are shown: \(TableFormat.allCases.map(\.name).joined(separator: ", "))
          .quit            leave, as Ctrl-D does
          SELECT ...;      a query ends with a semicolon

          """
      }
    }
  }

  /// Reads until the end of the input or `.quit`.
  mutating func run() async throws {
    var query = ""
    while let line = try nextLine(query.isEmpty ? "magnet> " : "   ...> ") {
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      if query.isEmpty, words.isEmpty { continue }
      if query.isEmpty, let first = words.first, first.hasPrefix(".") {
        if first == ".quit" || first == ".exit" { return }
        try obey(first, Array(words.dropFirst()))
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

  private mutating func obey(_ word: String, _ rest: [String]) throws {
    if let known = Word(word) { return try Terminal.write(known.answer) }
    guard word == ".mode" else {
      let names = Word.allCases.map(\.rawValue) + [".mode", ".quit"]
      return Terminal.say(
        "unknown word \(word); " + (suggestion(for: word, among: names) ?? "see .help"), as: .error)
    }
    guard let name = rest.first, let format = TableFormat(named: name), format.isText else {
      let names = TableFormat.allCases.filter(\.isText).map(\.name)
      return Terminal.say(".mode takes " + names.joined(separator: ", "), as: .error)
    }
    output.format = format
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
