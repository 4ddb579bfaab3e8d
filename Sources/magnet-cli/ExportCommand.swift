import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the tables of runs into files for other programs.",
    discussion: """
      EXAMPLE:
        magnet export parquet tables benchmark_output
      """,
    subcommands: [SQLite.self, CSV.self, NDJSON.self, Parquet.self, Arrow.self])

  /// The options of the commands that write a file for each table.
  struct FolderOptions: ParsableArguments {
    @Argument(help: "The folder to write into; created if missing.", completion: .directory)
    var folder: String
    @OptionGroup var source: SourceOptions
    @OptionGroup var chosen: SelectionOptions
    @Flag(help: "Compress the files with gzip.")
    var gzip = false
    @Option(help: ArgumentHelp("Give each table the columns of a fixed schema.", valueName: "version"))
    var schema: FixedSchema?
    @OptionGroup var overwriting: OverwriteOption

    private func file(_ kind: TableSource, _ format: TableFormat) -> String {
      let ending = (format.endings.first ?? format.name) + (gzip ? ".gz" : "")
      return "\(folder)/\(kind.sqlName).\(ending)"
    }

    /// Columnar files are compressed inside, or not at all so that they can be mapped.
    func checkUncompressed() throws {
      if gzip { throw ValidationError("--gzip goes with csv and ndjson.") }
    }

    /// Writes the four tables into the folder, each file atomically.
    func write(_ format: TableFormat) async throws -> Int {
      for kind in TableSource.allCases { try overwriting.check(file(kind, format)) }
      let schemaFile = HelmRuns.schemaFile(inLake: folder)
      if format == .parquet { try overwriting.check(schemaFile) }
      let progress = WorkProgress()
      let runs = try source.runs(try chosen.selection, progress)
      let entries = try await runs.list().entries
      do throws(SystemError) { try Files.makeFolder(folder) } catch { throw error.writing(folder) }
      var faults: Set<DataFault> = []
      var counts = [ReadingCounts](repeating: ReadingCounts(), count: entries.count)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (number, kind) in TableSource.allCases.reversed().enumerated() {
          // While a table is read at most one other is written: neither work keeps all threads busy to its end.
          if number > 1 { try await group.next() }
          let tables = try await Watch.working(progress) { try await runs.load(entries, tables: [kind]) }
          faults.formUnion(tables.faults.map(\.fault))
          for (run, part) in tables.counts.enumerated() { counts[run] += part }
          group.addTask { try write(tables, kind, of: entries, format) }
        }
        try await group.waitForAll()
      }
      if format == .parquet {
        let schemas = try await runs.schemas()
        faults.formUnion(schemas.faults)
        if schemas.documents.isEmpty {
          Files.remove(schemaFile)
        } else {
          let text = SchemaDocument.json(schemas.documents).text + "\n"
          try Terminal.writeFile(schemaFile) { try $0(Array(text.utf8)) }
        }
      }
      say(counts, of: entries)
      say(faults.sorted { $0.description < $1.description })
      return faults.count
    }

    private func write(
      _ tables: RunTables, _ kind: TableSource, of entries: [RunEntry], _ format: TableFormat
    ) throws {
      let table =
        schema != nil
        ? tables.fitted(kind, of: entries)
        : format.isText ? tables[kind] : tables.withSource(kind, of: entries).declaring(kind.columnTypes)
      let notes = FileNotes()
      tables.noteRowless(kind, of: entries, havePaths: true, in: notes)
      let layout = TableLayout(isFile: true, notes: notes)
      try Terminal.writeFile(file(kind, format)) {
        try TableWriter(format, layout: layout).write(table, isCompressed: gzip, $0)
      }
    }
  }

  struct SQLite: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sqlite",
      abstract: "Write one SQLite file, with indexes and the views that magnet sql has.",
      discussion: """
        EXAMPLE:
          magnet export sqlite results.db benchmark_output
        """)

    @Argument(
      help: "The file to write; overwritten if magnet wrote it.", completion: .file())
    var file: String
    @OptionGroup var source: SourceOptions
    @OptionGroup var chosen: SelectionOptions
    @OptionGroup var overwriting: OverwriteOption

    func validate() throws {
      if file == "-" {
        throw ValidationError(
          "A SQLite database cannot go to standard output; give a file such as results.db.")
      }
      if let other = TableFormat(fileName: file) {
        throw ValidationError(
          "'\(file)' is the name of a \(other) file; export sqlite writes a database, such as results.db.")
      }
    }

    func run() async throws {
      try await report {
        try overwriting.check(file)
        let progress = WorkProgress()
        let runs = try source.runs(try chosen.selection, progress)
        let export = try await Watch.working(progress) { [file] in
          try await Terminal.replacingFile(file) { try await exportSQLite(runs, to: $0) }
        }
        say(export.counts, of: export.entries, nonFinite: "read; SQLite has no NaN, which is null")
        for note in export.notes { Terminal.say(note, as: .warning) }
        say(export.faults)
        return export.faults.count
      }
    }
  }

  struct CSV: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "csv",
      abstract: "Write a CSV file for each of the four tables.",
      discussion: """
        EXAMPLE:
          magnet export csv tables benchmark_output/runs/v1 --gzip
        """)

    @OptionGroup var options: FolderOptions

    func run() async throws { try await report { try await options.write(.csv) } }
  }

  struct NDJSON: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ndjson",
      abstract: "Write a file of JSON lines for each of the four tables.",
      discussion: """
        EXAMPLE:
          magnet export ndjson tables benchmark_output/runs/v1
        """)

    @OptionGroup var options: FolderOptions

    func run() async throws { try await report { try await options.write(.ndjson) } }
  }

  struct Parquet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "parquet",
      abstract: "Write a Parquet file for each of the four tables.",
      discussion: """
        Project, suite and path of the run are columns too, and every command reads the files like folders of runs. \
        The schemas that lie beside the runs are in _schemas.json.

        EXAMPLE:
          magnet export parquet tables benchmark_output/runs/v1
        """)

    @OptionGroup var options: FolderOptions

    func validate() throws { try options.checkUncompressed() }

    func run() async throws { try await report { try await options.write(.parquet) } }
  }

  struct Arrow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "arrow",
      abstract: "Write an Arrow IPC file (Feather) for each of the four tables.",
      discussion: """
        EXAMPLE:
          magnet export arrow tables benchmark_output/runs/v1
        """)

    @OptionGroup var options: FolderOptions

    func validate() throws { try options.checkUncompressed() }

    func run() async throws { try await report { try await options.write(.arrow) } }
  }
}
