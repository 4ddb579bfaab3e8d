package import ArgumentParser
package import HelmBackend
package import Magnet

/// The options of every command that orders models by time.
package struct TimelineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Release dates, as CSV: model,date; models that are not in it have those of schema.json.",
      valueName: "file"),
    completion: .file())
  package var dates: String?
  @Option(
    help: """
      A step of time: quarter, month, day, or suite (a model's first suite). (default: quarter; suite where no model has a \
      date)
      """)
  package var step: TimelineStep?

  package init() {}

  package func validate() throws {
    if dates != nil, step == .suite {
      throw ValidationError("--dates goes with steps of dates, not with suites.")
    }
  }

  /// The release dates of models: those of the file, then those of `schema.json`.
  private func releaseDates(_ runs: HelmRuns) async throws -> [String: String] {
    let published = try await runs.releaseDates()
    guard let dates else { return published }
    do {
      let bytes = try Files.read(dates, atMost: 1 << 26)
      let own = try ModelTimeline.dates(csv: String(decoding: bytes, as: UTF8.self), path: dates)
      return published.merging(own) { $1 }
    } catch let error as SystemError {
      throw MagnetError(.notFound, "cannot be read: \(error)", at: dates)
    }
  }

  /// When the models of a collection came out; those without a date are named on standard error.
  package func timeline(_ runs: HelmRuns, _ collection: ScoreCollection) async throws -> ModelTimeline {
    let models = collection.board.models
    let known = step == .suite ? [:] : try await releaseDates(runs).filter { models.contains($0.key) }
    let timeline: ModelTimeline
    if step == .suite || step == nil && dates == nil && known.isEmpty {
      if step == nil {
        Terminal.say(
          "no release date is known: a model comes out with its first suite; --dates FILE.csv gives dates")
      }
      let names = Dictionary(
        collection.runs.map { ($0.name, $0.model) }, uniquingKeysWith: { first, _ in first })
      timeline = ModelTimeline(suites: try await runs.suites(ofModels: names))
    } else {
      let unit = step.flatMap { ModelTimeline.Step(rawValue: $0.rawValue) } ?? .quarter
      timeline = try ModelTimeline(dates: known, every: unit)
    }
    let undated = timeline.undated(models)
    if !undated.isEmpty {
      Terminal.say(
        "left out, without a date: \(undated.joined(separator: ", ")); --dates FILE.csv gives dates")
    }
    let count = timeline.names.count
    Terminal.say("\(count) step\(count == 1 ? "" : "s") of time: \(timeline.names.joined(separator: ", "))")
    return timeline
  }
}

/// What `--step` takes: the steps of dates, or suites.
package enum TimelineStep: String, ExpressibleByArgument, CaseIterable {
  case quarter, month, day, suite
}
