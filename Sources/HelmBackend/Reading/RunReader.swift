// Unsafe code, on one invariant: each flattener is made in `init` and freed in `deinit`, and one is used at a time.
// They live behind constant pointers because a class's variables are checked for exclusive access at each use.

import Magnet

/// Reads the files of runs into tables. Not Sendable: one for each worker, which reads run after run with it.
final class RunReader {
  let files = JSONFileReader()
  private let wanted: Set<String>?
  private let specs: UnsafeMutablePointer<Flattener>
  private let requests: UnsafeMutablePointer<Flattener>
  private let scenario: UnsafeMutablePointer<Flattener>
  private let stats: UnsafeMutablePointer<Flattener>
  private let instances: UnsafeMutablePointer<Flattener>
  /// Whether all that is read is of one file, whose windows share their limits.
  private let isOneFile: Bool
  /// The schema of each kind's last table.
  private var schemas: [TableKind: TableSchema] = [:]

  /// Columns that are read whatever is wanted: that every statistic has a name is checked by them.
  private static let checked: Set = ["stats.name.name", "per_instance_stats.stats.name.name"]

  /// - Parameter columns: the columns to make, beside `run_spec.name`; nil for all.
  convenience init(columns: Set<String>? = nil) { self.init(columns: columns, isOneFile: false, cells: []) }

  /// A reader of windows of one file.
  /// - Parameter cells: the objects of its records, by their full names, that are kept as cells.
  convenience init(windowsOf kind: TableKind, columns: Set<String>?, cells: Set<String>) {
    self.init(columns: columns, isOneFile: true, cells: cells)
  }

  private init(columns: Set<String>?, isOneFile: Bool, cells: Set<String>) {
    self.isOneFile = isOneFile
    wanted = columns?.union(Self.checked)
    func make(_ make: () -> Flattener) -> UnsafeMutablePointer<Flattener> {
      let place = UnsafeMutablePointer<Flattener>.allocate(capacity: 1)
      place.initialize(to: make())
      return place
    }
    let wanted = wanted
    specs = make { Flattener(prefix: "run_spec.", wanted: wanted?.union(["run_spec.name"])) }
    requests = make {
      Flattener(
        prefix: "scenario_state.", textColumns: ["scenario_state.request_states.instance.id"], wanted: wanted,
        cells: cells)
    }
    scenario = make { Flattener(prefix: "scenario_state.", wanted: wanted) }
    stats = make { Flattener(prefix: "stats.", wanted: wanted, cells: cells) }
    instances = make {
      Flattener(
        prefix: "per_instance_stats.", textColumns: ["per_instance_stats.instance_id"], wanted: wanted,
        cells: cells)
    }
  }

  deinit {
    for place in [specs, requests, scenario, stats, instances] {
      place.deinitialize(count: 1)
      place.deallocate()
    }
  }

  private func flattener(_ kind: TableKind) -> UnsafeMutablePointer<Flattener> {
    switch kind {
    case .runSpecs: specs
    case .scenarioStates: requests
    case .stats: stats
    case .perInstanceStats: instances
    }
  }

  /// The objects of the records, by their full names, that are kept as cells.
  func cells(_ kind: TableKind) -> Set<String> { flattener(kind).pointee.cells }

  /// The keys met in each object of the records, and their columns.
  func keysMet(_ kind: TableKind) -> (objects: [String: Set<String>], columns: Set<String>) {
    flattener(kind).pointee.keysMet
  }

  /// One table of a run, from the bytes of its file. `run` is the value of its column `run_spec.name`.
  func table(_ kind: TableKind, of bytes: any ByteStream, run: String) throws(DataFault) -> Table {
    let file = bytes.path
    // What one file's maps made of the columns is not for the next.
    defer {
      for place in [flattener(kind), scenario]
      where place.pointee.isOverfull || !place.pointee.cells.isEmpty {
        place.pointee.restart()
      }
    }
    switch kind {
    case .runSpecs: return try runSpec(bytes)
    case .scenarioStates: return try scenarioState(bytes, run)
    case .stats, .perInstanceStats:
      return try files.withTape(bytes, orText: { plainTable(kind, $0, run) }) { (tape) throws(DataFault) in
        try tape.expect(.array, file: file)
        let rows = try rows(kind, tape, JSONTape.top, from: 0, file: file)
        return table(kind, run, rows.columns, rowCount: rows.count)
      }
    }
  }

