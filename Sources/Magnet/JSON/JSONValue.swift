/// A JSON value of any kind: what a list cell of a table holds.
public enum JSONValue: Sendable, Hashable {
  /// Null.
  case null
  /// A truth value.
  case bool(Bool)
  /// A number that is whole and fits into 64 bits.
  case int(Int64)
  /// Any other number.
  case double(Double)
  /// A text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Members in the order of the text.
  case object([Member])

  /// One key and its value, in the order of the text.
  public struct Member: Sendable, Hashable {
    package let key: String
    package let value: JSONValue

    /// A member.
    package init(key: String, value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// Reads a JSON text as Python does: `NaN` and `Infinity` are numbers.
  /// - Throws: `JSONFault` with the byte where the text stops making sense.
  package init(parsing text: String) throws(JSONFault) {
    var text = text
    let document = try unsafe text.withUTF8Result { bytes throws(JSONFault) in
      try unsafe TolerantParser.parse(bytes)
    }
    self = document.withTape { JSONValue($0, at: JSONTape.top) }
  }

  /// The value at a place of a tape.
  package init(_ tape: JSONTape, at index: Int) {
    switch tape.tag(index) {
    case .string: self = .string(tape.string(index))
    case .int: self = .int(tape.int(index))
    case .unsigned: self = .double(Double(tape.unsigned(index)))
    case .double: self = .double(tape.double(index))
    case .true: self = .bool(true)
    case .false: self = .bool(false)
    case .array:
      var elements: [JSONValue] = []
      tape.forEachElement(of: index) { elements.append(JSONValue(tape, at: $0)) }
      self = .array(elements)
    case .object:
      var members: [Member] = []
      tape.forEachMember(of: index) { key, value in
        members.append(Member(key: tape.string(key), value: JSONValue(tape, at: value)))
      }
      self = .object(members)
    default: self = .null
    }
  }

  /// The members of an object that is a text, in its order. Of lists and objects there is the text alone, in which whole
  /// numbers keep their digits beyond 64 bits with a sign. Nil where the text is something else.
  static func members(parsing text: String) -> [(key: String, value: JSONValue, nested: String?)]? {
    var text = text
    let document = try? unsafe text.withUTF8Result { bytes throws(JSONFault) in
      try unsafe TolerantParser.parse(bytes)
    }
    return document?.withTape { tape in
      guard tape.tag(JSONTape.top) == .object else { return nil }
      var members: [(key: String, value: JSONValue, nested: String?)] = []
      tape.forEachMember(of: JSONTape.top) { key, value in
        guard [.array, .object].contains(tape.tag(value)) else {
          members.append((tape.string(key), JSONValue(tape, at: value), nil))
          return
        }
        var buffer = ByteBuffer()
        tape.appendText(of: value, to: &buffer)
        let nested = unsafe buffer.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
        members.append((tape.string(key), .null, nested))
      }
      return members
    }
  }

  /// The element at `index`, nil when this is not a list or is too short.
  package subscript(index: Int) -> JSONValue? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// The value of `key`, nil when this is not an object or has no such key.
  package subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.key == key }?.value
  }

  /// The elements of a list, none for anything else.
  package var elements: [JSONValue] {
    if case .array(let elements) = self { elements } else { [] }
  }

  /// The number, nil for anything else.
  package var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The text of a string, nil for anything else.
  package var string: String? {
    if case .string(let value) = self { value } else { nil }
  }
}

extension String {
  fileprivate mutating func withUTF8Result<R>(
    _ body: (UnsafeBufferPointer<UInt8>) throws(JSONFault) -> R
  ) throws(JSONFault) -> R {
    let result: Result<R, JSONFault> = withUTF8 { bytes in
      do throws(JSONFault) { return unsafe .success(try body(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}

extension JSONValue {
  /// The value as compact JSON; NaN and the infinities as strings.
  package var text: String {
    var out: [UInt8] = []
    append(to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  private func append(to out: inout [UInt8]) {
    switch self {
    case .null: out.append(contentsOf: "null".utf8)
    case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
    case .int(let value): out.append(contentsOf: String(value).utf8)
    case .double(let value): JSONText.append(value, to: &out)
    case .string(let value): JSONText.appendQuoted(value, to: &out)
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (i, element) in elements.enumerated() {
        if i > 0 { out.append(UInt8(ascii: ",")) }
        element.append(to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      for (i, member) in members.enumerated() {
        if i > 0 { out.append(UInt8(ascii: ",")) }
        JSONText.appendQuoted(member.key, to: &out)
        out.append(UInt8(ascii: ":"))
        member.value.append(to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }
}
