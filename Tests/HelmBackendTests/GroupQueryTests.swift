import HelmBackend
import TestSupport
import Testing

@testable import Magnet

/// Queries that are answered from the columns have SQLite's answers, to the bit. A comment leaves a query to SQLite.
@Suite struct GroupQueryTests {
  private static let functions = ["avg", "sum", "total", "count", "min", "max"]

  @Test(arguments: ["benchmark_output", "odd"])
  func answersAreSQLites(fixture: String) async throws {
    let database = Database(KeptRuns(try HelmRuns(Project.fixture(fixture))))
    let relations = Dictionary(uniqueKeysWithValues: Relation.tidy.map { ($0.name, $0) })
    var random = SplitMix(state: 16)
    var answered = 0
    for _ in 0..<150 {
      let name =
        ["scores", "scores", "instance_scores", "instances", "headline"].randomElement(using: &random) ?? ""
      let relation = try #require(relations[name])
      let texts = relation.columns.filter { $0.type == .text }.map { "\"\($0.name)\"" }
      let all = relation.columns.map { "\"\($0.name)\"" }
      var groups: [String] = []
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        if let column = texts.randomElement(using: &random), !groups.contains(column) {
          groups.append(column)
        }
      }
      var items = groups
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let function = Self.functions.randomElement(using: &random) ?? "avg"
        let column = all.randomElement(using: &random) ?? "\"run\""
        items.append(
          Bool.random(using: &random) ? "\(function)(\(column)) AS a\(items.count)" : "\(function)(\(column))"
        )
      }
      items.append("count(*)")
      var query = "SELECT \(items.joined(separator: ", ")) FROM \(name)"
      if Int.random(in: 0..<3, using: &random) == 0 {
        let column = texts.randomElement(using: &random) ?? "\"run\""
        let found = try await database.query(
          "SELECT DISTINCT \(column) FROM \(name) WHERE \(column) IS NOT NULL"
        ).table
        let values = (0..<found.rowCount).map { found[row: $0, column: 0].text }.filter {
          !$0.contains("'") && !$0.contains("\0")
        }
        query += " WHERE \(column) = '\(values.randomElement(using: &random) ?? "none")'"
      }
      if !groups.isEmpty { query += " GROUP BY " + groups.joined(separator: ", ") }
      if GroupQuery(query, relations) != nil { answered += 1 }
      let fast = try? await database.query(query)
      let plain = try? await database.query("/* */ " + query)
      #expect(fast?.table.columnNames == plain?.table.columnNames, "\(query)")
      #expect(
        fast.map { TableImage($0.table).header + TableImage($0.table).parts }
          == plain.map { TableImage($0.table).header + TableImage($0.table).parts }, "\(query)")
      #expect(fast?.faults == plain?.faults, "\(query)")
    }
    #expect(answered > 50 || !GroupQuery.addsPlainly)
  }

  /// Runs that are read once, whatever is asked of them.
  private actor KeptRuns: RunSource {
    private struct Request: Hashable {
      var runs: [String]
      var tables: Set<TableSource>
    }

    private let runs: HelmRuns
    private var listing: RunListing?
    private var loaded: [Request: RunTables] = [:]

    init(_ runs: HelmRuns) { self.runs = runs }

    func list() async throws -> RunListing {
      if let listing { return listing }
      let listing = try await runs.list()
      self.listing = listing
      return listing
    }

    func load(_ runs: [RunEntry], tables: Set<TableSource>, columns: Set<String>?) async throws -> RunTables {
      let request = Request(runs: runs.map(\.path), tables: tables)
      if let tables = loaded[request] { return tables }
      let all = try await self.runs.load(runs, tables: tables)
      loaded[request] = all
      return all
    }

    func schemas() async throws -> SchemaDocuments { try await runs.schemas() }
  }

  /// Runs whose tables are given.
  private struct GivenRuns: RunSource {
    let tables: [Table]

    func list() async throws -> RunListing {
      RunListing(
        entries: tables.indices.map {
          RunEntry(
            suite: "s", folder: "\($0)", path: "s/\($0)", name: "\($0)", files: ["stats.json"], faults: [])
        },
        runSpecs: Table(
          columnNames: ["run_spec.name"], rows: tables.indices.map { [.string("\($0)")] }),
        entryOfRow: Array(tables.indices))
    }

    func load(_ runs: [RunEntry], tables: Set<TableSource>, columns: Set<String>?) async throws -> RunTables {
      RunTables(
        stacking: tables.map { kind in (kind, runs.map { Int($0.name).map { self.tables[$0] } ?? Table() }) },
        faults: [])
    }

    func schemas() async throws -> SchemaDocuments { SchemaDocuments() }
  }

  /// Runs with the same texts, as most have, with others, with fewer, with none, and with empty ones.
  @Test func textsOfRunsAreToldApart() async throws {
    var random = SplitMix(state: 30)
    for turn in 0..<40 {
      let tables = (0..<8).map { _ in
        let names: [Cell] =
          [
            [.string("")], [.string("")], [.string("a"), .string("")], [.string("a"), .string("b")],
            [.string("a"), .string("b")], [.string("ab"), .null], [.null], [],
          ].randomElement(using: &random) ?? []
        return Table(
          columnNames: ["stats.name.name", "stats.name.split", "stats.mean"],
          rows: (0..<Int.random(in: 0...5, using: &random)).compactMap { _ in
            names.randomElement(using: &random).map { name in
              [
                name, [.string("valid"), .string(""), .null].randomElement(using: &random) ?? .null,
                [.double(0.5), .double(0.1), .null].randomElement(using: &random) ?? .null,
              ]
            }
          })
      }
      let database = Database(GivenRuns(tables: tables))
      for columns in ["metric", "metric, split", "split", "run, metric"] {
        let query = "SELECT \(columns), count(*), sum(mean), count(mean) FROM scores GROUP BY \(columns)"
        let (fast, plain) = (try await database.query(query), try await database.query("/* */ " + query))
        #expect(
          TableWriter(.ndjson).text(fast.table) == TableWriter(.ndjson).text(plain.table), "\(turn): \(query)"
        )
      }
    }
  }

  /// What has another shape is left to SQLite.
  @Test(arguments: [
    "SELECT metric, avg(mean) FROM scores GROUP BY model", "SELECT avg(mean) m FROM scores",
    "SELECT metric AS model, avg(mean) FROM scores GROUP BY model",
    "SELECT count(DISTINCT model) FROM scores",
    "SELECT metric, avg(mean) FROM scores GROUP BY metric HAVING avg(mean) > 1", "SELECT mean FROM scores",
    "SELECT metric, avg(mean) FROM scores GROUP BY metric ORDER BY 2", "SELECT avg(mean) FROM scores, runs",
    "SELECT avg(mean) FROM scores WHERE mean = '1'", "SELECT avg(mean + 1) FROM scores",
    "SELECT median(mean) FROM scores",
    "SELECT avg(nothing) FROM scores", "SELECT avg(mean) FROM nothing",
    "SELECT avg(mean) FROM scores; SELECT 1", "",
  ])
  func otherQueriesAreSQLites(query: String) {
    let relations = Dictionary(uniqueKeysWithValues: Relation.tidy.map { ($0.name, $0) })
    #expect(GroupQuery(query, relations) == nil)
  }
}
