import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct PartitionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "partitions",
    abstract: "Divide runs into parts of about the same size, for many processes or machines.",
    discussion: """
      One row per part: its number, project and suite, how many bytes its files have, and the paths of its runs, in \
      order. A part has runs of one suite, and is full once it has the bytes asked for. --paths-from FILE#N of other \
      commands takes the runs of part N.

      EXAMPLE:
        magnet partitions benchmark_output --bytes 128M -o parts.ndjson
        magnet table stats --paths-from parts.ndjson#0 --schema v1 -o part-0.parquet
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var chosen: SelectionOptions
  @Option(help: "How many bytes a part has, such as 128M.")
  var bytes = "128M"
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if byteCount(bytes) == nil { throw ValidationError("--bytes takes bytes such as 128M, not '\(bytes)'.") }
  }

  func run() async throws {
    try await report {
      let runs = try source.runs(try chosen.selection)
      say(runs.archiveFaults)
      try output.print(try runs.partitions(bytes: byteCount(bytes) ?? 1 << 27), keyCount: 1, piped: .ndjson)
      return runs.archiveFaults.count
    }
  }
}
