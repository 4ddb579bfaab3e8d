import Magnet

extension HelmRuns {
  /// The folders that one who may not see the runs may not see: of each run its `benchmark_output`, or else `runs`,
  /// or else its suite; and the run's own, which may be a link to elsewhere. Of runs in an archive, the archive. Of runs
  /// in Parquet files, these, and the folders that they were made of.
  package var enclosingFolders: [String] {
    var found = Set((lake?.places ?? []).flatMap { [$0.path] + $0.files })
    for path in runFolders + (lake?.listing.entries.map(\.path) ?? []) {
      if let archive = path.firstRange(of: "!/") {
        found.insert(String(path[..<archive.lowerBound]))
        continue
      }
      found.insert(path)
      let parts = path.split(separator: "/", omittingEmptySubsequences: false)
      var count = parts.count - 1
      if let output = parts.lastIndex(of: "benchmark_output") {
        count = output + 1
      } else if count > 1, parts[count - 2] == "runs" {
        count -= 1
      }
      if count > 0 { found.insert(parts[..<count].joined(separator: "/")) }
    }
    return found.filter { !$0.isEmpty }.sorted()
  }
}
