package import Magnet

extension OutputOptions {
  /// The format in which a table can be written while the rest of it is read; nil where it has to be whole: to be sorted,
  /// or laid out for people.
  private var streamed: TableFormat? {
    let chosen =
      format ?? file.flatMap { TableFormat(fileName: $0) } ?? (Terminal.isOutputTerminal ? .terminal : .csv)
    return chosen.isForPeople || rows.sort != nil
      || (!chosen.isText && file == nil && Terminal.isOutputTerminal)
      ? nil : chosen
  }

  /// Prints a table of a fixed schema piece by piece, each as soon as it is there.
  /// - Parameters:
  ///   - schema: the columns that every piece has.
  ///   - notes: what a file says beside the table.
  ///   - next: the next piece; nil at the end. What it throws leaves a file that was there as it was.
  /// - Returns: false where the table has to be whole, and nothing was asked for or written.
  package func stream(
    _ schema: [DeclaredColumn], notes: FileNotes, _ next: () async throws -> Table?
  ) async throws -> Bool {
    guard let chosen = streamed else { return false }
    guard let file else {
      let isRaw = Terminal.isOutputTerminal
      try await stream(schema, chosen, TableLayout(), next) { bytes in
        if isRaw {
          try Terminal.write(withoutControls(String(decoding: bytes, as: UTF8.self)))
        } else {
          try Terminal.write(bytes)
        }
      }
      return true
    }
    try overwriting.check(file)
    let layout = TableLayout(isFile: true, notes: notes)
    func write(to target: String, _ mode: FileDescriptor.Mode) async throws {
      do {
        let opened = try FileDescriptor(target, mode)
        guard chosen.isText, file.lowercased().hasSuffix(".gz") else {
          return try await stream(schema, chosen, layout, next) { try opened.write($0) }
        }
        var compressor = GzipWriter()
        try await stream(schema, chosen, layout, next) { try compressor.add($0) { try opened.write($0) } }
        try compressor.add([], isLast: true) { try opened.write($0) }
      } catch let error as SystemError { throw error.writing(file) }
    }
    if Files.exists(file), !Files.isFile(file) {
      try await write(to: file, .existing)
    } else {
      try await Terminal.replacingFile(file) { try await write(to: $0, .truncate) }
    }
    return true
  }

  private func stream(
    _ schema: [DeclaredColumn], _ format: TableFormat, _ layout: TableLayout,
    _ next: () async throws -> Table?,
    _ write: ([UInt8]) throws -> Void
  ) async throws {
    var pieces = TablePieces(format, layout)
    var left = rows.limit.flatMap { $0 > 0 ? $0 : nil }
    while left ?? 1 > 0, let table = try await next() {
      try Watch.tidying {
        let piece = try rows.applied(to: table).prefix(left ?? .max)
        try pieces.append(piece, write)
        left = left.map { $0 - piece.rowCount }
      }
    }
    try Watch.tidying {
      try pieces.end(try rows.applied(to: Table(schema)), write)
    }
  }
}
