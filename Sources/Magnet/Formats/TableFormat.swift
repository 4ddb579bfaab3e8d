import Synchronization

/// A form a table can be written in, such as CSV.
///
/// Each format has a file of its own in this folder: a `TableSink` that writes it, and the value that describes it.
/// A new format is one such file and one more value in ``allCases``; commands, file endings and help texts follow.
public struct TableFormat: Sendable, Hashable, CaseIterable, CustomStringConvertible {
  /// The formats that there are.
  public static let allCases: [TableFormat] = [
    .terminal, .csv, .json, .ndjson, .markdown, .parquet, .arrow, .arrowStream,
  ]

  /// The name that `--format` takes, such as `csv`.
  public let name: String
  /// The endings of its files' names, without the dot, the usual one first.
  package let endings: [String]
  /// Whether it is for people to read rather than for programs.
  package let isForPeople: Bool
  /// Whether it is made of characters, so that it can be shown on a terminal.
  package let isText: Bool
  package let makeSink: @Sendable (TableLayout) -> any TableSink

  package init(
    _ name: String, endings: [String], isForPeople: Bool = false, isText: Bool = true,
    makeSink: @escaping @Sendable (TableLayout) -> any TableSink
  ) {
    self.name = name
    self.endings = endings
    self.isForPeople = isForPeople
    self.isText = isText
    self.makeSink = makeSink
  }

  /// The format with a name, or with one that files of it end with: `md` is `markdown`.
  public init?(named name: String) {
    guard let format = Self.allCases.named(name) ?? Self.allCases.first(where: { $0.endings.contains(name) })
    else { return nil }
    self = format
  }

  /// The format that a file's ending names, in any case; `.gz` after it does not count.
  ///
  /// ```swift
  /// TableFormat(fileName: "runs/stats.CSV.gz")  // .csv
  /// TableFormat(fileName: "stats.xlsx")         // nil
  /// ```
  public init?(fileName: String) {
    let name = fileName.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    var parts = name.lowercased().split(separator: ".", omittingEmptySubsequences: false)
    if parts.count > 2, parts.last == "gz" { parts.removeLast() }
    guard parts.count > 1, let ending = parts.last,
      let format = Self.allCases.first(where: { $0.endings.contains(String(ending)) })
    else { return nil }
    self = format
  }

  public var description: String { name }

