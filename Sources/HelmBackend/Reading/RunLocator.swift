import Magnet

/// Finds the runs under the paths a user names.
struct RunLocator {
  /// Folders in a suite or beside it that HELM writes and that hold no runs.
  private static let otherFolders: Set = ["eval_cache", "groups", "data_overlap"]

  private let disk: DiskTree
  /// Has rolls of folders that were searched before.
  private let store: WarmStore?
  private let workers: Int
  /// The folders searched, and whether runs are in them.
  private var seen: [FileStatus.Identity: Bool] = [:]
  private(set) var runs: [RunDirectory] = []
  /// The folders above the one that is searched, and the names that lead down.
  private var parents: [(folder: SearchedFolder, name: String)] = []
  /// What was unusual in archives.
  private(set) var notes: [String] = []
  private var archives: [String: ArchiveTree] = [:]
  /// What is wrong with archives, each once.
  private var faults: [String: DataFault] = [:]

  /// Finds the runs under `paths`, in path order, each once.
  ///
  /// A path is a folder that contains `benchmark_output`, that folder, `runs` in it, a suite, one run, a pattern of
  /// these, an archive of any of them, or one in an archive: `FILE.zip!/runs/v1`. A run is a folder with
  /// `run_spec.json`. A folder without it that has a run's name (with a colon) or other files of a run counts as one
  /// too, an incomplete one. So does an archive in which something is wrong, beside the runs in it.
  /// - Throws: `DataFault` for a path that is not there, a pattern that matches nothing, and a path without runs.
  init(
    _ paths: [String], limits: InflateLimits, store: WarmStore? = nil, workers: Int = 1
  ) throws(DataFault) {
    disk = DiskTree(limits: limits)
    self.store = store
    self.workers = workers
    for path in paths { try add(path) }
    let faults = faults.sorted { pathOrder($0.key, $1.key) }
    if runs.isEmpty, let fault = faults.first?.value { throw fault }
    runs += faults.map { RunDirectory(path: $0, files: [], tree: disk, fault: $1) }
    runs.sort { pathOrder($0.path, $1.path) }
  }

  /// A folder, and what it is part of.
  private typealias Place = (tree: any FileTree, folder: String)

  private mutating func add(_ path: String) throws(DataFault) {
    let known = faults.count
    let places = try places(path)
    var found = faults.count > known
    for place in places where search(place.tree, place.folder, depth: 0) { found = true }
    if !found {
      let isEmpty = places.count == 1 && places[0].tree.entries(places[0].folder)?.isEmpty == true
      if places.contains(where: { Self.holdsParquetFiles($0, depth: 2) }) {
        throw DataFault(
          file: path, problem: "Parquet files are in it, which are read from folders on disk alone",
          advice: "magnet unarchive unpacks an archive")
      }
      throw DataFault(
        file: path,
        problem: isEmpty ? "the folder is empty" : "no runs are in it (no folder with a run_spec.json)",
        advice: "name a benchmark_output folder, a suite in its runs, or one run")
    }
  }

  /// Whether Parquet files lie in an archive or a bucket, or in folders of it.
  private static func holdsParquetFiles(_ place: Place, depth: Int) -> Bool {
    guard !(place.tree is DiskTree), let entries = place.tree.entries(place.folder) else { return false }
    return entries.contains { entry in
      entry.isFolder
        ? depth > 0 && holdsParquetFiles((place.tree, place.folder + "/" + entry.name), depth: depth - 1)
        : entry.name.hasSuffix(ParquetPlace.suffix)
    }
  }

  /// The folders that a path names.
  private mutating func places(_ path: String) throws(DataFault) -> [Place] {
    if path.hasPrefix(BucketTree.scheme) {
      let tree = try BucketTree(path, limits: disk.limits)
      return [(tree, tree.top)]
    }
    if Files.isFolder(path) { return [(disk, path)] }
    if Files.exists(path) { return open(path).map { [($0, $0.top)] } ?? [] }
    if let (archives, inside) = Self.parts(path) { return try places(in: archives, inside, of: path) }
    let matches = Self.isPattern(path) ? Files.matches(path) : []
    let found = matches.compactMap { match -> Place? in
      if Files.isFolder(match) { return (disk, match) }
      return Archive.hasName(match) ? open(match).map { ($0, $0.top) } : nil
    }
    if found.isEmpty, !matches.contains(where: { faults[$0] != nil }) { throw missing(path, disk) }
    return found
  }

