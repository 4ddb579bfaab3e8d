/// One run as it was found.
public struct RunEntry: Sendable, Hashable {
  /// The suite's name: that of the folder the run lies in.
  public let suite: String
  /// The name of the run's folder.
  public let folder: String
  /// The path of the run's folder.
  public let path: String
  /// `run_spec.name`, or the folder's name when the run spec cannot be read.
  public let name: String
  /// Whether the run spec could be read.
  public let isNamed: Bool
  /// Which of HELM's files are there.
  public let files: [String]
  /// What keeps the run from being complete; nothing when it is.
  public let faults: [DataFault]

  /// A run; `name` is nil when its run spec cannot be read.
  public init(
    suite: String, folder: String, path: String, name: String?, files: [String], faults: [DataFault]
  ) {
    self.suite = suite
    self.folder = folder
    self.path = path
    self.name = name ?? folder
    isNamed = name != nil
    self.files = files
    self.faults = faults
  }
}

/// The runs of a source, in path order, with what their run specs say.
public struct RunListing: Sendable {
  public let entries: [RunEntry]
  /// A row for each entry whose run spec could be read, in the entries' order.
  public let runSpecs: Table
  /// The entry that each row of `runSpecs` is of.
  public let entryOfRow: [Int]

  /// A listing.
  public init(entries: [RunEntry], runSpecs: Table, entryOfRow: [Int]) {
    self.entries = entries
    self.runSpecs = runSpecs
    self.entryOfRow = entryOfRow
  }
}

extension RunListing {
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
      notes.append(
        "run \(name) is in suites \(otherSuite) and \(suite); the one in \(isNewer ? suite : otherSuite) is used"
      )
    }
    return complete.filter { newest[runSpecs.rows[$0][.run]] == $0 }
  }
}