  public static func == (a: TableFormat, b: TableFormat) -> Bool { a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension TableFormat: Named {}

/// How a table is laid out, and for whom.
package struct TableLayout: Sendable {
  /// How many of the first columns tell the rows apart.
  package var keyCount = 1
  /// How many characters fit into a line; nil for no limit.
  package var width: Int?
  /// Whether the colours of terminals are used.
  package var isColored = false
  /// Whether a file is written, and not a stream that is read while it is written.
  package var isFile = false
  /// What files of formats that can hold notes say beside the table.
  package var notes: FileNotes?

  /// As wide as the table is, without colours, with one key column.
  package init(
    keyCount: Int = 1, width: Int? = nil, isColored: Bool = false, isFile: Bool = false,
    notes: FileNotes? = nil
  ) {
    self.isFile = isFile
    self.notes = notes
    self.keyCount = keyCount
    self.width = width
    self.isColored = isColored
  }
}

/// Notes that a file holds beside its table, by their keys. They may be made until the last row is written.
package final class FileNotes: Sendable {
  private let lists = Mutex<[String: [String]]>([:])

  package init() {}

  package func add(_ texts: [String], to key: String) {
    if !texts.isEmpty { lists.withLock { $0[key, default: []] += texts } }
  }

  /// The lists that are not empty, by their keys.
  var all: [(key: String, texts: [String])] {
    lists.withLock { lists in lists.sorted { codePointOrder($0.key, $1.key) }.map { ($0.key, $0.value) } }
  }
}

/// A column that a sink is to write.
package struct TableColumn: Sendable {
  package let name: String
  /// What its cells are; text when all are null.
  package let type: ColumnType
  /// Whether, of its texts, fewer than half differ.
  package let isRepetitive: Bool

  package init(name: String, type: ColumnType, isRepetitive: Bool) {
    self.name = name
    self.type = type
    self.isRepetitive = isRepetitive
  }

  package var isText: Bool { type == .string || type == .json }
}

/// What a table is written to: first its columns, then its rows in pieces, column by column, then the end. The bytes
/// go to the function that each call gets, in order.
package protocol TableSink {
  mutating func begin(_ columns: [TableColumn], _ write: ([UInt8]) throws -> Void) throws
  /// - Parameter chunk: rows, as many columns as were given at the beginning.
  mutating func append(_ chunk: Table.Chunk, _ write: ([UInt8]) throws -> Void) throws
  mutating func end(_ write: ([UInt8]) throws -> Void) throws
}

extension Table {
  /// The columns as sinks are told of them.
  fileprivate var columns: [TableColumn] {
    var distinct = [Int](repeating: 0, count: columnNames.count)
    for chunk in chunks {
      for (column, cells) in chunk.columns.enumerated() { distinct[column] += cells.distinctTexts }
    }
    return zip(columnNames, columnTypes).enumerated().map { column, outline in
      TableColumn(
        name: outline.0, type: outline.1 ?? .string, isRepetitive: distinct[column] * 2 <= rowCount)
    }
  }
}

extension TableColumn {
  /// The names of text columns whose cells rarely repeat, as they end.
  private static let rare = [
    "instance_id", "instance.id", "input.text", "request.prompt", "request.random", "result.error", "extra",
  ]

  /// A column of which only the schema is known.
  fileprivate init(_ name: String, _ type: ColumnType) {
    self.init(
      name: name, type: type, isRepetitive: type != .json && !Self.rare.contains(where: name.hasSuffix))
  }
}

/// Writes a table of which every piece has the same columns, declared, piece by piece. The bytes depend on the rows alone
/// and not on the pieces.
package struct TablePieces {
  private var sink: any TableSink
  private var hasBegun = false

  package init(_ format: TableFormat, _ layout: TableLayout) { sink = format.makeSink(layout) }

  /// Writes the next rows.
  package mutating func append(_ table: Table, _ write: ([UInt8]) throws -> Void) throws {
    if !hasBegun {
      try sink.begin(
        zip(table.columnNames, table.columnTypes).map { TableColumn($0, $1 ?? .string) }, write)
      hasBegun = true
    }
    for chunk in table.chunks { try sink.append(chunk, write) }
  }

  /// Ends the table.
  /// - Parameter empty: a table with its columns and no rows, for when there was none.
  package mutating func end(_ empty: Table, _ write: ([UInt8]) throws -> Void) throws {
    try append(empty, write)
    try sink.end(write)
  }
}

/// Writes tables in one format.
///
/// ```swift
/// var bytes: [UInt8] = []
/// try TableWriter(.parquet).write(tables.stats) { bytes += $0 }
/// print(TableWriter(.csv).text(tables.runSpecs))
/// ```
public struct TableWriter: Sendable {
  private let format: TableFormat
  private let layout: TableLayout

  /// A writer of one format, as wide as the table is and without colours.
  public init(_ format: TableFormat) { self.init(format, layout: TableLayout()) }

  package init(_ format: TableFormat, layout: TableLayout) {
    self.format = format
    self.layout = layout
  }

  /// Writes a table, piece by piece.
  /// - Parameters:
  ///   - table: the table.
  ///   - isCompressed: whether to compress what is written with gzip.
  ///   - write: takes the next bytes.
  /// - Throws: what `write` throws, and `MagnetError` when the format cannot hold the table.
  public func write(
    _ table: Table, isCompressed: Bool = false, _ write: ([UInt8]) throws -> Void
  ) throws {
    if isCompressed {
      var compressor = GzipWriter()
      try self.write(table) { try compressor.add($0, write) }
      return try compressor.add([], isLast: true, write)
    }
    var sink = format.makeSink(layout)
    try sink.begin(table.columns, write)
    for chunk in table.chunks { try sink.append(chunk, write) }
    try sink.end(write)
  }

  /// The whole table as a text; empty for formats that are not text.
  public func text(_ table: Table) -> String {
    var out: [UInt8] = []
    guard format.isText, (try? write(table) { out += $0 }) != nil else { return "" }
    return String(decoding: out, as: UTF8.self)
  }
}
