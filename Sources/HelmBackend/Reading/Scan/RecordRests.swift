// Unsafe code, on these invariants:
// - All rests known at a time are of one text: `forget` is called before records of another are added. `length` bytes
//   from `start` on are part of it.
// - Every place is in the text of a `RecordText`, for whose places those of TextScan.swift hold.

import Magnet

/// What followed the first members of records, and the rows that were made of it. HELM writes one statistic after the
/// other, each a name and then numbers; the numbers are the same for many instances (a metric that is 0 or 1, a count), and
/// need not be read again where the text is that of an earlier record.
@safe struct RecordRests {
  /// What followed the first member of a record, to the record's end.
  struct Rest {
    fileprivate(set) var start = 0
    fileprivate(set) var length = 0
    /// The row that it made, and where its columns stand among all columns kept.
    fileprivate(set) var row = 0
    fileprivate(set) var columns = 0..<0
    /// The number of the text that it is of.
    fileprivate var text = 0
  }

  /// A record with more members is read each time.
  static let columnLimit: Int32 = 32

  /// The rests, each where the hash of its first bytes says; a later one takes the place of an earlier.
  private var rests = [Rest](repeating: Rest(), count: 1 << bits)
  /// The columns of rests, one list after the other: all records of a kind have the same.
  private var columns: [Int] = []
  private var lists: [Range<Int>] = []
  private var text = 1
  private var tried = 0
  private var found = 0
  /// Where the rest looked for last would stand.
  private var place = 0

  private static let bits = 11

  /// Whether rests are found often enough to look for them: of the first 512 at least one in eight.
  var areWorthwhile: Bool { tried < 512 || found * 8 >= tried }

  /// The column at a place of a rest's columns.
  @inline(__always)
  func column(_ place: Int) -> Int { columns[place] }

  /// Forgets all rests: rows are numbered anew, or come from another text.
  mutating func forget() {
    text += 1
    (tried, found) = (0, 0)
    if lists.count == 64 { (columns, lists) = ([], []) }
  }

  /// The known rest that stands at `start`.
  @inline(__always)
  mutating func find(_ text: RecordText, _ start: Place) -> Rest? {
    tried += 1
    place = unsafe Self.hash(start)
    let rest = rests[place]
    guard rest.text == self.text, unsafe rest.length <= text.end - start,
      unsafe equalBytes(text.start + rest.start, start, rest.length)
    else { return nil }
    found += 1
    return rest
  }

  /// Starts the list of columns of a rest to keep.
  mutating func startColumns() { columns.removeSubrange((lists.last?.upperBound ?? 0)...) }

  mutating func addColumn(_ column: Int) { columns.append(column) }

  /// Keeps what was looked for last: it ends at `end`, and made cells of `row` in the columns added.
  mutating func keep(_ text: RecordText, from start: Place, to end: Place, row: Int) {
    let added = (lists.last?.upperBound ?? 0)..<columns.count
    var list = lists.first { columns[$0].elementsEqual(columns[added]) }
    if list == nil {
      if lists.count == 64 { return }
      lists.append(added)
      list = added
    }
    rests[place] = unsafe Rest(
      start: start - text.start, length: end - start, row: row, columns: list ?? added, text: self.text)
  }

  /// Which rest 48 bytes belong to: the key and value of two short members.
  @inline(__always)
  private static func hash(_ start: Place) -> Int {
    func mixed(_ word: Int) -> UInt64 {
      let product = unsafe (TextScan.word(start + 8 * word) ^ 0x9E37_79B9_7F4A_7C15)
        .multipliedFullWidth(by: TextScan.word(start + 8 * word + 8) ^ 0xD1B5_4A32_D192_ED03)
      return product.high ^ product.low
    }
    let hash = mixed(0) &+ mixed(2) &* 3 &+ mixed(4) &* 5
    return Int(truncatingIfNeeded: hash >> UInt64(64 - bits))
  }
}
