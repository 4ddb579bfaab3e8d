import Magnet
import TestSupport
import Testing

@testable import Shifts

/// Baselines and target-tuned capabilities by each rule, against a search through all files of a random tree.
@Suite struct CapabilityRuleTests {
  private struct Tree {
    static let ids = ["a", "b", "c", "d"]
    static let interventions = ["zeta", "mms", "lora_fine_tuning", "alpha", "zero_shot"]

    let folder: TemporaryFolder
    /// By `INTERVENTION/MODEL/DISTRIBUTION`.
    var accuracies: [String: Double] = [:]
    /// By target.
    var published: [String: (accuracy: Double, intervention: String)] = [:]
    var shifts: [DistributionShift] = []
    /// Shifts that are in no table, but whose sources count for the best capability.
    var pairs: [DistributionShift] = []

    var store: EvaluationStore { EvaluationStore(folder.path) }

    init(_ random: inout PythonRandom) throws {
      folder = try TemporaryFolder()
      for intervention in Self.interventions where random.below(8) > 0 {
        for model in ["m", "n-a"] + Self.ids.map({ "m-" + $0 }) {
          for id in Self.ids where random.below(4) > 0 {
            // A few values, so that many are equal.
            let path = "\(intervention)/\(model)/\(id)"
            accuracies[path] = Double(random.below(4)) / 4
            try folder.write("{\"eval_accuracy\": \(accuracies[path] ?? 0)}", to: "evaluations/\(path).json")
          }
        }
      }
      for id in Self.ids where random.below(3) > 0 {
        let found = (Double(random.below(5)) / 4, random.choice(Self.interventions))
        published[id] = found
        try folder.write(
          "{\"best_intervention\": \"\(found.1)\", \"best_intervention_accuracy\": \(found.0)}",
          to: "target_tuned_capability/m/\(id).json")
      }
      for number in 0..<8 {
        let shift = DistributionShift(
          source: random.choice(Self.ids), target: random.choice(Self.ids),
          targetReference: random.below(3) == 0 ? random.choice(Self.ids) : nil)
        if number < 6 { shifts.append(shift) } else { pairs.append(shift) }
      }
    }

    /// The first of those with the highest accuracy.
    static func best(_ found: [(Double, String)]) -> (Double, String)? {
      let top = found.map(\.0).max()
      return found.first { $0.0 == top }
    }
  }

  private func check(
    _ tree: Tree, _ rules: MetricsRules, _ what: Comment,
    expected: (DistributionShift) -> (Double, String)?
  ) {
    let metrics = GeneralizationMetrics(
      tree.store, tree.shifts, model: "m", intervention: "alpha", rules: rules, pairs: tree.pairs)
    for (shift, row) in zip(tree.shifts, metrics.rows) {
      let wanted = expected(shift)
      #expect(row.capability == wanted?.0, what)
      #expect(row.capabilityIntervention == wanted?.1, what)
      let baselineModel = rules.source == .code ? "m" : "m-\(shift.source)"
      let baseline = tree.accuracies["\(rules.baseline)/\(baselineModel)/\(shift.target)"]
      #expect(row.baseline == baseline, what)
      #expect(row.baselineIntervention == (baseline == nil ? nil : rules.baseline), what)
      // One reason for each number that is missing, no more.
      let numbers = [row.generalization, row.source, row.baseline, row.capability]
      #expect(row.reasons.count == numbers.count { $0 == nil }, what)
      #expect(row.notes.count == (wanted?.0 == 0 ? 1 : 0), what)
    }
    #expect(Set(metrics.reasons) == Set(metrics.rows.flatMap(\.reasons)))
    #expect(Set(metrics.reasons).count == metrics.reasons.count)
  }

