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

  /// The best of some interventions, each trained on the reference and evaluated there; the first of equals. Without
  /// one of them it is not known which is best.
  private func tuned(_ names: [String], _ shift: DistributionShift) -> Result<Found, EvaluationReader.Problem>
  {
    let reference = shift.targetReference
    let results = names.map { name in
      reader.accuracy(name, "\(model)-\(reference)", reference).map {
        (accuracy: $0.accuracy, intervention: name)
      }
    }
    var best: Found?
    for result in results {
      guard case .success(let found) = result else { return result }
      if found.accuracy > best?.accuracy ?? -1 { best = found }
    }
    return best.map { .success($0) }
      ?? .failure(.init(text: "no intervention for the capability on \(shift.target)"))
  }

  /// The best of all there are, trained on the reference or on one of the target's sources.
  private func best(_ shift: DistributionShift) -> Result<Found, EvaluationReader.Problem> {
    let order = MetricsRules.tieOrder
    let names =
      order.filter(reader.interventions.contains) + reader.interventions.filter { !order.contains($0) }
    let reference = shift.targetReference
    var best: Found?
    for name in names {
      let tuned = reader.accuracy(name, "\(model)-\(reference)", reference)
      let trained = (sources[shift.target] ?? []).map {
        reader.accuracy(name, "\(model)-\($0)", shift.target)
      }
      for result in [tuned] + trained {
        switch result {
        case .success(let found):
          if found.accuracy > best?.accuracy ?? -1 {
            best = (found.accuracy, MetricsRules.publishedName(name))
          }
        case .failure(let problem): if !problem.isMissing { return .failure(problem) }
        }
      }
    }
    return best.map { .success($0) }
      ?? .failure(.init(text: "no evaluation of \(model) trained for \(shift.target) in evaluations/"))
  }
}
