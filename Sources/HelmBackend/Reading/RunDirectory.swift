@_spi(Reading) import Magnet

/// A folder that HELM wrote one run into.
struct RunDirectory: Sendable {
  let path: String
  /// The names of the files in it, without the .gz of compressed ones.
  let files: [String]
  /// What the folder is part of.
  let tree: any FileTree

  /// What is wrong with the whole, where it is an archive that cannot be read, or not all of it.
  let fault: DataFault?
  /// What a store has seen of its files since the runs were listed.
  let seen: SeenFiles

  /// - Parameter place: where a search with a store found it.
  init(
    path: String, files: [String], tree: any FileTree = DiskTree(), fault: DataFault? = nil,
    place: SearchedFolder.Place? = nil
  ) {
    seen = SeenFiles(place)
    self.path = path
    self.files = files
    self.tree = tree
    self.fault = fault
  }

  /// HELM's files that the tables are made of, in the order HELM writes them.
  static let coreFiles = TableSource.allCases.map(\.fileName)
  /// All files that HELM writes for a run.
  static let knownFiles =
    coreFiles + [
      TableSource.scenarios.fileName, "instances.json", "display_predictions.json", "display_requests.json",
    ]

  /// The names of the suite's folder and of the run's.
  var names: (suite: String, folder: String) {
    // The top of an archive has the archive's name.
    func name(_ part: Substring) -> String {
      part.hasSuffix("!") ? Archive.stem(part.dropLast()) : String(part)
    }
    // As a rule the last two names are there, and the others need not be taken apart.
    if let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) {
      let above = path[..<end]
      let start =
        above.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex
      let (suite, folder) = (above[start...], path[path.utf8.index(after: end)...])
      if ![suite, folder].contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
        return (name(suite), name(folder))
      }
    }
    let parts = Array(path.split(separator: "/").suffix(2))
    if parts.count == 2, !parts.contains("."), !parts.contains("..") {
      return (name(parts[0]), name(parts[1]))
    }
    let whole = Files.absolute(path).split(separator: "/")
    return (whole.dropLast().last.map(name) ?? "/", whole.last.map(name) ?? "/")
  }

  func file(_ name: String) -> String { path + "/" + name }

  /// The path of the file that a table is made of; it may have .gz after it.
  func file(of source: TableSource) -> String { file(source.fileName) }

  /// The bytes of the file that a table is made of.
  func open(_ source: TableSource) throws(DataFault) -> any ByteStream { try tree.open(file(of: source)) }

  /// Whether the file of a kind is there.
  func has(_ source: TableSource) -> Bool { files.contains(source.fileName) }

  /// A file's name without the .gz of a compressed one.
  static func plainName(_ name: String) -> String { name.hasSuffix(".gz") ? String(name.dropLast(3)) : name }

  /// Whether a folder is a run's: it has a file of a run, or a run's name, with a colon, and no folders in it.
  static func isRun(_ folder: String, _ entries: [Files.Entry]) -> Bool {
    entries.contains { coreFiles.contains(plainName($0.name)) }
      || (!entries.contains(where: \.isFolder)
        && RunDirectory(path: folder, files: []).names.folder.contains(":"))
  }

  /// What keeps the run from being complete, as far as the ends of its files tell; a file whose ends look wrong is
  /// read to say what is wrong with it. `run_spec.json` is not looked at.
  /// - Parameters:
  ///   - threshold: the size in bytes from which a file is read in windows.
  ///   - isKnown: whether a file is known to have no faults.
  func faults(
    _ reader: JSONFileReader, _ sources: [TableSource], threshold: Int = HelmRuns.windowThreshold,
    isKnown: (TableSource) -> Bool = { _ in false }
  ) -> [DataFault] {
    if let fault { return [fault] }
    if files.isEmpty {
      return [
        DataFault(
          file: path, problem: "the run's folder is empty",
          advice: "HELM leaves it so when a run fails; run it again or remove the folder")
      ]
    }
    return sources.filter { $0 != .runSpecs && ($0.isExpected || has($0)) }.compactMap { source in
      if isKnown(source) { return nil }
      do throws(DataFault) {
        try checkEnds(file(of: source), source.isObject ? .object : .array, reader, threshold)
        return nil
      } catch { return error }
    }
  }

  /// Checks that a file begins and ends as JSON of the kind does.
  ///
  /// HELM indents its files, so the last bracket of a whole one is the only one at the start of a line. A file of another
  /// style is read; a large one is gone through for its structure alone, in windows. The end of a compressed file is not
  /// to be had without the rest: there the beginning alone counts, and in an archive, whose list says that the file is
  /// all there, that it is not empty.
  private func checkEnds(
    _ path: String, _ kind: JSONTape.Tag, _ reader: JSONFileReader, _ threshold: Int
  ) throws(DataFault) {
    if tree.isListedWhole(path) { return }
    let (open, close) = kind == .object ? ("{", "}") : ("[", "]")
    let file = try tree.open(path)
    if let tail = try file.tail(64) {
      let end = tail.drop(fromEndWhile: Self.isSpace)
      var head = try file.next(64)[...]
      if head.starts(with: [0xEF, 0xBB, 0xBF]) { head = head.dropFirst(3) }
      head = head.drop(while: Self.isSpace)
      let indented = head.dropFirst().drop { $0 == UInt8(ascii: "\r") }
      if end.suffix(2).elementsEqual("\n\(close)".utf8), head.starts(with: open.utf8),
        indented.starts(with: "\n ".utf8) || indented.starts(with: "\n\t".utf8)
      {
        return
      }
    } else if let size = file.size {
      if size > 0 { return }
    } else if try file.next(1) == Array(open.utf8) {
      return
    }
    if file.expectedSize > threshold { return try checkStructure(path, kind, reader) }
    try reader.withTape(try tree.open(path)) { (tape) throws(DataFault) in
      try tape.expect(kind, file: file.path)
    }
  }

  /// Goes through a large file of any style: its brackets and strings, and what stands around its list.
  private func checkStructure(_ path: String, _ kind: JSONTape.Tag, _ reader: JSONFileReader)
    throws(DataFault)
  {
    let windows = SharedWindows(
      try tree.open(path), list: kind == .object ? "request_states" : nil, windowSize: 1 << 20)
    while try reader.withNextWindow(windows, orText: { _, _ in true }, { _, _ in true }) != nil {}
    // Nothing stands around a list that is the whole file.
    if kind == .array { return }
    try reader.withTape(of: windows.surroundings, path: windows.path) { (tape) throws(DataFault) in
      try tape.expect(kind, file: windows.path)
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
}

extension [UInt8] {
  /// The bytes without the last ones that fulfil a condition.
  fileprivate func drop(fromEndWhile condition: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    self[..<(lastIndex { !condition($0) }.map { $0 + 1 } ?? 0)]
  }
}
