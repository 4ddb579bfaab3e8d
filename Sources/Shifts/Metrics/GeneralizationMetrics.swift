public import Magnet

/// The metrics of one model and intervention on a set of shifts, from evaluations in a store.
///
/// For each shift: generalization accuracy G (trained on the source, evaluated on the target), baseline accuracy B,
/// target-tuned capability T, source accuracy S, RMS calibration error as published, and differential elicitation
/// DE = (G − B) / T (Clymer et al. 2023, arXiv 2311.07723). What cannot be computed is nil and has a reason.
public struct GeneralizationMetrics: Sendable {
  /// One row of the shift specification.
  public struct Row: Sendable {
    /// The shift.
    public let shift: DistributionShift
    /// The accuracy on the target of what was trained on the source.
    public var generalization: Double?
    /// The accuracy of the baseline on the target.
    public var baseline: Double?
    /// The intervention that the baseline is of.
    public var baselineIntervention: String?
    /// The accuracy on the target of what was trained on the target.
    public var capability: Double?
    /// The intervention that the capability is of.
    public var capabilityIntervention: String?
    /// The accuracy on the source of what was trained on the source.
    public var source: Double?
    /// RMS calibration error on the target as published.
    public var publishedCalibrationError: Double?
    /// The number of pairs of the target's evaluation.
    public var pairCount: Int?
    /// The calibration error of the target's probabilities (`PairScores.calibrationError`).
    public var calibrationError: Double?
    /// Who computed the target's evaluation.
    public var origin: Evaluation.Origin?
    /// Why numbers are missing: files that are not there, or cannot be read.
    public var reasons: [String] = []
    /// Why numbers are undefined that no file would help.
    public var notes: [String] = []

    /// Differential elicitation, (G − B) / T; nil where one is missing or T is 0.
    public var differentialElicitation: Double? {
      guard let generalization, let baseline, let capability, capability != 0 else { return nil }
      return (generalization - baseline) / capability
    }

    /// Elicitation, G / T; nil where one is missing or T is 0.
    public var elicitation: Double? {
      guard let generalization, let capability, capability != 0 else { return nil }
      return generalization / capability
    }

    /// Performance gap closed, (G − B) / (T − B); nil unless T > B.
    public var gapClosed: Double? {
      guard let generalization, let baseline, let capability, capability > baseline else { return nil }
      return (generalization - baseline) / (capability - baseline)
    }
  }

  /// The name of the base model.
  public let model: String
  /// The name of the intervention.
  public let intervention: String
  /// In the order of the shifts, repeats included.
  public let rows: [Row]

  /// Computes the metrics.
  /// - Parameters:
  ///   - store: the evaluations.
  ///   - shifts: the rows.
  ///   - model: the name of the base model.
  ///   - intervention: the name of the intervention.
  ///   - rules: which of several definitions are taken.
  ///   - pairs: further shifts whose sources count for the capability `.best`.
  ///   - readsProbabilities: whether calibration error and origin are wanted; they take a look at every probability.
  public init(
    _ store: EvaluationStore, _ shifts: [DistributionShift], model: String, intervention: String,
    rules: MetricsRules = MetricsRules(), pairs: [DistributionShift] = [], readsProbabilities: Bool = false
  ) {
    let reader = EvaluationReader(store)
    self.init(
      reader, shifts, model: model, intervention: intervention, rules: rules, pairs: pairs,
      readsProbabilities: readsProbabilities)
  }

  /// The same from evaluations that a reader may have read before, for other metrics.
  package init(
    _ reader: EvaluationReader, _ shifts: [DistributionShift], model: String, intervention: String,
    rules: MetricsRules, pairs: [DistributionShift], readsProbabilities: Bool
  ) {
    self.model = model
    self.intervention = intervention
    let capabilities = Capabilities(
      reader, model: model, intervention: intervention, rules: rules, shifts + pairs)
    rows = shifts.map { shift in
      var row = Row(shift: shift)
      func accuracy(_ intervention: String, _ model: String, _ distribution: String) -> Double? {
        switch reader.accuracy(intervention, model, distribution) {
        case .success(let value): return value.accuracy
        case .failure(let problem):
          row.reasons.append(problem.text)
          return nil
        }
      }
      let trained = "\(model)-\(shift.source)"
      switch reader.accuracy(intervention, trained, shift.target) {
      case .success(let found):
        row.generalization = found.accuracy
        row.publishedCalibrationError = found.publishedCalibrationError
        row.pairCount = found.pairCount
      case .failure(let problem): row.reasons.append(problem.text)
      }
      row.source = accuracy(intervention, trained, shift.source)
      row.baseline =
        rules.source == .published
        ? accuracy(rules.baseline, trained, shift.target) : accuracy(rules.baseline, model, shift.target)
      row.baselineIntervention = row.baseline == nil ? nil : rules.baseline
      switch capabilities[shift] {
      case .success(let found):
        (row.capability, row.capabilityIntervention) = (found.accuracy, found.intervention)
      case .failure(let problem): row.reasons.append(problem.text)
      }
      if row.capability == 0 {
        row.notes.append("\(shift.name): the capability is 0, so differential elicitation is undefined")
      }
      if readsProbabilities, row.generalization != nil {
        reader.addProbabilities(&row, intervention, trained, shift.target)
      }
      return row
    }
  }

