/// A value in Thrift's compact protocol.
indirect enum ThriftValue {
  case bool(Bool)
  case int(Int)
  case double(Double)
  case binary(ArraySlice<UInt8>)
  case list([ThriftValue])
  case structure([Int: ThriftValue])

  subscript(field: Int) -> ThriftValue? {
    if case .structure(let fields) = self { fields[field] } else { nil }
  }
  var int: Int? { if case .int(let value) = self { value } else { nil } }
  var bytes: ArraySlice<UInt8>? { if case .binary(let value) = self { value } else { nil } }
  var elements: [ThriftValue]? { if case .list(let values) = self { values } else { nil } }
  var text: String? { bytes.flatMap { String(validating: $0, as: UTF8.self) } }
}

/// Reads Thrift's compact protocol from bytes that may be anything: every length is checked against what is there, and
/// each element costs at least a byte, so that the work is in proportion to the input.
struct ThriftReader {
  /// What is wrong, and at which byte.
  struct Failure: Error {
    let offset: Int
    let problem: String
  }

  private let bytes: ArraySlice<UInt8>
  private(set) var at: Int
  private static let depthLimit = 16

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    at = bytes.startIndex
  }

  private func failure(_ problem: String) -> Failure { Failure(offset: at, problem: problem) }

  private mutating func byte() throws(Failure) -> UInt8 {
    guard at < bytes.endIndex else { throw failure("the metadata ends too early") }
    defer { at += 1 }
    return bytes[at]
  }

  private mutating func varint() throws(Failure) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      let next = try byte()
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return value }
    }
    throw failure("a number has more than 64 bits")
  }

  private mutating func zigzag() throws(Failure) -> Int {
    let value = try varint()
    return Int(bitPattern: UInt(value >> 1)) ^ -Int(value & 1)
  }

  private mutating func take(_ count: UInt64) throws(Failure) -> ArraySlice<UInt8> {
    guard count <= UInt64(bytes.endIndex - at) else { throw failure("a text is longer than the metadata") }
    defer { at += Int(count) }
    return bytes[at..<at + Int(count)]
  }

  /// The struct that begins here.
  mutating func structure(depth: Int = 0) throws(Failure) -> ThriftValue {
    if depth > Self.depthLimit { throw failure("the metadata are nested too deeply") }
    var fields: [Int: ThriftValue] = [:]
    var last = 0
    while true {
      let head = try byte()
      if head == 0 { return .structure(fields) }
      let difference = Int(head >> 4)
      let field = difference == 0 ? try zigzag() : last &+ difference
      let type = head & 0x0F
      fields[field] = type == 1 || type == 2 ? .bool(type == 1) : try value(type, depth)
      last = field
    }
  }

  private mutating func value(_ type: UInt8, _ depth: Int) throws(Failure) -> ThriftValue {
    switch type {
    case 1, 2: return .bool(try byte() == 1)
    case 3: return .int(Int(Int8(bitPattern: try byte())))
    case 4, 5, 6: return .int(try zigzag())
    case 7:
      var bits: UInt64 = 0
      for (place, byte) in try take(8).enumerated() { bits |= UInt64(byte) << UInt64(8 * place) }
      return .double(Double(bitPattern: bits))
    case 8: return .binary(try take(try varint()))
    case 9, 10:
      let head = try byte()
      let count = head >> 4 == 15 ? try varint() : UInt64(head >> 4)
      guard count <= UInt64(bytes.endIndex - at) else { throw failure("a list is longer than the metadata") }
      if depth > Self.depthLimit { throw failure("the metadata are nested too deeply") }
      var elements: [ThriftValue] = []
      for _ in 0..<count { elements.append(try value(head & 0x0F, depth + 1)) }
      return .list(elements)
    case 12: return try structure(depth: depth + 1)
    default: throw failure("the metadata hold a type that Parquet does not have, \(type)")
    }
  }
}
