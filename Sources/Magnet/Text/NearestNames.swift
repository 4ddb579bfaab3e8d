/// The names most like `name`, nearest first, at most `count`: those that need the fewest insertions, deletions and
/// replacements of a character (Levenshtein distance), equal ones in the order given.
public func nearestNames(to name: String, among names: [String], count: Int = 3) -> [String] {
  let wanted = Array(name.unicodeScalars.prefix(200))
  return names.enumerated()
    .map { (distance: editDistance(wanted, Array($1.unicodeScalars.prefix(200))), order: $0, name: $1) }
    .sorted { ($0.distance, $0.order) < ($1.distance, $1.order) }
    .prefix(count)
    .map(\.name)
}

/// The insertions, deletions and replacements that make one text of another (Levenshtein distance).
package func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var previous = Array(0...b.count)
  for (i, left) in a.enumerated() {
    var current = [i + 1]
    for (j, right) in b.enumerated() {
      current.append(
        left == right ? previous[j] : 1 + min(previous[j], previous[j + 1], current[j]))
    }
    previous = current
  }
  return previous[b.count]
}
