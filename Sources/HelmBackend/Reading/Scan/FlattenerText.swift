// Unsafe code, on these invariants:
// - Every place is in the text of a `RecordText`, for whose places those of TextScan.swift hold.
// - Builders and nodes are used on the invariants of their files.

@_spi(Reading) import Magnet

/// The text of a list of records, and how what is not plain in it is parsed.
@safe struct RecordText {
  /// The first byte; a NUL stands after the last.
  let start: Place
  let end: Place
  let reader: JSONFileReader

  /// The tape of one value of the text, from `start` to `end`; nil when it is not JSON.
  func tape(from start: Place, to end: Place) -> JSONTape? {
    unsafe reader.tape(of: UnsafeBufferPointer(start: start, count: end - start))
  }
}

// Rows straight from a text, with no tape between: one pass, in which what stands between two values is compared with
// what stood there the last time. Nothing here says what is wrong with a text. A method returns nil wherever the text
// is not as plain as what HELM writes, or not valid; the text is then to be parsed and its rows made again.
extension Flattener {
  /// A row for each object of a list that is the whole text, their keys below `place`; their number.
  mutating func addRecords(of text: RecordText, at place: Int32 = 0) -> Int? {
    guard let (end, count) = unsafe addList(text, text.start, at: place) else { return nil }
    return unsafe TextScan.afterSpace(end) == text.end ? count : nil
  }

  /// A row for each object of the list `key` of an object that is the whole text, their keys below that key; their number,
  /// and the text with an empty list in place of this one.
  mutating func addRecords(of text: RecordText, under key: StaticString) -> (count: Int, around: [UInt8])? {
    let place = place(key)
    var list: (start: Place, end: Place, count: Int)?
    var at = unsafe TextScan.afterSpace(text.start)
    guard unsafe at.pointee == UInt8(ascii: "{") else { return nil }
    repeat {
      unsafe at = unsafe TextScan.afterSpace(at + 1)
      guard unsafe at.pointee == UInt8(ascii: "\""), let name = unsafe TextScan.string(at + 1),
        !name.hasEscapes
      else { return nil }
      unsafe at = unsafe TextScan.afterSpace(name.end + 1)
      guard unsafe at.pointee == UInt8(ascii: ":") else { return nil }
      let value = unsafe TextScan.afterSpace(at + 1)
      if unsafe name.bytes.elementsEqual(key.description.utf8) {
        guard unsafe list == nil, let (end, count) = unsafe addList(text, value, at: place) else {
          return nil
        }
        unsafe list = unsafe (value, end, count)
        unsafe at = unsafe end
      } else {
        guard let end = unsafe TextScan.afterAny(value) else { return nil }
        unsafe at = unsafe end
      }
      unsafe at = unsafe TextScan.afterSpace(at)
    } while unsafe at.pointee == UInt8(ascii: ",")
    guard let list = unsafe list, unsafe at.pointee == UInt8(ascii: "}"),
      unsafe TextScan.afterSpace(at + 1) == text.end
    else { return nil }
    let before = unsafe UnsafeBufferPointer(start: text.start, count: list.start - text.start)
    let after = unsafe UnsafeBufferPointer(start: list.end, count: text.end - list.end)
    return unsafe (list.count, before + Array("[]".utf8) + after)
  }

  /// A row for each object of the list at `start`; the place after the list, and their number.
  private mutating func addList(_ text: RecordText, _ start: Place, at place: Int32) -> (Place, Int)? {
    var row = 0
    let end = unsafe forEachObject(of: start, place) { columns, start in
      defer { row += 1 }
      return unsafe columns.add(text, start, at: place, row: row, depth: 0)
    }
    return unsafe end.map { unsafe ($0, row) }
  }

  /// A row for each object of the lists `stats` in the objects of the whole text, their keys below `place`, with the
  /// outer objects' other keys beside them; the number of rows.
  mutating func addBundles(of text: RecordText, at place: Int32) -> Int? {
    var row = 0
    guard
      let end = unsafe forEachObject(
        of: text.start, 0, { columns, start in unsafe columns.addBundle(text, start, at: place, row: &row) })
    else { return nil }
    return unsafe TextScan.afterSpace(end) == text.end ? row : nil
  }

