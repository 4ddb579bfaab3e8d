import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand
import Predictors

/// Which instances to run next.
struct SelectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "select",
    abstract: "Choose the instances whose answers say most about a new model's score.",
    discussion: """
      One row per instance, in the order to run them, chosen by what the runs of other models say of the scenario's \
      instances: adaptive (each the one whose answer is expected to say most, given the answers before), anchors (one of \
      each cluster of like instances), stratified (by difficulty) or random. The width to expect of the 95% interval is \
      printed on standard error. With --model, the answers that the model has given already guide an adaptive choice: run \
      the first ones, and ask again.

      --helm-output writes the instances as HELM's own input_instances.json, which helm-run --cache-instances runs. Where \
      prompts have examples, HELM must list the scenario's instances first (helm-run --cache-instances \
      --cache-instances-only --output-path LISTED), and --helm-instances LISTED names that folder.

      EXAMPLE:
        magnet select benchmark_output -k 50 -o chosen.ndjson
        magnet select benchmark_output --scenario 'mmlu:*' -k 10 --model acme/new --method adaptive
        magnet select benchmark_output -k 50 --helm-instances listed --helm-output next
        magnet predict 2pl benchmark_output --instances chosen.ndjson
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var tasks: TaskOptions
  @Option(name: .customShort("k"), help: "How many instances of each task.")
  var count = 50
  @Option(help: "The model to choose for.")
  var model: String?
  @Option(help: "adaptive, anchors, stratified or random.")
  var method = SamplingMethod.adaptive
  @Option(parsing: .unconditional, help: "The seed of random choices.")
  var seed = 1
  @Option(
    help: ArgumentHelp(
      "Also write each scenario's instances below this folder, for helm-run --cache-instances --output-path.",
      valueName: "folder"),
    completion: .directory)
  var helmOutput: String?
  @Option(
    help: ArgumentHelp(
      "The output folder in which helm-run --cache-instances-only listed all instances (default: those of the runs).",
      valueName: "folder"),
    completion: .directory)
  var helmInstances: String?
  @OptionGroup var metrics: MetricOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if count < 1 { throw ValidationError("-k must be 1 or more.") }
    if helmInstances != nil, helmOutput == nil {
      throw ValidationError("--helm-instances goes with --helm-output.")
    }
  }

  func run() async throws {
    try await report {
      let progress = WorkProgress()
      let all = try source.runs(try tasks.selection(), progress)
      let scores = try await metrics.read(all, progress)
      if let model, !scores.board.models.contains(model) {
        Terminal.say("\(model) has no run here; the choice is for a model of which nothing is known")
      }
      var faultCount = scores.faults.count + scores.omissions.count + metrics.sayWithoutInstances(scores)
      var tables: [Table] = []
      let entries = helmOutput == nil ? [] : try await all.list().entries
      for one in scores.scenarios {
        do {
          let selection = try InstanceSelection(
            one, model: model, count: count, method: method, seed: UInt64(bitPattern: Int64(seed)))
          tables.append(selection.table)
          if selection.ids.isEmpty {
            Terminal.say("\(one.name): nothing to choose: all \(selection.knownCount) instances are known")
            continue
          }
          let widths = selection.widths.map { "\(Self.rounded($0.width)) with \($0.count)" }.joined(
            separator: ", ")
          let known = selection.knownCount > 0 ? " beside the \(selection.knownCount) known" : ""
          Terminal.say(
            selection.reason.map { "\(one.name): \($0)\(known)" }
              ?? "\(one.name): expected width of the 95% interval \(widths)\(known)")
          guard let helmOutput else { continue }
          do { try write(selection.ids, of: one, scores, entries, below: helmOutput) } catch let error
            as MagnetError
          {
            Terminal.say("\(one.name): chosen, but not written for HELM: \(error)", as: .warning)
            faultCount += 1
          }
        } catch let error as MagnetError {
          Terminal.say("left out: \(one.name): \(error)", as: .warning)
          faultCount += 1
        }
      }
      if tables.isEmpty { throw MagnetError(.insufficientData, "nothing could be chosen") }
      try output.print(Table(stacking: tables), keyCount: 3)
      return faultCount
    }
  }

  /// Writes instances for HELM, and says how to run them.
  private func write(
    _ ids: [String], of scenario: ScoreCollection.Scenario, _ scores: ScoreCollection, _ entries: [RunEntry],
    below folder: String
  ) throws {
    // The run with the most instances.
    let counts = Dictionary(
      scenario.runs.map { (scores.runs[$0].name, scores.runs[$0].instances.count) }, uniquingKeysWith: max)
    let there = entries.filter { $0.isNamed && $0.faults.isEmpty && counts[$0.name] != nil }
    guard let run = there.max(by: { counts[$0.name, default: 0] < counts[$1.name, default: 0] }) else {
      throw MagnetError(.insufficientData, "no complete run has the instances for HELM")
    }
    let chosen = try ChosenInstances(ids, ofRun: run.path, listed: helmInstances)
    let path = "\(folder)/\(chosen.name)"
    try output.overwriting.check(path)
    try Files.makeFolder(String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)))
    try Terminal.writeFile(path) { try $0(chosen.bytes) }
    let examples = chosen.exampleCount > 0 ? ", \(chosen.exampleCount) for examples in prompts" : ""
    Terminal.say(
      "\(path): \(chosen.count) instances\(examples); run them with helm-run --cache-instances --output-path "
        + "\(folder) --max-eval-instances \(chosen.count) --suite SUITE --run-entries '\(scenario.name),model=MODEL'"
    )
  }

  private static func rounded(_ value: Double) -> String {
    let thousandths = Int((value * 1000).rounded())
    return "\(thousandths / 1000)." + String(thousandths % 1000 + 1000).dropFirst()
  }
}
