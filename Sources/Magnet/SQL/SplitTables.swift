extension RunTables {
  /// Writes the tables into a new SQLite file, with the views of `exportSQLite` but those of scores and boards. Of a run
  /// nothing is said but what its run spec says: not where it lies. Where requests are numbered, `instances` and `instance_scores` have the
  /// number as `prediction_id`.
  /// - Throws: `MagnetError` when the file cannot be written.
  func writeSQLite(to file: String) throws {
    let writer = try SQLiteWriter(file)
    let known = runFields
    let names = runSpecs[.run]
    for (number, name) in names.enumerated() {
      try writer.addRun(number, Relation.RunField.allCases.map { known[name]?[$0] ?? .null })
      try writer.add(runSpecs.rows(at: [number]), .runSpecs, run: number)
    }
    let numbers = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
    for kind in TableSource.allCases where kind != .runSpecs && self[kind].rowCount > 0 {
      var rows: [Int: [Int]] = [:]
      for (row, name) in self[kind][.run].enumerated() {
        if let number = numbers[name] { rows[number, default: []].append(row) }
      }
      for (number, rows) in rows.sorted(by: { $0.key < $1.key }) {
        try writer.add(self[kind].rows(at: rows), kind, run: number)
      }
    }
    try writer.finish()
  }

  /// The tables behind the relations whose names need no quotes, by these names: the views of `writeSQLite`.
  var tidy: [(name: String, table: Table)] {
    let known = runFields
    return Relation.plain.map { relation in
      let rows = self[relation.kind ?? .runSpecs]
      var columns = relation.columns
      if rows.hasColumn(Table.instancePredictID) { columns.append(Relation.predictionID) }
      let runs = rows.position(of: ColumnKey.run.name)
      let chunks = rows.chunks.map { chunk in
        Table.Chunk(
          rowCount: chunk.rowCount,
          columns: columns.map { column in
            switch column.source {
            case .main, .headline: return .nulls(chunk.rowCount)
            case .column(let name):
              return rows.position(of: name).map { chunk.columns[$0] } ?? .nulls(chunk.rowCount)
            case .input:
              return InstanceInput.texts(rowCount: chunk.rowCount) { name in
                rows.position(of: name).map { chunk.columns[$0] }
              }
            case .run(let field):
              var builder = ColumnBuilder()
              for row in 0..<chunk.rowCount {
                let cell = runs.flatMap { known[chunk.columns[$0][row].text]?[field] }
                builder.set(cell ?? .null, row: row)
              }
              return builder.finish(rowCount: chunk.rowCount)
            }
          })
      }
      return (relation.name, Table(columnNames: columns.map(\.name), chunks: chunks))
    }
  }

  /// What the run specs say of each run, by its name.
  private var runFields: [String: [Relation.RunField: Cell]] {
    var fields: [String: [Relation.RunField: Cell]] = [:]
    for row in runSpecs.rows {
      let name = row[.run]
      fields[name] = [
        .run: .string(name), .scenario: Cell(RunName.scenario(name, row)),
        .task: .string(RunName.task(name, row)), .model: Cell(row[.model]),
        .method: Cell(row[.method]),
      ]
    }
    return fields
  }
}
