/// Why an entry of an archive is refused.
struct EntryRefusal: Error {
  let problem: String

  static let link = EntryRefusal(problem: "it is a link")
  static let device = EntryRefusal(problem: "it is a device or the like")
}

/// Names in archives, which anyone may have written.
enum EntryName {
  /// As long as a path of the system may be.
  static let longest = 4096

  /// A name as a path below the archive's top, without `.` and doubled slashes; empty for the top itself.
  /// - Throws: `EntryRefusal` for what would lead elsewhere or cannot be shown.
  static func path(_ name: some Collection<UInt8>) throws(EntryRefusal) -> String {
    if name.count > longest { throw EntryRefusal(problem: "its name is longer than \(longest) bytes") }
    guard let text = String(validating: name, as: UTF8.self) else {
      throw EntryRefusal(problem: "its name is not UTF-8")
    }
    if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      throw EntryRefusal(problem: "its name has control characters")
    }
    // To String, a slash and a combining mark behind it are one character, which is not a slash; to the system it is.
    if text.count(where: { $0 == "/" }) < text.utf8.count(where: { $0 == UInt8(ascii: "/") }) {
      throw EntryRefusal(problem: "its name has a slash that combines with a mark")
    }
    if text.hasPrefix("/") { throw EntryRefusal(problem: "its name is absolute") }
    let parts = text.split(separator: "/").filter { $0 != "." }
    if parts.contains("..") { throw EntryRefusal(problem: "its name leads out of the archive") }
    return parts.joined(separator: "/")
  }

  /// Whether a link is the one that HELM makes of the last suite, which reading does not follow on a disk either.
  static func isLatest(_ name: some Collection<UInt8>) -> Bool {
    name.split(separator: UInt8(ascii: "/")).last?.elementsEqual("latest".utf8) == true
  }

  /// A name for a sentence: what cannot be shown is escaped, and what is long is cut.
  static func shown(_ name: some Collection<UInt8>) -> String {
    let text = String(decoding: name.prefix(200), as: UTF8.self)
    var shown = ""
    for scalar in text.unicodeScalars {
      if scalar.properties.generalCategory == .control {
        shown += scalar.escaped(asASCII: true)
      } else {
        shown.unicodeScalars.append(scalar)
      }
    }
    return name.count > 200 ? shown + "..." : shown
  }
}
