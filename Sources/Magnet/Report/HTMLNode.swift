/// A piece of a page. Names of elements and attributes are part of the program; texts and values may come from anywhere
/// and are escaped when they are written. There is no way to put markup in.
package indirect enum HTMLNode: Sendable {
  case text(String)
  /// An element with attributes and what it contains.
  case element(StaticString, HTMLAttributes, [HTMLNode])
  /// Several pieces, one after the other.
  case group([HTMLNode])
  /// Data for the page's script, under an id.
  case json(id: String, JSONValue)
  /// Drawings, in the page's colours.
  case plot(Plot)
  case heatMap(HeatMap)

  /// Text from data: in `<bdi>`, so that marks of writing direction in it end with it.
  package static func data(_ text: String) -> HTMLNode { .element("bdi", [:], [.text(text)]) }

  /// A drawing that scrolls within the page where that is narrow.
  static func chart(_ title: String, _ drawing: HTMLNode) -> HTMLNode {
    .element(
      "div", ["class": "scroll chart", "tabindex": "0", "role": "region", "aria-label": title], [drawing])
  }

  /// The page's text.
  package func appendHTML(to out: inout String) {
    switch self {
    case .text(let text): HTMLText.append(text, to: &out)
    case .json(let id, let value):
      out += "<script type=\"application/json\" id=\""
      HTMLText.append(id, to: &out)
      out += "\">"
      HTMLText.appendJSON(value, to: &out)
      out += "</script>"
    case .plot(let plot): out += plot.svg(on: .page)
    case .heatMap(let map): out += map.svg(on: .page)
    case .group(let nodes): for node in nodes { node.appendHTML(to: &out) }
    case .element(let name, let attributes, let children):
      out += "<\(name)"
      for (key, value) in attributes.pairs {
        out += " \(key)=\""
        HTMLText.append(value, to: &out)
        out += "\""
      }
      out += ">"
      if Self.isVoid(name) { return }
      for child in children { child.appendHTML(to: &out) }
      out += "</\(name)>"
    }
  }

  private static func isVoid(_ name: StaticString) -> Bool {
    ["input", "br", "meta", "hr", "img", "link"].contains("\(name)")
  }
}

/// The attributes of an element, in order; names are part of the program.
package struct HTMLAttributes: Sendable, ExpressibleByDictionaryLiteral {
  fileprivate var pairs: [(StaticString, String)]

  package init(dictionaryLiteral elements: (StaticString, String)...) { pairs = elements }

  /// Adds an attribute.
  package mutating func add(_ name: StaticString, _ value: String) { pairs.append((name, value)) }
}

/// How texts from anywhere stand in a page.
enum HTMLText {
  /// Appends a text: `&`, `<`, `>` and quotes as references; controls but line feeds and tabs, which HTML does not
  /// allow, as U+FFFD.
  static func append(_ text: String, to out: inout String) {
    for scalar in text.unicodeScalars {
      if let reference = markupReference(scalar) {
        out += reference
        continue
      }
      switch scalar {
      case "\n", "\t": out.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || isNonCharacter(scalar):
        out += "\u{FFFD}"
      default: out.unicodeScalars.append(scalar)
      }
    }
  }

  private static func isNonCharacter(_ scalar: Unicode.Scalar) -> Bool {
    (0xFDD0...0xFDEF).contains(scalar.value) || scalar.value & 0xFFFE == 0xFFFE
  }

  /// Appends a value as JSON for a `script` element of type `application/json`: nothing in it can end the element.
  static func appendJSON(_ value: JSONValue, to out: inout String) {
    for scalar in value.text.unicodeScalars {
      switch scalar {
      case "<": out += "\\u003c"
      case ">": out += "\\u003e"
      case "&": out += "\\u0026"
      case "\u{2028}": out += "\\u2028"
      case "\u{2029}": out += "\\u2029"
      default: out.unicodeScalars.append(scalar)
      }
    }
  }
}

/// A page in one file: it loads nothing, and its policy lets only its own script and style run.
package struct HTMLPage: Sendable {
  package let title: String
  package var sections: [(id: String, title: String, nodes: [HTMLNode])] = []
  /// Links to other pages of the same server, which the page's forms lead to, too; none for a page in a file.
  package var links: [(title: String, address: String)] = []

  package init(title: String) { self.title = title }

  /// What the page may do.
  package var policy: String {
    "default-src 'none'; script-src '\(Self.hash(PageScript.text))'; style-src '\(Self.hash(PageStyle.text))'; "
      + "img-src data:; base-uri 'none'; form-action \(links.isEmpty ? "'none'" : "'self'")"
  }

  /// The page's text; the same sections give the same bytes.
  package var text: String {
    var out = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    HTMLNode.element("meta", ["http-equiv": "Content-Security-Policy", "content": policy], [])
      .appendHTML(to: &out)
    HTMLNode.group([
      .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"], []),
      .element("meta", ["name": "color-scheme", "content": "light dark"], []),
      // A server is not asked for an icon.
      .group(links.isEmpty ? [] : [.element("link", ["rel": "icon", "href": "data:,"], [])]),
      .element("title", [:], [.text(title)]),
    ]).appendHTML(to: &out)
    // Script and style are the program's own; their hashes are in the policy.
    out += "<style>" + PageStyle.text + "</style></head>\n<body><main>"
    HTMLNode.element("h1", [:], [.data(title)]).appendHTML(to: &out)
    HTMLNode.element(
      "nav", ["aria-label": "Sections"],
      [
        .element(
          "ul", [:],
          links.map { link in
            .element("li", [:], [.element("a", ["href": link.address], [.text(link.title)])])
          }
            + sections.map { section in
              .element("li", [:], [.element("a", ["href": "#" + section.id], [.text(section.title)])])
            })
      ]
    ).appendHTML(to: &out)
    for section in sections {
      out += "\n"
      HTMLNode.element(
        "section", ["id": section.id, "aria-labelledby": section.id + "-title"],
        [.element("h2", ["id": section.id + "-title"], [.text(section.title)])] + section.nodes
      ).appendHTML(to: &out)
    }
    out += "</main>\n<script>" + PageScript.text + "</script></body></html>\n"
    return out
  }

  /// `sha256-...`: what a policy allows a script or style by.
  static func hash(_ text: String) -> String {
    var hash = SHA256()
    hash.update(text.utf8)
    let hex = Array(hash.finish().utf8)
    func digit(_ byte: UInt8) -> UInt32 { UInt32(byte > 0x39 ? byte - 0x57 : byte - 0x30) }
    // 64 hexadecimal digits, 6 of them 4 characters of base 64.
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var out = "sha256-"
    for start in stride(from: 0, to: hex.count, by: 6) {
      let part = hex[start..<min(start + 6, hex.count)]
      let bits = part.reduce(UInt32(0)) { $0 << 4 | digit($1) } << UInt32(4 * (6 - part.count))
      let characters = (part.count * 4 + 5) / 6
      for place in 0..<4 {
        out.append(place < characters ? alphabet[Int(bits >> UInt32(18 - 6 * place)) & 63] : "=")
      }
    }
    return out
  }
}
