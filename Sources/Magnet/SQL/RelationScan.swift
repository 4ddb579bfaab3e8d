// Unsafe code, on one invariant: where `bitsInOrder` has memory for a column, it is as many words as `order` has rows,
// all of them written, and `memory` holds it.

/// One pass over the rows of a relation for which some columns have some values.
@safe struct RelationScan {
  /// A column that must equal a value.
  struct Condition {
    let column: Int
    let value: Cell
  }

  /// A run's rows: the chunk of each column, or the one cell it has in all rows.
  private struct Part {
    /// The number of the first row, among those of all runs.
    let first: Int64
    let rowCount: Int
    /// Those of the relation's columns that are asked for, in their order.
    let columns: [ColumnChunk]
    /// What is to be checked of each row.
    let checks: [(column: Int, value: Cell)]
  }

  private let relation: Relation
  /// The relation's columns that are asked for, ascending, and where their cells are kept.
  private let asked: [(column: Int, isReal: Bool, memory: ScanMemory.ColumnCells)]
  /// The place of each of the relation's columns among these; -1 for others.
  private let placeOf: [Int]
  private var parts: [Part] = []
  /// The cells of the columns asked for in the first part, in the second, and so on.
  private var cells: [ScanCells] = []
  /// Rows in the order of a column, as pairs of a part and a row; nil for the order they are in.
  private var order: [SIMD2<Int32>]?
  /// The bits of numbers in the order of the rows, for columns that have them there.
  private var bitsInOrder: [UnsafePointer<UInt64>?]
  private let memory = ScanMemory()
  /// Where the columns asked for are in tables of a schema: of the one met last.
  private var positions: (schema: TableSchema?, places: [Int?]) = (nil, [])
  private var part = 0
  private var row = -1
  private var place = -1

  /// - Parameters:
  ///   - columns: the columns that will be asked for; others are null.
  ///   - order: the column by whose values, ascending, the rows come.
  init(
    _ relation: Relation, columns: Set<Int>, conditions: [Condition], order: Int?, in catalog: RunCatalog
  ) throws {
    self.relation = relation
    unsafe bitsInOrder = unsafe Array(repeating: nil, count: relation.columns.count)
    asked = columns.sorted().map {
      (
        $0, relation.columns[$0].type == .real,
        catalog.scanMemory.column(relation.kind, relation.columns[$0].source)
      )
    }
    var places = Array(repeating: -1, count: relation.columns.count)
    for (place, wanted) in asked.enumerated() { places[wanted.column] = place }
    placeOf = places
    let candidates = relation.rows == .runs ? Array(catalog.listing.entries.indices) : catalog.runs
    var runs = candidates.filter { run in
      conditions.allSatisfy { condition in
        guard case .run(let field) = relation.columns[condition.column].source else { return true }
        return Self.equal(catalog.cell(field, of: run), condition.value)
      }
    }
    if relation.rows == .headlines { runs = catalog.withStatistics(runs) }
    let headlines = relation.needsHeadlines(columns) ? try catalog.headlines(of: runs) : [:]
    let single = Table.Chunk(rowCount: 1, columns: [])
    func add(_ chunks: [Table.Chunk], of table: Table?, run: Int) {
      // Room for 2^40 rows of each run.
      var first = Int64(run + 1) << 40
      for (number, chunk) in chunks.enumerated() {
        self.add(chunk, number, first, of: table, run: run, headlines[run], conditions, catalog)
        first += Int64(chunk.rowCount)
      }
    }
    switch relation.rows {
    case .runs: for run in runs { add([single], of: nil, run: run) }
    case .headlines: for run in runs where headlines[run] != nil { add([single], of: nil, run: run) }
    case .boards:
      let table = try catalog.leaderboard(
        needsErrors: columns.contains { relation.columns[$0].name == "stderr" })
      add(table.chunks, of: table, run: -1)
    case .table(let kind):
      let tables = try catalog.tables(kind, of: runs)
      for run in runs {
        if let table = tables[run] { add(table.chunks, of: table, run: run) }
      }
    }
    if let order { sort(by: order, columns) }
    advance()
  }

