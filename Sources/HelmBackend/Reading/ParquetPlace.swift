import Magnet

/// Parquet files as they are named: a folder of them, one, or some of a folder; and which runs of theirs are meant.
struct ParquetPlace: Sendable {
  /// The folder, or the file where it is one alone.
  let path: String
  let files: [String]
  /// The only runs that are meant: those whose name or folder this is, with `*` and `?`, or whose suite stands before
  /// it, `SUITE/RUN`; nil for all.
  var run: String?

  /// Places in the order in which they are named. Files of one folder that are named one by one are one place.
  static func joined(_ named: [ParquetPlace]) -> [ParquetPlace] {
    var places: [ParquetPlace] = []
    /// The numbers of the places of single files, by their folders.
    var numbers: [String: Int] = [:]
    for place in named {
      let folder = place.folder
      guard place.run == nil, place.path.hasSuffix(suffix), place.files.count == 1 else {
        places.append(place)
        continue
      }
      if let number = numbers[folder] {
        places[number] = ParquetPlace(path: folder, files: (places[number].files + place.files).unique())
      } else {
        numbers[folder] = places.count
        places.append(place)
      }
    }
    return places
  }

  /// The places that a path names: a file, a folder, a run in one of these, or a pattern of files and folders.
  static func named(_ path: String) -> [ParquetPlace] {
    let files = files(path)
    if !files.isEmpty { return [ParquetPlace(path: path, files: files)] }
    let end = path.hasSuffix("!") ? path.index(before: path.endIndex)..<path.endIndex : nil
    if let mark = path.firstRange(of: "!/") ?? end {
      let lake = String(path[..<mark.lowerBound])
      let run = String(path[mark.upperBound...])
      let files = Self.files(lake)
      if !files.isEmpty { return [ParquetPlace(path: lake, files: files, run: run.isEmpty ? nil : run)] }
    }
    guard path.contains(where: "*?[".contains), !Files.exists(path) else { return [] }
    return Files.matches(path).sorted(by: pathOrder).flatMap { match -> [ParquetPlace] in
      let name = match.split(separator: "/").last ?? ""
      let files = mayHold(String(name)) ? Self.files(match) : []
      return files.isEmpty ? [] : [ParquetPlace(path: match, files: files)]
    }
  }

  /// What the names of Parquet files end in.
  static let suffix = ".parquet"

  /// Whether a file or folder of this name may be one of Parquet files: runs' folders, hidden ones and what other
  /// programs note beside their files are not.
  private static func mayHold(_ name: String) -> Bool {
    !name.hasPrefix(".") && !name.hasPrefix("_") && !name.contains(":")
  }

  /// The Parquet files that a path names: the file itself, or those in a folder and the folders in it. Folders of
  /// HELM's runs are not looked through.
  private static func files(_ path: String, depth: Int = 0) -> [String] {
    if path.hasSuffix(suffix), Files.isFile(path) { return [path] }
    guard depth < 5, let entries = try? Files.entries(path),
      !entries.contains(where: {
        [TableSource.runSpecs.fileName, "benchmark_output", "runs"].contains($0.name)
      })
    else { return [] }
    return entries.flatMap { entry -> [String] in
      if !mayHold(entry.name) { return [] }
      if entry.isFolder { return entry.isLink ? [] : files(path + "/" + entry.name, depth: depth + 1) }
      return entry.name.hasSuffix(suffix) ? [path + "/" + entry.name] : []
    }
  }

  /// The folder of a file; of a folder, itself.
  private var folder: String {
    guard path.hasSuffix(Self.suffix), files == [path] else { return path }
    return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  /// The file with the schemas of the runs in a folder of Parquet files.
  static func schemaFile(in folder: String) -> String { folder + "/_schemas.json" }

  /// The file with the schemas of these runs, if there are any.
  var schemaFile: String { Self.schemaFile(in: folder) }

  /// The paths of the runs that `run` means.
  func paths(of run: String, in listing: RunListing) throws(DataFault) -> Set<String> {
    let pattern = NamePattern(run)
    let meant = listing.entries.filter { entry in
      let names = [entry.name, entry.folder, entry.suite + "/" + entry.folder]
      return names.contains { pattern.matches($0) }
    }
    if meant.isEmpty {
      throw DataFault(
        file: path, problem: "no run in it is called \(run)",
        advice: suggestion(for: run, among: listing.entries.compactMap(\.name)) ?? "magnet runs lists them")
    }
    return Set(meant.map(\.path))
  }
}
