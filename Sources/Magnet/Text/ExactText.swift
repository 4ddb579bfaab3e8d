/// A text as it is written: equal to another of the same bytes alone. Two strings of Swift are equal as well where one has
/// `é` as one code point and the other as two, which are two keys of a JSON object.
package struct ExactText: Hashable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }

  package static func == (a: Self, b: Self) -> Bool {
    haveSameBytes(a.text, b.text)
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