  private mutating func add(
    _ chunk: Table.Chunk, _ number: Int, _ first: Int64, of table: Table?, run: Int, _ headline: RunHeadline?,
    _ conditions: [Condition], _ catalog: RunCatalog
  ) {
    if let schema = table?.schema, schema !== positions.schema {
      positions = (
        schema,
        asked.map {
          guard case .column(let name) = relation.columns[$0.column].source else { return nil }
          return schema.position(of: name)
        }
      )
    }
    let columns = asked.enumerated().map { place, asked -> ColumnChunk in
      let column = relation.columns[asked.column]
      switch column.source {
      case .run(let field): return .constant(catalog.cell(field, of: run), count: chunk.rowCount)
      case .headline(let field): return .constant(headline?.cell(field) ?? .null, count: chunk.rowCount)
      case .main:
        guard let kind = relation.kind else { return .nulls(chunk.rowCount) }
        return MainRows.marks(kind, headline, rowCount: chunk.rowCount) { name in
          table?.position(of: name).map { chunk.columns[$0] }
        }
      case .column:
        let position = table == nil ? nil : positions.places[place]
        let cells = position.map { chunk.columns[$0] } ?? .nulls(chunk.rowCount)
        return asked.isReal && cells.areIntegers ? cells.asDoubles() : cells
      case .input:
        return InstanceInput.texts(rowCount: chunk.rowCount) { name in
          table?.position(of: name).map { chunk.columns[$0] }
        }
      }
    }
    var checks: [(column: Int, value: Cell)] = []
    for condition in conditions {
      switch columns[placeOf[condition.column]].mayHold(condition.value) {
      case .nowhere: return
      case .everywhere: break
      case .somewhere: checks.append((condition.column, condition.value))
      }
    }
    parts.append(Part(first: first, rowCount: chunk.rowCount, columns: columns, checks: checks))
    for (place, wanted) in asked.enumerated() {
      cells.append(catalog.scanMemory.cells(columns[place], wanted.memory, run: run, chunk: number))
    }
  }

  /// Equality as SQLite has it: numbers by value, texts by their bytes, null equal to nothing.
  static func equal(_ a: Cell, _ b: Cell) -> Bool {
    switch (rank(a), rank(b)) {
    case (1, 1): a.sqlNumber == b.sqlNumber
    case (2, 2): haveSameBytes(a.text, b.text)
    default: false
    }
  }

  /// SQLite's classes of values, in their order: null, numbers, texts.
  private static func rank(_ cell: Cell) -> Int {
    switch cell {
    case .null: 0
    case .double(let value) where value.isNaN: 0
    case .bool, .int, .double: 1
    case .string, .json: 2
    }
  }

  /// Whether a row of a part fulfils the conditions.
  func holds(_ part: Int, _ row: Int) -> Bool {
    parts[part].checks.allSatisfy { Self.equal(cell(of: part, $0.column, row: row), $0.value) }
  }

  /// Cells, each once, and their numbers.
  private struct DistinctCells {
    private(set) var cells: [Cell] = []
    private var places: [Cell: Int32] = [:]

    mutating func place(_ cell: Cell) -> Int32 {
      if let known = places[cell] { return known }
      places[cell] = Int32(cells.count)
      cells.append(cell)
      return Int32(cells.count - 1)
    }
  }

  /// Puts the rows in the order of a column's texts: a counting sort by distinct value.
  private mutating func sort(by column: Int, _ columns: Set<Int>) {
    var values = DistinctCells()
    var counts: [Int] = []
    // Which of the distinct values each row has, -1 for a row that is not wanted; of texts each is looked up once a
    // chunk, by its code there.
    var places: [[Int32]] = []
    for (number, part) in parts.enumerated() {
      let chunk = placeOf[column] < 0 ? .nulls(part.rowCount) : part.columns[placeOf[column]]
      let cells = self.cells(of: number, column)
      var ofCode: [Int32] = cells.areTexts ? Array(repeating: -1, count: cells.textCount + 1) : []
      var found: [Int32] = []
      found.reserveCapacity(part.rowCount)
      for row in 0..<part.rowCount {
        guard part.checks.isEmpty || holds(number, row) else {
          found.append(-1)
          continue
        }
        var place: Int32
        if cells.areTexts {
          let code = cells.code(row)
          place = ofCode[code]
          if place < 0 {
            place = values.place(chunk[row])
            ofCode[code] = place
          }
        } else {
          place = values.place(chunk[row])
        }
        if place == counts.count { counts.append(0) }
        counts[Int(place)] += 1
        found.append(place)
      }
      places.append(found)
    }
    var next = Array(repeating: 0, count: values.cells.count)
    var total = 0
    for place in values.cells.indices.sorted(by: { Self.sqlOrder(values.cells[$0], values.cells[$1]) }) {
      next[place] = total
      total += counts[place]
    }
    // The numbers of a group lie far from each other in memory: those of a few columns are put in the order, too.
    let near = unsafe (columns.count <= Self.nearColumns ? columns : []).filter { column in
      parts.indices.allSatisfy { cells(of: $0, column).isNumeric }
    }.map { unsafe (column: $0, bits: memory.words(total)) }
    var order = Array(repeating: SIMD2<Int32>(), count: total)
    for (number, found) in places.enumerated() {
      let sources = unsafe near.map { unsafe (bits: $0.bits, cells: cells(of: number, $0.column)) }
      for (row, place) in found.enumerated() where place >= 0 {
        let at = next[Int(place)]
        order[at] = SIMD2(Int32(number), Int32(row))
        for column in unsafe sources.indices {
          unsafe (sources[column].bits + at).initialize(to: sources[column].cells.bits(row))
        }
        next[Int(place)] = at + 1
      }
    }
    unsafe near.forEach { unsafe bitsInOrder[$0.column] = unsafe UnsafePointer($0.bits) }
    self.order = order
  }