  /// The folders in archives that a path with an exclamation mark names.
  private mutating func places(
    in archives: String, _ inside: Substring, of path: String
  ) throws(DataFault) -> [Place] {
    var files = [archives]
    if !Files.exists(archives) || Files.isFolder(archives) {
      files = Self.isPattern(archives) ? Files.matches(archives).filter(Archive.hasName) : []
      if files.isEmpty { throw missing(archives, disk) }
    }
    let trees = files.compactMap { open($0) }
    var found: [Place] = trees.map { ($0, $0.top) }
    for part in inside.split(separator: "/") {
      found = found.flatMap { place -> [Place] in
        let names = place.tree.entries(place.folder)?.filter(\.isFolder).map(\.name) ?? []
        let matches =
          names.contains(String(part))
          ? [String(part)] : names.filter { Files.matches($0, String(part)) }
        return matches.map { (place.tree, place.folder + "/" + $0) }
      }
    }
    if found.isEmpty, let tree = trees.first { throw missing(path, tree) }
    return found
  }

  /// `FILE!/FOLDER` taken apart.
  private static func parts(_ path: String) -> (archive: String, inside: Substring)? {
    if path.hasSuffix("!") { return (String(path.dropLast()), "") }
    return path.firstRange(of: "!/").map { (String(path[..<$0.lowerBound]), path[$0.upperBound...]) }
  }

  private static func isPattern(_ path: String) -> Bool { path.contains(where: "*?[".contains) }

  /// An archive, opened once; nil when nothing in it can be read.
  private mutating func open(_ path: String) -> ArchiveTree? {
    if let tree = archives[path] { return tree }
    if faults[path] != nil { return nil }
    do throws(DataFault) {
      let archive = try Archive(path, limits: disk.limits)
      faults[path] = archive.fault
      notes += archive.notes
      archives[path] = ArchiveTree(archive: archive)
    } catch { faults[path] = error }
    return archives[path]
  }

  private func missing(_ path: String, _ tree: any FileTree) -> DataFault {
    if path.isEmpty {
      return DataFault(file: "a path", problem: "it is empty", advice: "give a folder that holds runs")
    }
    if Self.isPattern(path) {
      return DataFault(
        file: path, problem: "the pattern matches no folder",
        advice: "check it with ls, and quote it so that the shell does not expand it")
    }
    let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    let folder = parent.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : parent
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let siblings = (tree.entries(folder) ?? []).filter(\.isFolder).map(\.name)
    return DataFault(
      file: path, problem: "no such file or folder",
      advice: suggestion(for: name, among: siblings) ?? "check the path")
  }

  /// Collects the runs in a folder; false when there are none.
  private mutating func search(_ tree: any FileTree, _ folder: String, depth: Int) -> Bool {
    // What a store knows of a folder, it knows of a version; the folder is looked at before it is read.
    let time = store == nil ? 0 : WallClock.nanosecondsSince1970
    let version = store != nil && tree is DiskTree ? Files.status(folder)?.version : nil
    let roll = version.flatMap { store?.roll(of: folder, $0) }
    let current = roll.flatMap { $0.version == version ? $0 : nil }
    guard let identity = version?.identity ?? tree.identity(folder),
      let entries = current?.others ?? tree.entries(folder)
    else { return false }
    if let known = seen[identity] { return known }
    seen[identity] = false
    var searched: SearchedFolder?
    if let store, let version {
      let path = store.absolute(folder)
      searched = SearchedFolder(
        path: path, isAbsolute: path == folder, version: version, time: time,
        entries: current == nil ? entries : nil, roll: roll)
    }
    let found = searchNew(tree, folder, entries, depth, searched)
    seen[identity] = found
    return found
  }

