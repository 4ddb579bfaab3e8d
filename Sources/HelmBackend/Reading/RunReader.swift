import Magnet

/// Reads the files of runs into tables. Not Sendable: one for each worker, which reads run after run with it.
final class RunReader {
  let files = JSONFileReader()
  private let requestRows = Flattener(
    prefix: "scenario_state.", textColumns: ["scenario_state.request_states.instance.id"])
  private let scenarioRow = Flattener(prefix: "scenario_state.")
  private let statRows = Flattener(prefix: "stats.")
  private let instanceRows = Flattener(
    prefix: "per_instance_stats.", textColumns: ["per_instance_stats.instance_id"])

  /// One table of a run. `run` is the value of its column `run_spec.name`.
  func table(_ kind: TableKind, of folder: RunDirectory, run: String) throws(RunFault) -> Table {
    switch kind {
    case .runSpecs: try runSpec(folder.file("run_spec.json"))
    case .scenarioStates: try scenarioState(folder.file("scenario_state.json"), run)
    case .stats: try stats(folder.file("stats.json"), run)
    case .perInstanceStats: try perInstanceStats(folder.file("per_instance_stats.json"), run)
    }
  }

  /// The run spec's one row; its columns are in the file's order.
  private func runSpec(_ file: String) throws(RunFault) -> Table {
    try files.withTape(file) { (tape) throws(RunFault) in
      try tape.expect(.object, file: file)
      try tape.expectName(in: JSONTape.top, at: "name", file: file)
      let row = Flattener(prefix: "run_spec.")
      row.add(tape, JSONTape.top, row: 0)
      return Table(columns: row.finish(rowCount: 1), rowCount: 1)
    }
  }

  /// A row a request state, and on each row the rest of the scenario state.
  private func scenarioState(_ file: String, _ run: String) throws(RunFault) -> Table {
    try files.withTape(file) { (tape) throws(RunFault) in
      try tape.expect(.object, file: file)
      guard let list = tape.value(of: "request_states", in: JSONTape.top) else {
        throw RunFault(file: file, place: "request_states", problem: "the key is missing")
      }
      try tape.expectObjects(in: list, at: "request_states", file: file)
      let place = requestRows.place("request_states")
      var row = 0
      tape.forEachElement(of: list) { state in
        requestRows.add(tape, state, at: place, row: row)
        row += 1
      }
      tape.forEachMember(of: JSONTape.top) { key, value in
        if !tape.isString(key, "request_states") { scenarioRow.add(tape, key: key, value: value, row: 0) }
      }
      let common = scenarioRow.finish(rowCount: 1)
        .map { (name: $0.name, chunk: ColumnChunk.constant($0.chunk[0], count: row)) }
      return Self.table(run, requestRows.finish(rowCount: row), common, rowCount: row)
    }
  }

  /// A row a statistic.
  private func stats(_ file: String, _ run: String) throws(RunFault) -> Table {
    try files.withTape(file) { (tape) throws(RunFault) in
      try tape.expect(.array, file: file)
      try tape.expectObjects(in: JSONTape.top, at: "", file: file)
      var row = 0
      tape.forEachElement(of: JSONTape.top) { stat in
        statRows.add(tape, stat, row: row)
        row += 1
      }
      let columns = statRows.finish(rowCount: row)
      if !Self.isNamed(columns, "stats.name.name", row) {
        try tape.expectMetrics(in: JSONTape.top, at: "", file: file)
      }
      return Self.table(run, columns, [], rowCount: row)
    }
  }

  /// A row a statistic of a bundle, with the bundle's other keys beside it, objects among them kept whole.
  private func perInstanceStats(_ file: String, _ run: String) throws(RunFault) -> Table {
    try files.withTape(file) { (tape) throws(RunFault) in
      try tape.expect(.array, file: file)
      try tape.expectObjects(in: JSONTape.top, at: "", file: file)
      try tape.expectBundles(file: file)
      let place = instanceRows.place("stats")
      var row = 0
      tape.forEachElement(of: JSONTape.top) { bundle in
        guard let list = tape.value(of: "stats", in: bundle) else { return }
        let first = row
        tape.forEachElement(of: list) { stat in
          instanceRows.add(tape, stat, at: place, row: row)
          row += 1
        }
        if row == first { return }
        tape.forEachMember(of: bundle) { key, value in
          if !tape.isString(key, "stats") {
            instanceRows.set(tape, key: key, value: value, rows: first..<row)
          }
        }
      }
      let columns = instanceRows.finish(rowCount: row)
      if !Self.isNamed(columns, "per_instance_stats.stats.name.name", row) {
        try tape.expectMetricsInBundles(file: file)
      }
      return Self.table(run, columns, [], rowCount: row)
    }
  }