  /// How many columns have their numbers put in the order of the rows, at most.
  private static let nearColumns = 4

  /// SQLite's order: nulls, numbers, texts by their bytes.
  static func sqlOrder(_ a: Cell, _ b: Cell) -> Bool {
    if rank(a) != rank(b) { return rank(a) < rank(b) }
    if case .int(let a) = a, case .int(let b) = b { return a < b }
    if rank(a) == 0 { return false }
    if rank(a) == 1 { return a.sqlNumber < b.sqlNumber }
    return a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
  }

  /// Whether there is no row left.
  var isAtEnd: Bool { order.map { place >= $0.count } ?? (part >= parts.count) }

  /// The number of the current row: the same in every scan, whatever its conditions and order, as SQLite tells by it
  /// which rows it has seen where it answers each side of an OR by a scan of its own.
  var rowID: Int64 { parts[part].first + Int64(row) }

  /// The cells of a column in the current row's part, and the row's number there.
  @inline(__always)
  func current(_ column: Int) -> (cells: ScanCells, row: Int) { (cells(of: part, column), row) }

  /// The bits of the current row's number of a column, where numbers are in the order of the rows.
  @inline(__always)
  func bits(_ column: Int) -> UInt64? { unsafe bitsInOrder[column].map { unsafe $0[place] } }

  /// The current row's cell of a column.
  func cell(_ column: Int) -> Cell { cell(of: part, column, row: row) }

  /// The numbers of the parts, in the order of the runs.
  var partNumbers: Range<Int> { parts.indices }

  func rowCount(of part: Int) -> Int { parts[part].rowCount }

  /// Whether there are conditions that not all rows of a part need fulfil.
  func hasChecks(_ part: Int) -> Bool { !parts[part].checks.isEmpty }

  /// A cell of a part.
  func cell(of part: Int, _ column: Int, row: Int) -> Cell {
    placeOf[column] < 0 ? .null : parts[part].columns[placeOf[column]][row]
  }

  @inline(__always)
  func cells(of part: Int, _ column: Int) -> ScanCells {
    placeOf[column] < 0 ? ScanCells() : cells[part * asked.count + placeOf[column]]
  }

  /// Goes to the next row.
  mutating func advance() {
    if let order {
      place += 1
      if place < order.count { (part, row) = (Int(order[place].x), Int(order[place].y)) }
      return
    }
    row += 1
    while part < parts.count {
      if row >= parts[part].rowCount {
        part += 1
        row = 0
      } else if parts[part].checks.isEmpty || holds(part, row) {
        return
      } else {
        row += 1
      }
    }
  }
}

extension Cell {
  /// A number as SQLite sees it: booleans are 0 and 1.
  var sqlNumber: Double {
    if case .bool(let value) = self { return value ? 1 : 0 }
    return number ?? 0
  }
}

extension ColumnChunk {
  var areIntegers: Bool {
    switch storage {
    case .ints, .constant(.int): true
    default: false
    }
  }

  enum Presence { case nowhere, somewhere, everywhere }

  /// Where a value is, as far as can be told without looking at the rows.
  func mayHold(_ value: Cell) -> Presence {
    switch storage {
    case .constant(let cell): return RelationScan.equal(cell, value) ? .everywhere : .nowhere
    case .strings(_, let texts):
      guard case .string(let text) = value else { return .nowhere }
      return (0..<texts.count).contains { texts[$0] == text } ? .somewhere : .nowhere
    default: return .somewhere
    }
  }
}
