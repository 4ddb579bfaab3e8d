import Magnet

/// A folder that HELM wrote one run into.
struct RunDirectory: Sendable {
  let path: String
  /// The names of the files in it.
  let files: [String]

  /// HELM's files that the tables are made of, in the order HELM writes them.
  static let coreFiles = ["run_spec.json", "scenario_state.json", "stats.json", "per_instance_stats.json"]
  /// All files that HELM writes for a run.
  static let knownFiles =
    coreFiles + ["scenario.json", "instances.json", "display_predictions.json", "display_requests.json"]

  /// The names of the suite's folder and of the run's.
  var names: (suite: String, folder: String) {
    let parts = path.split(separator: "/").suffix(2)
    if parts.count == 2, !parts.contains("."), !parts.contains("..") {
      return (String(parts.first!), String(parts.last!))
    }
    let whole = FileSystem.absolute(path).split(separator: "/")
    return (whole.dropLast().last.map(String.init) ?? "/", whole.last.map(String.init) ?? "/")
  }

  func file(_ name: String) -> String { path + "/" + name }

  /// The path of the file that a table is made of.
  func file(of kind: TableKind) -> String {
    switch kind {
    case .runSpecs: file("run_spec.json")
    case .scenarioStates: file("scenario_state.json")
    case .stats: file("stats.json")
    case .perInstanceStats: file("per_instance_stats.json")
    }
  }

  /// The bytes of the file that a table is made of; 0 when it cannot be told.
  func size(of kind: TableKind) -> Int { FileSystem.size(file(of: kind)) }

  /// Whether a folder is a run's: it has a file of a run, or a run's name, with a colon, and no folders in it.
  static func isRun(_ folder: String, _ entries: [FileSystem.Entry]) -> Bool {
    entries.contains { coreFiles.contains($0.name) }
      || (!entries.contains(where: \.isFolder)
        && RunDirectory(path: folder, files: []).names.folder.contains(":"))
  }

  /// What keeps the run from being complete, as far as the ends of its files tell; a file whose ends look wrong is
  /// read to say what is wrong with it. `run_spec.json` is not looked at.
  func faults(_ reader: JSONFileReader) -> [RunFault] {
    if files.isEmpty {
      return [
        RunFault(
          file: path, problem: "the run's folder is empty",
          advice: "HELM leaves it so when a run fails; run it again or remove the folder")
      ]
    }
    return Self.coreFiles.dropFirst().compactMap { name in
      let kind: JSONTape.Tag = name == "scenario_state.json" ? .object : .array
      do throws(RunFault) {
        try checkEnds(file(name), kind, reader)
        return nil
      } catch { return error }
    }
  }

  /// HELM indents its files, so the last bracket of a whole one is the only one at the start of a line. A file that
  /// ends in another way is read, to say what is wrong with it, unless it is too large for that.
  private func checkEnds(_ path: String, _ kind: JSONTape.Tag, _ reader: JSONFileReader) throws(RunFault) {
    let (open, close) = kind == .object ? ("{", "}") : ("[", "]")
    let size: Int
    do {
      let file = try OpenFile.reading(path)
      let ends = file.ends(16)
      if ends.head.starts(with: open.utf8), ends.tail.ends(with: "\n\(close)") { return }
      size = file.size
    }
    if size > HelmRuns.windowThreshold {
      throw RunFault(
        file: path, place: "byte \(size)",
        problem: "the text does not end as HELM ends it, it may be cut off",
        advice: "copy or download it again")
    }
    try reader.withTape(path) { (tape) throws(RunFault) in try tape.expect(kind, file: path) }
  }
}

extension [UInt8] {
  fileprivate func ends(with text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}
