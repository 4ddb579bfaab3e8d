/// What states the runs of a listing are in: complete, or the first fault of each, by file and kind, whatever its place.
package struct RunStates: Sendable {
  /// In the order of the listing, complete runs first.
  package let entries: [(state: String, count: Int, example: String)]

  /// The states of a listing.
  package init(_ listing: RunListing) {
    var places: [String: Int] = [:]
    var found: [(state: String, count: Int, example: String)] = []
    func add(_ state: String, _ example: String) {
      let place = places[state] ?? found.count
      if place == found.count {
        places[state] = place
        found.append((state, 0, example))
      }
      found[place].count += 1
    }
    for entry in listing.entries where entry.faults.isEmpty { add("complete", entry.path) }
    for entry in listing.entries {
      guard let fault = entry.faults.first else { continue }
      let isInFile = fault.file.hasPrefix(entry.path + "/")
      let file = isInFile ? String(fault.file.dropFirst(entry.path.count + 1)) + ": " : ""
      add(file + fault.problem, entry.path)
    }
    let suites = Dictionary(grouping: listing.entries, by: \.name).filter { $0.value.count > 1 }
    for (_, entries) in suites.sorted(by: { $0.key < $1.key }) {
      add("the same name in several suites", entries[0].path)
    }
    self.entries = found
  }

  /// One row per state: state, runs, example (the path of a run). Runs of one name in several suites count once more.
  package var table: Table {
    Table(
      columnNames: ["state", "runs", "example"],
      rows: entries.map { [.string($0.state), .int(Int64($0.count)), .string($0.example)] })
  }
}

extension RunListing {
  /// The run groups that the runs name.
  package var groups: [String] {
    runSpecs.rows.flatMap { ($0[.groups]?.elements ?? []).compactMap(\.string) }.unique().sorted()
  }

  /// One row per model: model, maker (what is before the slash), deployments (their names, separated by commas), runs,
  /// tasks.
  package var modelTable: Table {
    var found: [String: (deployments: [String], runs: Int, tasks: Set<String>)] = [:]
    for row in runSpecs.rows {
      guard let model = row[.model] else { continue }
      var known = found[model] ?? ([], 0, [])
      let deployment = row[.deployment] ?? ""
      if !deployment.isEmpty, !known.deployments.contains(deployment) { known.deployments.append(deployment) }
      known.runs += 1
      known.tasks.insert(RunName.task(row[.run], row))
      found[model] = known
    }
    return Table(
      columnNames: ["model", "maker", "deployments", "runs", "tasks"],
      rows: found.sorted { $0.key < $1.key }.map { model, facts in
        [
          .string(model), Cell(model.contains("/") ? String(model.prefix { $0 != "/" }) : nil),
          Cell(facts.deployments.isEmpty ? nil : facts.deployments.sorted().joined(separator: ", ")),
          .int(Int64(facts.runs)), .int(Int64(facts.tasks.count)),
        ]
      })
  }
}
