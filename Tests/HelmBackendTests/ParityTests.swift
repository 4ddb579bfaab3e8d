import HelmBackend
import Magnet
import TestSupport
import Testing

/// Tables equal, cell for cell, to the data frames that aiq-magnet 0.1.0 made of the same runs.
@Suite struct ParityTests {
  struct Expected: CustomTestStringConvertible, Sendable {
    let file: String
    let kind: TableSource
    let paths: [String]
    var testDescription: String { file }
  }

  static let all: [Expected] = try! Project.json(Project.fixture("expected/index.json")).elements.map {
    let kinds: [String: TableSource] = [
      "run_spec": .runSpecs, "scenario_state": .scenarioStates, "stats": .stats,
      "per_instance_stats": .perInstanceStats,
    ]
    return Expected(
      file: $0["file"]!.string!, kind: kinds[$0["table"]!.string!]!,
      paths: $0["paths"]!.elements.map { $0.string! })
  }

  @Test(arguments: all) func tableEqualsDataFrame(_ expected: Expected) async throws {
    let lines = parseCSV(try Project.text(Project.fixture("expected/" + expected.file)))
    let paths = expected.paths.map { Project.fixture($0) }
    let runs = try HelmRuns(paths: paths)
    let entries = try await runs.list().entries
    let ordered = paths.map { path in entries.first { $0.path == path }! }
    let table = try await runs.load(ordered, tables: [expected.kind])[expected.kind]

    #expect(table.columnNames == lines[0].map(\.field))
    try #require(table.rowCount == lines.count - 1)
    for (row, line) in zip(table.rows, lines.dropFirst()) {
      for (column, field) in line.enumerated() {
        let cell = row[column]
        let place = "row \(row.number), \(table.columnNames[column])"
        if field.field.isEmpty {
          #expect(cell == .null, "\(place)")
        } else {
          #expect(Self.value(of: cell) == Self.normal(try JSONValue(parsing: field.field)), "\(place)")
        }
      }
    }
  }

  static func value(of cell: Cell) -> JSONValue {
    switch cell {
    case .null: .null
    case .bool(let value): .bool(value)
    case .int(let value): .double(Double(value))
    case .double(let value): .double(value)
    case .string(let value): .string(value)
    case .json(let text): normal((try? JSONValue(parsing: text)) ?? .string("not JSON: \(text)"))
    }
  }

  /// The value with its numbers as doubles: 1 and 1.0 are one number.
  static func normal(_ value: JSONValue) -> JSONValue {
    switch value {
    case .int(let number): .double(Double(number))
    case .array(let elements): .array(elements.map(normal))
    case .object(let members):
      .object(members.map { JSONValue.Member(key: $0.key, value: normal($0.value)) })
    default: value
    }
  }
}
