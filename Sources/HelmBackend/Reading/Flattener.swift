// Unsafe code, on these invariants:
// - `nodes` holds `nodeCount` initialised nodes of `nodeCapacity`, a tree: `firstChild` and `next` are indices of
//   nodes or -1, as is `parent`; node 0 is the root. A node's key is `keys[keyStart..<keyStart + keyLength]`.
// - `builders` and `isTouched` hold `columnCount` initialised elements of `columnCapacity`; a node's `column` is an
//   index of theirs or -1.
// - The tape is valid while `add` and `set` run. Nothing here keeps a pointer into it.

import Magnet

/// Turns JSON objects into rows of columns with dotted names, as the Python MAGNET flattens them: objects are
/// descended, everything else is a cell, lists are kept whole. Empty objects leave nothing, and where two keys give
/// the same name, the later one counts.
///
/// The keys met form a tree. Each object is walked with a cursor that expects the keys in the order of the last
/// time, so a file whose records look alike costs one comparison a key.
final class Flattener {
  private struct Node {
    var keyStart: Int
    var keyLength: Int
    var parent: Int32
    var firstChild: Int32 = -1
    var next: Int32 = -1
    var column: Int32 = -1
    /// The number of the last object in which the key was met: the same number again is a repeated key.
    var visit: UInt64 = 0
  }

  private let prefix: String
  /// Columns whose numbers are kept as text: ids.
  private let textColumns: Set<String>

  private var nodes: UnsafeMutablePointer<Node>
  private var nodeCount = 1
  private var nodeCapacity = 64
  private var keys: [UInt8] = []
  private var builders: UnsafeMutablePointer<ColumnBuilder>
  private var isTouched: UnsafeMutablePointer<Bool>
  private var columnCount = 0
  private var columnCapacity = 64
  private var names: [String] = []
  private var isText: [Bool] = []
  private var columnOfName: [String: Int32] = [:]
  private var visits: UInt64 = 0
  private var scratch: [UInt8] = []

  /// - Parameter prefix: how every column's name begins, the dot included.
  init(prefix: String, textColumns: Set<String> = []) {
    self.prefix = prefix
    self.textColumns = textColumns
    nodes = .allocate(capacity: nodeCapacity)
    nodes.initialize(to: Node(keyStart: 0, keyLength: 0, parent: -1))
    builders = .allocate(capacity: columnCapacity)
    isTouched = .allocate(capacity: columnCapacity)
  }

  deinit {
    builders.deinitialize(count: columnCount)
    builders.deallocate()
    isTouched.deallocate()
    nodes.deallocate()
  }

