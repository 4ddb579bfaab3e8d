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
      One row per instance, in the order to run them, chosen by what the runs of other models say of the scenario's
      instances: adaptive (each the one whose answer is expected to say most, given the answers before), stratified (by
      difficulty) or random. The width to expect of the 95% interval is printed on standard error. With --model, the answers
      that the model has given already guide an adaptive choice: run the first ones, and ask again.

      EXAMPLE:
        magnet select benchmark_output -k 50 -o chosen.ndjson
        magnet select benchmark_output --scenario 'mmlu:*' -k 10 --model acme/new --method adaptive
        magnet predict 2pl benchmark_output --instances chosen.ndjson
      """)

  @OptionGroup var source: SourceOptions
  @Option(help: ArgumentHelp("Only scenarios whose name matches, with * and ?.", valueName: "pattern"))
  var scenario: [String] = []
  @Option(name: .customShort("k"), help: "How many instances of each scenario.")
  var count = 50
  @Option(help: "The model to choose for.")
  var model: String?
  @Option(help: "adaptive, stratified or random.")
  var method = SamplingMethod.adaptive
  @Option(parsing: .unconditional, help: "The seed of random choices.")
  var seed = 1
  @OptionGroup var scoring: ScoreOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if count < 1 { throw ValidationError("-k must be 1 or more.") }
  }

  func run() async throws {
    try await report {
      let progress = WorkProgress()
      let scores = try await scoring.read(try source.runs(progress), progress)
      let patterns = scenario.map { NamePattern($0) }
      let chosen = scores.scenarios.filter { one in
        patterns.isEmpty || patterns.contains { $0.matches(one.name) }
      }
      guard !chosen.isEmpty else {
        let near = nearestNames(to: scenario.first ?? "", among: scores.scenarios.map(\.name))
        throw MagnetError(
          .notFound, "no scenario matches \(scenario.joined(separator: ", "))",
          advice: "there is " + near.joined(separator: ", "))
      }
      if let model, !scores.board.models.contains(model) {
        Terminal.say("\(model): no run of it is there; the choice is for a model of which nothing is known")
      }
      var faultCount = scores.faults.count + scores.omissions.count
      var tables: [Table] = []
      for one in chosen {
        do {
          let selection = try InstanceSelection(
            one, model: model, count: count, method: method, seed: UInt64(bitPattern: Int64(seed)))
          tables.append(selection.table)
          let widths = selection.widths.map { "\(Self.rounded($0.width)) with \($0.count)" }.joined(
            separator: ", ")
          let known = selection.knownCount > 0 ? " beside the \(selection.knownCount) known" : ""
          Terminal.say("\(one.name): expected width of the 95% interval \(widths)\(known)")
        } catch let error as MagnetError {
          Terminal.say("left out: \(one.name): \(error)")
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
