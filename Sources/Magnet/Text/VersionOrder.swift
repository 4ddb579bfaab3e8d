/// Orders names such as `v1.9.0`, `v1.10.0-preview`, `v1.10.0`: runs of digits as numbers, and a name before the
/// same name with more, except that `-preview`, `-rc` and the like come before the release itself.
package struct VersionOrder: Comparable, Sendable {
  private enum Part: Comparable {
    case prerelease
    case end
    case number(Int)
    case text(String)
  }

  private let parts: [Part]
  private let name: String

  /// The place of a name in the order.
  package init(_ name: String) {
    self.name = name
    var parts: [Part] = []
    var rest = Substring(name)
    while let first = rest.first {
      let isDigit = first.isASCII && first.isNumber
      let run = rest.prefix { ($0.isASCII && $0.isNumber) == isDigit }
      rest = rest.dropFirst(run.count)
      if isDigit, let number = Int(run) {
        parts.append(.number(number))
      } else if ["-preview", "-pre", "-alpha", "-beta", "-rc", "-alpha.", "-beta.", "-rc."].contains(run) {
        parts += [.prerelease, .text(String(run))]
      } else {
        parts.append(.text(String(run)))
      }
    }
    self.parts = parts + [.end]
  }

  /// Whether it is that of a preview, a release candidate or the like.
  package var isPrerelease: Bool { parts.contains(.prerelease) }

  package static func < (a: Self, b: Self) -> Bool {
    if a.parts != b.parts { return a.parts.lexicographicallyPrecedes(b.parts) }
    return a.name < b.name
  }
}
