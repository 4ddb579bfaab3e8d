/// Which instances the runs of a scenario have: models are comparable where they were asked the same.
package struct InstanceCoverage: Sendable {
  /// One row per scenario and split: task, split, runs, instances (the most that a run has), least (the fewest), sets (how
  /// many different sets of questions the runs have), reused_ids (ids that name several questions).
  package let table: Table
  /// Scenarios whose runs were asked different questions.
  package let unequal: [String]
  package let faults: [DataFault]

  private static let states = ColumnPrefix.requests
  private static let columns: Set<String> = Set(
    [
      "instance.id", "instance.split", "instance.perturbation.name", "instance.input.text", "instance.input",
      "instance.input.messages", "instance.input.multimedia_content.media_objects", "instance.references",
    ].map { states + $0 })

  private struct Place: Hashable {
    let task: String
    let split: String
  }

  /// Reads the questions of all runs, a few at once; of each its hash is kept.
  /// - Throws: what the source throws.
  package init(of source: some RunSource) async throws {
    let listing = try await source.list()
    var faults: [DataFault] = []
    var sets: [Place: [Set<[String]>]] = [:]
    let rows = listing.runSpecs.rows.indices.filter { row in
      listing.entries[listing.entryOfRow[row]].files.contains(TableSource.scenarioStates.fileName)
    }
    for start in stride(from: 0, to: rows.count, by: 16) {
      let batch = Array(rows[start..<min(start + 16, rows.count)])
      let runs = batch.map { listing.entries[listing.entryOfRow[$0]] }
      let tables = try await source.load(runs, tables: [.scenarioStates], columns: Self.columns)
      faults += tables.faults.map(\.fault)
      for (number, row) in batch.enumerated() {
        let spec = listing.runSpecs.rows[row]
        var found: [String: Set<[String]>] = [:]
        let states = tables.table(.scenarioStates, ofRuns: [number])
        let columns = states.columnNames.filter {
          $0.contains("instance.input") || $0.hasSuffix("references")
        }
        .sorted()
        states.forEachRow { row in
          guard row[.perturbation] == nil, let id = row[.instance] else { return }
          let texts = columns.map { row[$0].text }
          var hash = SHA256()
          hash.update(texts.joined(separator: "\u{1F}").utf8)
          found[row[.split] ?? "", default: []].insert([id, hash.finish()])
        }
        for (split, set) in found {
          sets[Place(task: RunName.task(spec[.run], spec), split: split), default: []].append(set)
        }
      }
    }
    let places = sets.keys.sorted { ($0.task, $0.split) < ($1.task, $1.split) }
    table = Table(
      columnNames: ["task", "split", "runs", "instances", "least", "sets", "reused_ids"],
      rows: places.map { place in
        let all = sets[place] ?? []
        let pairs = all.reduce(into: Set<[String]>()) { $0.formUnion($1) }
        let ids = Dictionary(grouping: pairs, by: { $0[0] })
        let counts = [
          all.count, all.map(\.count).max() ?? 0, all.map(\.count).min() ?? 0, Set(all).count,
          ids.values.count { $0.count > 1 },
        ]
        return [.string(place.task), .string(place.split)] + counts.map { .int(Int64($0)) }
      })
    unequal = places.filter { Set(sets[$0] ?? []).count > 1 }.map { "\($0.task) (\($0.split))" }
    self.faults = faults
  }
}

/// The files of runs, as they lie on disk.
package struct RunFiles: Sendable {
  /// One row per file name: file, count, bytes, oldest, newest (UTC), stale (files that HELM's site shows and that are
  /// older than the results they were made of).
  package let table: Table
  /// The stale files.
  package let stale: [String]
  /// How many files lie in archives or as rows in Parquet files, so that their sizes and times are not known here.
  package let archivedCount: Int

  private static let results = TableSource.allCases.map(\.fileName)
  private static let displayed = ["instances.json", "display_predictions.json", "display_requests.json"]

  /// Looks at the files of a listing.
  package init(_ listing: RunListing) {
    var found: [String: (count: Int, bytes: Int, oldest: Int64, newest: Int64, stale: Int)] = [:]
    var stale: [String] = []
    var archived = 0
    for entry in listing.entries {
      var times: [String: Int64] = [:]
      for file in entry.files {
        let path = entry.path + "/" + file
        guard entry.parquetFiles.isEmpty, let status = Files.status(path) ?? Files.status(path + ".gz") else {
          archived += 1
          continue
        }
        let time = Int64(status.stamp.modified / 1_000_000_000)
        times[file] = time
        var known = found[file] ?? (0, 0, time, time, 0)
        known.count += 1
        known.bytes += status.size
        known.oldest = min(known.oldest, time)
        known.newest = max(known.newest, time)
        found[file] = known
      }
      let newest = Self.results.compactMap { times[$0] }.max()
      for file in Self.displayed {
        guard let time = times[file], let newest, time < newest else { continue }
        found[file]?.stale += 1
        stale.append(entry.path + "/" + file)
      }
    }
    table = Table(
      columnNames: ["file", "count", "bytes", "oldest", "newest", "stale"],
      rows: found.sorted { $0.key < $1.key }.map { name, facts in
        [
          .string(name), .int(Int64(facts.count)), .int(Int64(facts.bytes)), .string(Self.text(facts.oldest)),
          .string(Self.text(facts.newest)), .int(Int64(facts.stale)),
        ]
      })
    self.stale = stale
    archivedCount = archived
  }

  /// A time as RFC 3339 has it, from seconds since 1970: days to a date as in Howard Hinnant's `civil_from_days`.
  static func text(_ seconds: Int64) -> String {
    let days = Int64((Double(seconds) / 86_400).rounded(.down))
    let rest = seconds - days * 86_400
    let z = days + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func two(_ value: Int64) -> String { (value < 10 ? "0" : "") + String(value) }
    return "\(year)-\(two(month))-\(two(day))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
  }
}
