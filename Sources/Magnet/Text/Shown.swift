/// A text from data as a sentence shows it: control characters escaped, so that they never reach a terminal, and what is
/// long cut.
///
///     shown("a\u{1B}[2Jb")  // "a\\u{1b}[2Jb"
package func shown(_ text: some StringProtocol, limit: Int = 200) -> String {
  let rest = text.unicodeScalars.dropFirst(limit)
  return printable(String(text[..<rest.startIndex])) + (rest.isEmpty ? "" : "...")
}

/// A message of one line or several without control characters: those from data are escaped.
package func withoutControls(_ message: String) -> String {
  message.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0)) }
    .joined(separator: "\n")
}