  /// One bundle, from the place after its bracket; the place after its end.
  private mutating func addBundle(
    _ text: RecordText, _ start: Place, at list: Int32, row: inout Int
  ) -> Place? {
    let first = row
    var hasList = false
    visits += 1
    let visit = visits
    var members: [Int32] = []
    var at = unsafe start
    var isFirst = true
    var cursor = tree[0].firstChild
    while true {
      guard let member = unsafe nextMember(of: 0, at: at, isFirst: isFirst, expected: cursor) else {
        return nil
      }
      let (node, value) = unsafe member
      guard node >= 0 else {
        unsafe at = unsafe value
        break
      }
      isFirst = false
      if tree[node].visit == visit { return nil }
      tree[node].visit = visit
      cursor = tree[node].next
      if node == list {
        hasList = true
        var count = row
        let end = unsafe forEachObject(of: value, list) { columns, start in
          defer { count += 1 }
          return unsafe columns.add(text, start, at: list, row: count, depth: 0)
        }
        guard let end = unsafe end, count > row else { return nil }
        row = count
        unsafe at = unsafe end
      } else {
        // A key with a dot could name a column of the statistics.
        if tree.hasDot(node) { return nil }
        guard let end = unsafe addCell(text, value, at: node, row: first) else { return nil }
        if tree[node].isWanted { members.append(node) }
        unsafe at = unsafe end
      }
    }
    guard hasList else { return nil }
    for node in members {
      unsafe builders[Int(tree[node].column)].repeatCell(of: first, rows: first + 1..<row)
    }
    return unsafe at
  }

  /// Calls `body` with the place after the bracket of each object of the list of a node that begins at `start`; it
  /// returns the place after the object's end. The place after the list.
  @inline(__always)
  private mutating func forEachObject(
    of start: Place, _ list: Int32, _ body: (inout Flattener, Place) -> Place?
  ) -> Place? {
    var at = unsafe TextScan.afterSpace(start)
    guard unsafe at.pointee == UInt8(ascii: "[") else { return nil }
    unsafe at = unsafe TextScan.afterSpace(at + 1)
    if unsafe at.pointee == UInt8(ascii: "]") { return unsafe at + 1 }
    guard unsafe at.pointee == UInt8(ascii: "{") else { return nil }
    unsafe at += 1
    while let end = unsafe body(&self, at) {
      if let next = unsafe tree[list].separator.after(end) {
        unsafe at = unsafe next
        continue
      }
      unsafe at = unsafe TextScan.afterSpace(end)
      if unsafe at.pointee == UInt8(ascii: "]") { return unsafe at + 1 }
      guard unsafe at.pointee == UInt8(ascii: ",") else { return nil }
      unsafe at = unsafe TextScan.afterSpace(at + 1)
      guard unsafe at.pointee == UInt8(ascii: "{") else { return nil }
      unsafe at += 1
      tree[list].separator = unsafe TextBetween(from: end, to: at)
    }
    return nil
  }

  /// The node of an object's next member and the place of its value; -1 and the place after the object when it ends.
  @inline(__always)
  private mutating func nextMember(
    of parent: Int32, at start: Place, isFirst: Bool, expected: Int32
  ) -> (Int32, Place)? {
    if expected >= 0, let value = unsafe tree[expected].lead.after(start, isFirst: isFirst) {
      return unsafe (expected, value)
    }
    if let end = unsafe tree[parent].end.after(start, isFirst: isFirst) { return unsafe (-1, end) }
    return unsafe readMember(of: parent, at: start, isFirst: isFirst, expected: expected)
  }

  private mutating func readMember(
    of parent: Int32, at start: Place, isFirst: Bool, expected: Int32
  ) -> (Int32, Place)? {
    var at = unsafe TextScan.afterSpace(start)
    if unsafe at.pointee == UInt8(ascii: "}") {
      tree[parent].end = unsafe TextBetween(from: start, to: at + 1, isFirst: isFirst)
      return unsafe (-1, at + 1)
    }
    if !isFirst {
      guard unsafe at.pointee == UInt8(ascii: ",") else { return nil }
      unsafe at = unsafe TextScan.afterSpace(at + 1)
    }
    guard unsafe at.pointee == UInt8(ascii: "\""), let key = unsafe TextScan.string(at + 1) else {
      return nil
    }
    unsafe at = unsafe TextScan.afterSpace(key.end + 1)
    guard unsafe at.pointee == UInt8(ascii: ":") else { return nil }
    unsafe at = unsafe TextScan.afterSpace(at + 1)
    let node: Int32
    if key.hasEscapes {
      var resolved = ByteBuffer()
      guard JSONFileReader.resolve(key, into: &resolved) else { return nil }
      node = unsafe resolved.withBytes { unsafe child(of: parent, $0, expected: expected) }
    } else {
      node = unsafe child(of: parent, key.bytes, expected: expected)
    }
    if node == parent { return nil }
    tree[node].lead = unsafe TextBetween(from: start, to: at, isFirst: isFirst)
    return unsafe (node, at)
  }

