/// The order in which symbols get their values: that of Python's `graphlib.TopologicalSorter.static_order`, exactly.
///
/// Symbols without dependencies come first, in the order in which they are first mentioned; then, batch by batch, those
/// whose dependencies have all come before, in the order in which their last one did.
enum SymbolOrder {
  /// Symbols that depend on each other, from one back to itself.
  struct Cycle: Error {
    let names: [String]
  }

  /// - Parameter graph: the symbols with what they depend on, in the order of the card.
  /// - Returns: all names, those that are only depended on too.
  static func order(_ graph: [(name: String, needs: [String])]) -> Result<[String], Cycle> {
    var numbers: [String: Int] = [:]
    var names: [String] = []
    var missing: [Int] = []
    var successors: [[Int]] = []
    func number(_ name: String) -> Int {
      if let number = numbers[name] { return number }
      numbers[name] = names.count
      names.append(name)
      missing.append(0)
      successors.append([])
      return names.count - 1
    }
    for (name, needs) in graph {
      let node = number(name)
      missing[node] += needs.count
      for need in needs { successors[number(need)].append(node) }
    }
    var order: [String] = []
    var ready = names.indices.filter { missing[$0] == 0 }
    while !ready.isEmpty {
      order += ready.map { names[$0] }
      let batch = ready
      ready = []
      for node in batch {
        for next in successors[node] {
          missing[next] -= 1
          if missing[next] == 0 { ready.append(next) }
        }
      }
    }
    if order.count == names.count { return .success(order) }
    // Going back from a node that is left, by nodes that are left, meets one twice.
    var needs: [Int: [Int]] = [:]
    for (node, next) in successors.enumerated() where missing[node] > 0 {
      for other in next where missing[other] > 0 { needs[other, default: []].append(node) }
    }
    var path: [Int] = []
    var places: [Int: Int] = [:]
    var node = names.indices.first { missing[$0] > 0 } ?? 0
    while places[node] == nil {
      places[node] = path.count
      path.append(node)
      guard let next = needs[node]?.first else { break }
      node = next
    }
    let circle = Array(path[(places[node] ?? 0)...])
    return .failure(Cycle(names: (circle + circle.prefix(1)).map { names[$0] }))
  }
}
