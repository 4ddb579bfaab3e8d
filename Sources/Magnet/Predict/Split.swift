/// The runs a predictor may learn from, with everything known of them.
public struct TrainSplit: Sendable {
  /// Its tables, by the kind of file.
  public let tables: RunTables
  /// One row per run.
  public var runSpecs: Table { tables.runSpecs }
  /// One row per request.
  public var scenarioStates: Table { tables.scenarioStates }
  /// One row per statistic.
  public var stats: Table { tables.stats }
  /// One row per statistic of an instance.
  public var perInstanceStats: Table { tables.perInstanceStats }

  /// Tells splits apart without looking at their tables: copies of one have one.
  final class Identity: Sendable {}
  let identity = Identity()

  /// A train split of these tables.
  public init(_ tables: RunTables) { self.tables = tables }
}

/// The run to be predicted, with its answers. `scenarioStates` and `perInstanceStats` hold the instances drawn;
/// `stats` are those of the whole run.
public struct TestSplit: Sendable {
  /// Its tables, by the kind of file.
  public let tables: RunTables
  /// One row per run.
  public var runSpecs: Table { tables.runSpecs }
  /// One row per request.
  public var scenarioStates: Table { tables.scenarioStates }
  /// One row per statistic.
  public var stats: Table { tables.stats }
  /// One row per statistic of an instance.
  public var perInstanceStats: Table { tables.perInstanceStats }

  /// A test split of these tables.
  public init(_ tables: RunTables) { self.tables = tables }

  /// What a predictor may see of it.
  public func sequestered(_ disclosure: Disclosure = .responses) -> SequesteredTestSplit {
    SequesteredTestSplit(self, disclosure)
  }
}

/// A partition of runs: those to learn from and the one to be predicted.
public struct DataSplit: Sendable {
  /// What the predictor learns from.
  public let train: TrainSplit
  /// What is to be predicted, with its answers.
  public let test: TestSplit
  /// The names of the example runs, in the order drawn.
  public let trainRuns: [String]
  /// The name of the run to be predicted.
  public let testRun: String
  /// What a user should know of how the split came about.
  public let notes: [String]
  /// What is wrong with runs that were left out.
  public let faults: [DataFault]
}

/// How much of the run to be predicted a predictor sees. It never sees statistics of the run, and those of instances
/// only where it asks for `scores`.
public enum Disclosure: String, Sendable, CaseIterable {
  /// The run spec alone.
  case runSpec = "run-spec"
  /// And the instances drawn with their inputs, references and prompts. No reference is marked correct, and where
  /// all are (the accepted answers of a free-text question) none is shown.
  case inputs
  /// And what the model answered to them. The answers are not mapped to references, which would score them.
  case responses
  /// And the statistics of the instances drawn: for predictors of a whole run's score from some of its instances.
  case scores
  /// All that MAGNET shows, for parity: references with their `correct` tags and output mappings too. Exact match
  /// can be computed from these.
  case everything
}

/// What a predictor sees of the run to be predicted: no statistics of the run, and of the requests what its disclosure
/// allows.
public struct SequesteredTestSplit: Sendable {
  public let runSpecs: Table
  /// A row a request for the instances drawn; no rows when only the run spec is disclosed.
  public let scenarioStates: Table
  /// A row a statistic of an instance drawn; no rows unless the disclosure is `.scores`.
  public let observedStats: Table
  /// What was disclosed.
  public let disclosure: Disclosure
  /// The columns of names of the statistics, and none of their values.
  private let statNames: Table
  private let instanceStatNames: Table

  /// The statistics that the run has, to be predicted: their names, each once. Their values are not here.
  public var statsAsked: [MetricName] { Self.distinctNames(statNames) }

  /// The statistics that the instances have, to be predicted: their names, each once.
  public var instanceStatsAsked: [MetricName] { Self.distinctNames(instanceStatNames) }

