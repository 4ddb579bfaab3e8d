/// Which models have runs of which scenarios, and in which state.
package struct CoverageMatrix: Sendable {
  package enum State: String, Sendable {
    case complete, partial, faulty

    /// The state in one character.
    package var symbol: String {
      switch self {
      case .complete: "●"
      case .partial: "◐"
      case .faulty: "✕"
      }
    }
  }

  package struct Entry: Sendable {
    package let state: State
    /// The names of the runs.
    package var runs: [String]
    /// What is wrong; nil for complete ones.
    package let problem: String?
  }

  package let models: [String]
  /// The runs' names without the model.
  package let scenarios: [String]
  private let entries: [String: [String: Entry]]

  /// The matrix of a listing. Runs whose run spec cannot be read name no model and are not in it.
  package init(_ listing: RunListing) {
    var entries: [String: [String: Entry]] = [:]
    var scenarios: Set<String> = []
    for (row, number) in listing.entryOfRow.enumerated() {
      let spec = listing.runSpecs.rows[row]
      let run = listing.entries[number]
      let model = spec[.model] ?? run.name
      let scenario = RunName.task(run.name, spec)
      scenarios.insert(scenario)
      let state: State = run.faults.isEmpty ? .complete : run.hasStatistics ? .partial : .faulty
      var known = entries[model]?[scenario]
      if let found = known, Self.rank(found.state) <= Self.rank(state) {
        known?.runs = found.runs + [run.name]
      } else {
        known = Entry(state: state, runs: (known?.runs ?? []) + [run.name], problem: run.problem)
      }
      entries[model, default: [:]][scenario] = known
    }
    self.entries = entries
    models = entries.keys.sorted()
    self.scenarios = scenarios.sorted()
  }

  private static func rank(_ state: State) -> Int {
    switch state {
    case .complete: 0
    case .partial: 1
    case .faulty: 2
    }
  }

  /// The runs of a model on a scenario; nil for none. The best of several counts.
  package func entry(_ model: String, _ scenario: String) -> Entry? { entries[model]?[scenario] }

  /// How many scenarios a model has runs of.
  package func count(of model: String) -> Int { entries[model]?.count ?? 0 }

  /// The absent runs of scenarios that at least half of the models have.
  package var missing: [(model: String, scenario: String)] {
    let common = scenarios.filter { scenario in
      2 * models.count { entries[$0]?[scenario] != nil } >= models.count
    }
    return models.flatMap { model in
      common.filter { entries[model]?[$0] == nil }.map { (model, $0) }
    }
  }

  /// One row per model: model, runs, and a column per scenario with the state; null for no run.
  package var table: Table {
    Table(
      columnNames: ["model", "tasks"] + scenarios,
      rows: models.map { model in
        [.string(model), .int(Int64(count(of: model)))]
          + scenarios.map { scenario in Cell(entry(model, scenario)?.state.rawValue) }
      })
  }

  /// One row per absent run of a task that others have: model, task.
  package var missingTable: Table {
    Table(
      columnNames: ["model", "task"],
      rows: missing.map { [.string($0.model), .string($0.scenario)] })
  }
}
