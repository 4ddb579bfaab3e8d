import RealModule

/// What an estimate from some instances of a run is to be as good as.
package enum InstanceAim: Sendable, Hashable {
  /// A mean absolute error, in the score's unit.
  case error(Double)
  /// A mean width of the 95% interval, in the score's unit.
  case width(Double)

  fileprivate var value: Double {
    switch self {
    case .error(let value), .width(let value): value
    }
  }

  fileprivate var measure: Measure {
    switch self {
    case .error: .meanAbsoluteError
    case .width: .width()
    }
  }
}

extension BacktestResult {
  /// How many instances of each scenario's runs a predictor needs for an aim, from its learning curve on the scenario.
  ///
  /// Between two numbers of instances that were tried, the curve is a power law through both. The number needed is null,
  /// and the note says so, where the aim is not reached with the most that were tried.
  ///
  /// | column | |
  /// |---|---|
  /// | `task` | the runs' name without their model |
  /// | `instances` | how many instances its runs have, the most of any |
  /// | `needed` | how many suffice |
  /// | `saved` | the fraction of instances that need not be run |
  /// | `mae`, `width95` | error and interval with the nearest number tried that is not smaller |
  /// | `tokens`, `tokens_saved` | prompt and output tokens of a whole run, and how many of them need not be spent |
  ///
  /// - Parameters:
  ///   - predictor: its name among the entries.
  ///   - tokens: by scenario, the mean number of tokens of an instance.
  /// - Throws: `MagnetError` where the predictor took no part.
  package func instancesNeeded(
    for aim: InstanceAim, predictor: String, tokens: [String: Double]
  ) throws -> (table: Table, notes: [String]) {
    guard let entry = entries.firstIndex(where: { $0.name == predictor }) else {
      throw MagnetError(.notFound, "\(predictor) takes no part in the backtest")
    }
    var notes: [String] = []
    let own = parts.filter { $0.predictor == entry && $0.observed != nil }
    let rows = plan.collection.scenarios.enumerated().compactMap { number, scenario -> [Cell]? in
      let runs = scenario.runs.map { plan.collection.runs[$0] }
      let most = runs.map(\.instances.count).max() ?? 0
      let tried = own.compactMap { part -> (count: Int, pairs: [MeasuredPair])? in
        let pairs = part.records.filter {
          plan.collection.runs[plan.targets[Int($0.target)].run].scenario == number
        }
        .map(pair)
        return pairs.isEmpty ? nil : (part.observed ?? 0, pairs)
      }.sorted { $0.count < $1.count }
      guard !tried.isEmpty else {
        notes.append(
          "\(scenario.name): left out, as nothing was predicted; its runs need more instances than are tried")
        return nil
      }
      let curve = tried.compactMap { point in
        aim.measure.value(of: point.pairs).map { (count: Double(point.count), value: $0) }
      }
      let needed = Self.crossing(curve, aim.value).map { Int($0.rounded(.up)) }
      if needed == nil {
        notes.append(
          "\(scenario.name): the aim is not reached with \(tried.last?.count ?? 0) instances, the most that were tried"
        )
      }
      let shown = needed.flatMap { count in tried.first { $0.count >= count } } ?? tried.last
      let saved = needed.map { 1 - Double($0) / Double(max(1, most)) }
      let whole = tokens[scenario.name].map { $0 * Double(most) }
      return [
        .string(scenario.name), .int(Int64(most)), Cell(needed), Cell(saved),
        Cell(shown.flatMap { Measure.meanAbsoluteError.value(of: $0.pairs) }),
        Cell(shown.flatMap { Measure.width().value(of: $0.pairs) }), Cell(whole),
        Cell(whole.flatMap { whole in saved.map { whole * $0 } }),
      ]
    }
    let names = ["task", "instances", "needed", "saved", "mae", "width95", "tokens", "tokens_saved"]
    return (Table(columnNames: names, rows: rows), notes)
  }

  /// Where a falling curve reaches a value; its first point where that is below.
  private static func crossing(_ curve: [(count: Double, value: Double)], _ aim: Double) -> Double? {
    guard let place = curve.firstIndex(where: { $0.value <= aim }) else { return nil }
    let end = curve[place]
    guard place > 0, end.value > 0 else { return end.count }
    let start = curve[place - 1]
    let part = Double.log(start.value / aim) / Double.log(start.value / end.value)
    return start.count * Double.exp(part * Double.log(end.count / start.count))
  }
}
