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

extension CompletionKind {
  /// Names of interventions, also behind a comma, and folders of others.
  static var interventions: CompletionKind {
    .names(thenPaths: true) { _ in interventionCatalog.map(\.name) }
  }

  /// The interventions with evaluations in the results that the command line names.
  static var evaluatedInterventions: CompletionKind { .names { interventions(in: $0) } }

  /// The base models with evaluations of the shifts in the results that the command line names.
  static var evaluatedModels: CompletionKind {
    .names { words in
      guard let store = store(in: words) else { return [] }
      let sets = try? shiftSets(words.filter { $0.hasSuffix(".json") }, near: store.folder)
      let shifts = sets?.flatMap(\.rows) ?? []
      return store.interventions.flatMap { store.models(of: $0, on: shifts) }.unique()
    }
  }

  fileprivate static func interventions(in words: [String]) -> [String] {
    store(in: words)?.interventions ?? []
  }

  private static func store(in words: [String]) -> EvaluationStore? {
    words.lazy.filter { !$0.isEmpty }.map { EvaluationStore($0) }.first { !$0.interventions.isEmpty }
  }
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
  @Option(
    help: ArgumentHelp("The intervention that the baseline comes from.", valueName: "name"),
    completion: .evaluatedInterventions)
  var baseline = "zero_shot"
  @Option(
    help: ArgumentHelp(
      """
      The interventions whose best is the target-tuned capability, separated by commas, or best: of all in the \
      results (default: the intervention itself, or the published file).
      """, valueName: "names"),
    completion: .names { ["best"] + CompletionKind.interventions(in: $0) })
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
    _ reader: EvaluationReader, _ shifts: [DistributionShift], models: [String], interventions: [String],
    pairs: [DistributionShift] = [], readsProbabilities: Bool = false
  ) throws -> [GeneralizationMetrics] {
    let store = reader.store
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
        reader, shifts, model: model, intervention: intervention, rules: metricsRules, pairs: pairs,
        readsProbabilities: readsProbabilities)
    }
    if all.isEmpty {
      throw MagnetError(.notFound, "no evaluations of these shifts in \(store.folder)/evaluations")
    }
    return all
  }
}

/// Says on standard error why numbers are missing, at most twenty reasons.
func sayMissing(_ reasons: [String]) {
  for reason in reasons.prefix(20) { Terminal.say(reason, as: .warning) }
  if reasons.count > 20 { Terminal.say("and \(reasons.count - 20) more like these", as: .warning) }
}

/// Says on standard error why numbers are missing or undefined.
/// - Returns: the number of reasons why they are missing.
func say(_ metrics: [GeneralizationMetrics]) -> Int {
  let reasons = metrics.flatMap(\.reasons).unique()
  sayMissing(reasons)
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
