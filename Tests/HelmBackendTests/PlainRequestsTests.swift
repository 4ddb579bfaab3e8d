import Foundation
import TestSupport
import Testing

@testable import HelmBackend
@_spi(Reading) @testable import Magnet

/// Requests that are read straight from their text, with strings and lists of every kind: the same as by way of a parser.
@Suite struct PlainRequestsTests {
  /// JSON in many ways of writing it.
  private struct Writer {
    var random: PythonRandom

    mutating func space() -> String {
      random.choice(["", "", " ", "\n", "\n    ", "\n" + String(repeating: " ", count: 21), "\r\n\t"])
    }

    mutating func string() -> String {
      let parts = [
        "a", "the cat", " ", "/", "é", "日本", "😀", "\u{7F}", "\\n", "\\t", "\\r", "\\\"", "\\\\", "\\/", "\\b",
        "\\f",
        "\\u0000", "\\u001f", "\\u00e9", "\\u00E9", "\\u65e5", "\\ud83d\\ude00", "\\u0022", "\\u005c",
        "\\u000a", "\\u07ff",
        "\\uffff", String(repeating: "x", count: 1 + random.below(40)),
      ]
      return "\"" + (0..<random.choice([0, 1, 2, 5, 40])).map { _ in random.choice(parts) }.joined() + "\""
    }

    mutating func number() -> String {
      func digits(_ most: Int) -> String {
        (0...random.below(most)).map { _ in "\(random.below(10))" }.joined()
      }
      if random.below(2) == 0 {
        let value = Double(
          bitPattern: (0..<4).reduce(0) { bits, _ in bits << 16 | UInt64(random.below(1 << 16)) })
        let near = (Double(random.below(2_000_000_000)) - 1e9) / random.choice([1, 3, 7e4, 9e12, 1e-8])
        return (random.below(3) == 0 && value.isFinite && value.magnitude > 1e-300 ? value : near).description
      }
      var text = random.choice(["", "-"]) + random.choice(["0", "\(1 + random.below(9))", "1\(digits(15))"])
      if random.below(2) == 0 {
        text += "." + random.choice(["0", "00", "0000", "00012", digits(3), digits(18)])
      }
      if random.below(4) == 0 { text += random.choice(["e", "E-", "e+"]) + "\(random.below(30))" }
      return text
    }

    mutating func value(_ depth: Int = 0) -> String {
      switch depth > 4 ? 5 : random.below(9) {
      case 0, 1:
        return "[" + space()
          + (0..<random.below(4)).map { _ in value(depth + 1) + space() }.joined(separator: "," + space())
          + "]"
      case 2, 3:
        let members = (0..<random.below(4)).map { _ in
          string() + space() + ":" + space() + value(depth + 1) + space()
        }
        return "{" + space() + members.joined(separator: "," + space()) + "}"
      case 4, 5: return string()
      case 6, 7: return number()
      default: return random.choice(["true", "false", "null"])
      }
    }
  }

  /// What a parser makes of a text, as compact JSON; nil when it is not JSON.
  private func parsed(_ text: [UInt8]) -> String? {
    let made: String? = JSONFileReader().withTape(of: text) { tape in
      var out = ByteBuffer()
      tape.appendText(of: JSONTape.top, to: &out)
      return out.withBytes { String(decoding: $0, as: UTF8.self) }
    }
    return made
  }

  /// What is made of a text with no parser, and how much of it is read.
  private func compact(_ text: [UInt8]) -> (String, Int)? {
    let padded = text + [UInt8](repeating: 0, count: 65)
    return padded.withUnsafeBufferPointer { bytes in
      var out = ByteBuffer()
      guard let end = JSONFileReader.compact(bytes.baseAddress!, into: &out) else { return nil }
      return (out.withBytes { String(decoding: $0, as: UTF8.self) }, end - bytes.baseAddress!)
    }
  }

  @Test(arguments: 1...8) func listsAndObjectsAreThoseOfTheParser(_ seed: Int) throws {
    var writer = Writer(random: PythonRandom(seed: seed))
    var taken = 0
    for _ in 0..<200 {
      let text = Array(("[" + writer.space() + writer.value() + "," + writer.value() + "]").utf8)
      let expected = try #require(parsed(text))
      if let (made, length) = compact(text + Array(writer.random.choice(["", ",", " ]", "}"]).utf8)) {
        taken += 1
        #expect(made == expected && length == text.count)
      }
      // With a byte replaced or taken out, it is what a parser makes of it, or left to one.
      var changed = text
      let at = writer.random.below(text.count)
      if writer.random.below(2) == 0 {
        changed[at] = writer.random.choice(Array("\"\\,:]}[{0- e.\n\u{1}".utf8) + [0x80, 0xC3])
      } else {
        changed.remove(at: at)
      }
      if let (made, length) = compact(changed) {
        #expect(parsed(Array(changed.prefix(length))) == made, "\(String(decoding: changed, as: UTF8.self))")
      }
    }
    #expect(taken > 160, "all but a few are plain")
  }

