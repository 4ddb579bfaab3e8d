import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Lists of statistics that are read straight from their text: what is plain is, and nothing that is not JSON.
@Suite struct PlainTextTests {
  private static let indented = """
    [
      {
        "instance_id": "id1",
        "train_trial_index": 0,
        "stats": [
          {
            "name": {
              "name": "exact_match",
              "split": "valid"
            },
            "count": 1,
            "sum": 0.5,
            "mean": -12.25
          },
          {
            "name": {
              "name": "f1",
              "split": "valid",
              "perturbation": {
                "name": "typos",
                "robustness": true,
                "prob": 0.1
              }
            },
            "count": 10,
            "sum": -0.35823447741776243,
            "mean": 1.5e-05
          }
        ]
      },
      {
        "instance_id": "id2",
        "perturbation": {"name": "typos"},
        "train_trial_index": 1,
        "stats": [
          {
            "name": {
              "name": "f1",
              "split": "valid"
            },
            "count": 123456789012,
            "sum": null,
            "mean": 0.0
          }
        ]
      }
    ]

    """

  /// How many rows a text makes without a parse; nil when it is left to the parser.
  private func rows(_ text: String, wanted: Set<String>? = nil) -> Int? {
    let reader = JSONFileReader()
    let parsed: Int?? = try? reader.withTape(
      of: Array(text.utf8), path: "text",
      orText: { text in
        var columns = Flattener(prefix: "", wanted: wanted)
        let place = columns.place("stats")
        return columns.addBundles(of: text, at: place)
      }, { _ in nil })
    return parsed ?? nil
  }

