public import ArgumentParser
public import Magnet

extension TableFormat: ExpressibleByArgument {
  public init?(argument: String) { self.init(named: argument) }
  public static var allValueStrings: [String] { allCases.map(\.name) }
}

/// The options of every command that prints a table.
package struct OutputOptions: ParsableArguments {
  @Option(help: "The format of the table, when no file's ending decides it.")
  package var format: TableFormat?
  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "Write to a file whose ending is the format: \(Self.endings), with .gz to compress it; - is standard output.",
      valueName: "file"),
    completion: .file())
  package var output: String?
  @OptionGroup package var overwriting: OverwriteOption
  @OptionGroup package var rows: RowOptions

  private static let endings = TableFormat.allCases.compactMap(\.endings.first).map { "." + $0 }
    .joined(separator: ", ")

  package init() {}

  package func validate() throws {
    guard let file else { return }
    let named = TableFormat(fileName: file)
    if format == nil, named == nil {
      throw ValidationError(
        "The ending of '\(file)' names no format; use \(Self.endings), or give --format.")
    }
    if let format, let named, format != named {
      throw ValidationError("'\(file)' is the name of a \(named) file, and --format asks for \(format).")
    }
    try overwriting.checkEarly(file)
  }

  /// Checks the file that a plot is to be written to.
  package func checkPlot(_ plot: String?) throws {
    guard let plot else { return }
    guard plot.lowercased().hasSuffix(".svg") else {
      throw ValidationError("--plot writes SVG; give a file whose name ends in .svg, not '\(plot)'.")
    }
    try overwriting.checkEarly(plot)
  }

  /// The file to write; nil for standard output.
  package var file: String? { output == "-" ? nil : output }

  /// The format that was asked for, by name or by a file's ending.
  private var asked: TableFormat? { format ?? file.flatMap { TableFormat(fileName: $0) } }

  /// Whether what is printed is for people to look at, not for programs.
  package var isForPeople: Bool { asked?.isForPeople ?? Terminal.isOutputTerminal }

  /// Prints a table.
  /// - Parameters:
  ///   - keyCount: how many of the first columns tell the rows apart.
  ///   - piped: the format when standard output is not a terminal and none was asked for.
  ///   - declared: the types of columns by their names, for formats that have types.
  ///   - notes: what a file says beside the table.
  package func print(
    _ table: Table, keyCount: Int, piped: TableFormat = .csv, declared: [String: ColumnType] = [:],
    notes: FileNotes? = nil
  ) throws {
    let chosen = asked ?? (Terminal.isOutputTerminal ? .terminal : piped)
    var table = try rows.applied(to: chosen.isText ? table : table.declaring(declared))
    let count = table.rowCount
    if file == nil, chosen == .terminal, Terminal.isOutputTerminal, rows.limit == nil, count > 20 {
      table = table.prefix(20)
      defer { Terminal.say("20 of \(count) rows; --limit 0 shows all, -o FILE writes all") }
      return try write(table, as: chosen, keyCount: keyCount)
    }
    try write(table, as: chosen, keyCount: keyCount, notes)
  }

  private func write(
    _ table: Table, as chosen: TableFormat, keyCount: Int, _ notes: FileNotes? = nil
  ) throws {
    guard let file else {
      if !chosen.isText, Terminal.isOutputTerminal {
        throw MagnetError(
          .usage, "\(chosen) is not text, which a terminal could show", advice: "write it to a file with -o")
      }
      let layout = TableLayout(
        keyCount: keyCount, width: Terminal.width, isColored: Terminal.isColored)
      // A table drawn for a terminal has its cells escaped already, and colours.
      let isRaw = chosen != .terminal && Terminal.isOutputTerminal
      return try TableWriter(chosen, layout: layout).write(table) { bytes in
        if isRaw {
          try Terminal.write(withoutControls(String(decoding: bytes, as: UTF8.self)))
        } else {
          try Terminal.write(bytes)
        }
      }
    }
    try overwriting.check(file)
    let isCompressed = chosen.isText && file.lowercased().hasSuffix(".gz")
    let writer = TableWriter(chosen, layout: TableLayout(keyCount: keyCount, isFile: true, notes: notes))
    try Terminal.writeFile(file) { try writer.write(table, isCompressed: isCompressed, $0) }
  }

  /// Prints the first of some tables, and what belongs to it: for people as lines below it on standard output, in JSON
  /// as an object of the tables by their names.
  package func print(_ tables: KeyValuePairs<String, Table>, lines: [String], keyCount: Int) throws {
    guard isJSON else {
      if let first = tables.first { try print(first.value, keyCount: keyCount) }
      guard isForPeople else { return }
      if asked == .markdown { try Terminal.write("\n") }
      return try Terminal.write(lines.map { $0 + "\n" }.joined())
    }
    try printObject([], tables)
  }

  /// Whether JSON was asked for.
  package var isJSON: Bool { asked == .json }

  /// Prints a JSON object of single values and tables, by their names.
  package func printObject(
    _ values: [(name: String, value: Cell)], _ tables: KeyValuePairs<String, Table>
  ) throws {
    let writer = TableWriter(.json)
    var members = values.map { "\"\($0.name)\":" + JSONValue($0.value).text }
    for (number, (name, table)) in tables.enumerated() {
      let shown = number == 0 ? try rows.applied(to: table) : table
      members.append("\"\(name)\":" + writer.text(shown).dropLast())
    }
    let bytes = Array("{\(members.joined(separator: ",\n"))}\n".utf8)
    guard let file else { return try Terminal.write(bytes) }
    try overwriting.check(file)
    try Terminal.writeFile(file) { write in
      guard file.lowercased().hasSuffix(".gz") else { return try write(bytes) }
      var compressor = GzipWriter()
      try compressor.add(bytes, isLast: true, write)
    }
  }
}

