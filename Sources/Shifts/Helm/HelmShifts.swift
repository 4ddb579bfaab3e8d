package import Magnet

/// The question of distribution shifts asked of predictors on HELM runs: learned on runs of the source, how good are
/// they on runs of the target?
///
/// With Q, the quality of predictions (higher is better), for one predictor:
/// - G = Q on target runs, from what is known of the source. B = Q of the baseline on them.
/// - S = Q on source runs, each predicted from the source without its own hold-out unit.
/// - T = Q on target runs, each predicted from the runs of the reference without its own hold-out unit.
///
/// Q is 1 − mean |predicted − actual| of scores from 0 to 1, or, by instances, the share predicted right at ½, ties half.
/// All are over the same runs: those that G, B and T could be computed for.
package struct HelmShifts: Sendable {
  /// What of the target model is left out of what is known.
  package enum HoldOut: String, Sendable, CaseIterable {
    /// Nothing but the run itself: its model's source runs are known.
    case none
    /// All runs of its model.
    case model
    /// All runs of models of its family.
    case family
  }

  package var holdOut = HoldOut.none
  /// How many instances of the target run are shown with their scores.
  package var observed = 0
  package var level = Measure.Level.run
  package var seed = 1
  /// The predictor of baseline qualities; nil for ½ everywhere.
  package var baseline: (@Sendable () -> Predictor)?

  package init() {}

  /// One shift and predictor.
  package struct Row: Sendable {
    package let shift: RunShift
    package let predictor: String
    package var generalization: Double?
    package var baseline: Double?
    package var capability: Double?
    /// What T comes from: the predictor, or `train-mean` where it has no answer from the reference alone.
    package var capabilityPredictor: String?
    package var source: Double?
    /// The number of runs that G, B and T are over.
    package var count = 0
    /// Holds G with probability 95% over families of models like these.
    package var interval: Interval?
    /// Spearman's rank correlation of predicted and actual scores.
    package var spearman: Double?
    /// The mean of predicted minus actual.
    package var bias: Double?
    /// Why runs fell out, or numbers are missing.
    package var reasons: [String] = []
    /// What the predictor said of its predictions, such as how a program was run; each once.
    package var notes: [String] = []

    /// (G − B) / T; nil where one is missing or T is 0.
    package var differentialElicitation: Double? {
      guard let generalization, let baseline, let capability, capability != 0 else { return nil }
      return (generalization - baseline) / capability
    }

    /// (G − B) / (T − B); nil unless T > B.
    package var gapClosed: Double? {
      guard let generalization, let baseline, let capability, capability > baseline else { return nil }
      return (generalization - baseline) / (capability - baseline)
    }
  }

  /// A predictor that takes part; each use gets a new one.
  package struct Entry: Sendable {
    package let name: String
    package let make: @Sendable () -> Predictor

    package init(name: String, make: @escaping @Sendable () -> Predictor) {
      self.name = name
      self.make = make
    }
  }

  /// The rows, predictor by predictor.
  /// - Parameter source: where predictors that look at tables, programs too, find those of the runs; nil where none
  ///   does. What is not known of a run is in none of the tables that they get.
  /// - Throws: `CancellationError`. What keeps a predictor from predicting is in its rows.
  package func rows(
    _ entries: [Entry], _ shifts: [RunShift], _ scores: ScoreCollection, source: (any RunSource)? = nil
  ) async throws -> [Row] {
    let makers = entries.map(\.make) + [baseline].compactMap(\.self)
    let needsTables = makers.contains { !($0() is ScorePredictor) }
    let tables: Result<BacktestTables, any Error>
    do { tables = .success(try await BacktestTables(scores, needsTables ? source : nil)) } catch {
      tables = .failure(error)
    }
    let helm = self
    return try await Workers.blocking {
      var rows: [Row] = []
      for entry in entries {
        for shift in shifts { rows.append(try await helm.row(entry, shift, scores, tables)) }
      }
      return rows
    }
  }

  private func row(
    _ entry: Entry, _ shift: RunShift, _ scores: ScoreCollection, _ tables: Result<BacktestTables, any Error>
  ) async throws -> Row {
    var row = Row(shift: shift, predictor: entry.name)
    var cells = RunCells(scores)
    let parts = parts(of: shift, &cells)
    if parts.target.isEmpty {
      row.reasons.append("no scored runs match the target \(shift.names.target)")
      return row
    }
    if let cell = (parts.target + parts.source).first(where: { !(0...1).contains(cells[$0]) }) {
      let column = cells.columns[cell.column]
      row.reasons.append(
        "\(column.scenario): \(column.name.name) has values outside 0 to 1 (\(cells[cell])), so no quality is defined"
      )
      return row
    }
    let work = Predictions(shifts: self, cells: cells, tables: tables)
    let known = Set(parts.source)
    let reference = Set(parts.reference)
    let board = cells
    func withoutModel(_ cell: RunCells.Cell) -> Set<RunCells.Cell> {
      holdOut == .none ? known : known.filter { !isOfUnit($0, cell, board) }
    }
    let general = try await work.predict(entry.make(), parts.target, known: withoutModel)
    func withoutUnit(_ all: Set<RunCells.Cell>) -> (RunCells.Cell) -> Set<RunCells.Cell> {
      { cell in all.filter { $0 != cell && (holdOut == .none || !isOfUnit($0, cell, board)) } }
    }
    // Clean scores on perturbed inputs' originals are known, but the run's clean score is what S is of.
    let sources = parts.source.filter { cells.columns[$0.column].name.perturbation == nil }
    let source = try await work.predict(entry.make(), sources, known: withoutUnit(known))
    var tuned = try await work.predict(entry.make(), parts.target, known: withoutUnit(reference))
    row.capabilityPredictor = entry.name
    if tuned.found.isEmpty {
      tuned = work.means(parts.target, known: withoutUnit(reference))
      row.capabilityPredictor = "train-mean"
    }
    let base: Predictions.Made
    if let baseline {
      base = try await work.predict(baseline(), parts.target, known: withoutModel)
    } else {
      base = work.constant(parts.target)
    }
    // The same runs for all three.
    let common = parts.target.filter {
      general.found[$0] != nil && tuned.found[$0] != nil && base.found[$0] != nil
    }
    row.count = common.count
    row.generalization = work.quality(general, common)
    row.baseline = work.quality(base, common)
    row.capability = work.quality(tuned, common)
    row.source = work.quality(source, sources)
    if row.capability == nil { row.capabilityPredictor = nil }
    for (name, set) in [("", general), ("source: ", source), ("capability: ", tuned), ("baseline: ", base)] {
      if let first = set.reasons.first {
        row.reasons.append("\(name)\(set.reasons.count) runs not predicted, the first: \(first)")
      }
    }
    row.notes = (general.notes + tuned.notes + source.notes).unique()
    addDetails(&row, general, common, cells, work)
    return row
  }

  private func addDetails(
    _ row: inout Row, _ general: Predictions.Made, _ common: [RunCells.Cell], _ cells: RunCells,
    _ work: Predictions
  ) {
    guard level == .run else { return }
    let pairs = common.compactMap { cell in
      general.found[cell].map { MeasuredPair(predicted: $0.mean, actual: cells[cell]) }
    }
    row.spearman = Measure.spearman.value(of: pairs)
    row.bias = Measure.bias.value(of: pairs)
    let families = common.map(cells.family).unique()
    let numbers = Dictionary(families.enumerated().map { ($1, $0) }, uniquingKeysWith: { a, _ in a })
    let quality = Measure(
      "quality", title: "1 − mean absolute error", unit: .fraction, better: .higher, level: .run,
      meanOf: { 1 - abs($0.error) })
    row.interval =
      ClusterBootstrap(families.count, seed: UInt64(bitPattern: Int64(seed)))
      .score(quality, of: pairs, clusters: common.map { numbers[cells.family($0)] ?? 0 })?.interval
  }

  private func isOfUnit(_ other: RunCells.Cell, _ cell: RunCells.Cell, _ cells: RunCells) -> Bool {
    switch holdOut {
    case .none: other == cell
    case .model: other.model == cell.model
    case .family: cells.family(other) == cells.family(cell)
    }
  }

  private typealias Parts = (source: [RunCells.Cell], target: [RunCells.Cell], reference: [RunCells.Cell])

  /// The cells that are known, predicted, and learned from for T.
  private func parts(of shift: RunShift, _ cells: inout RunCells) -> Parts {
    let all = cells
    func clean(_ pattern: String) -> [RunCells.Cell] {
      let pattern = NamePattern(pattern)
      return all.cells { all.isClean($0) && pattern.matches(all.columns[$0].scenario) }
    }
    switch shift.kind {
    case .scenario: return (clean(shift.source), clean(shift.target), clean(shift.targetReference))
    case .models:
      func of(_ pattern: String) -> [RunCells.Cell] {
        let pattern = NamePattern(pattern)
        return all.cells({ all.isClean($0) }, models: pattern.matches)
      }
      return (of(shift.source), of(shift.target), of(shift.targetReference))
    case .perturbation:
      let pattern = NamePattern(shift.source)
      let columns = all.columns
      let target = all.cells {
        pattern.matches(columns[$0].scenario) && shift.change?.matches(columns[$0].name.perturbation) == true
      }
      let source = all.cells { column in
        guard pattern.matches(columns[column].scenario) else { return false }
        let perturbation = columns[column].name.perturbation
        return perturbation == nil || perturbation?.computedOn == "original"
      }
      return (source, target, target)
    case .difficulty:
      let halves = cells.addHalves(NamePattern(shift.source))
      let wider = cells
      let hard = wider.cells(halves.hard.contains)
      return (wider.cells(halves.easy.contains), hard, hard)
    }
  }
}
