import Foundation
import Magnet
import TestSupport
import Testing

/// Columnar files in the programs that they are for: pyarrow, polars and DuckDB, from PyPI (`make columnar`).
@Suite(.enabled(if: Columnar.isThere, "make columnar installs pyarrow, polars and duckdb"))
struct ColumnarTests {
  static let tables = ["run-specs", "scenario-states", "stats", "per-instance-stats"]

  @Test(arguments: tables)
  func cellsAreThoseOfJSON(table: String) throws {
    let folder = try TemporaryFolder()
    let fixtures = Project.folder.appending(path: "Fixtures/benchmark_output").path
    func write(_ name: String, _ more: String...) throws -> String {
      let outcome = try Tool.run(
        command: Tool.binary, ["table", table, fixtures, "-o", folder.path + "/" + name] + more)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return folder.path + "/" + name
    }
    let lines = try write("x.ndjson")
    let rows = try Project.text(lines).split(separator: "\n").count
    #expect(rows > 10)
    let parquet = try write("x.parquet")
    let (stream, file) = (try write("x.arrows"), try write("x.arrow"))
    let readers = [
      ("stream", stream), ("polars-stream", stream), ("file", file), ("polars-file", file),
      ("parquet", parquet), ("polars-parquet", parquet), ("duckdb", parquet),
    ]
    let checked = try Columnar.check(readers, lines)
    #expect(checked.status == 0, "\(checked.errors.suffix(400))")
    let found = checked.output.split(separator: "\n")
    #expect(found.count == readers.count && found.allSatisfy { $0.hasPrefix("\(rows) ") }, "\(found)")
  }