/// Hashes of files for those who want to know what was read.
package enum FileHash {
  /// The SHA-256 of a file as it lies on disk, in hexadecimal digits; nil where it is not a file of its own.
  package static func sha256(_ path: String) -> String? {
    for name in [path, path + ".gz"] where Files.isFile(name) {
      return try? Files.sha256(name)
    }
    return nil
  }
}

/// The option of every command that writes files: whether it may replace what magnet did not write.
package struct OverwriteOption: ParsableArguments {
  @Flag(help: "Replace files that magnet did not write.")
  package var force = false

  package init() {}

  /// Refuses to replace a file.
  /// - Throws: `MagnetError` when there is a folder with that name, or a file that magnet did not write or that
  ///   changed since, unless `--force` is given.
  package func check(_ path: String) throws {
    if Files.isFolder(path) {
      throw MagnetError(.alreadyExists, "is a folder", at: path, advice: "name a file")
    }
    guard !force, Files.isFile(path), !WrittenMark.isSet(path) else { return }
    throw MagnetError(
      .alreadyExists, "already exists, and magnet did not write it", at: path,
      advice: "use --force to overwrite it")
  }

  /// The same while arguments are checked, before the work, and whether the file can be written there at all: says why
  /// on standard error, and ends.
  package func checkEarly(_ path: String) throws {
    do {
      try check(path)
      if let error = Files.obstacle(toWriting: path) { throw error.writing(path) }
    } catch {
      Terminal.say("\(error)", as: .error)
      throw ExitCode(2)
    }
  }
}

/// Does the work of a command, says on standard error what kept it from being done, and ends with status 2 then, or
/// with 1 when `body` counted faults.
package func report(_ body: () async throws -> Int) async throws {
  let faults: Int
  do {
    defer { Caches.close() }
    do { faults = try await body() } catch {
      try FaultFile.close()
      throw error
    }
    try FaultFile.close()
  } catch is CancellationError {
    Terminal.say("interrupted; nothing half-written is left", as: .error)
    throw ExitCode(Watch.interruptedStatus)
  } catch {
    if error is ExitCode || error is ValidationError || error is CleanExit { throw error }
    Terminal.say("\(error)", as: .error)
    throw ExitCode((error as? MagnetError)?.code.exitStatus ?? MagnetError.Code.system.exitStatus)
  }
  if faults > 0 { throw ExitCode(1) }
}

/// Says on standard error what was unusual in runs that were read.
/// - Parameter nonFinite: what became of NaN and Infinity.
package func say(_ counts: [ReadingCounts], of runs: [RunEntry], nonFinite: String = "kept as such") {
  for (run, counts) in zip(runs, counts) {
    var notes: [String] = []
    if counts.nonFinite > 0 { notes.append("\(counts.nonFinite) NaN or Infinity \(nonFinite)") }
    if counts.loneSurrogates > 0 {
      notes.append(
        "\(counts.loneSurrogates) lone surrogate\(counts.loneSurrogates == 1 ? "" : "s") became U+FFFD")
    }
    if counts.mapsKept > 0 {
      let maps = counts.mapsKept == 1 ? "1 map" : "\(counts.mapsKept) maps"
      notes.append("\(maps) with too many keys for columns kept as JSON")
    }
    if !notes.isEmpty { Terminal.say("\(run.path): \(notes.joined(separator: ", "))") }
  }
}

/// Names each fault on standard error once, a hundred at most, and counts the others.
package func say(_ faults: [DataFault], as what: String = "left out") {
  let faults = faults.unique()
  FaultFile.add(faults)
  let most = 100
  for fault in faults.prefix(most) { Terminal.say("\(what): \(fault)", as: .warning) }
  if faults.count > most {
    Terminal.say("\(what): \(faults.count - most) more; --faults FILE writes all", as: .warning)
  }
}

/// What `500k`, `20M` or `1000` mean in bytes.
package func byteCount(_ text: String) -> Int? {
  let units: [Character: Double] = ["k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6, "g": 1e9, "G": 1e9, "T": 1e12]
  let unit = text.last.flatMap { units[$0] }
  guard let value = Double(unit == nil ? text : String(text.dropLast())), value > 0 else { return nil }
  let bytes = value * (unit ?? 1)
  return bytes >= 1 && bytes < 1e15 ? Int(bytes) : nil
}
