package import ArgumentParser
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
    help: "Folders that hold runs: a benchmark_output, a suite, a run, or quoted patterns of these.",
    completion: .directory)
  package var paths: [String]

  @Flag(help: "Stop at the first faulty run instead of leaving it out.")
  package var strict = false

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
package func say(_ faults: [RunFault]) {
  for fault in faults { Terminal.say("left out: \(fault)") }
}
