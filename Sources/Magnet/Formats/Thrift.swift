/// Thrift's compact protocol, as far as Parquet's metadata needs it: a field is the difference of its number from the
/// last one's and its type in a byte, numbers are zigzag varints, a struct ends with 0.
struct ThriftWriter {
  private(set) var bytes: [UInt8] = []
  private var lastFields = [0]

  private mutating func start(_ field: Int, _ type: UInt8) {
    let difference = field - (lastFields.last ?? 0)
    if (1...15).contains(difference) {
      bytes.append(UInt8(difference) << 4 | type)
    } else {
      bytes.append(type)
      appendZigzag(field)
    }
    lastFields[lastFields.count - 1] = field
  }

  private mutating func appendZigzag(_ value: Int) { bytes.append(zigzag: Int64(value)) }

  mutating func int32(_ field: Int, _ value: Int) {
    start(field, 5)
    appendZigzag(value)
  }

  mutating func int64(_ field: Int, _ value: Int) {
    start(field, 6)
    appendZigzag(value)
  }

  mutating func binary(_ field: Int, _ value: some Collection<UInt8>) {
    start(field, 8)
    element(value)
  }

  mutating func structure(_ field: Int, _ body: (inout ThriftWriter) throws -> Void) rethrows {
    start(field, 12)
    try element(body)
  }

  /// A list; its elements follow.
  /// - Parameter type: 5 int32, 8 binary, 12 struct.
  mutating func list(_ field: Int, _ type: UInt8, count: Int) {
    start(field, 9)
    if count < 15 {
      bytes.append(UInt8(count) << 4 | type)
    } else {
      bytes.append(0xF0 | type)
      bytes.append(varint: UInt64(count))
    }
  }

  mutating func element(_ value: Int) { appendZigzag(value) }

  mutating func element(_ value: some Collection<UInt8>) {
    bytes.append(varint: UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  mutating func element(_ body: (inout ThriftWriter) throws -> Void) rethrows {
    lastFields.append(0)
    try body(&self)
    lastFields.removeLast()
    bytes.append(0)
  }

  /// The whole struct.
  static func structure(_ body: (inout ThriftWriter) -> Void) -> [UInt8] {
    var writer = ThriftWriter()
    writer.element(body)
    return writer.bytes
  }
}

extension [UInt8] {
  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  /// Numbers near 0 take few bytes, negative ones too.
  mutating func append(zigzag value: Int64) { append(varint: UInt64(bitPattern: value << 1 ^ value >> 63)) }
}