  private func table(_ text: String) async throws -> Table {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Project.fixture("odd/count-zero"), toPath: folder.path + "/run:1")
    try folder.write(text, to: "run:1/per_instance_stats.json")
    let runs = try HelmRuns(folder.path)
    let tables = try await runs.load(try await runs.list().entries, tables: [.perInstanceStats])
    if let fault = tables.faults.first { throw fault.fault }
    return tables.perInstanceStats
  }

  @Test func plainTextsAreNotParsed() async throws {
    #expect(rows(Self.indented) == 3)
    #expect(rows(Self.indented.filter { !$0.isWhitespace }) == 3)
    #expect(rows(Self.indented, wanted: ["stats.mean"]) == 3)
    #expect(rows("[]") == 0 && rows(" [ ] \n") == 0)
    for file in ["sweep-v1", "plain-v1"] {
      for run in try FileManager.default.contentsOfDirectory(
        atPath: Project.fixture("benchmark_output/runs/" + file))
      {
        let path = Project.fixture("benchmark_output/runs/\(file)/\(run)/per_instance_stats.json")
        guard let data = FileManager.default.contents(atPath: path) else { continue }
        #expect(rows(String(decoding: data, as: UTF8.self)) != nil, "\(path)")
      }
    }
  }

  @Test func cellsAreThoseOfTheParser() async throws {
    let table = try await table(Self.indented)
    let stats = "per_instance_stats.stats."
    #expect(table.rows.map { $0[stats + "count"] } == [.int(1), .int(10), .int(123_456_789_012)])
    #expect(table.rows.map { $0[stats + "sum"] } == [.double(0.5), .double(-0.35823447741776243), .null])
    #expect(table.rows.map { $0[stats + "mean"] } == [.double(-12.25), .double(1.5e-05), .double(0)])
    #expect(table.rows.map { $0[stats + "name.perturbation.robustness"] } == [.null, .bool(true), .null])
    #expect(
      table.rows.map { $0["per_instance_stats.perturbation"] } == [.null, .null, .json(#"{"name":"typos"}"#)])
    #expect(table.rows.map { $0["per_instance_stats.train_trial_index"] } == [.int(0), .int(0), .int(1)])
    #expect(table.rows.map { $0["per_instance_stats.instance_id"].text } == ["id1", "id1", "id2"])
  }

  /// Each byte of a text left out, doubled or replaced: what the parser does not take, is not taken.
  @Test func nothingIsTakenThatIsNotJSON() throws {
    let bytes = Array(Self.indented.utf8)
    var changed: [[UInt8]] = []
    for at in bytes.indices {
      changed.append(Array(bytes[..<at] + bytes[(at + 1)...]))
      changed.append(Array(bytes[..<at] + [bytes[at]] + bytes[at...]))
      for byte in [UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "0"), UInt8(ascii: "}"), 0] {
        changed.append(Array(bytes[..<at] + [byte] + bytes[(at + 1)...]))
      }
    }
    var broken = 0
    for text in changed {
      let isJSON = text.withUnsafeBufferPointer { (try? TolerantParser.parse($0)) != nil }
      if isJSON { continue }
      broken += 1
      #expect(rows(String(decoding: text, as: UTF8.self)) == nil)
    }
    #expect(broken > 500)
  }

  /// What stood before is expected again, but a comma is needed where one is and wrong where none is.
  @Test(arguments: [
    #"[{"stats": [{"name": {"name": "a"}, "x": 1}]}, {"stats": [{, "x": 1}]}]"#,
    #"[{"stats": [{"x": 1, "y": 2}, {, "y": 2}]}]"#,
    #"[{"stats": [{"x": 1}, {"x": 1 "x": 1}]}]"#,
    #"[{"stats": [{"x": 1}, {"x": 1}]}, {"stats": [{"x": 1}, {"x": 1},]}]"#,
    #"[{"stats": [{"x": 1}]}, {"stats": [{"x": 1}]} {"stats": [{"x": 1}]}]"#,
    #"[{"stats": [{"x": 1}]}, {"stats": [{"x": 01}]}]"#,
    #"[{"stats": [{"x": 1}]}, {"stats": [{"x": 1.}]}]"#,
    #"[{"stats": [{"x": 1}]}, {"stats": [{"x": -}]}]"#,
    #"[{"stats": [{"x": 1}]}, {"stats": [{"x": truer}]}]"#,
    #"[{"stats": [{"x": "a"}]}, {"stats": [{"x": "a}]}]"#,
    "[{\"stats\": [{\"x\": \"a\"}]}, {\"stats\": [{\"x\": \"a\nb\"}]}]",
    "[{\"stats\": [{\"x\": \"a\"}]}, {\"stats\": [{\"x\": \"a\u{0}\"}]}]",
    #"[{"stats": [{"x": "a"}]}] ["#,
  ]) func brokenRecordsAreLeftToTheParser(text: String) { #expect(rows(text) == nil) }

  /// A text expected to come again is taken only where it ends.
  @Test func expectedTextsAreWhole() async throws {
    let names = [
      "a", "ab", "a", "a\\\"", "a", "ab", "a\\\\", "a", "", "a", "abcdefghijk", "abcdefghij", "é", "a",
    ]
    let records = names.map { "{\"name\": {\"name\": \"\($0)\"}}" }
    let text = "[{\"stats\": [" + Array(repeating: records, count: 3).joined().joined(separator: ", ") + "]}]"
    let expected = names.map { $0.replacing("\\\"", with: "\"").replacing("\\\\", with: "\\") }
    let table = try await table(text)
    #expect(
      table.rows.map { $0["per_instance_stats.stats.name.name"].text }
        == Array(repeating: expected, count: 3).flatMap { $0 })
  }

  @Test func numbersAreTheNearestDoubles() throws {
    var random = PythonRandom(seed: 11)
    func digits(_ count: Int) -> String { (0..<count).map { _ in String(random.below(10)) }.joined() }
    var texts = [
      "0", "-0", "1", "-1", "9", "10", "0.0", "-0.0", "1.0", "9007199254740993.0", "0.1", "5e-324", "1e400",
      "1.7976931348623157e308", "123456789012345678", "1234567890123456789", "18446744073709551616", "1e5",
      "1E+05", "0.30000000000000004", "2.2250738585072011e-308", "100000000000000000000000.5",
    ]
    for _ in 0..<4000 {
      let whole = random.below(3) == 0 ? "0" : String(1 + random.below(9)) + digits(random.below(18))
      let fraction = random.below(4) == 0 ? "" : "." + digits(1 + random.below(20))
      let exponent =
        random.below(4) == 0 ? "e" + ["", "+", "-"][random.below(3)] + digits(1 + random.below(2)) : ""
      texts.append((random.below(2) == 0 ? "-" : "") + whole + fraction + exponent)
    }
    for text in texts {
      let bytes = Array((text + "\n").utf8) + Array(repeating: 0, count: 64)
      bytes.withUnsafeBufferPointer { bytes in
        let start = bytes.baseAddress!
        for read in [NumberText.short(start), NumberText.any(start)] {
          switch read {
          case .int(let value, let end):
            #expect(end - start == text.utf8.count && Int64(text) == value && text != "-0")
          case .double(let value, let end):
            #expect(end - start == text.utf8.count && Double(text)!.bitPattern == value.bitPattern, "\(text)")
            #expect(Int64(text) == nil)
          case .other(let end): #expect(end - start == text.utf8.count)
          case nil: break
          }
        }
        #expect(NumberText.any(start) != nil || Double(text)!.isInfinite || Double(text)! == 0, "\(text)")
      }
    }
  }
}
