// Unsafe code, on these invariants:
// - `builders` holds `columnCount` initialised builders of `columnCapacity`; a node's `column` is an index of theirs
//   or -1.
// - The tape is valid while a method runs, and 8 bytes from the start of each of its strings are readable: simdjson
//   pads its strings, TolerantParser too. Nothing here keeps a pointer into it.
// - The flattener is never copied (~Copyable) and frees its memory once.

@_spi(Reading) import Magnet

/// Turns JSON objects into rows of columns with dotted names, as the Python MAGNET flattens them: objects are
/// descended, everything else is a cell, lists are kept whole. Empty objects leave nothing, and where two keys give
/// the same name, the later one counts.
///
/// The keys met form a tree. Each object is walked with a cursor that expects the keys in the order of the last
/// time, so a file whose records look alike costs one comparison a key.
@safe struct Flattener: ~Copyable {
  /// An object with more keys, or a row with more columns, is a map keyed by data: it stays one cell.
  static let keyLimit: Int32 = 512
  static let columnLimit = 4096

  private let prefix: String
  private let textColumns: Set<String>
  private let wanted: Set<String>?
  /// The objects, by their full names, that are kept as cells.
  let cells: Set<String>

  var tree = KeyTree()
  var builders: UnsafeMutablePointer<ColumnBuilder>
  private var columnCount = 0
  private var columnCapacity = 64
  private var names: [String] = []
  /// The place of each column in the order of their names' code points.
  private var ranks: [Int] = []
  private var columnOfName: [ExactText: Int32] = [:]
  /// The columns that have cells, in the order they got the first.
  private var met: [Int32] = []
  /// Whether cells were taken back since the last time.
  private var hasCleared = false
  var visits: UInt64 = 0
  /// The visit of the object whose members are added one by one.
  private var rootVisit: UInt64 = 0
  /// What is made of a list, an object or a string with escapes before it becomes a cell.
  var scratch = ByteBuffer()
  /// The node that went past a limit; its object is to be kept as a cell, and the rows to be made again.
  private var overflow: Int32 = -1
  /// The place that the rows' own keys hang below.
  private var rowRoot: Int32 = 0
  /// Whether the keys of rows are known that were finished before.
  private(set) var knowsEarlierKeys = false

  /// - Parameters:
  ///   - prefix: how every column's name begins, the dot included.
  ///   - textColumns: columns whose numbers are kept as text: ids.
  ///   - wanted: the columns to make; nil for all.
  ///   - cells: the objects, by their full names, to keep as cells.
  init(
    prefix: String, textColumns: Set<String> = [], wanted: Set<String>? = nil, cells: Set<String> = []
  ) {
    self.prefix = prefix
    self.textColumns = textColumns
    self.wanted = wanted
    self.cells = cells
    unsafe builders = .allocate(capacity: columnCapacity)
  }

  deinit {
    unsafe builders.deinitialize(count: columnCount)
    unsafe builders.deallocate()
  }

