package import ArgumentParser
package import HelmBackend
package import Magnet

/// The options of every command that reads runs.
package struct SourceOptions: ParsableArguments {
  @Argument(
    help: """
      Folders that hold runs: a benchmark_output, a suite, a run, quoted patterns of these, archives: FILE.zip, \
      FILE.tar.gz, 'FILE.zip!/runs/v1', gs://BUCKET/FOLDER, or Parquet files of magnet export. (default: $MAGNET_RUNS, else \
      ./benchmark_output)
      """,
    completion: .file())
  package var paths: [String] = []
  @Option(
    help: ArgumentHelp(
      """
      Read more paths from a file, - for standard input: one per line, or separated by NUL, or lines of magnet \
      partitions, of which FILE#N is part N.
      """, valueName: "file"),
    completion: .file())
  package var pathsFrom: String?
  @OptionGroup package var reading: ReadingOptions

  /// The runs under the paths, as far as they are meant.
  package func runs(
    _ selection: RunSelection = RunSelection(), _ progress: WorkProgress? = nil, workers: Int? = nil
  ) throws -> HelmRuns {
    let listed = try pathsFrom.map { try PathList.read($0) } ?? []
    let all = pathsFrom == nil ? paths : paths + listed
    return try reading.runs(all, selection, progress, workers: workers)
  }

  package init() {}
}

/// The options that choose runs by their names and tasks.
package struct TaskOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Use only runs whose name matches: a name, a pattern with * and ?, regex:..., or several separated by |. May be repeated.",
      valueName: "pattern"))
  package var runs: [String] = []
  @Option(
    help: ArgumentHelp(
      "Use only runs of scenarios, such as mmlu, or tasks, such as mmlu:subject=anatomy, that match, likewise.",
      valueName: "pattern"))
  package var scenario: [String] = []

  package init() {}

  package func validate() throws {
    do { _ = try selection() } catch { throw ValidationError("\(error)") }
  }

  /// Which runs are meant.
  package func selection(models: [String] = []) throws -> RunSelection {
    try RunSelection(runs: runs, models: models, scenarios: scenario)
  }
}

/// The options of every command that reads some of the runs it finds.
package struct SelectionOptions: ParsableArguments {
  @OptionGroup package var tasks: TaskOptions
  @Option(help: ArgumentHelp("Use only runs of models that match, likewise.", valueName: "pattern"))
  package var model: [String] = []

  package init() {}

  package func validate() throws {
    do { _ = try selection } catch { throw ValidationError("\(error)") }
  }

  package var selection: RunSelection {
    get throws { try tasks.selection(models: model) }
  }
}

/// The option of commands that have no others of reading: what they say beside their answer.
package struct QuietOption: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Report faults only: leave out notes.")
  package var quiet = false

  package init() {}

  package func validate() { if quiet { Terminal.leaveOutNotes() } }
}

/// How runs are read.
package struct ReadingOptions: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Report faults only: leave out notes.")
  package var quiet = false
  @Flag(help: "Stop at the first faulty run instead of leaving it out.")
  package var strict = false
  @Option(
    help: ArgumentHelp(
      "Write what is wrong with runs that are left out to this file too, a JSON object per line.",
      valueName: "file"),
    completion: .file())
  package var faults: String?
  @Option(
    help: ArgumentHelp(
      """
      Keep the columns of runs in this folder, and read those of unchanged runs from it; instead of $MAGNET_CACHE.
      """, valueName: "folder"),
    completion: .directory)
  package var cache: String?
  @Option(help: ArgumentHelp("How much the cache may hold (default: 10G).", valueName: "bytes"))
  package var cacheLimit: String?
  @Flag(help: "Neither read nor write a cache, whatever $MAGNET_CACHE says.")
  package var noCache = false
  @OptionGroup package var limit: ArchiveLimitOption

  package func validate() throws {
    if quiet { Terminal.leaveOutNotes() }
    if let faults {
      do { try FaultFile.open(faults) } catch {
        Terminal.say("\(error)", as: .error)
        throw ExitCode(2)
      }
    }
    if cache?.isEmpty == true { throw ValidationError("--cache takes the path of a folder.") }
    if cache != nil, noCache { throw ValidationError("--cache and --no-cache exclude each other.") }
    if let cacheLimit, byteCount(cacheLimit) == nil {
      throw ValidationError("--cache-limit takes bytes such as 500M or 20G, not '\(cacheLimit)'.")
    }
  }

  /// The folder of the cache; nil where none was asked for.
  package var cacheFolder: String? { noCache ? nil : cache ?? Environment.nonEmpty("MAGNET_CACHE") }

  /// The cache; nil where none was asked for.
  package func store(isVerifying: Bool = false) throws -> WarmStore? {
    try cacheFolder.map { folder in
      let limit = cacheLimit.flatMap(byteCount) ?? WarmStore.standardLimit
      return try Caches.open(folder) { try WarmStore(folder, limit: limit, isVerifying: isVerifying) }
    }
  }

  /// The runs under some paths, as far as they are meant; what is unusual in archives is said on standard error.
  /// - Parameter paths: none for those of `$MAGNET_RUNS`, else of `./benchmark_output`.
  package func runs(
    _ paths: [String], _ selection: RunSelection = RunSelection(), _ progress: WorkProgress? = nil,
    workers: Int? = nil, store: WarmStore? = nil, sources: [TableSource] = TableSource.allCases
  ) throws -> HelmRuns {
    let runs = try HelmRuns(
      paths: paths.isEmpty ? [try Self.usualPath()] : paths, isStrict: strict, workers: workers,
      progress: progress, limits: limit.limits, sources: sources,
      store: try store ?? self.store())
    for note in runs.notes { Terminal.say(note) }
    return runs.selecting(selection)
  }

  /// The run of a command that is about one run.
  /// - Parameter run: its folder, a pattern that matches one, or its name where the runs usually are.
  package func runs(ofRun run: String, sources: [TableSource] = TableSource.allCases) throws -> HelmRuns {
    do { return try runs([run], sources: sources) } catch let fault as DataFault {
      guard !run.contains("/"), let path = try? Self.usualPath() else { throw fault }
      return try runs([path], try RunSelection(runs: [run]), sources: sources)
    }
  }

  /// The runs that are meant where none are named, if there are such.
  package static var usualPathIfAny: String? { try? usualPath() }

  private static func usualPath() throws -> String {
    if let path = Environment.nonEmpty("MAGNET_RUNS") { return path }
    let folder = "benchmark_output"
    guard Files.isFolder(folder) else {
      throw MagnetError(
        .usage, "no folder of runs is given, $MAGNET_RUNS is not set, and there is no ./\(folder)",
        advice: "name a folder that holds runs; magnet demo writes one")
    }
    return folder
  }

  package init() {}
}

/// The option of every command that reads archives.
package struct ArchiveLimitOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Maximum decompressed size of an archive, such as 900G (default: 256G, at most 250 times its size).",
      valueName: "bytes"))
  package var maxArchiveBytes: String?

  package var limits: InflateLimits {
    maxArchiveBytes.flatMap(byteCount).map { InflateLimits(bytes: $0) } ?? .standard
  }

  package func validate() throws {
    if let maxArchiveBytes, byteCount(maxArchiveBytes) == nil {
      throw ValidationError("--max-archive-bytes takes bytes such as 500M or 900G, not '\(maxArchiveBytes)'.")
    }
  }

  package init() {}
}
