/// Reads which option an answer means.
package enum AnswerReading {
  /// The option that the answer repeats word for word, or else the one that its letter or place names; nil when it
  /// names none or several.
  package static func option(_ answer: String, of options: [String]) -> Int? {
    if let same = options.firstIndex(of: answer), options.lastIndex(of: answer) == same { return same }
    let said = plain(answer)
    let alike = options.indices.filter { plain(options[$0]) == said }
    if alike.count == 1 { return alike[0] }
    return options.count == 2 ? preferred(answer, of: options) : nil
  }

  /// Which of two responses, in the order shown, an answer prefers: the one that it repeats word for word, or else as
  /// `status` reads it.
  package static func preferred(_ answer: String, of shown: [String]) -> Int? {
    guard shown.count == 2, shown[0] != shown[1] else { return nil }
    if let same = shown.firstIndex(of: answer) { return same }
    return status(answer, first: shown[0], second: shown[1]).map { $0 - 1 }
  }

  /// Which of two responses, in the order shown, an answer prefers, as ProgressGym reads it: 1, 2, or nil where it
  /// cannot be read.
  ///
  /// A "1" without a "2" means the first, a "2" without a "1" the second. Otherwise a single letter a or b means the
  /// response that is this letter; where neither is a letter, the first or second. Otherwise, if both are longer than
  /// 5 characters, the response to which the answer is much nearer in Levenshtein distance.
  package static func status(_ answer: String, first: String, second: String) -> Int? {
    let lower = answer.lowercased()
    let (hasOne, hasTwo) = (lower.contains("1"), lower.contains("2"))
    if hasOne != hasTwo { return hasOne ? 1 : 2 }
    let said = plain(answer)
    if said == "a" || said == "b" {
      let shown = [plain(first), plain(second)]
      if Set(shown) == ["a", "b"] { return shown[0] == said ? 1 : 2 }
      return said == "a" ? 1 : 2
    }
    let (left, right) = (plain(first), plain(second))
    guard first.unicodeScalars.count > 5, second.unicodeScalars.count > 5 else { return nil }
    let scalars = Array(said.unicodeScalars.prefix(4000))
    let toFirst = distance(scalars, Array(left.unicodeScalars.prefix(4000)))
    let toSecond = distance(scalars, Array(right.unicodeScalars.prefix(4000)))
    func isNear(_ near: Int, _ option: String, _ far: Int, _ other: String) -> Bool {
      3 * near <= option.unicodeScalars.count && 3 * far >= 2 * other.unicodeScalars.count && far >= near + 4
        && far > 2 * near
    }
    if isNear(toFirst, left, toSecond, right) { return 1 }
    if isNear(toSecond, right, toFirst, left) { return 2 }
    return nil
  }

  /// Only letters and digits, as small letters.
  private static func plain(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.lowercased().unicodeScalars.filter {
          $0.properties.isAlphabetic || $0.properties.numericType != nil
        }))
  }

  private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var previous = Array(0...b.count)
    var current = previous
    for (i, left) in a.enumerated() {
      current[0] = i + 1
      for (j, right) in b.enumerated() {
        current[j + 1] = left == right ? previous[j] : 1 + min(previous[j], previous[j + 1], current[j])
      }
      swap(&previous, &current)
    }
    return previous[b.count]
  }
}