  /// DuckDB attaches an export, finds a type for every column, and computes what `magnet sql` does.
  @Test(.enabled(if: Columnar.readsSQLite, "make columnar installs DuckDB's extension for SQLite"))
  func exportsAreReadByDuckDB() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/runs.db"
    let fixtures = Project.fixture("benchmark_output")
    #expect(try Tool.run("export", "sqlite", file, fixtures).status == 0)
    let queries = [
      "SELECT count(*), sum(mean) FROM scores WHERE mean > 0.5",
      "SELECT count(*), sum(mean) FROM headline", "SELECT count(*), sum(value) FROM leaderboard",
      "SELECT count(*), sum(mean) FROM instance_scores WHERE is_main = 1",
      "SELECT count(*), sum(\"stats.mean\") FROM stats", "SELECT count(*), sum(trial) FROM instances",
    ]
    let types = "SELECT count(*) FROM duckdb_columns() WHERE database_name = 'runs' AND data_type = 'BLOB'"
    let read = try Columnar.sqlite([file, types] + queries)
    #expect(read.status == 0, "\(read.errors)")
    let lines = try read.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    try #require(lines.count == queries.count + 1)
    #expect(lines[0][0]?[0]?.double == 0)
    for (query, line) in zip(queries, lines.dropFirst()) {
      let own = parseCSV(try Tool.run("sql", fixtures, query).output)[1].map(\.field)
      #expect(line[0]?[0]?.double == Double(own[0]), "\(query)")
      let (sum, theirs) = (Double(own[1]) ?? .nan, line[0]?[1]?.double ?? .nan)
      #expect(abs(sum - theirs) <= 1e-9 * max(1, abs(sum)), "\(query): \(sum) \(theirs)")
    }
  }

  @Test func typesAreThoseOfTheCells() throws {
    let folder = try TemporaryFolder()
    let run = Project.folder.appending(path: "Fixtures/benchmark_output/runs/plain-v1").path
    for (name, reader) in [("x.parquet", "parquet"), ("x.arrow", "file")] {
      let file = folder.path + "/" + name
      #expect(try Tool.run("table", "stats", run, "-o", file).status == 0)
      #expect(try Tool.run("table", "stats", run, "-o", folder.path + "/x.ndjson", "--force").status == 0)
      let checked = try Columnar.check([(reader, file)], folder.path + "/x.ndjson")
      #expect(checked.output.contains(#""stats.count": "int64""#), "\(checked.errors)\(checked.output)")
      #expect(checked.output.contains(#""stats.mean": "double""#))
    }
  }

  @Test func queriesAndExportsAreColumnarToo() throws {
    let folder = try TemporaryFolder()
    let run = Project.folder.appending(path: "Fixtures/benchmark_output/runs/plain-v1").path
    let query = "SELECT 1 AS i, 0.5 AS r, 'x' AS t, NULL AS n UNION ALL SELECT 2, 1, 'y', NULL"
    for format in ["ndjson", "parquet"] {
      let file = folder.path + "/q." + format
      #expect(try Tool.run("sql", run, query, "-o", file).status == 0)
    }
    let checked = try Columnar.check([("parquet", folder.path + "/q.parquet")], folder.path + "/q.ndjson")
    #expect(
      checked.output == #"2 4 {"i": "int64", "n": "string", "r": "double", "t": "string"}"# + "\n",
      "\(checked.errors)")
    for format in ["arrow", "parquet"] {
      #expect(try Tool.run("export", format, folder.path + "/" + format, run).status == 0)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/" + format).sorted()
      #expect(
        names == ["per_instance_stats", "run_specs", "scenario_states", "stats"].map { "\($0).\(format)" })
    }
    let gzip = try Tool.run("export", "parquet", folder.path + "/gz", run, "--gzip")
    #expect(gzip.status == 64)
  }

  /// DuckDB reads the columns of an export as what they are, views among them.
  @Test func theSQLiteExportHasTypes() throws {
    let folder = try TemporaryFolder()
    let run = Project.folder.appending(path: "Fixtures/benchmark_output/runs/plain-v1").path
    #expect(try Tool.run("export", "sqlite", folder.path + "/x.db", run).status == 0)
    let script = """
      import sqlite3, sys
      connection = sqlite3.connect(sys.argv[1])
      print(connection.execute("PRAGMA integrity_check").fetchone()[0])
      for name in ("stats_rows", "stats", "scores", "instances", "instance_scores", "per_instance_stats"):
          for column in connection.execute(f"PRAGMA table_info({name})"):
              assert column[2] in ("REAL", "INTEGER", "TEXT"), (name, column)
      wanted = connection.execute("SELECT avg(mean), sum(count) FROM scores").fetchone()
      try:
          import duckdb
          duckdb.sql("INSTALL sqlite; LOAD sqlite")
      except Exception:
          print("no extension")
      else:
          duckdb.sql(f"ATTACH '{sys.argv[1]}' AS x (TYPE sqlite)")
          print(duckdb.sql("SELECT avg(mean), sum(count) FROM x.scores").fetchone() == wanted)
      """
    let checked = try Tool.run(
      command: "/usr/bin/env", ["python3", "-c", script, folder.path + "/x.db"],
      environment: Columnar.environment)
    #expect(["ok\nno extension\n", "ok\nTrue\n"].contains(checked.output), "\(checked.errors)")
  }

  /// Tables of runs with and without perturbations, of other keys and of none, have one schema.
  @Test(arguments: tables) func theFixedSchemaIsTheSameForAllRuns(table: String) throws {
    let folder = try TemporaryFolder()
    let fixtures = Project.folder.appending(path: "Fixtures")
    var schemas: Set<String> = []
    for (number, name) in ["benchmark_output/runs/plain-v1", "benchmark_output/runs/sweep-v1", "odd"]
      .enumerated()
    {
      let file = folder.path + "/\(number)"
      let path = fixtures.appending(path: name).path
      let written = try Tool.run("table", table, path, "--schema", "v1", "-o", file + ".parquet")
      #expect(written.status < 2, "\(written.errors)")
      #expect(try Tool.run("table", table, path, "--schema", "v1", "-o", file + ".ndjson").status < 2)
      let checked = try Columnar.check([("parquet", file + ".parquet")], file + ".ndjson")
      #expect(checked.status == 0, "\(checked.errors.suffix(400))")
      schemas.insert(String(checked.output.split(separator: " ", maxSplits: 1)[1]))
    }
    #expect(schemas.count == 1 && schemas.first?.contains(#""extra": "string""#) == true, "\(schemas)")
  }

  /// What other programs make of our files is read as ours are.
  @Test(arguments: [
    "none-dictionary-1.0", "snappy-dictionary-1.0", "gzip-plain-2.0", "zstd-dictionary-2.0",
    "snappy-plain-1.0", "lz4-dictionary-1.0", "lz4-plain-2.0",
    "duckdb", "duckdb2", "polars", "polars-lz4", "differences", "beginnings", "uint32",
  ])
  func filesOfOtherProgramsAreRead(writer: String) throws {
    let folder = try TemporaryFolder()
    let run = Project.folder.appending(path: "Fixtures/benchmark_output/runs/plain-v1").path
    var files: [(own: String, other: String)] = []
    for table in Self.tables {
      let own = "\(folder.path)/\(table).parquet"
      let other = "\(folder.path)/\(table)-\(writer)"
      files.append((own, other + "/x.parquet"))
      #expect(try Tool.run("table", table, run, "-o", own).status == 0)
      try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
    }
    let made = try Columnar.rewritten(writer, files)
    try #require(made.status == 0, "\(made.errors)")
    for (table, file) in zip(Self.tables, files) {
      let wanted = try Tool.run("table", table, file.own, "--format", "csv")
      let found = try Tool.run("table", table, file.other, "--format", "csv")
      #expect(found.output == wanted.output && found.output.count > 1000, "\(found.errors)")
    }
  }

  /// What tables of runs do not hold is refused, with the name of its column.
  @Test(arguments: [
    ("timestamps", "column extra_time: the column holds dates, times, decimals or the like"),
    ("nested", "column extra_list is nested; magnet reads flat columns"),
    ("renamed", "column stats.mean: the column holds texts, and of stats.json it holds numbers"),
  ])
  func otherTypesAreNamed(writer: String, problem: String) throws {
    let folder = try TemporaryFolder()
    let run = Project.folder.appending(path: "Fixtures/benchmark_output/runs/plain-v1").path
    let (own, other) = (folder.path + "/own.parquet", folder.path + "/other.parquet")
    #expect(try Tool.run("table", "stats", run, "-o", own).status == 0)
    let made = try Columnar.rewritten(writer, [(own, other)])
    try #require(made.status == 0, "\(made.errors)")
    let found = try Tool.run("table", "stats", other)
    #expect(found.status == 2 && found.errors.contains(problem), "\(found.errors)")
  }

  @Test func aClosedPipeEndsQuietly() throws {
    let run = Project.folder.appending(path: "Fixtures/benchmark_output").path
    let outcome = try Tool.run(
      command: "/bin/sh",
      ["-c", "\"$0\" table per-instance-stats \"$1\" --format arrow | head -c 100 | wc -c", Tool.binary, run])
    #expect(outcome.output.filter(\.isNumber) == "100" && outcome.errors.isEmpty)
  }
}