  /// The table of the next window of a file, and the window's number; nil when there is none.
  func nextWindow(
    of windows: SharedWindows, _ kind: TableKind, run: String
  ) throws(DataFault) -> (Int, Table)? {
    try files.withNextWindow(
      windows, orText: { text, window in plainTable(kind, text, run).map { (window.number, $0) } }
    ) { (tape, window) throws(DataFault) in
      let rows = try rows(kind, tape, JSONTape.top, from: window.firstRecord, file: windows.path)
      return (window.number, table(kind, run, rows.columns, rowCount: rows.count))
    }
  }

  /// One table of those of a file's windows, with the columns of what stands around the list.
  func table(
    _ kind: TableKind, windows: [Table], around file: SharedWindows, run: String
  ) throws(DataFault) -> Table {
    var stacked = Table(stacking: windows).appending([("run_spec.name", .string(run))])
    if kind == .scenarioStates {
      let common = try files.withTape(of: file.surroundings, path: file.path) { (tape) throws(DataFault) in
        var lists = 0
        tape.forEachMember(of: JSONTape.top) { key, _ in
          if tape.isString(key, "request_states") { lists += 1 }
        }
        if lists > 1 {
          throw DataFault(file: file.path, place: "request_states", problem: "the key stands there twice")
        }
        return try scenarioColumns(tape, rowCount: 1, file: file.path)
      }
      stacked = stacked.appending(common.map { ($0.name, $0.chunk[0]) })
    }
    return stacked.selecting(
      ["run_spec.name"] + stacked.columnNames.filter { $0 != "run_spec.name" }.sorted(by: codePointOrder))
  }

  /// The run spec's one row; its columns are in the file's order.
  private func runSpec(_ bytes: any ByteStream) throws(DataFault) -> Table {
    let file = bytes.path
    return try files.withTape(bytes) { (tape) throws(DataFault) in
      try tape.expect(.object, file: file)
      try tape.expectName(in: JSONTape.top, at: "name", file: file)
      repeat {
        specs.pointee.add(tape, JSONTape.top, row: 0)
      } while try keepOverflow(specs, file)
      let table = Table(
        columns: specs.pointee.finish(rowCount: 1, sorted: false), rowCount: 1, known: schemas[.runSpecs])
      schemas[.runSpecs] = table.schema
      return table
    }
  }

  /// A row a request state, and on each row the rest of the scenario state.
  private func scenarioState(_ bytes: any ByteStream, _ run: String) throws(DataFault) -> Table {
    let file = bytes.path
    return try files.withTape(bytes) { (tape) throws(DataFault) in
      try tape.expect(.object, file: file)
      guard let list = tape.value(of: "request_states", in: JSONTape.top) else {
        throw DataFault(file: file, place: "request_states", problem: "the key is missing")
      }
      let rows = try rows(.scenarioStates, tape, list, from: 0, file: file)
      let common = try scenarioColumns(tape, rowCount: rows.count, file: file)
      return table(.scenarioStates, run, Self.merged(rows.columns, common), rowCount: rows.count)
    }
  }

  /// The columns of what stands beside the request states: the same in every row.
  private func scenarioColumns(
    _ tape: JSONTape, rowCount: Int, file: String
  ) throws(DataFault) -> [(name: String, chunk: ColumnChunk)] {
    repeat {
      scenario.pointee.startObject()
      tape.forEachMember(of: JSONTape.top) { key, value in
        if !tape.isString(key, "request_states") {
          scenario.pointee.add(tape, key: key, value: value, row: 0)
        }
      }
    } while try keepOverflow(scenario, file)
    return scenario.pointee.finish(rowCount: 1).map {
      (name: $0.name, chunk: .constant($0.chunk[0], count: rowCount))
    }
  }

  /// The rows that a list of records makes; the first record is number `first` of the file.
  func rows(
    _ kind: TableKind, _ tape: JSONTape, _ list: Int, from first: Int, file: String
  ) throws(DataFault) -> (columns: [(name: String, chunk: ColumnChunk)], count: Int) {
    // Records of another kind end the walk at once; what is wrong with which is then said by the checks.
    switch kind {
    case .scenarioStates:
      let rows = try plainRows(requests, at: "request_states", tape, list, file)
      if rows == nil { try tape.expectObjects(in: list, at: "request_states", from: first, file: file) }
      return rows ?? ([], 0)
    case .stats:
      let rows = try plainRows(stats, at: nil, tape, list, file)
      if rows == nil { try tape.expectObjects(in: list, at: "", from: first, file: file) }
      if !Self.areNamed(rows) {
        try tape.expectMetrics(in: list, at: "", from: first, file: file)
      }
      return rows ?? ([], 0)
    default:
      let rows = try instanceRows(tape, list, file)
      if rows == nil {
        try tape.expectObjects(in: list, at: "", from: first, file: file)
        try tape.expectBundles(in: list, from: first, file: file)
      }
      if !Self.areNamed(rows) {
        try tape.expectMetricsInBundles(in: list, from: first, file: file)
      }
      return rows ?? ([], 0)
    }
  }

