import Magnet

/// Target-tuned capabilities of one model by the rules.
struct Capabilities {
  typealias Found = (accuracy: Double, intervention: String)

  private let reader: EvaluationReader
  private let model: String
  private let intervention: String
  private let rules: MetricsRules
  private let sources: [String: [String]]

  /// - Parameter shifts: the pairs of source and target that the rule `.best` looks at.
  init(
    _ reader: EvaluationReader, model: String, intervention: String, rules: MetricsRules,
    _ shifts: [DistributionShift]
  ) {
    self.reader = reader
    self.model = model
    self.intervention = intervention
    self.rules = rules
    sources = Dictionary(grouping: shifts, by: \.target).mapValues { $0.map(\.source).unique() }
  }

  /// The capability on a shift's target.
  subscript(shift: DistributionShift) -> Result<Found, EvaluationReader.Problem> {
    switch rules.capability {
    case .best: return best(shift)
    case .interventions(let names): return tuned(names, shift)
    case .standard:
      if rules.source == .code { return tuned([intervention], shift) }
      do {
        if let found = try reader.store.publishedCapability(model, target: shift.target) {
          return .success(found)
        }
        return .failure(.init(text: "missing: target_tuned_capability/\(model)/\(shift.target).json"))
      } catch { return .failure(.init(text: "\(error)")) }
    }
  }

  /// The best of some interventions, each trained on the reference and evaluated there; the first of equals.
  private func tuned(_ names: [String], _ shift: DistributionShift) -> Result<Found, EvaluationReader.Problem>
  {
    let reference = shift.targetReference
    let results = names.map { name in
      reader.accuracy(name, "\(model)-\(reference)", reference).map {
        (accuracy: $0.accuracy, intervention: name)
      }
    }
    var best: Found?
    for case .success(let found) in results where found.accuracy > best?.accuracy ?? -1 { best = found }
    if let best { return .success(best) }
    return results.first ?? .failure(.init(text: "no intervention for the capability on \(shift.target)"))
  }

  private func best(_ shift: DistributionShift) -> Result<Found, EvaluationReader.Problem> {
    let order = MetricsRules.tieOrder
    let names =
      order.filter(reader.interventions.contains) + reader.interventions.filter { !order.contains($0) }
    let reference = shift.targetReference
    var best: Found?
    for name in names {
      let tuned = reader.has(name, "\(model)-\(reference)", reference)
      let trained = (sources[shift.target] ?? []).map { reader.has(name, "\(model)-\($0)", shift.target) }
      for case let accuracy? in [tuned] + trained where accuracy > best?.accuracy ?? -1 {
        best = (accuracy, MetricsRules.publishedName(name))
      }
    }
    return best.map { .success($0) }
      ?? .failure(.init(text: "no evaluation of \(model) trained for \(shift.target) in evaluations/"))
  }
}
