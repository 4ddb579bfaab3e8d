import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct IndexCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "index",
    abstract: "Keep the columns of runs in a cache, for commands that follow.",
    discussion: """
      Commands read the columns of unchanged runs from the cache that --cache or $MAGNET_CACHE names, and keep what they \
      read from files. This command does it for all tables beforehand. An entry counts only while its file has the same \
      path, device, inode, size and times of change; archives, buckets and Parquet files are always read themselves. Without \
      a cache every answer is the same.

      EXAMPLE:
        magnet index benchmark_output --cache ~/.cache/magnet
        export MAGNET_CACHE=~/.cache/magnet
        magnet sql benchmark_output "SELECT metric, avg(mean) FROM instance_scores GROUP BY metric"
      """)

  @Argument(
    help: "Folders that hold runs: a benchmark_output, a suite, a run, or quoted patterns of these.",
    completion: .file())
  var paths: [String] = []
  @Option(
    help: ArgumentHelp(
      "Read more paths from a file, - for standard input, as other commands do.", valueName: "file"),
    completion: .file())
  var pathsFrom: String?
  @Flag(help: "Read every file, and compare what the cache has of it.")
  var verify = false
  @Flag(help: "Empty the cache.")
  var clear = false
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if reading.cacheFolder == nil {
      throw ValidationError("Name the cache: --cache FOLDER, or $MAGNET_CACHE.")
    }
    if !clear, paths.isEmpty, pathsFrom == nil {
      throw ValidationError("Missing expected argument '<paths> ...'")
    }
  }

  func run() async throws {
    try await report {
      guard let store = try reading.store(isVerifying: verify) else { return 0 }
      if clear { store.clear() }
      let all = paths + (try pathsFrom.map { try PathList.read($0) } ?? [])
      if all.isEmpty { return 0 }
      let progress = WorkProgress()
      let runs = try reading.runs(all, RunSelection(), progress, store: store)
      let faults = try await Watch.working(progress) { try await runs.index() }
      say(faults)
      let use = store.use
      if use.unsettled > 0 {
        Terminal.say(
          "\(use.unsettled) files changed just now and are not kept; index them again in a few seconds")
      }
      if runs.unkeptRunCount > 0 {
        Terminal.say(
          "not kept: \(counted(runs.unkeptRunCount, "run")) in archives, buckets or Parquet files, which are always read themselves",
          as: .warning)
      }
      if use.refused > 0 {
        Terminal.say("\(use.refused) files have objects of too many keys and are not kept")
      }
      for file in use.wrong { Terminal.say("\(file): the cache had other columns; replaced") }
      // What kept it from being written is said at the end, as in every command.
      if use.failure != nil { throw ExitCode(MagnetError.Code.system.exitStatus) }
      let row: [Cell] = [
        .string(store.folder), .int(Int64(runs.runFolders.count)), .int(Int64(use.kept)),
        .int(Int64(use.reused)), .int(Int64(store.size)),
      ]
      try output.print(
        Table(columnNames: ["cache", "runs", "kept", "reused", "bytes"], rows: [row]), keyCount: 1,
        piped: .csv)
      return faults.count + use.wrong.count
    }
  }
}