  /// Why numbers are missing, each reason once, in the order of the rows.
  public var reasons: [String] { rows.flatMap(\.reasons).unique() }

  /// Why numbers are undefined, each note once.
  public var notes: [String] { rows.flatMap(\.notes).unique() }

  /// The eleven columns of GENIES' tables, one row per row of the specification; what is missing is null. As CSV, its
  /// bytes are those of GENIES' files.
  public var table: Table {
    Table(
      columnNames: [
        "source", "target", "target_reference", "generalization_accuracy", "baseline_accuracy",
        "baseline_intervention", "target_tuned_capability", "target_tuned_capability_intervention",
        "source_ID_accuracy", "RMS_calibration_error", "differential_elicitation",
      ],
      rows: rows.map { row in
        [
          .string(row.shift.source), .string(row.shift.target), .string(row.shift.targetReference),
          Cell(row.generalization), Cell(row.baseline), Cell(row.baselineIntervention), Cell(row.capability),
          Cell(row.capabilityIntervention), Cell(row.source), Cell(row.publishedCalibrationError),
          Cell(row.differentialElicitation),
        ]
      })
  }

  /// The eleven columns and, after them, label, category, n, elicitation, gap_closed, calibration_error and scored_by.
  public var longTable: Table {
    let own = table
    let names = ["label", "category", "n", "elicitation", "gap_closed", "calibration_error", "scored_by"]
    let extended = rows.enumerated().map { number, row -> [Cell] in
      var all: [Cell] = own.columnNames.indices.map { own[row: number, column: $0] }
      all += [Cell(row.shift.label), Cell(row.shift.category), Cell(row.pairCount), Cell(row.elicitation)]
      all += [Cell(row.gapClosed), Cell(row.calibrationError), Cell(row.origin?.rawValue)]
      return all
    }
    return Table(columnNames: own.columnNames + names, rows: extended)
  }
}

/// Reads evaluations, each once.
package final class EvaluationReader {
  /// Why an evaluation cannot be used.
  struct Problem: Error {
    let text: String
    /// Whether there is none, rather than one that cannot be read.
    var isMissing = false
  }

  package let store: EvaluationStore
  private var known: [String: Result<Evaluation, Problem>] = [:]
  lazy var interventions = store.interventions

  package init(_ store: EvaluationStore) { self.store = store }

  /// Why evaluations must not be used, by their files: the run that should have made them failed.
  var unavailable: [String: String] = [:]

  func accuracy(_ intervention: String, _ model: String, _ distribution: String) -> Result<
    Evaluation, Problem
  > {
    let file = store.file(intervention, model, distribution)
    if let found = known[file] { return found }
    let result: Result<Evaluation, Problem>
    if let reason = unavailable[file] {
      result = .failure(Problem(text: reason))
    } else {
      do {
        if let found = try store.evaluation(intervention, model, distribution) {
          result = .success(found)
        } else {
          result = .failure(
            Problem(
              text: "missing: evaluations/\(intervention)/\(model)/\(distribution).json", isMissing: true))
        }
      } catch { result = .failure(Problem(text: "\(error)")) }
    }
    known[file] = result
    return result
  }

  func addProbabilities(
    _ row: inout GeneralizationMetrics.Row, _ intervention: String, _ model: String, _ distribution: String
  ) {
    do {
      guard let full = try store.evaluation(intervention, model, distribution, readsProbabilities: true)
      else { return }
      row.origin = full.origin
      guard let probabilities = full.probabilities else { return }
      if PairScores.areDecisions(probabilities) {
        row.notes.append(
          "no calibration error of \(intervention)/\(model)/\(distribution): all its probabilities are 0, ½ or 1"
        )
      } else {
        row.calibrationError = PairScores.calibrationError(probabilities)
      }
    } catch { row.reasons.append("\(error)") }
  }
}
