import Foundation
import TestSupport
import Testing

/// Tables of the fixed schema are written while the runs are read: the same rows as at once, in every format.
@Suite struct StreamedTableTests {
  private static let fixtures = Project.folder.appending(path: "Fixtures").path

  private func run(_ arguments: [String]) throws -> Tool.Outcome {
    try Tool.run(command: Tool.binary, arguments)
  }

  @Test(arguments: ["run-specs", "scenario-states", "stats", "per-instance-stats"])
  func rowsAreThoseOfTheWholeTable(table: String) throws {
    let paths = ["benchmark_output", "odd", "broken"].map { Self.fixtures + "/" + $0 }
    let first = ["table", table] + paths + ["--schema", "v1", "--format", "ndjson"]
    let streamed = try run(first)
    // What is to be sorted is read whole.
    let whole = try run(first + ["--sort", "source.run_path"])
    #expect(streamed.status == 1 && whole.status == 1)
    let rows = streamed.output.split(separator: "\n")
    #expect(rows.count > 10 && rows.sorted() == whole.output.split(separator: "\n").sorted())
    #expect(streamed.errors.split(separator: "\n").sorted() == whole.errors.split(separator: "\n").sorted())
    #expect(try run(first + ["--limit", "7"]).output.split(separator: "\n") == Array(rows.prefix(7)))
  }

  /// A file is whole or not there, and what no run of can be read is an error.
  @Test func nothingIsWrittenOfWhatCannotBeRead() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/stats.parquet"
    let done = try Tool.run(
      "table", "stats", Self.fixtures + "/broken/not-json", "--schema", "v1", "-o", file)
    #expect(done.status == 2 && done.errors.contains("could not be read"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  /// Rows, and the bytes of files, do not depend on the number of threads or on a cache.
  @Test(arguments: ["parquet", "arrow", "csv"]) func bytesAreTheSame(format: String) throws {
    let folder = try TemporaryFolder()
    let options = [[], ["--cache", folder.path + "/cache"], ["--cache", folder.path + "/cache"]]
    let files = try options.enumerated().map { number, options in
      let file = "\(folder.path)/\(number).\(format)"
      let path = Self.fixtures + "/benchmark_output"
      #expect(try run(["table", "stats", path, "--schema", "v1", "-o", file] + options).status == 0)
      return try Data(contentsOf: URL(filePath: file))
    }
    #expect(files.allSatisfy { $0 == files[0] } && files[0].count > 1000)
  }
}
