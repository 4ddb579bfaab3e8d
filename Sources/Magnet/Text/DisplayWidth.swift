/// How many columns of a terminal a text takes: East Asian wide characters and emoji two, combining marks and other
/// characters without a width none (Unicode Standard Annex 11).
package func displayWidth(_ text: some StringProtocol) -> Int {
  text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    ? text.utf8.count : text.reduce(0) { $0 + characterWidth($1) }
}

func characterWidth(_ character: Character) -> Int {
  var width = 0
  for scalar in character.unicodeScalars {
    if scalar.value == 0xFE0F, width == 1, character.unicodeScalars.first?.properties.isEmoji == true {
      return 2
    }
    if scalar.properties.isEmojiPresentation { return 2 }
    width += scalarWidth(scalar)
  }
  return width
}

private func scalarWidth(_ scalar: Unicode.Scalar) -> Int {
  if scalar.isASCII { return 1 }
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark, .format, .control: return 0
  default: break
  }
  if (0x1160...0x11FF).contains(scalar.value) || (0xD7B0...0xD7FF).contains(scalar.value) { return 0 }
  return wideRanges.contains { $0.contains(scalar.value) } ? 2 : 1
}

/// The blocks of EastAsianWidth.txt whose characters are wide or full width, but for emoji.
private let wideRanges: [ClosedRange<UInt32>] = [
  0x1100...0x115F, 0x231A...0x231B, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
  0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
  0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18CFF, 0x1AFF0...0x1B2FF,
  0x1F200...0x1F2FF, 0x20000...0x3FFFD,
]

/// The text in at most `width` columns: where it is longer, its middle gives way to an ellipsis.
package func shortened(_ text: String, to width: Int) -> String {
  guard displayWidth(text) > width else { return text }
  guard width > 0 else { return "" }
  let headWidth = width / 2
  let tailWidth = width - 1 - headWidth
  func taken(_ characters: some Sequence<Character>, _ limit: Int) -> [Character] {
    var used = 0
    return characters.prefix { character in
      used += characterWidth(character)
      return used <= limit
    }
  }
  return String(taken(text, headWidth)) + "…" + String(taken(text.reversed(), tailWidth).reversed())
}

/// The text with nothing in it that a terminal would act on: line breaks, tabs and other controls as escapes.
package func printable(_ text: String) -> String {
  func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x2028...0x202E).contains(scalar.value)
      || (0x2066...0x2069).contains(scalar.value)
  }
  guard text.unicodeScalars.contains(where: isControl) else { return text }
  var out = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\n": out += "\\n"
    case "\t": out += "\\t"
    case "\r": out += "\\r"
    case _ where isControl(scalar): out += "\\u{" + String(scalar.value, radix: 16) + "}"
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out
}
