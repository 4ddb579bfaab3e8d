import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

/// Loads the four tables and says what it took; for Benchmarks/.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract:
      "Load the four tables and print one line of JSON: runs, rows, cells, bytes, seconds, peak_memory.",
    discussion: """
      EXAMPLE:
        magnet bench benchmark_output --threads 2
      """,
    shouldDisplay: false)

  @OptionGroup var source: SourceOptions
  @Option(help: "How many files are read at once.")
  var threads: Int?

  func run() async throws {
    try await report {
      let clock = ContinuousClock()
      let start = clock.now
      let runs = try source.runs(workers: threads)
      let tables = try await runs.load(runs.list().entries, tables: Set(TableSource.allCases))
      let seconds = (clock.now - start) / .seconds(1)
      say(tables.faults.map(\.fault))
      let all = TableSource.allCases.map { tables[$0] }
      let figures: [(String, JSONValue)] = [
        ("runs", .int(Int64(tables.runSpecs.rowCount))),
        ("rows", .int(Int64(all.map(\.rowCount).reduce(0, +)))),
        ("cells", .int(Int64(all.map { $0.rowCount * $0.columnNames.count }.reduce(0, +)))),
        ("bytes", .int(Int64(tables.counts.map(\.bytes).reduce(0, +)))),
        ("seconds", .double(seconds)),
        ("peak_memory", .int(Int64(Environment.peakMemory))),
      ]
      try Terminal.write(JSONValue.object(figures.map { .init(key: $0, value: $1) }).text + "\n")
      return tables.faults.count
    }
  }
}
