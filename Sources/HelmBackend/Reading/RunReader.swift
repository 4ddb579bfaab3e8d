@_spi(Reading) import Magnet

/// Reads the files of runs into tables, with a reader for each kind of file. Not Sendable: one for each worker, which
/// reads run after run with it.
final class RunReader {
  let files = JSONFileReader()
  private let columns: Set<String>?
  private var readers: [TableSource: SourceReader] = [:]
  private var whole: RunReader?
  /// The columns that a store may have.
  var choice: WarmChoice.Worker

  /// - Parameter choice: the columns to make, beside `run_spec.name`.
  init(_ choice: WarmChoice = WarmChoice(nil)) {
    columns = choice.wanted
    self.choice = WarmChoice.Worker(choice)
  }

  subscript(source: TableSource) -> SourceReader {
    if let known = readers[source] { return known }
    let reader = SourceReader(source, files, columns: columns)
    readers[source] = reader
    return reader
  }

  /// A reader of all columns: itself where all are made.
  var ofAllColumns: RunReader {
    if columns == nil { return self }
    let reader = whole ?? RunReader()
    whole = reader
    return reader
  }
}

/// Reads files of one kind into tables, as their `TableSource` says.
final class SourceReader {
  let files: JSONFileReader
  private let source: TableSource
  /// Whether all that is read is of one file, whose windows share their limits.
  private let isOneFile: Bool
  // Only one worker uses a reader: the checks for exclusive access, at each key of a file, would find nothing.
  @exclusivity(unchecked) private var records: Flattener
  /// What stands beside the list of records.
  @exclusivity(unchecked) private var around: Flattener
  /// The schema of the last table.
  private var schema: TableSchema?

  /// - Parameters:
  ///   - columns: the columns to make, beside `run_spec.name`; nil for all.
  ///   - isOneFile: whether the reader is for windows of one file.
  ///   - cells: the objects of its records, by their full names, that are kept as cells.
  init(
    _ source: TableSource, _ files: JSONFileReader, columns: Set<String>?, isOneFile: Bool = false,
    cells: Set<String> = []
  ) {
    self.source = source
    self.files = files
    self.isOneFile = isOneFile
    // The column of the text that every row must have is read whatever is wanted.
    let wanted = columns.map { $0.union([source.requiredColumn].compactMap(\.self)) }
    unsafe records = Flattener(
      prefix: source.prefix, textColumns: source.textColumns, wanted: wanted, cells: cells)
    unsafe around = Flattener(prefix: source.prefix, wanted: wanted)
  }

  /// The objects of the records, by their full names, that are kept as cells.
  var cells: Set<String> { unsafe records.cells }

  /// The keys met in each object of the records, and their columns.
  var keysMet: (objects: [String: Set<String>], columns: Set<String>) { unsafe records.keysMet }

  /// The table of a run, from the bytes of its file.
  /// - Parameter run: the value of its column `run_spec.name`, where the file itself does not name the run.
  func table(of bytes: any ByteStream, run: String) throws(DataFault) -> Table {
    let file = bytes.path
    // What one file's maps made of the columns is not for the next.
    defer {
      if unsafe records.isOverfull || !records.cells.isEmpty { unsafe records.restart() }
      if unsafe around.isOverfull || !around.cells.isEmpty { unsafe around.restart() }
    }
    switch source.shape {
    case .object:
      return try files.withTape(bytes) { (tape) throws(DataFault) in try objectTable(tape, run, file) }
    case .recordsInObject(let key):
      return try files.withTape(bytes, orText: { plainTable($0, key, run) }) { (tape) throws(DataFault) in
        try tape.expect(.object, file: file)
        guard let list = tape.value(of: key, in: JSONTape.top) else {
          throw DataFault(file: file, place: key.description, problem: "the key is missing")
        }
        let rows = try rows(tape, list, from: 0, file: file)
        let common = try columnsAround(key, tape, rowCount: rows.count, file: file)
        return table(run, Self.merged(rows.columns, common), rowCount: rows.count)
      }
    case .records, .bundles:
      return try files.withTape(bytes, orText: { plainTable($0, run) }) { (tape) throws(DataFault) in
        try tape.expect(.array, file: file)
        let rows = try rows(tape, JSONTape.top, from: 0, file: file)
        return table(run, rows.columns, rowCount: rows.count)
      }
    }
  }

