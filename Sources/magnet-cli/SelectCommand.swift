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
      instances: adaptive (each the one whose answer is expected to say most, given the answers before), stratified (by \
      difficulty) or random. The width to expect of the 95% interval is printed on standard error. With --model, the answers \
      that the model has given already guide an adaptive choice: run the first ones, and ask again.

      EXAMPLE:
        magnet select benchmark_output -k 50 -o chosen.ndjson
        magnet select benchmark_output --scenario 'mmlu:*' -k 10 --model acme/new --method adaptive
        magnet predict 2pl benchmark_output --instances chosen.ndjson
      """)

  @OptionGroup var source: SourceOptions
  @Option(
    help: ArgumentHelp(
      "Use only runs whose name matches: a name, a pattern with * and ?, regex:..., or several separated by |. May be repeated.",
      valueName: "pattern"))
  var runs: [String] = []
  @Option(
    help: ArgumentHelp(
      "Use only runs of scenarios, such as mmlu, or tasks, such as mmlu:subject=anatomy, that match, likewise.",
      valueName: "pattern"))
  var scenario: [String] = []
  @Option(name: .customShort("k"), help: "How many instances of each scenario.")
  var count = 50
  @Option(help: "The model to choose for.")
  var model: String?
  @Option(help: "adaptive, stratified or random.")
  var method = SamplingMethod.adaptive
  @Option(parsing: .unconditional, help: "The seed of random choices.")
  var seed = 1
  @OptionGroup var metrics: MetricOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if count < 1 { throw ValidationError("-k must be 1 or more.") }
    do { _ = try RunSelection(runs: runs, scenarios: scenario) } catch { throw ValidationError("\(error)") }
  }

  func run() async throws {
    try await report {
      let progress = WorkProgress()
      let selection = try RunSelection(runs: runs, scenarios: scenario)
      let scores = try await metrics.read(try source.runs(selection, progress), progress)
      if let model, !scores.board.models.contains(model) {
        Terminal.say("\(model) has no run here; the choice is for a model of which nothing is known")
      }
      var faultCount = scores.faults.count + scores.omissions.count
      var tables: [Table] = []
      for one in scores.scenarios {
        do {
          let selection = try InstanceSelection(
            one, model: model, count: count, method: method, seed: UInt64(bitPattern: Int64(seed)))
          tables.append(selection.table)
          let widths = selection.widths.map { "\(Self.rounded($0.width)) with \($0.count)" }.joined(
            separator: ", ")
          let known = selection.knownCount > 0 ? " beside the \(selection.knownCount) known" : ""
          Terminal.say("\(one.name): expected width of the 95% interval \(widths)\(known)")
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

  private static func rounded(_ value: Double) -> String {
    let thousandths = Int((value * 1000).rounded())
    return "\(thousandths / 1000)." + String(thousandths % 1000 + 1000).dropFirst()
  }
}