/// The Python packages that read columnar files.
enum Columnar {
  static let packages = Project.folder.appending(path: ".build/columnar").path

  static let isThere: Bool = {
    let import_ = try? Tool.run(
      command: "/usr/bin/env", ["python3", "-c", "import pyarrow, polars, duckdb"], environment: environment)
    return import_?.status == 0
  }()

  static let environment = [
    "PYTHONPATH": packages, "ARROW_DEFAULT_MEMORY_POOL": "system", "POLARS_MAX_THREADS": "1",
  ]

  /// Whether DuckDB reads SQLite here.
  static let readsSQLite: Bool = (try? sqlite([]))?.status == 0

  static func sqlite(_ arguments: [String]) throws -> Tool.Outcome { try run("sqlite.py", arguments) }

  /// Writes Parquet files again with another program.
  static func rewritten(_ writer: String, _ files: [(own: String, other: String)]) throws -> Tool.Outcome {
    try run("make.py", [writer] + files.flatMap { [$0.own, $0.other] })
  }

  static func check(_ files: [(reader: String, file: String)], _ lines: String) throws -> Tool.Outcome {
    try run("check.py", [lines] + files.flatMap { [$0.reader, $0.file] })
  }

  private static func run(_ script: String, _ arguments: [String]) throws -> Tool.Outcome {
    let path = Project.folder.appending(path: "Tests/CLITests/Columnar/\(script)").path
    return try Tool.run(command: "/usr/bin/env", ["python3", path] + arguments, environment: environment)
  }
}
