package import Magnet

/// Which instances of a scenario to run for a new model, and how good the estimate from them is to be.
package struct InstanceSelection: Sendable {
  /// One row per instance chosen, in the order to run them.
  ///
  /// | column | |
  /// |---|---|
  /// | `task` | the runs' name without their model |
  /// | `order` | 1 for the first |
  /// | `instance` | its id |
  /// | `mean` | the mean score of the runs learned from |
  /// | `difficulty`, `discrimination` | b and a of the two-parameter item response model; null where it cannot be fitted |
  package let table: Table
  /// The ids of the instances chosen, in that order.
  package let ids: [String]
  /// For some numbers of instances from the first on, the mean width of the 95% interval that `auto` gave the runs
  /// learned from on these.
  package let widths: [(count: Int, width: Double)]
  /// Why there is no width to expect; nil where there is one.
  package let reason: String?
  /// How many of the model's instances are known already; they are not chosen again.
  package let knownCount: Int

  private static let shownCounts = [5, 10, 25, 50, 100, 200, 500]
  private static let runLimit = 24

  /// Chooses instances of a scenario.
  /// - Parameters:
  ///   - scenario: a scenario of the collection.
  ///   - model: the model to choose for. What is known of its answers guides an adaptive choice, and its run is not
  ///     learned from; nil for a model that is not there. Without an answer, an adaptive choice takes each answer for what
  ///     is to be expected of it.
  ///   - count: how many; all that are left where there are fewer.
  /// - Throws: `MagnetError` where there is no run to learn from.
  package init(
    _ scenario: ScoreCollection.Scenario, model: String?, count: Int, method: SamplingMethod, seed: UInt64
  ) throws {
    let matrix = scenario.matrix
    let own = model.flatMap { name in matrix.runs.firstIndex { $0.model == name } }
    let train = matrix.runs.indices.filter { $0 != own }
    let all = Array(matrix.instances.indices)
    let known = own.map { row in all.filter { !matrix[row, $0].isNaN } } ?? []
    func fold(_ columns: [Int]) -> ScoreFold {
      ScoreFold(
        matrix: matrix, train: train, model: model ?? "", columns: columns,
        board: ScoreBoard(
          models: [model ?? ""], columns: [.init(scenario: scenario.name, name: scenario.metric)],
          values: [.nan]),
        target: (0, 0), seed: seed)
    }
    let whole = fold(all)
    guard let means = whole.filledItemMeans else {
      throw MagnetError(.insufficientData, noRunToLearnFrom(whole))
    }
    let seen = Set(known)
    let left = all.filter { !seen.contains($0) }
    let wanted = min(count, left.count)
    var fits = ItemResponseFits(.twoParameter)
    let response = try? fits.estimator(whole)
    let chosen: [Int]
    if method == .adaptive {
      guard let response else {
        throw MagnetError(.insufficientData, "an adaptive choice needs scores from 0 to 1")
      }
      let before = KnownSample(
        columns: known, scores: known.map { column in own.map { matrix[$0, column] } ?? .nan })
      chosen = AdaptiveSampler(response).best(wanted, known: before)
    } else if wanted == 0 {
      chosen = []
    } else {
      chosen =
        try method.sampler(fold(left)).samples([wanted], seed: seed) { _ in .nan }.first ?? []
    }
    knownCount = known.count
    ids = chosen.map { matrix.instances[$0] }
    let rows = chosen.enumerated().map { place, column -> [Cell] in
      [
        .string(scenario.name), .int(Int64(place + 1)), .string(matrix.instances[column]),
        .double(means[column]),
        response.map { .double(-$0.easiness[column] / $0.discriminations[column]) } ?? .null,
        response.map { .double($0.discriminations[column]) } ?? .null,
      ]
    }
    table = Table(
      columnNames: ["task", "order", "instance", "mean", "difficulty", "discrimination"], rows: rows)
    let estimator = try AutoPredictor().fit(whole)
    let kept = min(train.count, Self.runLimit)
    var reasons: [String] = []
    let looked = (0..<kept).map { train[train.count * $0 / kept] }
    widths = Set(Self.shownCounts.filter { $0 < chosen.count } + [chosen.count]).sorted().compactMap { size in
      let columns = known + chosen.prefix(size)
      let values = looked.compactMap { row -> Double? in
        let sample = ObservedSample(columns, ofRow: row, in: matrix, isAdaptive: method.isAdaptive)
        let estimate = estimator.estimate(sample)
        if estimate?.intervals == nil { reasons += estimate?.notes ?? [] }
        return estimate?.intervals?.last?.width
      }
      // The mean over the few that have one would say little.
      return values.count * 2 < looked.count ? nil : values.mean().map { (size, $0) }
    }
    reason = widths.isEmpty ? reasons.first ?? "no interval" : nil
  }
}
