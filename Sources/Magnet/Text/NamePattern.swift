/// A pattern of names as in a shell: `*` stands for any characters, `?` for one; everything else for itself.
package struct NamePattern: Sendable {
  private let pattern: [UInt8]

  /// A pattern of the whole name.
  package init(_ pattern: String) { self.pattern = Array(pattern.utf8) }

  /// Whether a name matches. Takes time in proportion to the product of both lengths at most.
  package func matches(_ name: String) -> Bool {
    let name = Array(name.utf8)
    var at = 0
    var i = 0
    var star: (pattern: Int, name: Int)?
    while i < name.count {
      if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
        star = (at, i)
        at += 1
      } else if at < pattern.count, pattern[at] == name[i] {
        at += 1
        i += 1
      } else if at < pattern.count, pattern[at] == UInt8(ascii: "?") {
        at += 1
        i += 1
        while i < name.count, name[i] & 0xC0 == 0x80 { i += 1 }
      } else if let last = star {
        at = last.pattern + 1
        i = last.name + 1
        star = (last.pattern, i)
      } else {
        return false
      }
    }
    return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