  /// Flattens an object, from the place after its bracket, into `row`; the place after its end.
  private mutating func add(
    _ text: RecordText, _ start: Place, at parent: Int32, row: Int, depth: Int
  ) -> Place? {
    if depth == TextScan.depthLimit { return nil }
    visits += 1
    let visit = visits
    var cursor = tree[parent].firstChild
    var at = unsafe start
    var isFirst = true
    while true {
      guard let (node, value) = unsafe nextMember(of: parent, at: at, isFirst: isFirst, expected: cursor)
      else {
        return nil
      }
      if node < 0 { return unsafe value }
      isFirst = false
      if tree[node].visit == visit { return nil }
      tree[node].visit = visit
      cursor = tree[node].next
      let end: Place?
      if let number = unsafe NumberText.short(value) {
        unsafe end = unsafe add(number, at: node, row: row)
      } else if unsafe value.pointee == UInt8(ascii: "{"), !tree[node].isCell {
        unsafe end = unsafe add(text, value + 1, at: node, row: row, depth: depth + 1)
      } else {
        unsafe end = unsafe addCell(text, value, at: node, row: row)
      }
      guard let end = unsafe end else { return nil }
      unsafe at = unsafe end
    }
  }

  /// Makes one cell of the value at `start`; the place after it.
  @inline(__always)
  private mutating func addCell(_ text: RecordText, _ start: Place, at node: Int32, row: Int) -> Place? {
    let byte = unsafe start.pointee
    if byte == UInt8(ascii: "\"") {
      let known = Int(tree[node].column)
      if known >= 0, tree[node].isWanted, unsafe builders[known].filled > 0,
        let length = unsafe builders[known].setExpected(at: start + 1, row: row)
      {
        return unsafe start + length + 2
      }
      guard let string = unsafe TextScan.string(start + 1) else { return nil }
      if string.hasEscapes, !JSONFileReader.resolve(string, into: &scratch) { return nil }
      if tree[node].isWanted {
        guard let column = column(of: node) else { return nil }
        let builder = unsafe builders + column
        if string.hasEscapes {
          unsafe scratch.withBytes { unsafe builder.pointee.set(utf8: $0, row: row) }
        } else {
          unsafe builder.pointee.set(plain: string.bytes, row: row)
        }
      }
      return unsafe string.end + 1
    }
    if byte &- 0x30 < 10 || byte == UInt8(ascii: "-") {
      return unsafe addNumber(text, start, at: node, row: row)
    }
    if let (value, end) = unsafe TextScan.boolean(start) {
      if tree[node].isWanted {
        guard let column = column(of: node) else { return nil }
        unsafe builders[column].set(value, row: row)
      }
      return unsafe end
    }
    if let end = unsafe TextScan.null(start) {
      if tree[node].isWanted {
        guard let column = column(of: node) else { return nil }
        unsafe builders[column].setNull(row: row)
      }
      return unsafe end
    }
    guard byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") else { return nil }
    guard let end = unsafe JSONFileReader.compact(start, into: &scratch) else {
      return unsafe addParsed(text, start, at: node, row: row)
    }
    if tree[node].isWanted {
      guard let column = column(of: node) else { return nil }
      let builder = unsafe builders + column
      unsafe scratch.withBytes { unsafe builder.pointee.set(json: $0, row: row) }
    }
    return unsafe end
  }

  private mutating func addNumber(_ text: RecordText, _ start: Place, at node: Int32, row: Int) -> Place? {
    guard let number = unsafe NumberText.any(start) else { return nil }
    if case .other(let end) = number {
      guard let tape = unsafe text.tape(from: start, to: end) else { return nil }
      if tree[node].isWanted { set(tape, JSONTape.top, at: node, row: row) }
      return unsafe isOverfull ? nil : end
    }
    return unsafe add(number, at: node, row: row)
  }

  @inline(__always)
  private mutating func add(_ number: NumberText.Read, at node: Int32, row: Int) -> Place? {
    switch number {
    case .int(let value, let end):
      if tree[node].isWanted {
        guard let column = column(of: node) else { return nil }
        setInt(value, node, column, row)
      }
      return unsafe end
    case .double(let value, let end):
      if tree[node].isWanted {
        guard let column = column(of: node) else { return nil }
        unsafe builders[column].set(value, row: row)
      }
      return unsafe end
    case .other: return nil
    }
  }

  /// Makes one cell of a list or an object by way of a parser.
  private mutating func addParsed(_ text: RecordText, _ start: Place, at node: Int32, row: Int) -> Place? {
    guard let end = unsafe TextScan.afterValue(start), unsafe end <= text.end,
      let tape = unsafe text.tape(from: start, to: end)
    else { return nil }
    if tree[node].isWanted {
      set(tape, JSONTape.top, at: node, row: row)
      if isOverfull { return nil }
    }
    return unsafe end
  }
}