  @Test(arguments: 1...6) func capabilitiesAreThoseOfASearch(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let tree = try Tree(&random)
    var rules = MetricsRules()
    rules.baseline = random.choice(Tree.interventions)
    func tuned(_ names: [String], _ shift: DistributionShift) -> (Double, String)? {
      let reference = shift.targetReference
      let found = names.compactMap { name in
        tree.accuracies["\(name)/m-\(reference)/\(reference)"].map { ($0, name) }
      }
      return found.count == names.count ? Tree.best(found) : nil
    }
    check(tree, rules, "the row's own intervention") { tuned(["alpha"], $0) }

    let names = random.sample(3, below: 5).map { Tree.interventions[$0] }
    rules.capability = .interventions(names)
    check(tree, rules, "the best of \(names)") { tuned(names, $0) }

    rules.capability = .best
    check(tree, rules, "the best of all") { shift in
      let sources = (tree.shifts + tree.pairs).filter { $0.target == shift.target }.map(\.source)
      // Published names come in their own order, the others after them in that of the alphabet.
      let found = ["mms", "lora_fine_tuning", "zero_shot", "alpha", "zeta"].flatMap { name in
        (["\(name)/m-\(shift.targetReference)/\(shift.targetReference)"]
          + sources.map { "\(name)/m-\($0)/\(shift.target)" }).compactMap { path in
            tree.accuracies[path].map { ($0, name == "lora_fine_tuning" ? "classify_lora" : name) }
          }
      }
      return Tree.best(found)
    }

    rules.capability = .standard
    rules.source = .published
    check(tree, rules, "the published files") {
      tree.published[$0.target].map { ($0.accuracy, $0.intervention) }
    }
  }

  /// A file that cannot be read may have been the best one: what others say is not taken for the best.
  @Test func whatCannotBeReadLeavesTheBestUnknown() throws {
    let folder = try TemporaryFolder()
    try folder.write("{\"eval_accuracy\": 0.5}", to: "evaluations/mms/m-t/t.json")
    let shift = DistributionShift(source: "s", target: "t")
    var rules = MetricsRules()
    rules.capability = .best
    func row(_ pairs: [DistributionShift] = []) -> GeneralizationMetrics.Row? {
      GeneralizationMetrics(
        EvaluationStore(folder.path), [shift], model: "m", intervention: "i", rules: rules, pairs: pairs
      ).rows.first
    }
    #expect(row()?.capability == 0.5 && row()?.capabilityIntervention == "mms")
    try folder.write("{\"eval_accuracy\": 0.", to: "evaluations/alpha/m-u/t.json")
    // Nothing was trained on u for a shift to t, unless a pair says so.
    #expect(row()?.capability == 0.5)
    let damaged = row([DistributionShift(source: "u", target: "t")])
    #expect(damaged?.capability == nil)
    #expect(damaged?.reasons.contains { $0.contains("evaluations/alpha/m-u/t.json") } == true)
    rules.capability = .interventions([])
    #expect(row()?.reasons.last == "no intervention for the capability on t")
    rules.capability = .best
    let none = GeneralizationMetrics(
      EvaluationStore(folder.path), [shift], model: "other", intervention: "i", rules: rules)
    #expect(none.reasons.last == "no evaluation of other trained for t in evaluations/")
  }

  @Test(arguments: [
    ("[]", "best_intervention_accuracy: expected a number from 0 to 1"),
    (#"{"best_intervention": "a"}"#, "best_intervention_accuracy: expected a number from 0 to 1"),
    (
      #"{"best_intervention": "a", "best_intervention_accuracy": "1"}"#,
      "best_intervention_accuracy: expected a number from 0 to 1"
    ),
    (
      #"{"best_intervention": "a", "best_intervention_accuracy": 1.5}"#,
      "best_intervention_accuracy: expected a number from 0 to 1"
    ),
    (
      #"{"best_intervention": "a", "best_intervention_accuracy": NaN}"#,
      "best_intervention_accuracy: expected a number from 0 to 1"
    ),
    (#"{"best_intervention_accuracy": 1}"#, "best_intervention: expected a string"),
    (#"{"best_intervention": 1, "best_intervention_accuracy": 1}"#, "best_intervention: expected a string"),
    (#"{"best_intervention": "a""#, "byte "),
  ])
  func publishedFilesAreChecked(_ text: String, _ problem: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(text, to: "target_tuned_capability/m/t.json")
    let store = EvaluationStore(folder.path)
    let error = #expect(throws: DataFault.self) { try store.publishedCapability("m", target: "t") }
    #expect("\(try #require(error))".hasPrefix("\(file): \(problem)"), "\(String(describing: error))")
    #expect(try store.publishedCapability("m", target: "u") == nil)
    var rules = MetricsRules()
    rules.source = .published
    let metrics = GeneralizationMetrics(
      store, [DistributionShift(source: "s", target: "t")], model: "m", intervention: "i", rules: rules)
    #expect(metrics.rows[0].capability == nil && metrics.reasons.contains { $0.hasPrefix(file) })
  }
}