  private static func distinctNames(_ table: Table) -> [MetricName] {
    guard ColumnKey.metric.names.contains(where: table.hasColumn) else {
      return []
    }
    var seen: Set<MetricName> = []
    return table.rows.map { Stat(row: $0).name }.filter { seen.insert($0).inserted }
  }

  private static func names(_ table: Table, _ prefix: String) -> Table {
    table.selecting(table.columnNames.filter { $0.hasPrefix(prefix) })
  }

  init(_ split: TestSplit, _ disclosure: Disclosure) {
    runSpecs = split.runSpecs
    self.disclosure = disclosure
    statNames = Self.names(split.stats, "stats.name.")
    instanceStatNames = Self.names(split.perInstanceStats, "per_instance_stats.stats.name.")
    observedStats = disclosure == .scores ? split.perInstanceStats : Table()
    switch disclosure {
    case .runSpec: scenarioStates = Table()
    case .inputs:
      scenarioStates = Self.withoutAnswers(split.scenarioStates, dropping: Self.answers + Self.responses)
    case .responses, .scores:
      scenarioStates = Self.withoutAnswers(split.scenarioStates, dropping: Self.answers)
    case .everything: scenarioStates = split.scenarioStates
    }
  }

  private static let requestStates = "scenario_state.request_states."
  /// What names the right answer, or scores the model's. Annotations may hold a judge's score.
  private static let answers = ["output_mapping", "annotations", "instance.extra_data"]
  private static let responses = ["result"]

  private static func withoutAnswers(_ table: Table, dropping fields: [String]) -> Table {
    let dropped = fields.map { requestStates + $0 }
    var shown = table.dropping { name in dropped.contains { name == $0 || name.hasPrefix($0 + ".") } }
    shown = shown.dropping { $0.hasPrefix(requestStates + "instance.") && $0.hasSuffix(".tags") }
    for name in shown.columnNames where name.hasPrefix(requestStates + "instance.") {
      let isReferences = name == requestStates + "instance.references"
      shown = shown.mappingJSON(name) { untagged(isReferences ? withoutGivenAway($0) : $0) }
    }
    return shown
  }

  /// No references where all are correct, as a free-text question has them: they would be the answer, tags or not.
  private static func withoutGivenAway(_ value: JSONValue) -> JSONValue {
    let references = value.elements
    let areCorrect = references.allSatisfy { $0["tags"]?.elements.contains(.string("correct")) == true }
    return !references.isEmpty && areCorrect ? .array([]) : value
  }

  /// A value without the `tags` of the objects in it.
  private static func untagged(_ value: JSONValue) -> JSONValue {
    switch value {
    case .array(let elements): .array(elements.map(untagged))
    case .object(let members):
      .object(
        members.filter { $0.key != "tags" }.map { JSONValue.Member(key: $0.key, value: untagged($0.value)) })
    default: value
    }
  }
}

/// Which runs and instances a split takes, drawn as MAGNET draws them: with one CPython generator, first the runs
/// (the last drawn is the one to be predicted), then the instances.
public struct SplitDraw: Sendable {
  /// The numbers of the example runs among the population, in the order drawn.
  public let train: [Int]
  /// The number of the run to be predicted.
  public let test: Int
  private let random: PythonRandom

  /// Draws `exampleRuns + 1` of `population` runs; nil when there are too few.
  public init?(population: Int, exampleRuns: Int, seed: Int) {
    guard exampleRuns >= 0, exampleRuns < population else { return nil }
    var random = PythonRandom(seed: seed)
    var drawn = random.sample(exampleRuns + 1, below: population)
    test = drawn.removeLast()
    train = drawn
    self.random = random
  }

  /// The numbers of the instances drawn, of `count` distinct ones in order of appearance; all of them, in some
  /// order, when there are no more than `samples`.
  public func instances(of count: Int, samples: Int) -> [Int] {
    var random = random
    return random.sample(Swift.max(0, Swift.min(count, samples)), below: count)
  }
}