  @Test(arguments: [
    "[1e400]", "[-0]", "[1234567890123456789]", #"["\ud800"]"#, #"["\ud800\n"]"#, #"["\udc00"]"#, #"["\x"]"#,
    #"["\u12"]"#,
    "[01]", "[1.]", "[.5]", "[nul]", "[NaN]", "[1", "[", "{", #"{"a""#, #"{"a":"#, #"{"a":1,"#, "[1,]",
    #"{"a":1,}"#, "[,1]", "{1:2}", "[\"a\u{1}\"]",
    "[\"a", "[1}", #"{"a":1]"#, "[truefalse]", "[1 2]",
    String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
  ]) func whatIsNotPlainIsLeftToTheParser(_ text: String) { #expect(compact(Array(text.utf8)) == nil) }

  @Test func whatIsNotUTF8IsLeftToTheParser() {
    #expect(compact([0x5B, 0x22, 0xC3, 0x22, 0x5D]) == nil)
    #expect(compact([0x5B, 0x22, 0xED, 0xA0, 0x80, 0x22, 0x5D]) == nil)
    #expect(compact(Array(#"["é"]"#.utf8))?.0 == #"["é"]"#)
  }

  @Test(arguments: 1...4) func stringsSayWhatTheParserReads(_ seed: Int) throws {
    var writer = Writer(random: PythonRandom(seed: seed))
    for _ in 0..<250 {
      let text = writer.string()
      let padded = Array(text.utf8) + [UInt8](repeating: 0, count: 65)
      let made: String? = padded.withUnsafeBufferPointer { bytes in
        var out = ByteBuffer()
        guard let string = TextScan.string(bytes.baseAddress! + 1),
          string.end - bytes.baseAddress! == text.utf8.count - 1
        else { return nil }
        #expect(string.hasEscapes == text.contains("\\"))
        guard JSONFileReader.resolve(string, into: &out) else { return nil }
        return out.withBytes { String(decoding: $0, as: UTF8.self) }
      }
      #expect(made == JSONFileReader().withTape(of: Array(text.utf8)) { $0.string(JSONTape.top) })
    }
  }

  /// How many requests are read from a text with no parser; nil when it is left to one.
  private func count(_ text: String) -> Int? {
    let found: Int?? = try? JSONFileReader().withTape(
      of: Array(text.utf8), path: "text",
      orText: { text in
        var columns = Flattener(prefix: "")
        return columns.addRecords(of: text, under: "request_states")?.count
      }, { _ in nil })
    return found ?? nil
  }

  /// A file, and the same file with one more request whose repeated key only a parser takes.
  private func table(_ records: [String], before: String, after: String, parsed: Bool) async throws -> Table {
    let last = parsed ? [#"{"instance": {"id": "last", "id": "last"}}"#] : []
    let text =
      "{" + before + "\"request_states\": [" + (records + last).joined(separator: ", ") + "]" + after + "}"
    let isPlain: Bool = JSONFileReader().withTape(of: Array(text.utf8)) { _ in true } ?? false
    #expect(isPlain, "the text is JSON")
    #expect(count(text) == (parsed ? nil : records.count), "only what is plain is read with no parser")
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Project.fixture("odd/count-zero"), toPath: folder.path + "/run:1")
    try folder.write(text, to: "run:1/scenario_state.json")
    let runs = try HelmRuns(folder.path)
    let tables = try await runs.load(try await runs.list().entries, tables: [.scenarioStates])
    if let fault = tables.faults.first { throw fault.fault }
    return parsed ? tables.scenarioStates.prefix(records.count) : tables.scenarioStates
  }

  @Test(arguments: 1...6) func requestsAreThoseOfTheParser(_ seed: Int) async throws {
    var writer = Writer(random: PythonRandom(seed: seed))
    // Programs that write JSON write what stands between two values in one way.
    let (colon, comma) = (writer.space() + ":" + writer.space(), "," + writer.space())
    let records = (0..<40).map { number in
      let keys = ["prompt", "text", "tags", #"r\u00e9sult\n"#, "número", "x"].filter { _ in
        writer.random.below(4) > 0
      }
      let members = keys.map { key in
        "\"\(key)\"" + colon
          + (writer.random.below(3) == 0 ? "[" + writer.value() + "]" : writer.string())
      }
      return #"{"instance": {"id": "id\#(number)"}, "request": {"#
        + members.joined(separator: comma) + "}}"
    }
    let before = #""adapter_spec": {"model": "a/b", "stop": ["\n"]}, "n": 1.50, "#
    let after = #", "more": null, "list": [{"request_states": [1]}]"#
    let plain = try await table(records, before: before, after: after, parsed: false)
    let parsed = try await table(records, before: before, after: after, parsed: true)
    #expect(plain.columnNames == parsed.columnNames)
    #expect(TableWriter(.ndjson).text(plain) == TableWriter(.ndjson).text(parsed))
    #expect(plain.rowCount == 40)
  }

  @Test(arguments: [
    (#"{"a": 1, "request_states": [{"x": 1}], "request_states": []}"#, Int?.none),
    (#"{"a": 1}"#, nil), (#"{"request_states": {"x": 1}}"#, nil), (#"{"request_states": [1]}"#, nil),
    (#"{"request_states": [{"x": 1}]} x"#, nil), (#"{"request_states": [{"x": 1}],}"#, nil),
    (#"{"request_states": [{"x": 1}]"#, nil),
    (#"{"request_states": []}"#, 0), (#" {"a": 1e5,"request_states" : [ { "x" : "\n" } ] ,"b":[]} "#, 1),
    (#"{"a":"request_states","b":{"request_states":[1]},"request_states":[{"x":"\u00e9"},{}]}"#, 2),
  ]) func theListIsFoundWhereItStands(_ text: String, _ count: Int?) {
    #expect(self.count(text) == count)
  }
}
