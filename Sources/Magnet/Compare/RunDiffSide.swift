extension RunDiff {
  /// One of the two runs that are compared, in the form that levels compare.
  struct Side {
    struct RequestKey: Hashable {
      let id: String
      let split: String?
      let trial: Int
      let perturbation: String
      /// Which of an instance's requests it is, such as `reference 1`; empty where there is one.
      var part = ""
      /// How many rows before it say the same, as those of a text that is asked for window by window do.
      var repetition = 0

      var text: String {
        [
          id, split ?? "", perturbation, trial > 0 ? "trial \(trial)" : "", part,
          repetition > 0 ? "row \(repetition + 1)" : "",
        ].filter { !$0.isEmpty }.joined(separator: " ")
      }

      /// The instance that the request is of.
      var instance: RequestKey {
        RequestKey(id: id, split: split, trial: trial, perturbation: perturbation)
      }
    }

    struct Request {
      let key: RequestKey
      /// The input and the references.
      let content: String
      let prompt: String
      let answer: String
    }

    struct ScoreKey: Hashable {
      var request: RequestKey
      let metric: String
    }

    /// Counts the rows of each key.
    private struct Repetitions<Key: Hashable> {
      private var counts: [Key: Int] = [:]

      /// How many rows before had the key.
      mutating func next(_ key: Key) -> Int {
        let count = counts[key] ?? 0
        counts[key] = count + 1
        return count
      }
    }

    let spec: Row
    let scenario: String
    /// Nil where the file cannot be read.
    var requests: [Request]?
    /// The means of stats.json by metric, split, sub-split and perturbation.
    var stats: [(String, Double?)]?
    var scores: [(ScoreKey, Double)]?
    /// The fields of scenario.json but those that say where it lay; nil where there is none.
    var scenarioFields: [(String, String)]?
    var faults: [DataFault] = []

    init(_ source: some RunSource) async throws {
      let listing = try await source.list()
      guard listing.entries.count == 1, let place = listing.entryOfRow.firstIndex(of: 0) else {
        if listing.entries.count == 1, let fault = listing.entries.first?.faults.first { throw fault }
        throw MagnetError(
          .usage, "diff compares two runs, and \(listing.entries.count) runs are on one side",
          advice: "name the runs' folders")
      }
      let entry = listing.entries[0]
      spec = listing.runSpecs.rows[place]
      scenario = RunName.task(spec[.run], spec)
      var faults: [DataFault] = []
      func table(_ kind: TableSource) async throws -> Table? {
        guard entry.files.contains(kind.fileName) else { return nil }
        let tables = try await source.load([entry], tables: [kind])
        faults += tables.faults.map(\.fault)
        return tables.faults.isEmpty ? tables[kind] : nil
      }
      if source.sources.contains(.scenarios), let fields = try await table(.scenarios), fields.rowCount == 1 {
        let places = ["scenario.definition_path", "scenario.output_path", ColumnKey.run.name]
        scenarioFields = fields.columnNames.filter { !places.contains($0) }.sorted().map { name in
          (String(name.dropFirst(TableSource.scenarios.prefix.count)), fields.rows[0][name].text)
        }
      }
      if let states = try await table(.scenarioStates) { requests = Self.requests(states) }
      if let table = try await table(.stats) {
        var repetitions = Repetitions<String>()
        stats = table.rows.map { row in
          let strength = row[.prob].map { "prob=\($0)" }
          let parts = [
            row[.metric], row[.split], row[.subSplit], row[.perturbation], row[.computedOn], strength,
          ]
          let name = parts.compactMap(\.self).joined(separator: " ")
          let repetition = repetitions.next(name)
          return (name + (repetition > 0 ? " row \(repetition + 1)" : ""), row[.mean])
        }
      }
      if let table = try await table(.perInstanceStats) {
        let prefix = ColumnPrefix.instanceStatName + "perturbation."
        let names = Self.perturbationColumns(table, prefix)
        var found: [(ScoreKey, Double)] = []
        var repetitions = Repetitions<ScoreKey>()
        table.forEachRow { row in
          guard let id = row[.instance] else { return }
          var key = ScoreKey(
            request: RequestKey(
              id: id, split: row[.split], trial: row[.trial] ?? 0,
              perturbation: Self.perturbation(row, names, prefix), part: row[.subSplit] ?? ""),
            metric: row[.metric])
          key.request.repetition = repetitions.next(key)
          if let mean = row[.mean] { found.append((key, mean)) }
        }
        scores = found
      }
      self.faults = faults
    }

    private static func requests(_ states: Table) -> [Request] {
      let request = ColumnPrefix.requests
      let inputs = states.columnNames.filter {
        $0.hasPrefix(request + "instance.input") || $0 == request + "instance.references"
      }
      let prompts = states.columnNames.filter {
        $0 == request + "request.prompt" || $0 == request + "request.messages"
          || $0.hasPrefix(request + "request.multimodal_prompt")
      }
      let prefix = request + "instance.perturbation."
      let names = perturbationColumns(states, prefix)
      var found: [Request] = []
      var repetitions = Repetitions<RequestKey>()
      states.forEachRow { row in
        guard let id = row[.instance] else { return }
        let reference = row[request + "reference_index"]
        let parts = [
          row[request + "request_mode"].text, reference == .null ? "" : "reference \(reference.text)",
        ]
        var key = RequestKey(
          id: id, split: row[.split], trial: row[.trial] ?? 0,
          perturbation: perturbation(row, names, prefix),
          part: parts.filter { !$0.isEmpty }.joined(separator: " "))
        key.repetition = repetitions.next(key)
        found.append(
          Request(
            key: key,
            content: inputs.map { row[$0].text }.joined(separator: "\n"),
            prompt: prompts.map { row[$0].text }.joined(separator: "\n"),
            answer: (row[.completions]?.elements ?? []).compactMap { $0["text"]?.string }.joined(
              separator: "\n")))
      }
      return found
    }

    private static func perturbationColumns(_ table: Table, _ prefix: String) -> [String] {
      table.columnNames.filter {
        $0.hasPrefix(prefix) && !$0.hasSuffix("_file_path")
      }.sorted()
    }

    private static func perturbation(_ row: Row, _ names: [String], _ prefix: String) -> String {
      if row[.perturbation] == nil { return "" }
      return names.compactMap { name in
        let cell = row[name]
        return cell == .null ? nil : "\(name.dropFirst(prefix.count))=\(cell.text)"
      }.joined(separator: ",")
    }
  }
}
