/// What a drawing is on: a document of its own, on white, or a page whose colours it takes, light and dark.
enum SVGGround {
  case document, page

  /// Black is for texts, and yellow is too light for lines on white. Pages name these `--c0` to `--c11`.
  static let colors = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288", "#882255", "#117733",
    "#999933", "#AA4499", "#661100",
  ]

  /// The colour of a number; colours repeat.
  func color(_ number: Int) -> String {
    let place = number % Self.colors.count
    return self == .page ? "var(--c\(place))" : Self.colors[place]
  }

  var ink: String { self == .page ? "currentColor" : "#222222" }
  var paper: String { self == .page ? "var(--paper)" : "#FFFFFF" }
  var soft: String { self == .page ? "var(--soft)" : "#6E6E6E" }
  var line: String { self == .page ? "var(--line)" : "#E4E4E4" }
  var baseline: String { self == .page ? "var(--soft)" : "#8A8A8A" }

  /// The start tag. A document names its fonts, which on a page the page's style does.
  func start(_ width: Double, _ height: Double) -> String {
    let size = "\(Int(width))\" height=\"\(Int(height))\" viewBox=\"0 0 \(Int(width)) \(Int(height))"
    return self == .page
      ? "<svg width=\"\(size)\" role=\"img\" fill=\"currentColor\">\n"
      : """
      <?xml version="1.0" encoding="UTF-8"?>
      <svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="\(size)" role="img" \
      font-family="Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif" font-size="12" fill="#222222">

      """
  }

  /// The white of a document; nothing on a page.
  func background(_ width: Double, _ height: Double) -> String {
    self == .page ? "" : "<rect width=\"\(Int(width))\" height=\"\(Int(height))\" fill=\"#FFFFFF\"/>\n"
  }
}

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
