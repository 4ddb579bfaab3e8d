package import Magnet

/// A number of a row that means are taken of.
package enum ShiftMeasure: String, Sendable, CaseIterable {
  /// Differential elicitation.
  case de
  /// Generalization accuracy.
  case accuracy
  /// Elicitation, G / T.
  case elicitation
  /// RMS calibration error as published.
  case rms

  /// Its value in a row.
  package func value(_ row: GeneralizationMetrics.Row) -> Double? {
    switch self {
    case .de: row.differentialElicitation
    case .accuracy: row.generalization
    case .elicitation: row.elicitation
    case .rms: row.publishedCalibrationError
    }
  }

  /// The mean over shifts.
  package var mean: Measure {
    Measure(
      rawValue, title: title, unit: self == .accuracy ? .fraction : .ratio,
      better: self == .rms ? .lower : .higher,
      level: .run, meanOf: \.predicted)
  }

  /// For titles.
  package var title: String {
    switch self {
    case .de: "differential elicitation"
    case .accuracy: "generalization accuracy"
    case .elicitation: "elicitation"
    case .rms: "RMS calibration error"
    }
  }
}

/// Means over shifts with 95% bootstrap intervals over targets.
package struct ShiftScores: Sendable {
  /// The metrics that are compared, one for each model and intervention.
  package let metrics: [GeneralizationMetrics]
  private let seed: Int
  private let countsRepeats: Bool

  /// - Parameters:
  ///   - countsRepeats: whether a shift that is in the specification twice counts twice.
  ///   - seed: of the bootstrap.
  package init(_ metrics: [GeneralizationMetrics], countsRepeats: Bool = false, seed: Int = 1) {
    self.metrics = metrics
    self.countsRepeats = countsRepeats
    self.seed = seed
  }

  /// The rows that count: those of distinct shifts, or all.
  private func rows(_ metrics: GeneralizationMetrics) -> [GeneralizationMetrics.Row] {
    if countsRepeats { return metrics.rows }
    var seen: Set<DistributionShift.Key> = []
    return metrics.rows.filter { seen.insert($0.shift.key).inserted }
  }

  /// What rows are grouped by.
  package enum Grouping: String, Sendable, CaseIterable {
    /// All shifts in one group.
    case all
    case shift, category, label
  }

  private static func group(_ shift: DistributionShift, by grouping: Grouping) -> String {
    switch grouping {
    case .all: "all"
    case .shift: shift.name
    case .category: shift.category ?? "(none)"
    case .label: shift.label ?? "(none)"
    }
  }

  /// One row per model, intervention and group: the number of shifts, the mean of a measure with its 95% interval,
  /// and the means of G, B, T, S, DE and RMS calibration error.
  ///
  /// A mean is over the shifts that have the number; `shifts` counts the group's, `n` those in the measure's mean.
  package func table(by grouping: Grouping, measure: ShiftMeasure) -> Table {
    var out: [[Cell]] = []
    for metrics in metrics {
      let rows = rows(metrics)
      for group in rows.map({ Self.group($0.shift, by: grouping) }).unique() {
        let members = rows.filter { Self.group($0.shift, by: grouping) == group }
        func mean(_ value: (GeneralizationMetrics.Row) -> Double?) -> Cell { Cell(members.map(value).mean()) }
        let score = score(members, measure)
        out.append([
          .string(metrics.model), .string(metrics.intervention), .string(group), Cell(members.count),
          Cell(members.count { measure.value($0) != nil }), Cell(score?.value),
          Cell(score?.interval?.lower), Cell(score?.interval?.upper), mean(\.generalization),
          mean(\.baseline), mean(\.capability), mean(\.source),
          mean(\.differentialElicitation), mean(\.publishedCalibrationError),
        ])
      }
    }
    let names = [
      "model", "intervention", "group", "shifts", "n", measure.rawValue, "lower", "upper", "G", "B", "T", "S",
      "DE",
      "RMS",
    ]
    return grouping == .all
      ? Table(columnNames: names, rows: out).dropping { $0 == "group" } : Table(columnNames: names, rows: out)
  }

  /// The mean of a measure with its 95% interval: targets are drawn with replacement, each with all its shifts.
  private func score(_ rows: [GeneralizationMetrics.Row], _ measure: ShiftMeasure) -> Measure.Score? {
    let targets = rows.map(\.shift.target).unique()
    let numbers = Dictionary(uniqueKeysWithValues: zip(targets, 0...))
    let present = rows.compactMap { row in measure.value(row).map { (numbers[row.shift.target] ?? 0, $0) } }
    let bootstrap = ClusterBootstrap(targets.count, seed: UInt64(bitPattern: Int64(seed)))
    return bootstrap.score(
      measure.mean, of: present.map { MeasuredPair(predicted: $0.1, actual: $0.1) },
      clusters: present.map(\.0))
  }

  /// Rows that have evaluations of different numbers of pairs in different interventions: their numbers do not compare
  /// the same examples.
  package var unequalCounts: [String] {
    var notes: [String] = []
    for (model, metrics) in Dictionary(grouping: metrics, by: \.model).sorted(by: { $0.key < $1.key }) {
      for number in metrics[0].rows.indices {
        let counts = metrics.compactMap { one in one.rows[number].pairCount.map { (one.intervention, $0) } }
        guard let first = counts.first, counts.contains(where: { $0.1 != first.1 }) else { continue }
        let parts = counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        notes.append("\(model), \(metrics[0].rows[number].shift.name): different numbers of pairs: \(parts)")
      }
    }
    return notes.unique()
  }

  /// The heat map of a measure: a row per shift, grouped by category, a column per intervention (and model, where
  /// there are several).
  package func heatMap(_ measure: ShiftMeasure, title: String? = nil) -> HeatMap {
    let shifts = metrics.first.map { rows($0).map(\.shift) } ?? []
    let categories = shifts.map { $0.category ?? "" }.unique().sorted()
    let order = categories.flatMap { category in
      shifts.indices.filter { (shifts[$0].category ?? "") == category }
    }
    let hasModels = Set(metrics.map(\.model)).count > 1
    let values = metrics.map { one in rows(one).map(measure.value) }
    return HeatMap(
      title: title ?? measure.title.prefix(1).uppercased() + measure.title.dropFirst(),
      rows: order.map { shifts[$0].name },
      columns: metrics.map { hasModels ? "\($0.model) \($0.intervention)" : $0.intervention },
      values: order.map { row in values.map { $0[row] } },
      groups: order.map { shifts[$0].category ?? "" },
      scale: measure.scale)
  }
}

extension ShiftMeasure {
  /// How its values are coloured.
  package var scale: HeatMap.Scale {
    switch self {
    case .de: .diverging(about: 0, limit: 0.5)
    case .accuracy: .diverging(about: 0.5, limit: 0.5)
    case .elicitation: .diverging(about: 1, limit: 1)
    case .rms: .sequential
    }
  }
}
