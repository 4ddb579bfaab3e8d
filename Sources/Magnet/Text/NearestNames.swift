/// The names most like `name`, nearest first, at most `count`: those that need the fewest insertions, deletions and
/// replacements of a character (Levenshtein distance), equal ones in the order given.
package func nearestNames(to name: String, among names: [String], count: Int = 3) -> [String] {
  let wanted = Array(name.unicodeScalars.prefix(200))
  return names.enumerated()
    .map { (distance: editDistance(wanted, Array($1.unicodeScalars.prefix(200))), order: $0, name: $1) }
    .sorted { ($0.distance, $0.order) < ($1.distance, $1.order) }
    .prefix(count)
    .map(\.name)
}

/// What to say of a name that does not exist: "did you mean stats.mean?", or the names to choose from when no name is
/// similar and there are at most ten.
/// - Returns: nil when no name is similar and there are too many to list.
package func suggestion(for name: String, among names: [String]) -> String? {
  func normalized(_ text: String) -> String { text.lowercased().filter { $0.isLetter || $0.isNumber } }
  let wanted = normalized(name)
  let scalars = Array(name.unicodeScalars.prefix(200))
  func distance(_ candidate: some StringProtocol) -> Int {
    editDistance(scalars, Array(candidate.unicodeScalars.prefix(200)))
  }
  // `men` for `stats.mean`, `nam.name` for `stats.name.name`.
  let depth = name.split(separator: ".", omittingEmptySubsequences: false).count
  let endings = names.filter {
    let parts = $0.split(separator: ".")
    return parts.count > depth && distance(parts.suffix(depth).joined(separator: ".")) <= 1
  }
  let alike =
    nearestNames(to: name, among: names).map { (name: $0, distance: distance($0)) }
    .filter { $0.distance <= max(1, (scalars.count + 1) / 3) } + endings.map { (name: $0, distance: 1) }
  let least = alike.first?.distance ?? 0
  // `mean` for `stats.mean`, `ExactMatch` for `exact_match`.
  let ending = names.filter { candidate in
    let text = normalized(candidate)
    return !wanted.isEmpty
      && (text == wanted || candidate.hasSuffix("." + name) || candidate.hasSuffix("_" + name))
  }
  var near: [String] = []
  for candidate in ending + alike.filter({ $0.distance <= least + 1 }).map(\.name)
  where near.count < 3 && !near.contains(candidate) { near.append(candidate) }
  // `run` for `run_name`.
  if near.isEmpty { near = Array(names.filter { name.hasPrefix($0 + "_") }.prefix(3)) }
  switch near.count {
  case 0:
    if names.isEmpty || names.count > 10 { return nil }
    return "choose from: " + names.joined(separator: ", ")
  case 1: return "did you mean \(near[0])?"
  default: return "did you mean \(near.dropLast().joined(separator: ", ")) or \(near[near.count - 1])?"
  }
}

/// The insertions, deletions, replacements and swaps of neighbours that make one text of another (optimal string alignment,
/// a Levenshtein distance with transpositions).
package func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var before: [Int] = []
  var previous = Array(0...b.count)
  for (i, left) in a.enumerated() {
    var current = [i + 1]
    for (j, right) in b.enumerated() {
      var least = left == right ? previous[j] : 1 + min(previous[j], previous[j + 1], current[j])
      if i > 0, j > 0, left == b[j - 1], a[i - 1] == right { least = min(least, before[j - 1] + 1) }
      current.append(least)
    }
    (before, previous) = (previous, current)
  }
  return previous[b.count]
}
