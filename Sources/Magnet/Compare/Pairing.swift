/// The instances of two runs that are the same question, and what is left over on either side.
package struct Pairing: Sendable {
  package struct Pair: Sendable {
    package let first: RunInstances.Instance
    package let second: RunInstances.Instance
  }

  package enum Side: String, Sendable { case first, second }

  /// What found no partner.
  package struct Unmatched: Sendable {
    package let side: Side
    package let key: RunInstances.Key
    package let reason: String
  }

  /// In the order of the first run.
  package let pairs: [Pair]
  package let unmatched: [Unmatched]
  /// How many pairs have different ids and the same content.
  package let byContentCount: Int
  /// How many ids name another question in the other run.
  package let reusedCount: Int

  /// Pairs instances of the same id, split and perturbation whose input, references and split agree; then, among those
  /// left, instances of the same content that stands once on each side. An id that names another question in the other
  /// run is not a pair.
  package init(_ first: RunInstances, _ second: RunInstances) {
    var byKey: [RunInstances.Key: Int] = [:]
    for (place, instance) in second.instances.enumerated() { byKey[instance.key] = place }
    var partner: [Int: Int] = [:]
    var taken: Set<Int> = []
    var reused: Set<RunInstances.Key> = []
    for (place, instance) in first.instances.enumerated() {
      guard let other = byKey[instance.key] else { continue }
      if let one = instance.content, let two = second.instances[other].content, one != two {
        reused.insert(instance.key)
        continue
      }
      partner[place] = other
      taken.insert(other)
    }
    struct Content: Hashable {
      let text: String
      let perturbation: String
    }
    func contents(_ run: RunInstances, _ isLeft: (Int) -> Bool) -> [Content: [Int]] {
      var found: [Content: [Int]] = [:]
      for (place, instance) in run.instances.enumerated() where isLeft(place) {
        guard let text = instance.content else { continue }
        found[Content(text: text, perturbation: instance.key.perturbation), default: []].append(place)
      }
      return found
    }
    let here = contents(first) { partner[$0] == nil }
    let there = contents(second) { !taken.contains($0) }
    var count = 0
    for (content, places) in here {
      guard places.count == 1, let others = there[content], others.count == 1 else { continue }
      partner[places[0]] = others[0]
      taken.insert(others[0])
      count += 1
    }
    pairs = first.instances.indices.compactMap { place in
      partner[place].map { Pair(first: first.instances[place], second: second.instances[$0]) }
    }
    byContentCount = count
    func left(_ run: RunInstances, _ side: Side, _ isLeft: (Int) -> Bool) -> [Unmatched] {
      run.instances.indices.filter(isLeft).map { place in
        let key = run.instances[place].key
        let reason =
          reused.contains(key)
          ? "its id names another question in the other run" : "not in the other run"
        return Unmatched(side: side, key: key, reason: reason)
      }
    }
    unmatched =
      left(first, .first) { partner[$0] == nil } + left(second, .second) { !taken.contains($0) }
    reusedCount = reused.count
  }
}
