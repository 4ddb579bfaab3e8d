import Foundation
@_spi(Reading) import Magnet
import Testing

/// What the tolerant parser reads, where it says a text breaks, and how values are written.
@Suite struct JSONTests {
  static func parse(_ bytes: [UInt8]) throws -> JSONDocument {
    try bytes.withUnsafeBufferPointer { try TolerantParser.parse($0) }
  }

  /// What is wrong with a text; nil when nothing is.
  static func fault(_ bytes: some Sequence<UInt8>) -> String? {
    do {
      _ = try parse(Array(bytes))
      return nil
    } catch {
      return "\(error)"
    }
  }

  static let cutOff = "unexpected end of file (truncated)"

  static let sample =
    #"{"a": [1, -2.5e-3, "x\u00e9\ud83d\ude00é😀\n", true, false, null, NaN, Infinity],"#
    + #" "b": {"c": {}, "d": []}}"#

  @Test func readsWhatPythonWrites() throws {
    let value = try JSONValue(
      parsing: " [NaN, Infinity, -Infinity, 1e400, -1e400,"
        + " 9223372036854775808, -9223372036854775808, -0, -0.0] ")
    let numbers = value.elements.map { $0.double ?? 0 }
    #expect(numbers[0].isNaN)
    #expect(numbers[1...4] == [.infinity, -.infinity, .infinity, -.infinity])
    #expect(value[5] == .double(9_223_372_036_854_775_808))
    #expect(value[6] == .int(.min))
    #expect(value[7] == .int(0))
    #expect(value[8] == .double(0) && numbers[8].sign == .minus)
    let huge = try JSONValue(parsing: "[" + String(repeating: "9", count: 400) + "]")
    #expect(huge[0] == .double(.infinity))
  }

