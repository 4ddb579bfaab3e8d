import Foundation
@_spi(Reading) import Magnet
import Testing

/// The parser agrees with Foundation's about damaged documents, and numbers with the C library's.
@Suite struct JSONAgreementTests {
  /// The value in Foundation's form.
  private static func foundation(_ value: JSONValue) -> NSObject {
    switch value {
    case .null: return NSNull()
    case .bool(let value): return NSNumber(value: value)
    case .int(let value): return NSNumber(value: value)
    case .double(let value): return NSNumber(value: value)
    case .string(let value): return NSString(string: value)
    case .array(let elements): return NSArray(array: elements.map(foundation))
    case .object(let members):
      let pairs = members.map { ($0.key, foundation($0.value)) }
      return NSDictionary(dictionary: Dictionary(pairs, uniquingKeysWith: { $1 }))
    }
  }

  private static func isSame(_ a: Any, _ b: Any) -> Bool {
    switch (a, b) {
    case (is NSNull, is NSNull): return true
    case (let a as NSNumber, let b as NSNumber):
      return a.doubleValue == b.doubleValue || a.doubleValue.isNaN && b.doubleValue.isNaN
    case (let a as String, let b as String): return a == b
    case (let a as [Any], let b as [Any]):
      return a.count == b.count && zip(a, b).allSatisfy { isSame($0, $1) }
    case (let a as [String: Any], let b as [String: Any]):
      return a.count == b.count
        && a.allSatisfy { key, value in b[key].map { isSame(value, $0) } ?? false }
    default: return false
    }
  }

  private static let document =
    #"{"name": {"name": "exact_match", "split": "test"}, "count": 3, "sum": -1.25e-2, "list": [true, false, null, [], "#
    + #"{}, "a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00"], "deep": [[[{"x": [0, -0, 10, 1E+2, 0.5]}]]]}"#

