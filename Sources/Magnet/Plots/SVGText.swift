/// Texts and numbers in an SVG document.
enum SVGText {
  /// The text as content of an element or attribute: markup escaped, what XML 1.0 cannot hold replaced.
  static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in printable(text).unicodeScalars {
      if let reference = markupReference(scalar) {
        out += reference
      } else {
        out.unicodeScalars.append(scalar == "\u{FFFE}" || scalar == "\u{FFFF}" ? "\u{FFFD}" : scalar)
      }
    }
    return out
  }

  /// A coordinate: one decimal at most.
  static func number(_ value: Double) -> String {
    let text = fixedText(value, 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// About how wide a text is in the usual sans-serif fonts, in units of its size: rather too wide than too narrow.
  static func width(_ text: String) -> Double {
    text.reduce(0) { width, character in
      switch character {
      case "i", "j", "l", "I", ".", ",", ":", ";", "'", "|", "!": width + 0.32
      case "f", "r", "t", " ", "-", "(", ")", "[", "]", "/": width + 0.4
      case "m", "w", "M", "W", "@", "%": width + 0.95
      case "A"..."Z", "&", "…": width + 0.72
      default: width + (characterWidth(character) > 1 ? 1.05 : 0.62 * Double(characterWidth(character)))
      }
    }
  }

  /// The text, shortened in the middle to a width in units of its size.
  static func shortened(_ text: String, to limit: Double) -> String {
    let text = printable(text)
    guard width(text) > limit else { return text }
    // No character is narrower than 0.32 of its size.
    var columns = max(0, Int(min(limit / 0.32, 10_000)))
    while columns > 0, width(Magnet.shortened(text, to: columns)) > limit { columns -= 1 }
    return Magnet.shortened(text, to: columns)
  }
}
