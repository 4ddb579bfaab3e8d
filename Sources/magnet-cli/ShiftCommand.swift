public import ArgumentParser
import Magnet
import MagnetCommand
public import Shifts

/// Distribution shifts: distributions of preference examples, pairs of them, and how interventions generalize.
struct ShiftCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shift",
    abstract: "Measure how training on one distribution carries over to another.",
    discussion: """
      A distribution is a folder with train.json and test.json: questions with a best answer and worse ones. A shift is \
      a pair of distributions: train on the source, evaluate on the target. Results are kept in the tree of GENIES.

      EXAMPLE:
        magnet shift list shifts.json --distributions distributions --check
        magnet shift metrics results shifts.json --model my-model --intervention bag-of-words
        magnet shift table results shifts.json --by category --plot shifts.svg
      """,
    subcommands: [
      ShiftListCommand.self, ShiftRunCommand.self, ShiftMetricsCommand.self, ShiftTableCommand.self,
      ShiftHelmCommand.self,
    ])
}

extension MetricsRules.Source: ExpressibleByArgument {}
extension ShiftMeasure: ExpressibleByArgument {}

/// The options of every command that computes metrics from evaluations.
struct MetricsOptions: ParsableArguments {
  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      """
      Where baseline and capability come from: code (the base model; an intervention trained on the reference) or \
      published (as in GENIES' published tables).
      """, valueName: "rules"))
  var rules = MetricsRules.Source.code
  @Option(help: ArgumentHelp("The intervention that the baseline comes from.", valueName: "name"))
  var baseline = "zero_shot"
  @Option(
    help: ArgumentHelp(
      """
      The interventions whose best is the target-tuned capability, separated by commas, or best: of all in the \
      results (default: the intervention itself, or the published file).
      """, valueName: "names"))
  var capability: String?

  var metricsRules: MetricsRules {
    var all = MetricsRules()
    all.source = rules
    all.baseline = baseline
    switch capability {
    case nil: break
    case "best": all.capability = .best
    case let names?: all.capability = .interventions(names.split(separator: ",").map(String.init))
    }
    return all
  }

  /// The metrics of models and interventions on a set of shifts.
  /// - Parameters:
  ///   - models: those asked for; all that have evaluations when empty.
  ///   - interventions: likewise.
  func metrics(
    _ store: EvaluationStore, _ shifts: [DistributionShift], models: [String], interventions: [String],
    pairs: [DistributionShift] = [], readsProbabilities: Bool = false
  ) throws -> [GeneralizationMetrics] {
    let known = store.interventions
    for name in interventions where !known.contains(name) {
      let near = nearestNames(to: name, among: known).first.map { "; did you mean \($0)?" } ?? ""
      throw MagnetError(.notFound, "no evaluations of the intervention '\(name)' in \(store.folder)\(near)")
    }
    var wanted: [(model: String, intervention: String)] = []
    for intervention in interventions.isEmpty ? known : interventions {
      for model in models.isEmpty ? store.models(of: intervention, on: shifts) : models {
        wanted.append((model, intervention))
      }
    }
    wanted.sort { $0.model < $1.model }
    let all = wanted.map { model, intervention in
      GeneralizationMetrics(
        store, shifts, model: model, intervention: intervention, rules: metricsRules, pairs: pairs,
        readsProbabilities: readsProbabilities)
    }
    if all.isEmpty {
      throw MagnetError(.notFound, "no evaluations of these shifts in \(store.folder)/evaluations")
    }
    return all
  }
}

/// Says on standard error why numbers are missing, at most twenty reasons.
/// - Returns: the number of reasons.
func say(_ metrics: [GeneralizationMetrics]) -> Int {
  let reasons = metrics.flatMap(\.reasons).unique()
  for reason in reasons.prefix(20) { Terminal.say(reason) }
  if reasons.count > 20 { Terminal.say("and \(reasons.count - 20) more like these") }
  for note in metrics.flatMap(\.notes).unique() { Terminal.say(note) }
  return reasons.count
}

/// The shifts in files, each at its path or, where there is none, in the results' `distribution_shifts`.
func shiftSets(_ files: [String], near results: String) throws -> [ShiftSet] {
  try files.map { file in
    let inside = results + "/distribution_shifts/" + file
    return try ShiftSet(file: !Files.exists(file) && Files.exists(inside) ? inside : file)
  }
}
