/// The cells of a column of one chunk, laid out so that reading a number or a text counts no references.
final class ChunkReader {
  enum Form { case doubles, texts, others }

  let form: Form
  let chunk: ColumnChunk
  let doubles: [Double]
  let codes: [UInt32]
  let texts: TextDictionary

  init(_ chunk: ColumnChunk) {
    self.chunk = chunk
    switch chunk.storage {
    case .doubles(let values, nil):
      (form, doubles, codes, texts) = (.doubles, values, [], TextDictionary([]))
    case .strings(let codes, let texts) where texts.bases.isEmpty:
      (form, doubles, self.texts) = (.texts, [], texts)
      self.codes = (0..<chunk.count).map { UInt32(codes[$0]) }
    default: (form, doubles, codes, texts) = (.others, [], [], TextDictionary([]))
    }
  }
}

/// One pass over the rows of a relation for which some columns have some values.
struct RelationScan {
  /// A column that must equal a value.
  struct Condition {
    let column: Int
    let value: Cell
  }

  /// A run's rows: the chunk of each column, or the one cell it has in all rows.
  private struct Part {
    let rowCount: Int
    let columns: [ChunkReader]
    /// What is to be checked of each row.
    let checks: [(column: Int, value: Cell)]
  }

  private let relation: Relation
  private var parts: [Part] = []
  /// Rows in the order of a column, as pairs of a part and a row; nil for the order they are in.
  private var order: [SIMD2<Int32>]?
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
    let runs = catalog.runs.filter { run in
      conditions.allSatisfy { condition in
        guard case .run(let field) = relation.columns[condition.column].source else { return true }
        return Self.equal(catalog.cell(field, of: run), condition.value)
      }
    }
    let tables = try relation.kind.map { try catalog.tables($0, of: runs) } ?? [:]
    for run in runs {
      let table = relation.kind == nil ? nil : tables[run]
      for chunk in table?.chunks ?? [Table.Chunk(rowCount: relation.kind == nil ? 1 : 0, columns: [])] {
        add(chunk, of: table, run: run, columns, conditions, catalog)
      }
    }
    if let order { sort(by: order) }
    advance()
  }

  private mutating func add(
    _ chunk: Table.Chunk, of table: Table?, run: Int, _ wanted: Set<Int>, _ conditions: [Condition],
    _ catalog: RunCatalog
  ) {
    let columns = relation.columns.enumerated().map { number, column -> ColumnChunk in
      guard wanted.contains(number) else { return .nulls(chunk.rowCount) }
      switch column.source {
      case .run(let field): return .constant(catalog.cell(field, of: run), count: chunk.rowCount)
      case .column(let name):
        return table?.position(of: name).map { chunk.columns[$0] } ?? .nulls(chunk.rowCount)
      }
    }
    var checks: [(column: Int, value: Cell)] = []
    for condition in conditions {
      switch columns[condition.column].mayHold(condition.value) {
      case .nowhere: return
      case .everywhere: break
      case .somewhere: checks.append((condition.column, condition.value))
      }
    }
    parts.append(Part(rowCount: chunk.rowCount, columns: columns.map(ChunkReader.init), checks: checks))
  }

  /// Equality as SQLite has it: numbers by value, texts by their bytes, null equal to nothing.
  static func equal(_ a: Cell, _ b: Cell) -> Bool {
    switch (rank(a), rank(b)) {
    case (1, 1): a.sqlNumber == b.sqlNumber
    case (2, 2): a.text.utf8.elementsEqual(b.text.utf8)
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

  private func holds(_ part: Int, _ row: Int) -> Bool {
    parts[part].checks.allSatisfy { Self.equal(parts[part].columns[$0.column].chunk[row], $0.value) }
  }

  /// Puts the rows in the order of a column's texts: a counting sort by distinct value.
  private mutating func sort(by column: Int) {
    var codes: [Cell: Int] = [:]
    var cells: [Cell] = []
    var rows: [[SIMD2<Int32>]] = []
    func code(_ cell: Cell) -> Int {
      if let known = codes[cell] { return known }
      codes[cell] = cells.count
      cells.append(cell)
      rows.append([])
      return cells.count - 1
    }
    for (number, part) in parts.enumerated() {
      let reader = part.columns[column]
      // Texts by their codes in the chunk: each is looked up once.
      var known: [Int] = reader.form == .texts ? Array(repeating: -1, count: reader.texts.count + 1) : []
      for row in 0..<part.rowCount where part.checks.isEmpty || holds(number, row) {
        let place: Int
        if reader.form == .texts {
          let local = Int(reader.codes[row])
          if known[local] < 0 { known[local] = code(reader.chunk[row]) }
          place = known[local]
        } else {
          place = code(reader.chunk[row])
        }
        rows[place].append(SIMD2(Int32(number), Int32(row)))
      }
    }
    let sorted = cells.indices.sorted { Self.sqlOrder(cells[$0], cells[$1]) }
    order = sorted.flatMap { rows[$0] }
  }

  /// SQLite's order: nulls, numbers, texts by their bytes.
  private static func sqlOrder(_ a: Cell, _ b: Cell) -> Bool {
    if rank(a) != rank(b) { return rank(a) < rank(b) }
    if case .int(let a) = a, case .int(let b) = b { return a < b }
    if rank(a) == 0 { return false }
    if rank(a) == 1 { return a.sqlNumber < b.sqlNumber }
    return a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
  }

  /// Whether there is no row left.
  var isAtEnd: Bool { order.map { place >= $0.count } ?? (part >= parts.count) }

  /// The number of the current row.
  private(set) var rowID: Int64 = -1

  /// The current row's cells of a column, and its number among them.
  func reader(_ column: Int) -> (reader: ChunkReader, row: Int) { (parts[part].columns[column], row) }

  /// Goes to the next row.
  mutating func advance() {
    rowID += 1
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
