import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// The runs in Fixtures/odd whose keys, names and values are the odd thing.
@Suite struct OddKeysTests {
  private func load(_ name: String) async throws -> RunTables {
    try await OddDataTests.load(OddDataTests.odd + "/" + name)
  }

  private func cells(_ table: Table, _ column: String) -> [Cell] {
    table.hasColumn(column) ? table.rows.map { $0[column] } : []
  }

  private let states = "scenario_state.request_states."

  @Test func mapsAreColumns() async throws {
    let tables = try await load("maps")
    let mapped = tables.scenarioStates.columnNames.filter { $0.hasPrefix(states + "output_mapping.") }
    #expect(
      mapped.map { String($0.dropFirst(states.count + 15)) }
        == [""] + "ABCDEFGHIJKLMNOPQRST".map(String.init) + ["no.ne", "ü"])
    #expect(cells(tables.scenarioStates, states + "output_mapping.A") == [.string("answer A"), .null])
    #expect(cells(tables.scenarioStates, states + "output_mapping.T").map(\.text) == ["answer T", "other T"])
    #expect(cells(tables.scenarioStates, states + "output_mapping.").map(\.text) == ["", "other "])
    #expect(
      cells(tables.scenarioStates, states + "annotations.judge")
        == [.json(#"[{"score":1,"why":"right"}]"#), .null])
    #expect(cells(tables.scenarioStates, states + "annotations.judge.score") == [.null, .double(0.5)])
    #expect(cells(tables.scenarioStates, states + "annotations.empty") == [.null, .json("[]")])
    let args = tables.runSpecs.columnNames.filter { $0.hasPrefix("run_spec.scenario_spec.args.") }
    #expect(
      args.map { tables.runSpecs[0, $0] } == [
        .string("capitals"), .int(3), .double(0.5), .bool(true), .json(#"[1,2.0,"3"]"#), .null,
      ])
    #expect(args.last == "run_spec.scenario_spec.args.none")
    #expect(tables.counts.map(\.mapsKept) == [0])
  }

  /// Keys that Swift takes for the same text and JSON does not: é as one code point and as two.
  @Test(arguments: [1 << 30, 1]) func keysInTwoFormsOfUnicodeAreTwoColumns(_ windowThreshold: Int)
    async throws
  {
    let folder = try TemporaryFolder()
    let (one, two) = ("\u{E9}", "e\u{301}")
    for (number, keys) in [[one, two], [two, one], [two], [one]].enumerated() {
      let path = try MadeRun("made:part=\(number)", "acme/a", [1]).write(to: folder)
      let members = keys.map { "\"\($0)\": \"\($0.unicodeScalars.count)\"" }.joined(separator: ", ")
      let state = try Project.text(path + "/scenario_state.json")
        .replacing("\"train_trial_index\"", with: "\"annotations\": {\(members)}, \"train_trial_index\"")
      try folder.write(state, to: "s/made:part=\(number),model=acme_a/scenario_state.json")
    }
    let runs = try HelmRuns(
      paths: [folder.path], isStrict: true, workers: nil, progress: nil, windowThreshold: windowThreshold)
    let table = try await runs.load(try await runs.list().entries, tables: [.scenarioStates]).scenarioStates
    let prefix = states + "annotations."
    func cells(_ form: String) throws -> [Cell] {
      let name = prefix + form
      let column = try #require(table.columnNames.firstIndex { $0.utf8.elementsEqual(name.utf8) })
      return (0..<4).map { table[row: $0, column: column] }
    }
    #expect(try cells(one) == [.string("1"), .string("1"), .null, .string("1")])
    #expect(try cells(two) == [.string("2"), .string("2"), .string("2"), .null])
    #expect(table.columnNames.count { $0.hasPrefix(prefix) } == 2)
    let all = try await Database(runs).query("SELECT * FROM scenario_states").table
    #expect(all.columnNames.count == table.columnNames.count)
    let export = try await exportSQLite(runs, to: folder.path + "/x.db")
    #expect(export.faults.isEmpty && export.notes.isEmpty)
  }

  @Test func deepObjectsAndListsAreKept() async throws {
    let requests = try await load("deep").scenarioStates
    let deepest = states + "instance.extra_data." + Array(repeating: "k", count: 400).joined(separator: ".")
    #expect(cells(requests, deepest) == [.string("end"), .null])
    #expect(cells(requests, states + "instance.extra_data.last") == [.int(1), .null])
    let lists = String(repeating: "[", count: 400) + "\"end\"" + String(repeating: "]", count: 400)
    #expect(cells(requests, states + "instance.extra_data.lists") == [.null, .json(lists)])
  }

  @Test func namesKeepEveryCharacter() async throws {
    let runs = try HelmRuns(OddDataTests.odd + "/" + OddDataTests.names)
    let entries = try await runs.list().entries
    #expect(entries.map(\.name) == [OddDataTests.names] && entries.map(\.folder) == [OddDataTests.names])
    let tables = try await runs.load(entries, tables: [.stats, .runSpecs])
    #expect(Set(tables.stats[.run]) == [OddDataTests.names])
    #expect(tables.runSpecs[.model].map { $0 } == ["東京/gpt@2"])
    let summary = try await RunSummary(of: runs)
    #expect(summary.table[0, "scenario"] == .string("odd case"))
  }

  @Test func otherFilesAreIgnored() async throws {
    let runs = try HelmRuns(OddDataTests.odd + "/other-files")
    let entries = try await runs.list().entries
    #expect(
      entries.map(\.files)
        == [
          ["run_spec.json", "scenario_state.json", "stats.json", "per_instance_stats.json", "instances.json"]
        ])
    #expect(entries.flatMap(\.faults).isEmpty)
    #expect(try await runs.load(entries, tables: OddDataTests.kinds).faults.isEmpty)
  }

