/// A kind of file that HELM writes for a run, and how it becomes a table.
///
/// Everything that reads, checks, queries or exports runs goes by these values, so a new kind of file is one more value:
///
/// ```swift
/// let annotations = TableSource(
///   "annotations", prefix: "annotations.", shape: .records, textColumns: ["annotations.instance_id"])
/// let runs = try HelmRuns(paths: ["runs"], sources: TableSource.allCases + [annotations])
/// ```
public struct TableSource: Sendable, Hashable, RawRepresentable, CaseIterable {
  /// How the JSON of a file becomes rows.
  public enum Shape: Sendable {
    /// One object: one row.
    case object
    /// A list of objects: one row for each.
    case records
    /// An object with a list of objects under a key: one row for each, with the object's other keys in every row.
    case recordsInObject(StaticString)
    /// A list of objects, each with a list of objects under a key: one row for each of the inner ones, with the outer
    /// object's other keys beside it, kept whole.
    case bundles(StaticString)
  }

  /// Its name in commands, such as `per-instance-stats`.
  public let rawValue: String
  /// The name of the file in a run's folder, without the `.gz` of a compressed one.
  public let fileName: String
  /// How the names of its columns begin, but for `run_spec.name`.
  package let prefix: String
  /// How its JSON becomes rows.
  package let shape: Shape
  /// The columns whose numbers are kept as texts: ids.
  package let textColumns: Set<String>
  /// The keys that lead to a text which every row must have, from the object of the row down; none for no such text.
  package let requiredText: [StaticString]
  /// Whether a run is incomplete without the file.
  package let isExpected: Bool
  /// A number for the kind of file and how its tables are made, the same in every process.
  package let fingerprint: UInt64
  /// The column of the text that every row must have.
  package let requiredColumn: String?
  /// Whether the file itself names its run, in `run_spec.name`.
  package let namesRun: Bool

  /// A kind of file.
  /// - Parameters:
  ///   - name: the table's name, with hyphens between its words.
  ///   - prefix: what the names of columns begin with, the period included.
  ///   - fileName: the file's name; the prefix followed by `json` by default.
  ///   - shape: how the JSON becomes rows.
  ///   - textColumns: columns that are text even where a file has numbers.
  ///   - requiredText: texts without which a file cannot be of this kind, looked for before it is parsed.
  ///   - isExpected: whether a run without the file is incomplete.
  public init(
    _ name: String, prefix: String, fileName: String? = nil, shape: Shape, textColumns: Set<String> = [],
    requiredText: [StaticString] = [], isExpected: Bool = false
  ) {
    rawValue = name
    self.prefix = prefix
    self.fileName = fileName ?? prefix + "json"
    self.shape = shape
    self.textColumns = textColumns
    self.requiredText = requiredText
    self.isExpected = isExpected
    let rows: [String] =
      switch shape {
      case .object: ["object"]
      case .records: ["records"]
      case .recordsInObject(let key): ["records in object", key.description]
      case .bundles(let key): ["bundles", key.description]
      }
    let above: [StaticString] =
      switch shape {
      case .object, .records: []
      case .recordsInObject(let key), .bundles(let key): [key]
      }
    requiredColumn =
      requiredText.isEmpty
      ? nil : prefix + (above + requiredText).map(\.description).joined(separator: ".")
    namesRun = requiredColumn == ColumnKey.run.name
    let words = [name, self.fileName, prefix, "\(isExpected)", "\(textColumns.count)"] + textColumns.sorted()
    fingerprint = XXH64.hash(
      Array((words + rows + requiredText.map(\.description)).joined(separator: "\0").utf8))
  }

  /// The kind with a name, one of HELM's.
  public init?(rawValue: String) {
    guard let source = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = source
  }

  public static func == (a: TableSource, b: TableSource) -> Bool { a.rawValue == b.rawValue }
  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

extension TableSource {
  /// `run_spec.json`: one row per run.
  public static let runSpecs = TableSource(
    "run-specs", prefix: "run_spec.", shape: .object, requiredText: ["name"], isExpected: true)
  /// `scenario_state.json`: one row per request.
  public static let scenarioStates = TableSource(
    "scenario-states", prefix: "scenario_state.", shape: .recordsInObject("request_states"),
    textColumns: ["scenario_state.request_states.instance.id"], isExpected: true)
  /// `stats.json`: one row per statistic.
  public static let stats = TableSource(
    "stats", prefix: "stats.", shape: .records, requiredText: ["name", "name"], isExpected: true)
  /// `per_instance_stats.json`: one row per statistic of an instance.
  public static let perInstanceStats = TableSource(
    "per-instance-stats", prefix: "per_instance_stats.", shape: .bundles("stats"),
    textColumns: ["per_instance_stats.instance_id"], requiredText: ["name", "name"], isExpected: true)

  /// `scenario.json`: what a run's scenario is, one row per run. Not one of the four tables; a source reads it when asked
  /// to (`sources:`).
  public static let scenarios = TableSource("scenarios", prefix: "scenario.", shape: .object)

  /// The kinds of files that the four tables are made of, in the order HELM writes them.
  public static let allCases: [TableSource] = [.runSpecs, .scenarioStates, .stats, .perInstanceStats]

  /// The key of the list of records in an object, where that is the file's shape.
  package var listKey: StaticString? { if case .recordsInObject(let key) = shape { key } else { nil } }

  /// Whether the file is an object and not a list.
  package var isObject: Bool {
    switch shape {
    case .object, .recordsInObject: true
    case .records, .bundles: false
    }
  }

  /// Whether its rows are those of a list, which may be of any length.
  package var isList: Bool { if case .object = shape { false } else { true } }

  /// Whether a column is made where some are wanted: those, and what every row must have.
  package func isChosen(_ column: String, among wanted: Set<String>?) -> Bool {
    wanted.map { $0.contains(column) || column == ColumnKey.run.name || column == requiredColumn } ?? true
  }

  /// The column with the name of the metric, in tables of statistics.
  var metricColumn: String? { if case .object = shape { nil } else { requiredColumn } }

  /// The table's name in SQL.
  package var sqlName: String { rawValue.replacing("-", with: "_") }
}