  /// A table of statistics made straight from the text of their list; nil where the text is to be parsed, or the
  /// table is another.
  private func plainTable(_ kind: TableKind, _ text: RecordText, _ run: String) -> Table? {
    let columns = flattener(kind)
    let count: Int?
    switch kind {
    case .stats: count = columns.pointee.addRecords(of: text)
    case .perInstanceStats: count = columns.pointee.addBundles(of: text, at: columns.pointee.place("stats"))
    default: return nil
    }
    guard let count else { return columns.pointee.nothing() }
    let rows = (columns: columns.pointee.finish(rowCount: count), count: count)
    guard Self.areNamed(rows) else { return nil }
    return table(kind, run, rows.columns, rowCount: count)
  }

  private typealias Rows = (columns: [(name: String, chunk: ColumnChunk)], count: Int)

  /// A row a record, its keys below a place; nil when a record is no object.
  private func plainRows(
    _ columns: UnsafeMutablePointer<Flattener>, at key: StaticString?, _ tape: JSONTape, _ list: Int,
    _ file: String
  ) throws(DataFault) -> Rows? {
    var row = 0
    repeat {
      row = 0
      let place = key.map { columns.pointee.place($0) } ?? 0
      let isWhole = tape.forEachObject(of: list) { record in
        columns.pointee.add(tape, record, at: place, row: row)
        row += 1
        return true
      }
      if !isWhole { return columns.pointee.nothing() }
    } while try keepOverflow(columns, file)
    return (columns.pointee.finish(rowCount: row), row)
  }

  /// A row a statistic of a bundle, with the bundle's other keys beside it, objects among them kept whole.
  private func instanceRows(_ tape: JSONTape, _ list: Int, _ file: String) throws(DataFault) -> Rows? {
    var row = 0
    repeat {
      row = 0
      let place = instances.pointee.place("stats")
      let isWhole = tape.forEachObject(of: list) { bundle in
        let first = row
        guard let list = tape.value(of: "stats", in: bundle) else { return false }
        let isWhole = tape.forEachObject(of: list) { stat in
          instances.pointee.add(tape, stat, at: place, row: row)
          row += 1
          return true
        }
        if row > first {
          tape.forEachMember(of: bundle) { key, value in
            if tape.isString(key, "stats") { return }
            instances.pointee.set(tape, key: key, value: value, rows: first..<row)
          }
        }
        return isWhole
      }
      if !isWhole { return instances.pointee.nothing() }
    } while try keepOverflow(instances, file)
    return (instances.pointee.finish(rowCount: row), row)
  }

  /// Whether the rows are to be made anew, with an object as one cell that has too many keys for columns. Only keys
  /// of the file itself count, or what a run becomes would depend on those read before it.
  private func keepOverflow(
    _ columns: UnsafeMutablePointer<Flattener>, _ file: String
  ) throws(DataFault) -> Bool {
    guard columns.pointee.isOverfull else { return false }
    if columns.pointee.knowsEarlierKeys, !isOneFile {
      columns.pointee.restart(cells: columns.pointee.cells)
      return true
    }
    guard let object = columns.pointee.overfullObject else {
      throw DataFault(
        file: file, problem: "the records have more than \(Flattener.columnLimit) keys, too many for columns")
    }
    files.counts.mapsKept += 1
    columns.pointee.restart(cells: columns.pointee.cells.union([object]))
    return true
  }

  /// `run_spec.name` and then the columns.
  func table(
    _ kind: TableKind, _ run: String, _ columns: [(name: String, chunk: ColumnChunk)], rowCount: Int
  ) -> Table {
    let table = Table(
      columns: [("run_spec.name", .constant(.string(run), count: rowCount))] + columns, rowCount: rowCount,
      known: schemas[kind])
    schemas[kind] = table.schema
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
      if rest.first?.name == column.name { rest.removeFirst() }
      merged.append(column)
    }
    return merged + rest
  }

  /// Whether every row has the name of a statistic.
  private static func areNamed(_ rows: Rows?) -> Bool {
    guard let rows else { return false }
    return rows.count == 0 || rows.columns.first { checked.contains($0.name) }?.chunk.isText == true
  }
}
