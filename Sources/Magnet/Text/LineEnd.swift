extension Character {
  /// Whether it ends a line of a file: one character for LF, one for CR LF.
  package var endsLine: Bool { self == "\n" || self == "\r\n" }
}
