import Magnet

extension HelmRuns {
  /// The models' release dates, from `models` of the `schema.json` files beside the runs, which `helm-summarize` writes.
  /// Where files differ, the earliest date counts.
  package func releaseDates() async throws -> [String: String] {
    var dates: [String: String] = [:]
    for document in try await schemas().documents {
      for model in document.json["models"]?.elements ?? [] {
        guard let name = model["name"]?.string, let date = model["release_date"]?.string else { continue }
        dates[name] = min(dates[name] ?? date, date)
      }
    }
    return dates
  }

  /// The suites in which each model has runs.
  /// - Parameter models: the model of each run, by the run's name.
  package func suites(ofModels models: [String: String]) async throws -> [String: [String]] {
    var suites: [String: [String]] = [:]
    for entry in try await list().entries {
      if let model = models[entry.name] { suites[model, default: []].append(entry.suite) }
    }
    return suites
  }
}
