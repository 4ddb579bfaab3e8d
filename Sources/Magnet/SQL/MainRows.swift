/// The statistics that a run's score is made of: those of its main metric and split, on unperturbed inputs.
enum MainRows {
  /// The name of the column that marks them.
  static let name = "is_main"

  /// The columns that tell: metric, split, sub-split and perturbation.
  static func columnNames(_ kind: TableSource) -> [String] {
    guard let metric = kind.metricColumn, metric.hasSuffix(".name") else { return [] }
    let prefix = metric.dropLast(4)
    return [metric, prefix + "split", prefix + "sub_split", prefix + "perturbation.name"]
  }

  /// 1 for the rows of a chunk that the score is made of, 0 for others; null where it is not known what the score is.
  /// - Parameter column: a column of the chunk by its name; nil where the table does not have it.
  static func marks(
    _ kind: TableSource, _ headline: RunHeadline?, rowCount: Int, _ column: (String) -> ColumnChunk?
  ) -> ColumnChunk {
    guard let known = headline else { return .nulls(rowCount) }
    let columns = columnNames(kind).map(column)
    guard let score = known.headline, score.stat != nil, columns.count == 4, let metrics = columns[0] else {
      return .constant(.int(0), count: rowCount)
    }
    /// Whether a row has a text in a column, or has none where the text is nil.
    func holds(_ cells: ColumnChunk?, _ text: String?, _ row: Int) -> Bool {
      cells.map { $0[row].string == text } ?? (text == nil)
    }
    var marks = Array(repeating: Int64(0), count: rowCount)
    for row in metrics.rows(holding: score.metric.name) {
      let isOfSplit = score.metric.split == nil || holds(columns[1], score.metric.split, row)
      let isOfPart = score.metric.subSplit == nil || holds(columns[2], score.metric.subSplit, row)
      if isOfSplit, isOfPart, holds(columns[3], nil, row) { marks[row] = 1 }
    }
    return ColumnChunk(storage: .ints(Values(marks), nil), count: rowCount)
  }

  /// A table of a run's statistics with the column that marks them; other tables as they are.
  static func marking(_ table: Table, _ kind: TableSource, _ headline: RunHeadline?) -> Table {
    if columnNames(kind).isEmpty || table.columnNames.isEmpty { return table }
    let chunks = table.chunks.map { chunk in
      let marks = marks(kind, headline, rowCount: chunk.rowCount) { name in
        table.position(of: name).map { chunk.columns[$0] }
      }
      return Table.Chunk(rowCount: chunk.rowCount, columns: chunk.columns + [marks])
    }
    return Table(columnNames: table.columnNames + [name], chunks: chunks)
  }
}
