/// A FlatBuffer, built from its end to its front so that every offset points forward, as the format asks.
///
/// Offsets are counted from the end. A table is the distance to its vtable (int32) and its fields; the vtable before
/// it is its own size, the table's size and each field's place in the table (uint16, 0 for absent).
struct FlatBuffer {
  enum Field {
    case int8(UInt8)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    /// To a string, vector or table, counted from the end.
    case offset(Int)

    var size: Int {
      switch self {
      case .int8: 1
      case .int16: 2
      case .int32, .offset: 4
      case .int64: 8
      }
    }
  }

  /// The bytes from the last to the first.
  private var reversed: [UInt8] = []

  private mutating func prepend(_ bytes: some Collection<UInt8>) {
    reversed.append(contentsOf: Array(bytes).reversed())
  }

  private mutating func prepend(_ value: some FixedWidthInteger) {
    unsafe withUnsafeBytes(of: value.bigEndian) { unsafe reversed.append(contentsOf: $0) }
  }

  /// Pads so that `size` bytes, with `more` behind them, will be aligned.
  private mutating func align(_ size: Int, before more: Int = 0) {
    while (reversed.count + more) % size != 0 { reversed.append(0) }
  }

  mutating func string(_ text: String) -> Int {
    let bytes = Array(text.utf8) + [0]
    align(4, before: bytes.count)
    prepend(bytes)
    prepend(UInt32(bytes.count - 1))
    return reversed.count
  }

  mutating func vector(_ offsets: [Int]) -> Int {
    align(4)
    for offset in offsets.reversed() { prepend(UInt32(reversed.count + 4 - offset)) }
    prepend(UInt32(offsets.count))
    return reversed.count
  }

  /// A vector of structs of 64-bit numbers.
  mutating func vector(structs: [[Int]]) -> Int {
    align(8)
    for value in structs.joined().reversed() { prepend(Int64(value)) }
    prepend(UInt32(structs.count))
    return reversed.count
  }

  /// - Parameter fields: by their numbers.
  mutating func table(_ fields: [(slot: Int, field: Field)]) -> Int {
    let start = reversed.count
    var places: [Int: Int] = [:]
    for (slot, field) in fields.sorted(by: { $0.field.size < $1.field.size }) {
      align(field.size)
      switch field {
      case .int8(let value): prepend(value)
      case .int16(let value): prepend(value)
      case .int32(let value): prepend(value)
      case .int64(let value): prepend(value)
      case .offset(let target): prepend(UInt32(reversed.count + 4 - target))
      }
      places[slot] = reversed.count
    }
    align(4)
    let slots = (fields.map(\.slot).max() ?? -1) + 1
    prepend(Int32(4 + 2 * slots))
    let table = reversed.count
    for slot in (0..<slots).reversed() { prepend(UInt16(places[slot].map { table - $0 } ?? 0)) }
    prepend(UInt16(table - start))
    prepend(UInt16(4 + 2 * slots))
    return table
  }

  /// The whole, aligned to 8 bytes.
  mutating func finish(root: Int) -> [UInt8] {
    align(8, before: 4)
    prepend(UInt32(reversed.count + 4 - root))
    return reversed.reversed()
  }
}
