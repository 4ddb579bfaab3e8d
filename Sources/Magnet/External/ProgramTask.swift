/// What a program is asked, as it stands in its folder: the tables of the split in two SQLite files and as CSV, and
/// the question in `task.json`.
struct ProgramTask {
  /// The version of the contract between magnet and programs.
  static let contract = "1"
  static let predictionsFile = "predictions.jsonl"

  let train: TrainSplit
  let test: SequesteredTestSplit
  let seed: Int
  /// Whether single instances are to be predicted.
  let isOfInstances: Bool
  /// The statistics asked for.
  let stats: [MetricName]

  /// - Parameter metrics: ask for these metrics alone; for all when empty.
  init(train: TrainSplit, test: SequesteredTestSplit, seed: Int, isOfInstances: Bool, metrics: [String]) {
    self.train = train
    self.test = test
    self.seed = seed
    self.isOfInstances = isOfInstances
    let asked = isOfInstances ? test.instanceStatsAsked : test.statsAsked
    let selectors = metrics.compactMap { try? MetricSelector($0) }
    stats = metrics.isEmpty ? asked : asked.filter { name in selectors.contains { $0.matches(name) } }
  }

  /// Writes the files into a folder that is empty.
  /// - Parameter known: what was written of the same train split before.
  /// - Throws: `MagnetError` and `SystemError` when they cannot be written.
  func write(into folder: String, known: WrittenTrain = WrittenTrain(), hidesKey: Bool = false) throws {
    try known.write(train, into: folder, hidesKey: hidesKey)
    let shown = RunTables(
      runSpecs: test.runSpecs, scenarioStates: test.scenarioStates, perInstanceStats: test.observedStats)
    try shown.write(as: "test", into: folder)
    try Files.makeNewFolder(folder + "/tmp")
    try Files.writeNew(folder + "/task.json") { try $0(Array((question.text + "\n").utf8)) }
  }

  private var question: JSONValue {
    func object(_ members: [(String, JSONValue)]) -> JSONValue {
      .object(members.map { JSONValue.Member(key: $0, value: $1) })
    }
    return object([
      ("contract", .string(Self.contract)),
      ("predict", .string(isOfInstances ? "instances" : "runs")),
      ("seed", .int(Int64(seed))),
      ("runs", .array(test.runSpecs[.run].map { .string($0) })),
      ("disclosure", .string(test.disclosure.rawValue)),
      (
        "stats",
        .array(
          stats.map { name in
            object([
              ("stat", .string(name.name)), ("split", name.split.map { .string($0) } ?? .null),
              ("sub_split", name.subSplit.map { .string($0) } ?? .null),
              (
                "perturbation",
                name.perturbation.map { perturbation in
                  object(perturbation.fields.sorted { $0.key < $1.key }.map { ($0, JSONValue($1)) })
                } ?? .null
              ),
            ])
          })
      ),
      ("train", object([("sqlite", .string("train.sqlite")), ("csv", .string("train"))])),
      ("test", object([("sqlite", .string("test.sqlite")), ("csv", .string("test"))])),
      ("predictions", .string(Self.predictionsFile)),
    ])
  }
}

extension RunTables {
  /// Writes the tables as NAME.sqlite, and as CSV in the folder NAME.
  func write(as name: String, into folder: String) throws {
    try writeSQLite(to: folder + "/" + name + ".sqlite")
    try Files.makeNewFolder(folder + "/" + name)
    let flattened = TableSource.allCases.map { (name: $0.sqlName, table: self[$0]) }
    for (title, table) in tidy + flattened.filter({ !$0.table.columnNames.isEmpty && $0.name != "runs" }) {
      try Files.writeNew("\(folder)/\(name)/\(title).csv") { try TableWriter(.csv).write(table, $0) }
    }
  }
}

/// The tables to learn from as programs find them, kept while the same are asked for again: a backtest asks a program
/// for one split hundreds of times. Each program gets a copy, which it may do with as it likes.
final class WrittenTrain {
  private var identity: TrainSplit.Identity?
  private var kept: String?
  /// The folder of the tables that are kept, if they are.
  var folder: String? { kept }

  deinit { if let kept { Files.removeLeftovers(kept) } }

  /// Writes `train.sqlite` and the folder `train`. The second time that the same split is asked for it is kept.
  func write(_ train: TrainSplit, into folder: String, hidesKey: Bool = false) throws {
    if identity !== train.identity {
      if let kept { Files.removeLeftovers(kept) }
      kept = nil
      identity = train.identity
      return try Self.tables(train, hidesKey).write(as: "train", into: folder)
    }
    if kept == nil {
      let fresh = try Files.makeTemporaryFolder("magnet-task")
      kept = fresh
      try Self.tables(train, hidesKey).write(as: "train", into: fresh)
    }
    guard let kept else { return }
    try Files.copy(kept + "/train.sqlite", to: folder + "/train.sqlite")
    try Files.makeNewFolder(folder + "/train")
    for file in try Files.entries(kept + "/train").map(\.name) {
      try Files.copy("\(kept)/train/\(file)", to: "\(folder)/train/\(file)")
    }
  }

  private static func tables(_ train: TrainSplit, _ hidesKey: Bool) -> RunTables {
    RunTables(
      runSpecs: train.runSpecs,
      scenarioStates: hidesKey ? SequesteredTestSplit.keyless(train.scenarioStates) : train.scenarioStates,
      stats: train.stats,
      perInstanceStats: train.perInstanceStats)
  }
}