  /// `run_spec.name` and then the columns in order of their names' code points; where two have one name, that of
  /// `common` counts.
  private static func table(
    _ run: String, _ columns: [(name: String, chunk: ColumnChunk)],
    _ common: [(name: String, chunk: ColumnChunk)], rowCount: Int
  ) -> Table {
    let hidden = Set(common.map(\.name))
    let sorted = (columns.filter { !hidden.contains($0.name) } + common)
      .sorted { codePointOrder($0.name, $1.name) }
    return Table(
      columns: [("run_spec.name", .constant(.string(run), count: rowCount))] + sorted, rowCount: rowCount)
  }

  /// Whether every row has a text in the column `name`.
  private static func isNamed(
    _ columns: [(name: String, chunk: ColumnChunk)], _ name: String, _ rowCount: Int
  ) -> Bool {
    rowCount == 0 || columns.first { $0.name == name }?.chunk.isText == true
  }
}

extension JSONTape {
  /// Checks that the value at `index` is a list of objects, and counts them.
  fileprivate func expectObjects(in index: Int, at place: String, file: String) throws(RunFault) {
    if tag(index) != .array {
      throw RunFault(file: file, place: place, problem: "\(kindName(index)) stands where a list is expected")
    }
    var count = 0
    try forEachElement(of: index) { (element) throws(RunFault) in
      if tag(element) != .object {
        throw RunFault(
          file: file, place: "\(place)[\(count)]",
          problem: "\(kindName(element)) stands where an object is expected")
      }
      count += 1
    }
  }

  /// Checks that each bundle has a list of objects `stats`.
  fileprivate func expectBundles(file: String) throws(RunFault) {
    var number = 0
    try forEachElement(of: Self.top) { (bundle) throws(RunFault) in
      guard let list = value(of: "stats", in: bundle) else {
        throw RunFault(file: file, place: "[\(number)].stats", problem: "the key is missing")
      }
      var isFine = tag(list) == .array
      if isFine { forEachElement(of: list) { if tag($0) != .object { isFine = false } } }
      if !isFine { try expectObjects(in: list, at: "[\(number)].stats", file: file) }
      number += 1
    }
  }

  fileprivate func expectMetricsInBundles(file: String) throws(RunFault) {
    var number = 0
    try forEachElement(of: Self.top) { (bundle) throws(RunFault) in
      if let list = value(of: "stats", in: bundle) {
        try expectMetrics(in: list, at: "[\(number)].stats", file: file)
      }
      number += 1
    }
  }

  fileprivate func expectMetrics(in list: Int, at place: String, file: String) throws(RunFault) {
    var number = 0
    try forEachElement(of: list) { (stat) throws(RunFault) in
      try expectMetric(in: stat, at: "\(place)[\(number)]", file: file)
      number += 1
    }
  }

  /// Checks that a statistic has an object `name` with a text `name` in it.
  fileprivate func expectMetric(
    in stat: Int, at place: String, file: String
  ) throws(RunFault) {
    guard let name = value(of: "name", in: stat) else {
      throw RunFault(file: file, place: place + ".name", problem: "the key is missing")
    }
    if tag(name) != .object {
      throw RunFault(
        file: file, place: place + ".name", problem: "\(kindName(name)) stands where an object is expected")
    }
    try expectName(in: name, at: place + ".name.name", file: file)
  }

  /// Checks that the object at `index` has a text `name`.
  fileprivate func expectName(
    in index: Int, at place: String, file: String
  ) throws(RunFault) {
    guard let name = value(of: "name", in: index) else {
      throw RunFault(file: file, place: place, problem: "the key is missing")
    }
    if tag(name) != .string {
      throw RunFault(
        file: file, place: place, problem: "\(kindName(name)) stands where a name is expected")
    }
  }
}