  /// The table of the next window of a file, and the window's number; nil when there is none.
  func nextWindow(of windows: SharedWindows, run: String) throws(DataFault) -> (Int, Table)? {
    try files.withNextWindow(
      windows, orText: { text, window in plainTable(text, run).map { (window.number, $0) } }
    ) { (tape, window) throws(DataFault) in
      let rows = try rows(tape, JSONTape.top, from: window.firstRecord, file: windows.path)
      return (window.number, table(run, rows.columns, rowCount: rows.count))
    }
  }

  /// One table of those of a file's windows, with the columns of what stands around the list.
  func table(
    windows: [Table], around file: SharedWindows, run: String
  ) throws(DataFault) -> Table {
    let runColumn = ColumnKey.run.name
    var stacked = Table(stacking: windows).appending([(runColumn, .string(run))])
    if let key = source.listKey {
      let common = try files.withTape(of: file.surroundings, path: file.path) { (tape) throws(DataFault) in
        var lists = 0
        tape.forEachMember(of: JSONTape.top) { name, _ in
          if tape.isString(name, key) { lists += 1 }
        }
        if lists > 1 {
          throw DataFault(file: file.path, place: key.description, problem: "the key stands there twice")
        }
        return try columnsAround(key, tape, rowCount: 1, file: file.path)
      }
      stacked = stacked.appending(common.map { ($0.name, $0.chunk[0]) })
    }
    return stacked.selecting(
      [runColumn] + stacked.columnNames.filter { $0 != runColumn }.sorted(by: codePointOrder))
  }

  /// The one row of an object; its columns are in the file's order.
  private func objectTable(_ tape: JSONTape, _ run: String, _ file: String) throws(DataFault) -> Table {
    try tape.expect(.object, file: file)
    try tape.expectText(at: source.requiredText[...], in: JSONTape.top, place: nil, file: file)
    repeat {
      unsafe records.add(tape, JSONTape.top, row: 0)
    } while try unsafe keepOverflow(&records, file)
    return unsafe table(run, records.finish(rowCount: 1, sorted: false), rowCount: 1)
  }

  /// The columns of what stands beside the list of records: the same in every row.
  private func columnsAround(
    _ list: StaticString, _ tape: JSONTape, rowCount: Int, file: String
  ) throws(DataFault) -> [(name: String, chunk: ColumnChunk)] {
    repeat {
      unsafe around.startObject()
      tape.forEachMember(of: JSONTape.top) { key, value in
        if !tape.isString(key, list) { unsafe around.add(tape, key: key, value: value, row: 0) }
      }
    } while try unsafe keepOverflow(&around, file)
    return unsafe around.finish(rowCount: 1).map {
      (name: $0.name, chunk: .constant($0.chunk[0], count: rowCount))
    }
  }

  private typealias Rows = (columns: [(name: String, chunk: ColumnChunk)], count: Int)

  /// The rows that a list of records makes; the first record is number `first` of the file.
  private func rows(
    _ tape: JSONTape, _ list: Int, from first: Int, file: String
  ) throws(DataFault) -> Rows {
    // Records of another kind end the walk at once; what is wrong with which is then said by the checks.
    let required = source.requiredText[...]
    if case .bundles(let key) = source.shape {
      let rows = try bundleRows(key, tape, list, file)
      if rows == nil {
        try tape.expectObjects(in: list, at: "", from: first, file: file)
        try tape.expectBundles(of: key, in: list, from: first, file: file)
      }
      if !areComplete(rows) {
        try tape.expectText(at: required, inBundlesOf: key, in: list, from: first, file: file)
      }
      return rows ?? ([], 0)
    }
    let key = source.listKey
    let rows = try plainRows(at: key, tape, list, file)
    if rows == nil { try tape.expectObjects(in: list, at: key?.description ?? "", from: first, file: file) }
    if !areComplete(rows) {
      try tape.expectText(
        at: required, inEachOf: list, place: key?.description ?? "", from: first, file: file)
    }
    return rows ?? ([], 0)
  }

  /// Whether every row has the text that it must have.
  private func areComplete(_ rows: Rows?) -> Bool {
    guard let required = source.requiredColumn else { return true }
    guard let rows else { return false }
    return rows.count == 0 || rows.columns.first { $0.name == required }?.chunk.isText == true
  }

  /// A table made straight from the text of a list; nil where the text is to be parsed, or the file is of another
  /// shape.
  private func plainTable(_ text: RecordText, _ run: String) -> Table? {
    let count: Int?
    switch source.shape {
    case .records: count = unsafe records.addRecords(of: text)
    case .recordsInObject(let key):
      let place = unsafe records.place(key)
      count = unsafe records.addRecords(of: text, at: place)
    case .bundles(let key):
      let place = unsafe records.place(key)
      count = unsafe records.addBundles(of: text, at: place)
    case .object: return nil
    }
    guard let count else { return unsafe records.nothing() }
    let rows = unsafe (columns: records.finish(rowCount: count), count: count)
    return areComplete(rows) ? table(run, rows.columns, rowCount: count) : nil
  }

