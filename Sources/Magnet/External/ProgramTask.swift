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
    stats = metrics.isEmpty ? asked : asked.filter { metrics.contains($0.name) }
  }

  /// Writes the files into a folder that is empty.
  /// - Throws: `TableError` and `SystemError` when they cannot be written.
  func write(into folder: String) throws {
    let shown = RunTables(
      runSpecs: test.runSpecs, scenarioStates: test.scenarioStates, perInstanceStats: test.observedStats)
    let known = RunTables(
      runSpecs: train.runSpecs, scenarioStates: train.scenarioStates, stats: train.stats,
      perInstanceStats: train.perInstanceStats)
    for (name, tables) in [("train", known), ("test", shown)] {
      try tables.writeSQLite(to: folder + "/" + name + ".sqlite")
      try Folders.make(folder + "/" + name)
      let flattened = TableKind.allCases.map { (name: $0.sqlName, table: tables[$0]) }
      for (title, table) in tables.tidy
        + flattened.filter({ !$0.table.columnNames.isEmpty && $0.name != "runs" })
      {
        try Folders.write("\(folder)/\(name)/\(title).csv") { try TableWriter(.csv).write(table, $0) }
      }
    }
    try Folders.make(folder + "/tmp")
    try Folders.write(folder + "/task.json") { try $0(Array((question.text + "\n").utf8)) }
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

extension JSONValue {
  /// The value of a cell; nothing for a list that cannot be read.
  init(_ cell: Cell) {
    self =
      switch cell {
      case .null: .null
      case .bool(let value): .bool(value)
      case .int(let value): .int(value)
      case .double(let value): .double(value)
      case .string(let value): .string(value)
      case .json(let text): (try? JSONValue(parsing: text)) ?? .null
      }
  }
}
