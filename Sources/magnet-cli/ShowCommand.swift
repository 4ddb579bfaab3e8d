import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show instances of a run: prompt, references, answer and scores.",
    discussion: """
      EXAMPLE:
        magnet show 'benchmark_output/runs/my-suite/boolq:model=openai_gpt2' --wrong
        magnet show benchmark_output/runs/my-suite/RUN --instance id22
        magnet show benchmark_output/runs/my-suite/RUN --format csv
      """)

  @Argument(help: "The run's folder, or a quoted pattern that matches one.", completion: .directory)
  var run: String
  @Option(
    help: ArgumentHelp("Show only instances with this id, with * and ?. May be repeated.", valueName: "id"))
  var instance: [String] = []
  @Flag(help: "List the worst scores first.")
  var wrong = false
  @Flag(help: "Show the instance's input instead of the whole prompt.")
  var input = false
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var metrics: MetricOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await report {
      let runs = try reading.runs(ofRun: run)
      let listing = try await runs.list()
      guard listing.entries.count == 1, let row = listing.entryOfRow.firstIndex(of: 0) else {
        if let fault = listing.entries.first?.faults.first, listing.entries.count == 1 { throw fault }
        throw MagnetError(
          .usage, "show is about one run, and \(listing.entries.count) runs match", at: run,
          advice: "name the run's folder; magnet runs lists them")
      }
      let patterns = instance.map { NamePattern($0) }
      var views = try await InstanceViews.read(
        listing.entries[0], listing.runSpecs.rows[row], in: runs, rules: try await metrics.rules(runs)
      ) { id in patterns.isEmpty || patterns.contains { $0.matches(id) } }
      say(views.faults)
      if views.instances.isEmpty {
        throw MagnetError(
          .notFound, "no instance \(instance.map { "'\($0)'" }.joined(separator: ", "))", at: run,
          advice: try await advice(for: instance.first ?? "", of: listing.entries[0], in: runs))
      }
      let ids = views.instances.map(\.id)
      let unmatched = zip(instance, patterns).filter { _, pattern in !ids.contains(where: pattern.matches) }
      for (id, _) in unmatched { Terminal.say("no instance '\(id)'", as: .warning) }
      if wrong { views.putWorstFirst() }
      if output.format != nil || output.file != nil {
        try output.print(views.table, keyCount: 2)
        return views.faults.count + unmatched.count
      }
      let limit = output.rows.limit ?? 10
      let shown = limit == 0 ? views.instances.count : min(limit, views.instances.count)
      for view in views.instances.prefix(shown) {
        try Terminal.write(
          view.text(metric: views.headline?.metric.text, width: Terminal.width ?? 80, showsPrompt: !input)
            + "\n")
      }
      if shown < views.instances.count {
        Terminal.say("\(shown) of \(views.instances.count) instances; --limit 0 shows all")
      }
      return views.faults.count + unmatched.count
    }
  }

  /// The ids of a run that are nearest to one that it does not have.
  private func advice(for id: String, of entry: RunEntry, in runs: HelmRuns) async throws -> String? {
    let tables = try await runs.load(
      [entry], tables: [.scenarioStates], columns: TableSource.scenarioStates.names(.instance))
    return suggestion(for: id, among: tables.scenarioStates[.instance].compactMap(\.self).unique())
  }
}
