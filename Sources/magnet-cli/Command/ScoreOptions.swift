package import ArgumentParser
package import HelmBackend
package import Magnet

/// The options of every command that looks at the scores of runs.
package struct ScoreOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The metric that is the score; by default the scenario's main one.", valueName: "metric"))
  package var metric: [String] = []
  @Option(
    help: ArgumentHelp(
      "Use only runs whose name matches, with * and ?. May be repeated.", valueName: "pattern"))
  package var runs: [String] = []

  /// Reads the scores, with a bar, and says what is to be known of them.
  package func read(
    _ source: HelmRuns, _ progress: LoadProgress, readsAnswers: Bool = false
  ) async throws -> ScoreCollection {
    let scores = try await Watch.showing(progress) {
      try await ScoreCollection.read(
        source, runs: runs, metrics: metric.isEmpty ? nil : Set(metric), readsAnswers: readsAnswers)
    }
    say(scores.faults)
    for note in scores.notes { Terminal.say(note) }
    return scores
  }

  package init() {}
}