  @Test func unknownKeysAreKept() async throws {
    let tables = try await load("unknown-keys")
    func check(_ table: Table, _ prefix: String, _ wanted: [Int]) {
      for (name, cell) in [
        ("new_text", Cell.string("t")), ("new_number", .int(1)), ("new_list", .json("[]")),
        ("new_null", .null), ("new_tree.a.b", .json(#"[1,{"c":null}]"#)),
      ] {
        #expect(table.hasColumn(prefix + name), "\(prefix + name)")
        let rows = Array(0..<table.rowCount)
        #expect(cells(table, prefix + name) == rows.map { wanted.contains($0) ? cell : .null })
      }
      #expect(!table.columnNames.contains { $0.hasPrefix(prefix + "new_object") })
    }
    check(tables.runSpecs, "run_spec.", [0])
    check(tables.scenarioStates, "scenario_state.", [0, 1])
    check(tables.scenarioStates, states, [1])
    check(tables.stats, "stats.", [1])
    check(tables.perInstanceStats, "per_instance_stats.stats.", [1])
    // Beside the statistics of a bundle, objects stay whole, as aiq-magnet has it.
    #expect(
      cells(tables.perInstanceStats, "per_instance_stats.new_tree")
        == [.null, .null, .json(#"{"a":{"b":[1,{"c":null}]}}"#), .json(#"{"a":{"b":[1,{"c":null}]}}"#)])
    #expect(cells(tables.perInstanceStats, "per_instance_stats.new_object").last == .json("{}"))
    #expect(cells(tables.stats, "stats.name.perturbation.source_class") == [.null, .string("a")])
  }

  @Test func columnsMayMixKinds() async throws {
    let tables = try await load("mixed-kinds")
    #expect(
      cells(tables.stats, "stats.odd") == [
        .double(1), .string("1"), .bool(true), .null, .json("[1]"), .null, .double(0.5), .string(""),
        .string("null"), .string("[2]"), .double(-3),
      ])
    #expect(cells(tables.stats, "stats.odd.a")[5] == .int(1))
    #expect(
      cells(tables.perInstanceStats, "per_instance_stats.odd")
        == [.string("a"), .string("a"), .json(#"{"b":1}"#), .json(#"{"b":1}"#)])
    #expect(cells(tables.scenarioStates, states + "instance.input") == [.string("text"), .null])
  }

  @Test func emptyListsAreTablesWithoutRows() async throws {
    let tables = try await load("empty-lists")
    #expect(tables.runSpecs.rowCount == 1)
    for kind in TableSource.allCases.dropFirst() {
      #expect(tables[kind].rowCount == 0 && tables[kind].hasColumn("run_spec.name"), "\(kind)")
    }
    #expect(try await RunSummary(of: HelmRuns(OddDataTests.odd + "/empty-lists")).faults.isEmpty)
  }

  @Test func aByteOrderMarkIsSkipped() async throws {
    let tables = try await load("byte-order-mark")
    #expect(tables.stats.rowCount == 2 && tables.perInstanceStats.rowCount == 4)
    #expect(tables.runSpecs[.run].map { $0 } == ["odd:case=byte-order-mark,model=acme_base"])
  }

  @Test func numbersKeepEveryDigit() async throws {
    let tables = try await load("numbers")
    let digits = [
      "0", "0", "-0.0", "1e-320", "5e-324", "1.7976931348623157e+308", "0.30000000000000004", "100.0",
      "9007199254740993", "9223372036854775807", "9223372036854775808", "18446744073709551615",
      "1.2345678901234568e+29",
    ]
    #expect(cells(tables.stats, "stats.list").map(\.text) == digits.map { "[\($0)]" })
    #expect(
      tables.stats[.mean].map { $0! }.map(\.bitPattern) == digits.map { Double($0)!.bitPattern })
    let list = "[" + (digits + ["\"NaN\"", "\"Infinity\""]).joined(separator: ",") + "]"
    #expect(cells(tables.perInstanceStats, "per_instance_stats.list").map(\.text) == digits.map { _ in list })
    #expect(
      cells(tables.perInstanceStats, "per_instance_stats.stats.list").map(\.text) == digits.map { "[\($0)]" })
    #expect(tables.counts.map(\.nonFinite) == [1])
  }

  @Test func textsKeepEveryCharacter() async throws {
    let odd =
      "quote \" backslash \\ slash / bell \u{8} feed \u{C} lines \n\r\n tab \t nul \0 brackets ]},[{: "
      + "\u{E9} e\u{301} \u{1F600} \u{2028}"
    let tables = try await load("texts")
    #expect(cells(tables.scenarioStates, states + "request.prompt").first == .string(odd))
    #expect(tables.stats[.metric].map { Array($0.utf8) }.first == Array(odd.utf8))
    #expect(cells(tables.perInstanceStats, "per_instance_stats.instance_id").last == .string(odd))
    let completions = try JSONValue(
      parsing: cells(tables.scenarioStates, states + "result.completions")[0].text)
    #expect(completions[0]?["text"] == .string(odd))
    let extra = states + "instance.extra_data."
    #expect(cells(tables.scenarioStates, extra + odd).last == .int(1))
    #expect(cells(tables.scenarioStates, extra).last == .int(2))
    #expect(cells(tables.scenarioStates, extra + "a.b").last == .int(3))
    #expect(cells(tables.scenarioStates, extra + "a.c").last == .int(4))
    #expect(cells(tables.scenarioStates, extra + "a..").last == .int(5))
  }
}
