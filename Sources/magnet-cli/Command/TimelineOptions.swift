package import ArgumentParser
package import HelmBackend
package import Magnet

/// The options of every command that orders models by time.
package struct TimelineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Release dates, as CSV: model,date (default: those of schema.json).", valueName: "file"),
    completion: .file())
  package var dates: String?
  @Option(help: "A step of time: quarter, month, day, or suite (a model's first suite).")
  package var step = TimelineStep.quarter

  package init() {}

  package func validate() throws {
    if dates != nil, step == .suite {
      throw ValidationError("--dates goes with steps of dates, not with suites.")
    }
  }

  /// When the models of a collection came out; those without a date are named on standard error.
  package func timeline(_ runs: HelmRuns, _ collection: ScoreCollection) async throws -> ModelTimeline {
    let models = collection.board.models
    let timeline: ModelTimeline
    if let unit = ModelTimeline.Step(rawValue: step.rawValue) {
      var known: [String: String] = [:]
      if let dates {
        do {
          let bytes = try Files.read(dates, atMost: 1 << 26)
          known = try ModelTimeline.dates(csv: String(decoding: bytes, as: UTF8.self), path: dates)
        } catch let error as SystemError {
          throw MagnetError(.notFound, "cannot be read: \(error)", at: dates)
        }
      } else {
        known = try await runs.releaseDates()
      }
      timeline = try ModelTimeline(dates: known.filter { models.contains($0.key) }, every: unit)
    } else {
      let names = Dictionary(
        collection.runs.map { ($0.name, $0.model) }, uniquingKeysWith: { first, _ in first })
      timeline = ModelTimeline(suites: try await runs.suites(ofModels: names))
    }
    let undated = timeline.undated(models)
    if !undated.isEmpty {
      Terminal.say(
        "left out, without a date: \(undated.joined(separator: ", ")); --dates FILE.csv gives dates")
    }
    Terminal.say("\(timeline.names.count) steps of time: \(timeline.names.joined(separator: ", "))")
    return timeline
  }
}

/// What `--step` takes: the steps of dates, or suites.
package enum TimelineStep: String, ExpressibleByArgument, CaseIterable {
  case quarter, month, day, suite
}