  @Test func countsWhatStrictParsersRefuse() throws {
    let document = try Self.parse(Array(#"[NaN, -Infinity, "\ud800", 1e400, "NaN", "\udc00\ud800"]"#.utf8))
    #expect(document.nonFiniteCount == 2)
    #expect(document.loneSurrogateCount == 3)
  }

  @Test(arguments: [
    (#""\ud83d\ude00""#, "😀"), (#""\uD83D\uDE00""#, "😀"), (#""\ud83d""#, "\u{FFFD}"),
    (#""\ude00""#, "\u{FFFD}"), (#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"), (#""\ud83dx""#, "\u{FFFD}x"),
    (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ud83d\n""#, "\u{FFFD}\n"),
    (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\u0000\u001f\u007f""#, "\0\u{1F}\u{7F}"),
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""""#, ""), (#""\uffff""#, "\u{FFFF}"),
  ])
  func readsEscapes(_ text: String, _ expected: String) throws {
    let read = try #require(try JSONValue(parsing: text).string)
    #expect(Array(read.utf8) == Array(expected.utf8))
  }

  @Test func readsAByteOrderMark() throws {
    #expect(try JSONValue(parsing: "\u{FEFF} {\"a\": 1}")["a"] == .int(1))
    #expect(Self.fault("\u{FEFF}".utf8) == "byte 3: contains only white space")
    #expect(Self.fault("[\u{FEFF}]".utf8) == "byte 1: a value should begin here")
  }

  @Test func limitsDepth() throws {
    let lists = String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000)
    let value = try JSONValue(parsing: lists)
    #expect(value.text == lists && value == value)
    #expect(
      Self.fault(("[" + lists + "]").utf8)
        == "byte 1000: lists and objects are nested more than 1000 deep")
    let objects = String(repeating: "{\"a\":", count: 1001)
    #expect(Self.fault(objects.utf8) == "byte 5000: lists and objects are nested more than 1000 deep")
    #expect(Self.fault(String(repeating: "[", count: 1_000_000).utf8) != nil)
    #expect(Self.fault(("[" + String(repeating: "[],", count: 5000) + "[]]").utf8) == nil)
  }

  @Test(arguments: [
    ("", "byte 0: contains only white space"), (" \t\r\n", "byte 4: contains only white space"),
    ("[1,]", "byte 3: a value should follow the comma"),
    (#"{"a":1, }"#, "byte 8: a key should follow the comma"),
    (#"{"a" 1}"#, "byte 5: a colon should follow the key"),
    ("{a:1}", "byte 1: a key in quotes should stand here"),
    (#"{"a":1,b}"#, "byte 7: a key in quotes should stand here"),
    ("[1 2]", "byte 3: a comma or ] should stand here"),
    (#"{"a":1 "b":2}"#, "byte 7: a comma or } should stand here"),
    ("[,1]", "byte 1: a value should begin here"),
    ("]", "byte 0: a value should begin here"), ("[tru]", "byte 1: a value should begin here"),
    ("1 2", "byte 2: more text follows the end of the value"),
    ("{} x", "byte 3: more text follows the end of the value"),
    ("\"a\nb\"", "byte 2: a control character stands in a string"),
    (#""a\x""#, "byte 2: an unknown escape stands in a string"),
    (#""\u12g4""#, #"byte 5: four hexadecimal digits should follow \u"#),
    ("01", "byte 0: a number may not begin with 0"), ("[-01]", "byte 2: a number may not begin with 0"),
    ("[1.]", "byte 3: a digit should stand here"), ("[-]", "byte 2: a digit should stand here"),
    ("[1e]", "byte 3: a digit should stand here"), ("[1e+]", "byte 4: a digit should stand here"),
    ("[+1]", "byte 1: a value should begin here"), ("[.5]", "byte 1: a value should begin here"),
    ("0x10", "byte 1: more text follows the end of the value"), ("'a'", "byte 0: a value should begin here"),
  ])
  func saysWhereATextBreaks(_ text: String, _ expected: String) {
    #expect(Self.fault(text.utf8) == expected)
  }

  @Test(arguments: [
    "[", "[1", "[1,", "{", #"{"a"#, #"{"a""#, #"{"a":"#, #"{"a":1"#, #"{"a":1,"#, "\"ab", "\"a\\", #""\u12"#,
    #""\ud83d\u"#, "tru", "[fals", "nul", "Na", "[Infinit", "-", "1.", "1e", "1e-", "-Infinit", "[-I",
  ])
  func saysThatATextWasCutOff(_ text: String) {
    #expect(Self.fault(text.utf8) == "byte \(text.utf8.count): \(Self.cutOff)")
  }

  @Test func everyPrefixWasCutOff() {
    let bytes = Array(Self.sample.utf8)
    #expect(Self.fault(bytes) == nil)
    for length in 1..<bytes.count {
      #expect(Self.fault(bytes.prefix(length)) == "byte \(length): \(Self.cutOff)")
    }
  }

  /// Python reads four kinds of white space, and the parser promises to tolerate no others.
  @Test(arguments: ["\u{B}", "\u{C}", "\u{A0}", "\u{2028}", "\0"])
  func refusesOtherWhiteSpace(_ space: String) {
    #expect(Self.fault("[1,\(space)2]".utf8) == "byte 3: a value should begin here")
  }

  @Test(
    arguments: [
      [0x80], [0xBF, 0x61], [0xC0, 0xAF], [0xC1, 0x81], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80],
      [0xED, 0xBF, 0xBF],
      [0xF0, 0x80, 0x80, 0xAF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
      [0xC3], [0xE9], [0xE2, 0x82], [0xF0], [0xF0, 0x9F], [0xF0, 0x9F, 0x98], [0xE2, 0x61, 0x62, 0x63],
    ] as [[UInt8]])
  func refusesWhatIsNotUTF8(_ bad: [UInt8]) {
    for (start, rest) in [("", ""), ("[", "]"), ("{\"a\":", "}"), ("[", ", 1, 2, 3]")] {
      let bytes = Array((start + "\"caf").utf8) + bad + Array(("\"" + rest).utf8)
      #expect(Self.fault(bytes) == "byte \(start.utf8.count + 4): the text is not UTF-8", "before \(rest)")
    }
  }

  @Test func acceptsAllOfUTF8() throws {
    for scalar: Unicode.Scalar in [
      "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}",
    ] {
      #expect(try JSONValue(parsing: "\"\(scalar)\"").string?.unicodeScalars.first == scalar)
    }
  }

  private static func text(_ document: JSONDocument) -> [UInt8] {
    document.withTape { tape in
      var bytes = ByteBuffer()
      tape.appendText(of: JSONTape.top, to: &bytes)
      return bytes.withBytes { Array($0) }
    }
  }

  /// A text with bytes changed at random is read or refused, and what is read is written and read again.
  @Test func survivesChangedBytes() throws {
    var random = PythonRandom(seed: 5)
    let bytes = Array(Self.sample.utf8)
    let likely = Array("{}[],:\"\\ue0-.NI\n\u{0}tf".utf8) + [0x80, 0xC3, 0xE2, 0xED, 0xF0, 0xFF]
    for _ in 0..<3000 {
      var changed = bytes
      for _ in 0...random.below(3) { changed[random.below(changed.count)] = random.choice(likely) }
      guard let document = try? Self.parse(changed) else { continue }
      let once = Self.text(document)
      #expect(try Self.text(Self.parse(once)) == once)
    }
  }

  @Test func valuesGiveAccess() throws {
    let value = try JSONValue(
      parsing: #"{"a": [1, 2.5, "x"], "b": null, "a b": true, "twice": 1, "twice": 2}"#)
    #expect(value["a"]?[0] == .int(1) && value["a"]?[1]?.double == 2.5 && value["a"]?[2]?.string == "x")
    #expect(value["a"]?[3] == nil && value["a"]?[-1] == nil && value[0] == nil && value["a"]?["x"] == nil)
    #expect(value["b"] == .null && value["c"] == nil && value["twice"] == .int(2))
    #expect(value["a"]?.elements.count == 3 && value.elements.isEmpty && value["b"]?.elements == [])
    #expect(value["a b"]?.double == nil && value["a"]?.string == nil && value["a"]?[0]?.string == nil)
    #expect(value["a"]?[0]?.double == 1)
    #expect(value.text == #"{"a":[1,2.5,"x"],"b":null,"a b":true,"twice":1,"twice":2}"#)
  }

  @Test func nonFiniteNumbersAreWrittenAsStrings() {
    let value = JSONValue.array([.double(.nan), .double(.infinity), .double(-.infinity), .double(-0.0)])
    #expect(value.text == #"["NaN","Infinity","-Infinity",-0.0]"#)
  }

  static func randomString(_ random: inout PythonRandom) -> String {
    let pieces = [
      "a", "Z", " ", "\"", "\\", "/", "\n", "\r\n", "\t", "\0", "\u{1B}", "\u{7F}", "é", "e\u{301}", "漢", "😀",
      "👨‍👩‍👧", "\u{2028}", "\u{FFFD}", "\u{FEFF}", ",", "|", "null", "NaN", "1", "{", "]",
    ]
    return (0..<random.below(7)).map { _ in random.choice(pieces) }.joined()
  }

  static func randomValue(_ random: inout PythonRandom, depth: Int) -> JSONValue {
    func word() -> UInt64 { UInt64(random.nextWord()) << 32 | UInt64(random.nextWord()) }
    switch random.below(depth > 4 ? 6 : 8) {
    case 0: return .null
    case 1: return .bool(random.below(2) == 0)
    case 2: return .int(Int64(bitPattern: word()))
    case 3: return .int(Int64(random.below(10)))
    case 4:
      let value = Double(bitPattern: word())
      return .double(value.isFinite ? value : 0.1)
    case 5: return .string(randomString(&random))
    case 6: return .array((0..<random.below(5)).map { _ in randomValue(&random, depth: depth + 1) })
    default:
      return .object(
        (0..<random.below(5)).map { _ in
          JSONValue.Member(key: randomString(&random), value: randomValue(&random, depth: depth + 1))
        })
    }
  }

  @Test(arguments: [1, 2, 3])
  func valuesAreReadBackAsWritten(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for _ in 0..<300 {
      let value = Self.randomValue(&random, depth: 0)
      let again = try JSONValue(parsing: value.text)
      #expect(again == value)
      #expect(Array(again.text.utf8) == Array(value.text.utf8))
      _ = try JSONSerialization.jsonObject(with: Data(value.text.utf8), options: .fragmentsAllowed)
    }
  }

  @Test func stringsAreQuoted() throws {
    #expect(JSONText.quoted("") == "\"\"")
    #expect(
      JSONText.quoted("a\"b\\c\n\r\t\0\u{1B}\u{1F}\u{7F}é😀/")
        == #""a\"b\\c\n\r\t\u0000\u001b\u001f"# + "\u{7F}é😀/\"")
    for value in 0..<UInt32(0x120) {
      let text = String(Unicode.Scalar(value)!)
      #expect(try JSONValue(parsing: JSONText.quoted(text)).string == text)
    }
  }

  @Test func doublesAreWrittenWithTheFewestDigits() {
    for (value, expected) in [
      (0.1, "0.1"), (1, "1.0"), (1e22, "1e+22"), (-2.5, "-2.5"), (.leastNonzeroMagnitude, "5e-324"),
      (.greatestFiniteMagnitude, "1.7976931348623157e+308"), (0.30000000000000004, "0.30000000000000004"),
    ] {
      var out: [UInt8] = []
      JSONText.append(value, to: &out)
      #expect(String(decoding: out, as: UTF8.self) == expected)
    }
  }
}
