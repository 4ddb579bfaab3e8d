import Magnet

extension ParquetLake {
  /// The rows of a run as its own file would make them, as far as they are of the fixed schema.
  static func own(_ rows: Table, of kind: TableSource, _ columns: Set<String>? = nil) -> Table {
    guard rows.hasColumn(TableSource.extraColumn) else { return rows }
    let run = ColumnKey.run.name
    let own = rows.unfitted(extra: TableSource.extraColumn).dropping { name in
      columns.map { !$0.contains(name) && name != run } ?? false
    }
    // The columns of records stand in the order of their names, those of objects in that of the object, where what is new
    // follows the columns that it has most of its name in common with.
    if kind != .runSpecs {
      return own.selecting([run] + own.columnNames.filter { $0 != run }.sorted(by: codePointOrder))
    }
    let names = rows.columnNames.filter(own.hasColumn)
    return own.selecting(
      own.columnNames.filter { !rows.hasColumn($0) }.reduce(into: names) { names, new in
        var prefix = new[...]
        while let dot = prefix.lastIndex(of: ".") {
          prefix = prefix[..<dot]
          if let place = names.lastIndex(where: { $0.hasPrefix(prefix + ".") }) {
            names.insert(new, at: place + 1)
            return
          }
        }
        names.append(new)
      })
  }
}
