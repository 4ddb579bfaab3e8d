import Magnet

/// Finds the runs under the paths a user names.
struct RunLocator {
  /// Where runs lie at most, below a folder that was named: DIR/benchmark/benchmark_output/runs/suite/run.
  private static let depthLimit = 5
  /// Folders in a suite or beside it that HELM writes and that hold no runs.
  private static let otherFolders: Set = ["eval_cache", "groups", "data_overlap"]

  /// The folders searched, and whether runs are in them.
  private var seen: [FileSystem.Identity: Bool] = [:]
  private var runs: [RunDirectory] = []

  /// The runs under `paths`, in path order, each once.
  ///
  /// A path is a folder that contains `benchmark_output`, that folder, `runs` in it, a suite, one run, or a pattern
  /// of these. A run is a folder with `run_spec.json`. A folder without it that has a run's name (with a colon) or
  /// other files of a run counts as one too, an incomplete one.
  /// - Throws: `RunFault` for a path that is not there, a pattern that matches nothing, and a path without runs.
  static func locate(_ paths: [String]) throws(RunFault) -> [RunDirectory] {
    var locator = RunLocator()
    for path in paths { try locator.add(path) }
    return locator.runs.sorted { pathOrder($0.path, $1.path) }
  }

  private mutating func add(_ path: String) throws(RunFault) {
    let folders: [String]
    switch FileSystem.kind(path) {
    case .folder: folders = [path]
    case .file:
      throw RunFault(
        file: path, problem: "this is a file, and runs are folders",
        advice: "name the run's folder, its suite, or the benchmark_output they lie in")
    case .missing:
      let matches = path.contains(where: "*?[".contains) ? FileSystem.matches(path) : []
      folders = matches.filter { FileSystem.kind($0) == .folder }
      if folders.isEmpty { throw missing(path) }
    }
    var found = false
    for folder in folders where search(folder, depth: 0) { found = true }
    if !found {
      let isEmpty = folders.count == 1 && (try? FileSystem.entries(folders[0]).isEmpty) == true
      throw RunFault(
        file: path,
        problem: isEmpty ? "the folder is empty" : "no runs are in it (no folder with a run_spec.json)",
        advice: "name a benchmark_output folder, a suite in its runs, or one run")
    }
  }

  private func missing(_ path: String) -> RunFault {
    if path.isEmpty {
      return RunFault(file: "a path", problem: "it is empty", advice: "give a folder that holds runs")
    }
    if path.contains(where: "*?[".contains) {
      return RunFault(
        file: path, problem: "the pattern matches no folder",
        advice: "put it in quotes, and check it with ls")
    }
    let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    let folder = parent.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : parent
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let siblings = ((try? FileSystem.entries(folder)) ?? []).filter(\.isFolder).map(\.name)
    let nearest = nearestNames(to: name, among: siblings, count: 3)
    return RunFault(
      file: path, problem: "there is no such folder",
      advice: nearest.isEmpty ? "check the path" : "near it: \(nearest.joined(separator: ", "))")
  }

  /// Collects the runs in a folder; false when there are none.
  private mutating func search(_ folder: String, depth: Int) -> Bool {
    guard let identity = FileSystem.identity(folder), let entries = try? FileSystem.entries(folder) else {
      return false
    }
    if let known = seen[identity] { return known }
    seen[identity] = false
    let found = searchNew(folder, entries, depth)
    seen[identity] = found
    return found
  }

  private mutating func searchNew(_ folder: String, _ entries: [FileSystem.Entry], _ depth: Int) -> Bool {
    if RunDirectory.isRun(folder, entries) {
      runs.append(
        RunDirectory(
          path: folder,
          files: Array(
            Set(
              entries.filter { !$0.isFolder && !$0.name.hasPrefix(".") }.map {
                RunDirectory.plainName($0.name)
              }))))
      return true
    }
    guard depth < Self.depthLimit else { return false }
    let folders = entries.filter(\.isFolder)
    for name in ["benchmark_output", "runs"] where folders.contains(where: { $0.name == name }) {
      return search(folder + "/" + name, depth: depth + 1)
    }
    var found = false
    for entry in folders
    where !Self.otherFolders.contains(entry.name) && !(entry.isLink && entry.name == "latest") {
      if search(folder + "/" + entry.name, depth: depth + 1) { found = true }
    }
    return found
  }
}