  private mutating func searchNew(
    _ tree: any FileTree, _ folder: String, _ entries: [Files.Entry], _ depth: Int,
    _ searched: SearchedFolder?
  ) -> Bool {
    let above = parents.last
    // There are rolls only of folders in which runs lie, and nothing that is read in another way.
    let isRolled = searched?.isRolled == true
    if !isRolled, RunDirectory.isRun(folder, entries) {
      let files = entries.filter { !$0.isFolder && !$0.name.hasPrefix(".") }
      let place = above.flatMap { above in
        guard folder.hasSuffix("/" + above.name) else { return nil as SearchedFolder.Place? }
        return searched.map {
          SearchedFolder.Place(
            folder: above.folder, name: above.name,
            version: entries.contains(where: \.isLink) ? nil : $0.version, number: nil)
        }
      }
      runs.append(
        RunDirectory(
          path: folder, files: Array(Set(files.map { RunDirectory.plainName($0.name) })), tree: tree,
          place: place))
      return true
    }
    guard depth < tree.depthLimit else { return false }
    var folders = entries.filter(\.isFolder)
    let output = "benchmark_output"
    if !isRolled, folders.contains(where: { $0.name == output }) {
      var found = search(tree, folder + "/" + output, depth: depth + 1)
      // Downloads of other benchmarks may lie beside it, each with its own benchmark_output.
      for entry in folders where entry.name != output {
        let inside = tree.entries(folder + "/" + entry.name) ?? []
        if inside.contains(where: { $0.isFolder && $0.name == output }),
          search(tree, folder + "/" + entry.name, depth: depth + 1)
        {
          found = true
        }
      }
      return found
    }
    if !isRolled, folders.contains(where: { $0.name == "runs" }) {
      return search(tree, folder + "/runs", depth: depth + 1)
    }
    var found = false
    var known: Set<String> = []
    if let searched, let roll = searched.roll {
      let unchanged = searched.unchanged(Array(0..<roll.runCount), [.folder], in: folder, workers: workers)
      for (number, bits) in unchanged.enumerated() {
        if bits != 0 {
          found = true
          add(number, of: roll, in: searched, folder, tree)
          if !isRolled { known.insert(roll.name(of: number)) }
        } else if isRolled {
          folders.append(Files.Entry(name: roll.name(of: number), isFolder: true, isLink: false))
        }
      }
    }
    for entry in folders
    where !Self.otherFolders.contains(entry.name) && !(entry.isLink && entry.name == "latest")
      && !known.contains(entry.name)
    {
      if entry.name == "latest", let suite = copied(latest: folder, among: folders, tree) {
        notes.append(
          "\(folder)/latest holds the runs of \(suite) again and is left out; HELM makes it a link")
        continue
      }
      if let searched { parents.append((searched, entry.name)) }
      if search(tree, folder + "/" + entry.name, depth: depth + 1) { found = true }
      if searched != nil { parents.removeLast() }
    }
    return found
  }

  /// Collects a run that is as a roll has it.
  private mutating func add(
    _ number: Int, of roll: WarmRoll, in searched: SearchedFolder, _ folder: String, _ tree: any FileTree
  ) {
    let version = roll.folder(number)
    if seen.updateValue(true, forKey: version.identity) != nil { return }
    let name = roll.name(of: number)
    runs.append(
      RunDirectory(
        path: folder + "/" + name, files: roll.files(number), tree: tree,
        place: SearchedFolder.Place(folder: searched, name: name, version: version, number: number)))
  }

  /// The suite whose runs the folder `latest` beside it holds once more, as it does where an archive or a copy was made
  /// that followed HELM's link; nil where it has others.
  private func copied(latest folder: String, among siblings: [Files.Entry], _ tree: any FileTree) -> String? {
    let latest = folder + "/latest"
    let runs = (tree.entries(latest) ?? []).filter(\.isFolder)
    guard !runs.isEmpty else { return nil }
    return siblings.map(\.name).first { suite in
      suite != "latest"
        && runs.allSatisfy { run in
          guard let files = tree.entries("\(latest)/\(run.name)"),
            files == tree.entries("\(folder)/\(suite)/\(run.name)")
          else { return false }
          return files.allSatisfy { file in
            file.isFolder
              || Self.size("\(latest)/\(run.name)/\(file.name)", tree)
                == Self.size("\(folder)/\(suite)/\(run.name)/\(file.name)", tree)
          }
        }
    }
  }

  private static func size(_ path: String, _ tree: any FileTree) -> Int? {
    ((try? tree.stored(path)) ?? nil)?.storedSize
  }
}
