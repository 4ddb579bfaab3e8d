package import ArgumentParser
package import HelmBackend
package import Magnet

/// What `--format` takes.
package enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table, csv, json, ndjson, markdown
}

/// The options of every command that prints a table.
package struct OutputOptions: ParsableArguments {
  @Option(help: "table, csv, json, ndjson or markdown.")
  package var format: OutputFormat?

  package init() {}

  /// Whether what is printed is for people to look at, not for programs.
  package var isForPeople: Bool { format.map { $0 == .table || $0 == .markdown } ?? true }

  /// Prints a table.
  /// - Parameters:
  ///   - keyCount: how many of the first columns tell the rows apart.
  ///   - piped: the format when standard output is no terminal and none was asked for.
  ///   - file: where to write instead of to standard output.
  package func print(_ table: Table, keyCount: Int, piped: OutputFormat = .table, to file: String? = nil)
    throws
  {
    let chosen = format ?? (Terminal.isOutputTerminal && file == nil ? .table : piped)
    func write(_ sink: ([UInt8]) throws -> Void) throws {
      if let format = TableFormat(rawValue: chosen.rawValue) {
        try TableWriter(format).write(table, sink)
      } else {
        let isOnTerminal = file == nil
        let text = TerminalTable(table, keyCount: keyCount).drawn(
          width: isOnTerminal ? Terminal.width : nil, isColored: isOnTerminal && Terminal.isColored)
        try sink(Array(text.utf8))
      }
    }
    if let file { try Terminal.writeFile(file, write) } else { try write { try Terminal.write($0) } }
  }
}

/// The options of every command that reads runs.
package struct SourceOptions: ParsableArguments {
  @Argument(
    help: """
      Folders that hold runs: a benchmark_output, a suite, a run, quoted patterns of these, or archives: FILE.zip, \
      FILE.tar.gz, 'FILE.zip!/runs/v1'.
      """,
    completion: .file())
  package var paths: [String]
  @OptionGroup package var reading: ReadingOptions

  /// The runs under the paths.
  package func runs(_ progress: LoadProgress? = nil, workers: Int? = nil) throws -> HelmRuns {
    try reading.runs(paths, progress, workers: workers)
  }

  package init() {}
}

/// How runs are read.
package struct ReadingOptions: ParsableArguments {
  @Flag(help: "Stop at the first faulty run instead of leaving it out.")
  package var strict = false
  @OptionGroup package var limit: ArchiveLimitOption

  /// The runs under some paths; what is unusual in archives is said on standard error.
  package func runs(_ paths: [String], _ progress: LoadProgress? = nil, workers: Int? = nil) throws
    -> HelmRuns
  {
    let runs = try HelmRuns(
      paths: paths, isStrict: strict, workers: workers, progress: progress, limits: limit.limits)
    for note in runs.notes { Terminal.say(note) }
    return runs
  }

  package init() {}
}

/// The option of every command that reads archives.
package struct ArchiveLimitOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How much an archive that you trust may inflate to, such as 900G; otherwise 256G and 250 times its size.",
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

/// Does the work of a command, says on standard error what kept it from being done, and ends with status 2 then, or
/// with 1 when `body` counted faults.
package func report(_ body: () async throws -> Int) async throws {
  let faults: Int
  do {
    faults = try await body()
  } catch {
    if error is ExitCode || error is ValidationError || error is CleanExit { throw error }
    Terminal.say("\(error)")
    throw ExitCode(2)
  }
  if faults > 0 { throw ExitCode(1) }
}

/// Says on standard error what was unusual in runs that were read.
package func say(_ counts: [ReadingCounts], of runs: [RunEntry]) {
  for (run, counts) in zip(runs, counts) {
    var notes: [String] = []
    if counts.nonFinite > 0 { notes.append("\(counts.nonFinite) NaN or Infinity kept as such") }
    if counts.loneSurrogates > 0 { notes.append("\(counts.loneSurrogates) lone surrogates became U+FFFD") }
    if counts.mapsKept > 0 {
      notes.append("\(counts.mapsKept) maps with too many keys for columns kept as JSON")
    }
    if !notes.isEmpty { Terminal.say("\(run.path): \(notes.joined(separator: ", "))") }
  }
}

/// Names each fault on standard error.
package func say(_ faults: [DataFault]) {
  for fault in faults { Terminal.say("left out: \(fault)") }
}

/// What `500k`, `20M` or `1000` mean in bytes.
package func byteCount(_ text: String) -> Int? {
  let units: [Character: Double] = ["k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6, "g": 1e9, "G": 1e9, "T": 1e12]
  let unit = text.last.flatMap { units[$0] }
  guard let value = Double(unit == nil ? text : String(text.dropLast())), value > 0 else { return nil }
  let bytes = value * (unit ?? 1)
  return bytes >= 1 && bytes < 1e15 ? Int(bytes) : nil
}