  /// The same, of the text of an object with a list under a key; what stands around the list is parsed.
  private func plainTable(_ text: RecordText, _ key: StaticString, _ run: String) -> Table? {
    guard let (count, surroundings) = unsafe records.addRecords(of: text, under: key) else {
      return unsafe records.nothing()
    }
    let rows = unsafe (columns: records.finish(rowCount: count), count: count)
    guard areComplete(rows),
      let common = text.reader.withTape(
        of: surroundings, { try? columnsAround(key, $0, rowCount: count, file: "") })
    else { return nil }
    return table(run, Self.merged(rows.columns, common), rowCount: count)
  }

  /// One row per record, its keys below a place; nil when a record is not an object.
  private func plainRows(
    at key: StaticString?, _ tape: JSONTape, _ list: Int, _ file: String
  ) throws(DataFault) -> Rows? {
    var row = 0
    repeat {
      row = 0
      let place = key.map { unsafe records.place($0) } ?? 0
      let isWhole = tape.forEachObject(of: list) { record in
        unsafe records.add(tape, record, at: place, row: row)
        row += 1
        return true
      }
      if !isWhole { return unsafe records.nothing() }
    } while try unsafe keepOverflow(&records, file)
    return unsafe (records.finish(rowCount: row), row)
  }

  /// One row per record of a bundle, with the bundle's other keys beside it, objects among them kept whole.
  private func bundleRows(
    _ key: StaticString, _ tape: JSONTape, _ list: Int, _ file: String
  ) throws(DataFault) -> Rows? {
    var row = 0
    repeat {
      row = 0
      let place = unsafe records.place(key)
      let isWhole = tape.forEachObject(of: list) { bundle in
        let first = row
        guard let list = tape.value(of: key, in: bundle) else { return false }
        let isWhole = tape.forEachObject(of: list) { record in
          unsafe records.add(tape, record, at: place, row: row)
          row += 1
          return true
        }
        if row > first {
          tape.forEachMember(of: bundle) { name, value in
            if tape.isString(name, key) { return }
            unsafe records.set(tape, key: name, value: value, rows: first..<row)
          }
        }
        return isWhole
      }
      if !isWhole { return unsafe records.nothing() }
    } while try unsafe keepOverflow(&records, file)
    return unsafe (records.finish(rowCount: row), row)
  }

  /// Whether the rows are to be made again, with an object as one cell that has too many keys for columns. Only keys
  /// of the file itself count, or what a run becomes would depend on those read before it.
  private func keepOverflow(_ columns: inout Flattener, _ file: String) throws(DataFault) -> Bool {
    guard columns.isOverfull else { return false }
    if columns.knowsEarlierKeys, !isOneFile {
      columns.restart(cells: columns.cells)
      return true
    }
    guard let object = columns.overfullObject else {
      throw DataFault(
        file: file, problem: "the records have more than \(Flattener.columnLimit) keys, too many for columns")
    }
    files.counts.mapsKept += 1
    columns.restart(cells: columns.cells.union([object]))
    return true
  }

  /// `run_spec.name`, unless the file has it itself, and then the columns.
  private func table(
    _ run: String, _ columns: [(name: String, chunk: ColumnChunk)], rowCount: Int
  ) -> Table {
    let runColumn = (name: ColumnKey.run.name, chunk: ColumnChunk.constant(.string(run), count: rowCount))
    let table = Table(
      columns: source.namesRun ? columns : [runColumn] + columns, rowCount: rowCount, known: schema)
    schema = table.schema
    return table
  }

  /// Two sets of columns, each in order of their names' code points, as one; where both have one name, the second's
  /// counts.
  static func merged(
    _ a: [(name: String, chunk: ColumnChunk)], _ b: [(name: String, chunk: ColumnChunk)]
  ) -> [(name: String, chunk: ColumnChunk)] {
    var merged: [(name: String, chunk: ColumnChunk)] = []
    merged.reserveCapacity(a.count + b.count)
    var rest = a[...]
    for column in b {
      while let next = rest.first, codePointOrder(next.name, column.name) {
        merged.append(rest.removeFirst())
      }
      if let next = rest.first, ExactText(next.name) == ExactText(column.name) { rest.removeFirst() }
      merged.append(column)
    }
    return merged + rest
  }
}
