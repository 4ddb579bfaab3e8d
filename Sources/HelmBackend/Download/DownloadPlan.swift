import Magnet

/// What to download.
public struct DownloadSelection: Sendable {
  public var benchmarks: NameSelector
  /// Nil for the latest version of each benchmark.
  public var versions: NameSelector?
  /// Nil for all.
  public var runs: NameSelector?
  /// Names of files in a run's folder, or patterns of them; nil for all.
  public var files: NameSelector?
  /// Whether files that are stored as gzip stay so, under names with `.gz` at the end.
  public var keepsCompressed = false

  /// A selection of files of runs.
  public init(
    benchmarks: NameSelector, versions: NameSelector? = nil, runs: NameSelector? = nil,
    files: NameSelector? = nil
  ) {
    self.benchmarks = benchmarks
    self.versions = versions
    self.runs = runs
    self.files = files
  }
}

/// What a download will do: the sums of what was listed.
public struct DownloadPlan: Sendable {
  struct Version: Sendable {
    let benchmark: String
    let version: String
    /// Where its runs go.
    let folder: String
    /// Where its runs are in the store, with the slash at the end.
    var root: String { HelmStore.runs(benchmark) + version + "/" }
  }

  let versions: [Version]
  /// Benchmarks and versions, as `lite v1.13.0`.
  public var names: [String] { versions.map { "\($0.benchmark) \($0.version)" } }
  public internal(set) var runCount = 0
  public internal(set) var fileCount = 0
  /// Stored bytes of all files, there or not.
  public internal(set) var bytes = 0
  /// Files that are there already, unchanged, as far as the manifest and their sizes tell.
  public internal(set) var presentCount = 0
  public internal(set) var presentBytes = 0
  /// The stored bytes of files to come that are stored as gzip: they take more room on the disk.
  public internal(set) var inflatedBytes = 0
  /// Names in the store that no file may have: with `..`, empty parts or control characters. They are left out.
  public internal(set) var refused: [String] = []
  /// Bytes free where the files go, before any came.
  public internal(set) var freeSpace: Int?
  /// Whether everything is listed; else the store holds more than these sums say.
  public internal(set) var isComplete = false

  /// Stored bytes that are still to come.
  public var missingBytes: Int { bytes - presentBytes }
}

extension HelmStore {
  /// Lists what is selected, and compares it with what is in a folder.
  /// - Throws: `MagnetError` when nothing is selected, with the nearest names, or the store cannot be listed.
  public func plan(
    _ selection: DownloadSelection, into folder: String, progress: DownloadProgress = DownloadProgress()
  ) async throws -> DownloadPlan {
    try await HTTPDriver.onItsThread(options) { [self] driver in
      try Downloader(self, selection, folder, limit: 0, progress, driver.waker, approve: nil)
        .plan(driver)
    }
  }

  /// The benchmarks and versions selected.
  func selectedVersions(
    _ driver: HTTPDriver, _ selection: DownloadSelection, _ folder: String, _ progress: DownloadProgress
  ) throws -> [DownloadPlan.Version] {
    var versions: [DownloadPlan.Version] = []
    for benchmark in try selectedBenchmarks(driver, selection.benchmarks, progress) {
      let all = try self.versions(driver, of: benchmark, progress)
      let isSelected = selection.versions?.matcher()
      let chosen = isSelected.map { isSelected in all.filter(isSelected) } ?? Array(all.suffix(1))
      if chosen.isEmpty {
        throw missing("version of \(benchmark)", selection.versions?.description ?? "", among: all)
      }
      versions += chosen.map {
        DownloadPlan.Version(
          benchmark: benchmark, version: $0, folder: folder + "/" + Self.runs(benchmark) + $0)
      }
    }
    return versions
  }

  private func selectedBenchmarks(
    _ driver: HTTPDriver, _ selector: NameSelector, _ progress: DownloadProgress
  ) throws -> [String] {
    // Exact names need no listing: whether they are there shows when their versions are listed.
    if selector.prefixes == selector.exactNames.sorted(by: codePointOrder) { return selector.exactNames }
    let all = try benchmarks(driver, progress)
    let chosen = all.filter(selector.matcher())
    if chosen.isEmpty { throw missing("benchmark", selector.description, among: all) }
    return chosen
  }

  /// Why a plan is empty.
  func nothingFound(
    _ driver: HTTPDriver, _ plan: DownloadPlan, _ selection: DownloadSelection, _ progress: DownloadProgress
  ) throws -> MagnetError {
    var runs: [String] = []
    for version in plan.versions {
      runs += try self.runs(driver, of: version.benchmark, version: version.version, progress)
    }
    let place = plan.names.joined(separator: ", ")
    if let selector = selection.runs, !runs.contains(where: selector.matcher()) {
      return missing("run of \(place) that matches", selector.description, among: runs)
    }
    let files = selection.files.map { " named \($0)" } ?? ""
    return MagnetError(.notFound, "the runs selected of \(place) have no files\(files)")
  }
}