  /// The place of a key below the root, where rows will hang.
  mutating func place(_ key: StaticString) -> Int32 {
    var padded = unsafe Array(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
    padded += [0, 0, 0, 0, 0, 0, 0, 0]
    rowRoot = unsafe padded.withUnsafeBytes {
      unsafe child(of: 0, UnsafeRawBufferPointer(rebasing: $0.dropLast(8)), expected: -1)
    }
    return rowRoot
  }

  /// Flattens the object at `index` of the tape into `row`, its keys below `place`.
  mutating func add(_ tape: JSONTape, _ index: Int, at place: Int32 = 0, row: Int) {
    if overflow >= 0 { return }
    visits += 1
    let visit = visits
    var cursor = tree[place].firstChild
    var at = index + 1
    while tape.tag(at) != .objectEnd {
      let node = unsafe child(of: place, tape.bytes(at), expected: cursor)
      if overflow >= 0 { return }
      if tree[node].visit == visit { clear(node, row) }
      tree[node].visit = visit
      cursor = tree[node].next
      addValue(tape, at + 1, at: node, row: row)
      at = tape.after(at + 1)
    }
  }

  /// Says that the members of another object follow.
  mutating func startObject() {
    visits += 1
    rootVisit = visits
  }

  /// Flattens one member of an object into `row`, its key below the root.
  mutating func add(_ tape: JSONTape, key: Int, value: Int, row: Int) {
    if overflow >= 0 { return }
    let node = unsafe child(of: 0, tape.bytes(key), expected: -1)
    if overflow >= 0 { return }
    if tree[node].visit == rootVisit { clear(node, row) }
    tree[node].visit = rootVisit
    addValue(tape, value, at: node, row: row)
  }

  @inline(__always)
  private mutating func addValue(_ tape: JSONTape, _ index: Int, at node: Int32, row: Int) {
    if tape.tag(index) == .object, !tree[node].isCell {
      if tree[node].leadsToWanted { add(tape, index, at: node, row: row) }
    } else if tree[node].isWanted {
      set(tape, index, at: node, row: row)
    }
  }

  /// Makes one cell of a member of an object and repeats it in all of `rows`, its key below the root.
  mutating func set(_ tape: JSONTape, key: Int, value: Int, rows: Range<Int>) {
    if overflow >= 0 { return }
    let node = unsafe child(of: 0, tape.bytes(key), expected: -1)
    guard overflow < 0, tree[node].isWanted else { return }
    if tree[node].column >= 0 { removeCells(of: Int(tree[node].column), from: rows.lowerBound) }
    set(tape, value, at: node, row: rows.lowerBound)
    if overflow >= 0 { return }
    let column = Int(tree[node].column)
    unsafe builders[column].repeatCell(of: rows.lowerBound, rows: rows.dropFirst())
  }

  /// Makes one cell of the element at `index`, whatever it is.
  @inline(__always)
  mutating func set(_ tape: JSONTape, _ index: Int, at node: Int32, row: Int) {
    guard let column = column(of: node) else { return }
    switch tape.tag(index) {
    case .string: unsafe builders[column].set(utf8: tape.bytes(index), row: row)
    case .double: unsafe builders[column].set(tape.double(index), row: row)
    case .int: setInt(tape.int(index), node, column, row)
    case .unsigned: setUnsigned(tape.unsigned(index), node, column, row)
    case .true: unsafe builders[column].set(true, row: row)
    case .false: unsafe builders[column].set(false, row: row)
    case .array, .object: setJSON(tape, index, column, row)
    default: unsafe builders[column].setNull(row: row)
    }
  }

  /// The column of a node, which gets a cell; nil when a limit forbids it.
  @inline(__always)
  mutating func column(of node: Int32) -> Int? {
    var column = Int(tree[node].column)
    if column < 0 {
      column = makeColumn(of: node)
      if overflow >= 0 { return nil }
    }
    if unsafe builders[column].filled == 0, !hasCleared || !met.contains(Int32(column)) {
      met.append(Int32(column))
    }
    return column
  }

  @inline(__always)
  mutating func setInt(_ value: Int64, _ node: Int32, _ column: Int, _ row: Int) {
    if tree[node].isText {
      unsafe builders[column].set(.string(String(value)), row: row)
    } else {
      unsafe builders[column].set(value, row: row)
    }
  }

  private mutating func setUnsigned(_ value: UInt64, _ node: Int32, _ column: Int, _ row: Int) {
    if tree[node].isText {
      unsafe builders[column].set(.string(String(value)), row: row)
    } else {
      unsafe builders[column].set(Double(value), row: row)
    }
  }

  private mutating func setJSON(_ tape: JSONTape, _ index: Int, _ column: Int, _ row: Int) {
    scratch.removeAll()
    tape.appendText(of: index, to: &scratch)
    let builder = unsafe builders + column
    unsafe scratch.withBytes { unsafe builder.pointee.set(json: $0, row: row) }
  }

  /// The columns met since the last time for rows `0..<rowCount`, in order of their names' code points or of first
  /// appearance; the flattener is empty afterwards.
  mutating func finish(rowCount: Int, sorted: Bool = true) -> [(name: String, chunk: ColumnChunk)] {
    if hasCleared { dropClearedColumns() }
    if rowCount > 0 { knowsEarlierKeys = true }
    if sorted, ranks.count < columnCount {
      let order = (0..<columnCount).sorted { codePointOrder(names[$0], names[$1]) }
      ranks = Array(repeating: 0, count: columnCount)
      for (rank, column) in order.enumerated() { ranks[column] = rank }
    }
    if sorted { met.sort { ranks[Int($0)] < ranks[Int($1)] } }
    // A statistic of one value has it as its sum, minimum, maximum and mean: such columns share their memory.
    let numbers = met.filter { unsafe builders[Int($0)].isNumeric }
    var columns: [(name: String, chunk: ColumnChunk)] = []
    columns.reserveCapacity(met.count)
    var twins: [Int32: Int32] = [:]
    for (place, column) in numbers.enumerated() {
      twins[column] = numbers[..<place].first {
        unsafe twins[$0] == nil && builders[Int($0)].holdsSameNumbers(as: builders[Int(column)])
      }
    }
    var places: [Int32: Int] = [:]
    for column in met {
      let twin = twins[column].flatMap { places[$0] }
      let chunk = unsafe builders[Int(column)].finish(rowCount: twin == nil ? rowCount : 0)
      places[column] = columns.count
      columns.append((names[Int(column)], twin.map { columns[$0].chunk } ?? chunk))
    }
    met.removeAll(keepingCapacity: true)
    return columns
  }

  /// Leaves out the columns all of whose cells were taken back.
  private mutating func dropClearedColumns() {
    hasCleared = false
    for column in met where unsafe builders[Int(column)].holdsNothing {
      _ = unsafe builders[Int(column)].finish(rowCount: 0)
    }
    met.removeAll { unsafe builders[Int($0)].isEmpty }
  }

  /// Drops all rows.
  mutating func nothing<T>() -> T? {
    _ = finish(rowCount: 0)
    knowsEarlierKeys = true
    return nil
  }

  /// Whether an object or a row went past a limit: the rows are to be made again.
  var isOverfull: Bool { overflow >= 0 }

  /// The object that went past a limit; nil when that is the whole row.
  var overfullObject: String? { overflow <= 0 || overflow == rowRoot ? nil : name(of: overflow) }

  /// Drops all rows and forgets all keys.
  mutating func restart(cells: Set<String> = []) {
    self = Flattener(prefix: prefix, textColumns: textColumns, wanted: wanted, cells: cells)
  }

  /// The keys met in each object, by its full name, and the columns.
  var keysMet: (objects: [String: Set<String>], columns: Set<String>) {
    var objects: [String: Set<String>] = [:]
    for node in 1..<Int32(max(1, tree.count)) {
      let parent = tree[node].parent
      if !tree[parent].leadsToWanted { continue }
      objects[parent == rowRoot ? "" : name(of: parent), default: []].insert(name(of: node))
    }
    return (objects, Set(names))
  }

  @inline(__always)
  mutating func child(of parent: Int32, _ key: UnsafeRawBufferPointer, expected: Int32) -> Int32 {
    let known = unsafe tree.child(of: parent, key, expected: expected)
    return unsafe known >= 0 ? known : append(key, to: parent)
  }

  private mutating func append(_ key: UnsafeRawBufferPointer, to parent: Int32) -> Int32 {
    let limit = parent == 0 || parent == rowRoot ? Int32(Self.columnLimit) : Self.keyLimit
    if tree[parent].childCount >= limit {
      if tree[parent].leadsToWanted { overflow = parent }
      return parent
    }
    let node = unsafe tree.append(key, to: parent)
    if !cells.isEmpty { tree[node].isCell = cells.contains(name(of: node)) }
    if let wanted {
      let name = name(of: node)
      tree[node].isWanted = wanted.contains(name)
      tree[node].leadsToWanted = wanted.contains { $0.hasPrefix(name + ".") }
    }
    return node
  }

  private func name(of node: Int32) -> String { prefix + tree.path(of: node) }

  private mutating func makeColumn(of node: Int32) -> Int {
    let name = name(of: node)
    tree[node].isText = textColumns.contains(name)
    if let known = columnOfName[ExactText(name)] {
      tree[node].column = known
      return Int(known)
    }
    if columnCount == Self.columnLimit {
      overflow = widestAncestor(of: node)
      return 0
    }
    if columnCount == columnCapacity {
      unsafe builders = unsafe regrown(builders, columnCount, to: columnCapacity * 2)
      columnCapacity *= 2
    }
    unsafe (builders + columnCount).initialize(to: ColumnBuilder())
    let column = Int32(columnCount)
    columnCount += 1
    names.append(name)
    columnOfName[ExactText(name)] = column
    tree[node].column = column
    return Int(column)
  }

  /// The object above `node` that has the most keys; the row itself when there is none between.
  private func widestAncestor(of node: Int32) -> Int32 {
    var widest = rowRoot
    var at = tree[node].parent
    while at > 0, at != rowRoot {
      if widest == rowRoot || tree[at].childCount > tree[widest].childCount { widest = at }
      at = tree[at].parent
    }
    return widest
  }

  /// Takes back what an earlier value of a repeated key left in `row`.
  private mutating func clear(_ node: Int32, _ row: Int) {
    if tree[node].column >= 0 { removeCells(of: Int(tree[node].column), from: row) }
    var child = tree[node].firstChild
    while child >= 0 {
      clear(child, row)
      child = tree[child].next
    }
  }

  private mutating func removeCells(of column: Int, from row: Int) {
    if unsafe builders[column].removeCells(from: row) { hasCleared = true }
  }
}
