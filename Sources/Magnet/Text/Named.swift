/// What lists hold under names, such as formats and algorithms.
package protocol Named {
  /// The name, different from all others in the list.
  var name: String { get }
}

extension Collection where Element: Named {
  /// The element with this name, nil when there is none.
  package func named(_ name: String) -> Element? { first { $0.name == name } }
}