  /// What both refuse, or accept with one meaning; lone surrogates and NaN are Python's and not looked at.
  @Test(arguments: 1...8) func damagedDocumentsAreAcceptedByBothOrNeither(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let likely =
      Array("{}[]:,\"\\0123456789eE+-. \n\ttrufalsn\u{1}".utf8) + [0xC3, 0xA9, 0x80, 0xFF]
    var accepted = 0
    for _ in 0..<700 {
      var bytes = Array(Self.document.utf8)
      for _ in 0...random.below(2) {
        let place = random.below(bytes.count)
        switch random.below(4) {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(random.choice(likely), at: place)
        case 2: bytes[place] = random.choice(likely)
        default:
          let other = random.below(bytes.count)
          bytes.swapAt(place, other)
        }
      }
      let (own, problem) = Self.read(bytes)
      let theirs = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
      if let own, own.loneSurrogateCount > 0 || own.nonFiniteCount > 0 { continue }
      let text = String(decoding: bytes, as: UTF8.self)
      if let own, let theirs {
        accepted += 1
        let value = own.withTape { JSONValue($0, at: JSONTape.top) }
        #expect(Self.isSame(Self.foundation(value), theirs), "\(text)")
      } else if own == nil, theirs != nil {
        // Foundation reads a comma at the end of a list or object; nothing else.
        #expect(
          problem.hasSuffix("should follow the comma"), "refused what Foundation reads: \(text)")
      } else if own != nil, theirs == nil {
        #expect(Self.isBeyondFoundation(own), "accepted what Foundation refuses: \(text)")
      }
    }
    #expect(accepted > 50)
  }

  /// The document, or what is wrong with it.
  private static func read(_ bytes: [UInt8]) -> (JSONDocument?, problem: String) {
    do {
      return (try bytes.withUnsafeBufferPointer { try TolerantParser.parse($0) }, "")
    } catch { return (nil, "\(error)") }
  }

  /// Numbers too large for a double, which Python reads as infinite, are an error to Foundation.
  private static func isBeyondFoundation(_ document: JSONDocument?) -> Bool {
    guard let document else { return false }
    func holds(_ value: JSONValue) -> Bool {
      switch value {
      case .double(let number):
        !number.isFinite || number == 0 || abs(number) > 1e300 || abs(number) < 1e-300
      case .array(let elements): elements.contains(where: holds)
      case .object(let members): members.contains { holds($0.value) }
      default: false
      }
    }
    return holds(document.withTape { JSONValue($0, at: JSONTape.top) })
  }

  private static func numberText(_ random: inout PythonRandom) -> String {
    func digits(_ most: Int) -> String {
      (0...random.below(most)).map { _ in String(random.below(10)) }.joined()
    }
    var text = random.below(2) == 0 ? "-" : ""
    let whole = digits(random.choice([2, 18, 22, 40]))
    text += whole.count > 1 ? String(whole.trimmingPrefix { $0 == "0" }) : whole
    if text.isEmpty || text == "-" { text += "0" }
    if random.below(2) == 0 { text += "." + digits(random.choice([3, 20])) }
    if random.below(2) == 0 {
      text +=
        random.choice(["e", "E"]) + random.choice(["", "+", "-"]) + String(random.below(330))
    }
    return text
  }

  @Test(arguments: 1...6) func numbersAreTheNearestDoubles(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for _ in 0..<500 {
      let text = Self.numberText(&random)
      let value = try JSONValue(parsing: text)
      let isWhole = text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || $0 >= 0x30 && $0 <= 0x39 }
      if isWhole, let whole = Int64(text) {
        #expect(value == .int(whole), "\(text)")
      } else {
        let expected = strtod(text, nil)
        guard case .double(let read) = value else {
          Issue.record("\(text) became \(value)")
          continue
        }
        #expect(read == expected && read.sign == expected.sign, "\(text)")
      }
    }
  }

  /// Doubles are written with digits that read back as the same bits, in Foundation's parser as well.
  @Test func writtenNumbersAreReadByOthers() throws {
    var random = PythonRandom(seed: 12)
    for _ in 0..<1500 {
      let value = Double(bitPattern: UInt64(random.nextWord()) << 32 | UInt64(random.nextWord()))
      guard value.isFinite else { continue }
      let text = JSONText.text(of: value)
      #expect(strtod(text, nil).bitPattern == value.bitPattern, "\(text)")
      #expect(try JSONValue(parsing: text) == .double(value))
    }
    #expect(JSONText.text(of: .nan) == "NaN" && JSONText.text(of: -.infinity) == "-Infinity")
  }

  /// Lists and objects of any nesting, beyond a word of 64 levels, are copied from the tape as they were.
  @Test(arguments: [1, 63, 64, 65, 127, 128, 129, 300]) func deepTextsAreCopied(_ depth: Int) throws {
    var random = PythonRandom(seed: depth)
    for _ in 0..<4 {
      var text = random.choice(["1", "\"x\"", "[]", "{}", "null"])
      for level in 0..<depth {
        switch random.below(4) {
        case 0: text = "[\(text)]"
        case 1: text = "{\"k\(level)\":\(text)}"
        case 2: text = "[1,\(text),[true]]"
        default: text = "{\"a\":{},\"b\":\(text),\"c\":[{}]}"
        }
      }
      let document = try Array(text.utf8).withUnsafeBufferPointer { try TolerantParser.parse($0) }
      let copied = document.withTape { tape in
        var out = ByteBuffer()
        tape.appendText(of: JSONTape.top, to: &out)
        return out.withBytes { String(decoding: $0, as: UTF8.self) }
      }
      #expect(copied == text)
      #expect(try JSONValue(parsing: text).text == text)
    }
  }

  @Test func tapesLeadToTheirValues() throws {
    let text =
      #"{"a": 1, "b": [10, "x", {"a": null}], "a": 2.5, "c": 18446744073709551615, "d": true, "e": false}"#
    let document = try Array(text.utf8).withUnsafeBufferPointer { try TolerantParser.parse($0) }
    document.withTape { tape in
      let top = JSONTape.top
      #expect(tape.tag(top) == .object && tape.kindName(top) == "an object")
      let last = tape.value(of: "a", in: top)
      #expect(last.map(tape.double) == 2.5, "the last of a repeated key")
      #expect(tape.value(of: "z", in: top) == nil)
      var kinds: [String] = []
      var keys: [String] = []
      tape.forEachMember(of: top) { key, value in
        keys.append(tape.string(key))
        kinds.append(tape.kindName(value))
      }
      #expect(keys == ["a", "b", "a", "c", "d", "e"])
      #expect(kinds == ["a number", "a list", "a number", "a number", "a boolean", "a boolean"])
      var inner: [String] = []
      if let list = tape.value(of: "b", in: top) {
        tape.forEachElement(of: list) { inner.append(JSONValue(tape, at: $0).text) }
        #expect(JSONValue(tape, at: list).text == #"[10,"x",{"a":null}]"#)
      }
      #expect(inner == ["10", "\"x\"", #"{"a":null}"#])
      let large = tape.value(of: "c", in: top)
      #expect(large.map(tape.unsigned) == .max && large.map { tape.tag($0) == .unsigned } == true)
    }
  }

  @Test func buffersGrowAndAreUsedAgain() {
    var random = PythonRandom(seed: 3)
    var buffer = ByteBuffer()
    for _ in 0..<3 {
      var expected: [UInt8] = []
      for _ in 0..<300 {
        if random.below(2) == 0 {
          let byte = UInt8(random.below(256))
          buffer.append(byte)
          expected.append(byte)
        } else {
          let bytes = (0..<random.below(40)).map { _ in UInt8(random.below(256)) }
          bytes.withUnsafeBytes { buffer.append(bytes: $0) }
          expected += bytes
        }
      }
      let found = buffer.withBytes { Array($0) }
      #expect(found == expected && buffer.count == expected.count)
      buffer.removeAll()
      #expect(buffer.count == 0)
    }
  }
}
