/// One run as it was found.
public struct RunEntry: Sendable, Hashable {
  /// The suite's name: that of the folder the run lies in.
  package let suite: String
  /// The name of the run's folder.
  package let folder: String
  /// The path of the run's folder.
  public let path: String
  /// `run_spec.name`, or the folder's name when the run spec cannot be read.
  public let name: String
  /// Whether the run spec could be read.
  package let isNamed: Bool
  /// Which of HELM's files are there.
  package let files: [String]
  /// What keeps the run from being complete; nothing when it is.
  public let faults: [DataFault]
  /// The Parquet files that have rows of the run, which then has no files of its own.
  package let parquetFiles: [String]

  /// A run; `name` is nil when its run spec cannot be read.
  package init(
    suite: String, folder: String, path: String, name: String?, files: [String], faults: [DataFault],
    parquetFiles: [String] = []
  ) {
    self.suite = suite
    self.folder = folder
    self.path = path
    self.name = name ?? folder
    isNamed = name != nil
    self.files = files
    self.faults = faults
    self.parquetFiles = parquetFiles
  }
}

/// The runs of a source, in path order, with what their run specs say.
public struct RunListing: Sendable {
  /// The runs, in path order.
  public let entries: [RunEntry]
  /// A row for each entry whose run spec could be read, in the entries' order.
  public let runSpecs: Table
  /// The entry that each row of `runSpecs` is of.
  package let entryOfRow: [Int]

  /// A listing.
  package init(entries: [RunEntry], runSpecs: Table, entryOfRow: [Int]) {
    self.entries = entries
    self.runSpecs = runSpecs
    self.entryOfRow = entryOfRow
  }
}

extension RunEntry {
  /// `complete`, or `incomplete` where there are faults.
  package static func state(of faults: [DataFault]) -> String { faults.isEmpty ? "complete" : "incomplete" }

  /// What keeps the run from being complete, in a few words; nil when it is complete.
  package var problem: String? { problem(of: faults) }

  /// Faults of this run, without the path of its folder; nil for none.
  package func problem(of faults: [DataFault]) -> String? {
    if faults.isEmpty { return nil }
    return faults.map { fault in
      let isInside = fault.file.hasPrefix(path + "/")
      let file = isInside ? fault.file.dropFirst(path.count + 1) + ": " : ""
      return file + (fault.place.map { "\($0): " } ?? "") + fault.problem
    }.joined(separator: ", ")
  }
}

extension RunListing {
  /// The listing after a look into the files of the runs that seem complete, which tells more than their files' ends
  /// do: what `magnet runs` says of them.
  package func checkingStatistics(of source: some RunSource) async throws -> RunListing {
    try await checked(of: source).listing
  }

  /// For each entry, whether it is the one that counts among those with its name: the complete run of the latest
  /// suite; where none is complete, the run of the latest suite.
  package var isLatest: [Bool] {
    var newest: [String: Int] = [:]
    for (number, entry) in entries.enumerated() {
      guard let other = newest[entry.name] else {
        newest[entry.name] = number
        continue
      }
      let isComplete = entry.faults.isEmpty
      let otherIsComplete = entries[other].faults.isEmpty
      let isLater = VersionOrder(entry.suite) >= VersionOrder(entries[other].suite)
      if isComplete == otherIsComplete ? isLater : isComplete { newest[entry.name] = number }
    }
    return entries.indices.map { newest[entries[$0].name] == $0 }
  }

  /// The entries for which `isIncluded` holds, with their rows.
  package func filter(_ isIncluded: (RunEntry) -> Bool) -> RunListing {
    keeping { isIncluded(entries[$0]) }
  }

  /// The same, by the numbers of the entries.
  func keeping(_ isIncluded: (Int) -> Bool) -> RunListing {
    let kept = entries.indices.filter(isIncluded)
    if kept.count == entries.count { return self }
    let places = Dictionary(kept.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let rows = entryOfRow.indices.filter { places[entryOfRow[$0]] != nil }
    return RunListing(
      entries: kept.map { entries[$0] }, runSpecs: runSpecs.rows(at: rows),
      entryOfRow: rows.compactMap { places[entryOfRow[$0]] })
  }

  /// The entries in another order, with their rows.
  package func sorted(by isBefore: (RunEntry, RunEntry) -> Bool) -> RunListing {
    let order = entries.indices.sorted {
      isBefore(entries[$0], entries[$1]) || !isBefore(entries[$1], entries[$0]) && $0 < $1
    }
    let rows = Dictionary(entryOfRow.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let named = order.indices.filter { rows[order[$0]] != nil }
    return RunListing(
      entries: order.map { entries[$0] }, runSpecs: runSpecs.rows(at: named.compactMap { rows[order[$0]] }),
      entryOfRow: named)
  }

  /// Listings of several sources, one after the other.
  package init(joining listings: [RunListing]) {
    var entryOfRow: [Int] = []
    var first = 0
    for listing in listings {
      entryOfRow += listing.entryOfRow.map { $0 + first }
      first += listing.entries.count
    }
    self.init(
      entries: listings.flatMap(\.entries), runSpecs: Table(stacking: listings.map(\.runSpecs)),
      entryOfRow: entryOfRow)
  }

  /// The rows of complete runs, in order, each run name once: where suites repeat a name, the latest suite's.
  /// - Parameter isTaken: which runs to take instead of complete ones.
  func candidates(
    notes: inout [String], where isTaken: (RunEntry) -> Bool = { $0.faults.isEmpty }
  ) -> [Int] {
    let complete = runSpecs.rows.indices.filter { isTaken(entries[entryOfRow[$0]]) }
    var newest: [String: Int] = [:]
    for row in complete {
      let name = runSpecs.rows[row][.run]
      guard let other = newest[name] else {
        newest[name] = row
        continue
      }
      let suite = entries[entryOfRow[row]].suite
      let otherSuite = entries[entryOfRow[other]].suite
      let isNewer = VersionOrder(suite) >= VersionOrder(otherSuite)
      if isNewer { newest[name] = row }
      let used = isNewer ? row : other
      notes.append(
        suite == otherSuite
          ? "run \(name) is twice in suite \(suite); the one in \(entries[entryOfRow[used]].path) is used"
          : "run \(name) is in suites \(otherSuite) and \(suite); the one in \(isNewer ? suite : otherSuite) is used"
      )
    }
    return complete.filter { newest[runSpecs.rows[$0][.run]] == $0 }
  }
}
