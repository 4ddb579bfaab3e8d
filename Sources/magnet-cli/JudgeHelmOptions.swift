import ArgumentParser
import HelmBackend
import Judges
import Magnet
import MagnetCommand
import Predictors

/// The options of a run whose challenges are about HELM's scores.
struct JudgeHelmOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Instead of a world, the scores of HELM's runs over time: a folder that holds runs. May be repeated.",
      valueName: "path"),
    completion: .directory)
  var helm: [String] = []
  @Option(help: ArgumentHelp("Instances of each run that HelmFollow shows.", valueName: "count"))
  var observed = 25
  @OptionGroup var time: TimelineOptions
  @Option(
    help: ArgumentHelp(
      "Use only runs whose name matches: a name, a pattern with * and ?, regex:..., or several separated by |. May be repeated.",
      valueName: "pattern"))
  var runs: [String] = []
  @OptionGroup var scoring: MetricOptions
  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    if helm.isEmpty, time.dates != nil || !runs.isEmpty {
      throw ValidationError("--dates and --runs go with --helm.")
    }
    if observed < 1 { throw ValidationError("--observed must be 1 or more.") }
  }

  /// HELM's runs, as histories.
  struct Timeline {
    let runs: HelmRuns
    let histories: [HelmHistory]
    /// The runs and scenarios that were left out.
    let faultCount: Int
  }

  /// Reads the runs.
  /// - Parameters:
  ///   - challenges: those that will be tested.
  ///   - seed: of the instances that are shown.
  func timeline(_ challenges: [Challenge], seed: UInt64) async throws -> Timeline {
    let progress = WorkProgress()
    let runs = try reading.runs(helm, try RunSelection(runs: runs), progress)
    let scores = try await scoring.read(runs, progress)
    let timeline = try await time.timeline(runs, scores)
    var histories: [HelmHistory] = []
    for observed in [observed, nil] as [Int?]
    where challenges.contains(where: { $0.looksAhead == (observed == nil) }) {
      let results = try HelmResults(
        scores, timeline: timeline, observed: observed, seed: Int(truncatingIfNeeded: seed))
      for note in results.notes { Terminal.say(note) }
      histories.append(HelmHistory(results, source: runs))
    }
    return Timeline(
      runs: runs, histories: histories, faultCount: scores.faults.count + scores.omissions.count)
  }

  /// Predictors as examinees, by their names.
  func examinees(_ names: [String], _ timeline: Timeline) -> [Algorithm] {
    names.compactMap { name in
      if let baseline = helmAlgorithmCatalog.named(name) { return baseline }
      return predictorCatalog.first { $0.name == name }.map { type in
        Algorithm(name: type.name, summary: type.summary, subject: .scores) {
          PredictorExaminee(
            Backtest.Entry(type), histories: timeline.histories, source: timeline.runs)
        }
      }
    }
  }

  /// A program as an examinee, which predicts runs as `magnet backtest --exec` has it.
  func examinee(
    _ exec: String, _ external: ExternalOptions, _ timeline: Timeline, hiding files: [String], detail: String
  ) throws -> Algorithm {
    let make = try external.factory(
      exec, over: timeline.runs, isOfInstances: false, metrics: scoring.metric, hiding: files)
    let entry = Backtest.Entry(name: "exec") { make(3, 20, 1) }
    return Algorithm(name: "exec", summary: exec, detail: detail, subject: .scores) {
      PredictorExaminee(entry, histories: timeline.histories, source: timeline.runs)
    }
  }
}