  /// The place of a key below the root.
  func place(_ key: StaticString) -> Int32 {
    child(of: 0, UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount), expected: -1)
  }

  /// Flattens one member of an object into `row`, its key below the root.
  func add(_ tape: JSONTape, key: Int, value: Int, row: Int) {
    let node = child(of: 0, tape.bytes(key), expected: -1)
    if tape.tag(value) == .object {
      add(tape, value, at: node, row: row)
    } else {
      set(tape, value, at: node, row: row)
    }
  }

  /// Makes one cell of a member of an object and repeats it in all of `rows`, its key below the root.
  func set(_ tape: JSONTape, key: Int, value: Int, rows: Range<Int>) {
    let node = child(of: 0, tape.bytes(key), expected: -1)
    set(tape, value, at: node, row: rows.lowerBound)
    let column = Int(column(of: node))
    for row in rows.dropFirst() { builders[column].repeatCell(of: rows.lowerBound, row: row) }
  }

  /// Flattens the object at `index` of the tape into `row`, its keys below `place`.
  func add(_ tape: JSONTape, _ index: Int, at place: Int32 = 0, row: Int) {
    visits += 1
    let visit = visits
    var cursor = nodes[Int(place)].firstChild
    var at = index + 1
    while tape.tag(at) != .objectEnd {
      let node = child(of: place, tape.bytes(at), expected: cursor)
      if nodes[Int(node)].visit == visit { clear(node, row) }
      nodes[Int(node)].visit = visit
      cursor = nodes[Int(node)].next
      if tape.tag(at + 1) == .object {
        add(tape, at + 1, at: node, row: row)
      } else {
        set(tape, at + 1, at: node, row: row)
      }
      at = tape.after(at + 1)
    }
  }

  /// Makes one cell of the element at `index`, whatever it is.
  func set(_ tape: JSONTape, _ index: Int, at node: Int32, row: Int) {
    let column = Int(column(of: node))
    isTouched[column] = true
    switch tape.tag(index) {
    case .string: builders[column].set(utf8: tape.bytes(index), row: row)
    case .double: builders[column].set(tape.double(index), row: row)
    case .int where !isText[column]: builders[column].set(tape.int(index), row: row)
    case .int: builders[column].set(.string(String(tape.int(index))), row: row)
    case .unsigned: builders[column].set(Double(tape.unsigned(index)), row: row)
    case .true: builders[column].set(true, row: row)
    case .false: builders[column].set(false, row: row)
    case .array, .object:
      scratch.removeAll(keepingCapacity: true)
      tape.appendText(of: index, to: &scratch)
      scratch.withUnsafeBytes { builders[column].set(json: $0, row: row) }
    default: builders[column].setNull(row: row)
    }
  }

  /// The columns met since the last time, in order of first appearance ever, for rows `0..<rowCount`; the flattener
  /// is empty afterwards.
  func finish(rowCount: Int) -> [(name: String, chunk: ColumnChunk)] {
    var columns: [(name: String, chunk: ColumnChunk)] = []
    for column in 0..<columnCount where isTouched[column] {
      isTouched[column] = false
      columns.append((names[column], builders[column].finish(rowCount: rowCount)))
    }
    return columns
  }

  private func child(of parent: Int32, _ key: UnsafeRawBufferPointer, expected: Int32) -> Int32 {
    if expected >= 0, isKey(key, of: expected) { return expected }
    var last: Int32 = -1
    var node = nodes[Int(parent)].firstChild
    while node >= 0 {
      if isKey(key, of: node) { return node }
      last = node
      node = nodes[Int(node)].next
    }
    return append(key, to: parent, after: last)
  }

  private func isKey(_ key: UnsafeRawBufferPointer, of node: Int32) -> Bool {
    let start = nodes[Int(node)].keyStart
    guard nodes[Int(node)].keyLength == key.count else { return false }
    return key.isEmpty
      || keys.withUnsafeBytes { equalBytes($0.baseAddress! + start, key.baseAddress!, key.count) }
  }

  private func append(_ key: UnsafeRawBufferPointer, to parent: Int32, after last: Int32) -> Int32 {
    if nodeCount == nodeCapacity {
      let grown = UnsafeMutablePointer<Node>.allocate(capacity: nodeCapacity * 2)
      grown.moveInitialize(from: nodes, count: nodeCount)
      nodes.deallocate()
      nodes = grown
      nodeCapacity *= 2
    }
    let node = Int32(nodeCount)
    (nodes + nodeCount).initialize(to: Node(keyStart: keys.count, keyLength: key.count, parent: parent))
    nodeCount += 1
    keys.append(contentsOf: key)
    if last < 0 { nodes[Int(parent)].firstChild = node } else { nodes[Int(last)].next = node }
    return node
  }

  private func column(of node: Int32) -> Int32 {
    if nodes[Int(node)].column >= 0 { return nodes[Int(node)].column }
    let name = prefix + path(to: node).joined(separator: ".")
    let column = columnOfName[name] ?? makeColumn(name)
    nodes[Int(node)].column = column
    return column
  }

  private func path(to node: Int32) -> [String] {
    var path: [String] = []
    var at = node
    while at > 0 {
      let key = nodes[Int(at)]
      path.append(String(decoding: keys[key.keyStart..<key.keyStart + key.keyLength], as: UTF8.self))
      at = key.parent
    }
    return path.reversed()
  }

  private func makeColumn(_ name: String) -> Int32 {
    if columnCount == columnCapacity {
      let size = columnCapacity * 2
      let grown = UnsafeMutablePointer<ColumnBuilder>.allocate(capacity: size)
      grown.moveInitialize(from: builders, count: columnCount)
      builders.deallocate()
      builders = grown
      let flags = UnsafeMutablePointer<Bool>.allocate(capacity: size)
      flags.moveInitialize(from: isTouched, count: columnCount)
      isTouched.deallocate()
      isTouched = flags
      columnCapacity = size
    }
    (builders + columnCount).initialize(to: ColumnBuilder())
    (isTouched + columnCount).initialize(to: false)
    names.append(name)
    isText.append(textColumns.contains(name))
    columnOfName[name] = Int32(columnCount)
    columnCount += 1
    return Int32(columnCount - 1)
  }

  /// Takes back what an earlier value of a repeated key left in `row`.
  private func clear(_ node: Int32, _ row: Int) {
    if nodes[Int(node)].column >= 0 { builders[Int(nodes[Int(node)].column)].removeCell(row: row) }
    var child = nodes[Int(node)].firstChild
    while child >= 0 {
      clear(child, row)
      child = nodes[Int(child)].next
    }
  }
}
