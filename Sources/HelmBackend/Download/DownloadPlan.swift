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

/// A file of a plan.
struct PlannedFile: Sendable {
  /// The number of its version in the plan.
  let version: Int
  /// Below the version's folder.
  let path: String
  let object: StoredObject
  let isInflated: Bool
}

/// What a download will do.
public struct DownloadPlan: Sendable {
  struct Version: Sendable {
    let benchmark: String
    let version: String
    let folder: String
  }

  let versions: [Version]
  var files: [PlannedFile] = []
  /// Benchmarks and versions, as `lite v1.13.0`.
  public var names: [String] { versions.map { "\($0.benchmark) \($0.version)" } }
  public internal(set) var runCount = 0
  /// Stored bytes of all files, there or not.
  public var bytes: Int { files.reduce(0) { $0 + $1.object.size } }
  public var fileCount: Int { files.count }
  /// Files that are there already, unchanged, as far as the manifest and their sizes tell.
  public internal(set) var presentCount = 0
  public internal(set) var presentBytes = 0
  /// How many of the files to come are stored as gzip, and their stored bytes: they take more room on the disk.
  public internal(set) var inflatedBytes = 0
  /// Names in the store that no file may have: with `..`, empty parts or control characters. They are left out.
  public internal(set) var refused: [String] = []
  /// Bytes free where the files go.
  public internal(set) var freeSpace: Int?

  /// Stored bytes that are still to come.
  public var missingBytes: Int { bytes - presentBytes }
}

extension HelmStore {
  /// Lists what is selected, and compares it with what is in a folder.
  /// - Throws: `DownloadError` when nothing is selected, with the nearest names, or the store cannot be listed.
  public func plan(
    _ selection: DownloadSelection, into folder: String, progress: DownloadProgress = DownloadProgress()
  ) async throws -> DownloadPlan {
    var versions: [DownloadPlan.Version] = []
    for benchmark in try await selectedBenchmarks(selection.benchmarks, progress) {
      let all = try await self.versions(of: benchmark, progress: progress)
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
    let found = versions
    let plan = try await HTTPDriver.onItsThread(options) { [self] driver in
      try list(driver, found, selection, folder, progress)
    }
    if plan.files.isEmpty { throw try await nothingFound(plan, selection, progress) }
    return plan
  }

  private func selectedBenchmarks(
    _ selector: NameSelector, _ progress: DownloadProgress
  ) async throws -> [String] {
    // Exact names need no listing: whether they are there shows when their versions are listed.
    if selector.prefixes == selector.exactNames.sorted(by: codePointOrder) { return selector.exactNames }
    let all = try await benchmarks(progress: progress)
    let chosen = all.filter(selector.matcher())
    if chosen.isEmpty { throw missing("benchmark", selector.description, among: all) }
    return chosen
  }

  private func nothingFound(
    _ plan: DownloadPlan, _ selection: DownloadSelection, _ progress: DownloadProgress
  ) async throws -> DownloadError {
    var runs: [String] = []
    for version in plan.versions {
      runs += try await self.runs(of: version.benchmark, version: version.version, progress: progress)
    }
    let place = plan.names.joined(separator: ", ")
    if let selector = selection.runs, !runs.contains(where: selector.matcher()) {
      return missing("run of \(place) that matches", selector.description, among: runs)
    }
    let files = selection.files.map { " named \($0)" } ?? ""
    return DownloadError("the runs selected of \(place) have no files\(files)", isNothingFound: true)
  }

  private func list(
    _ driver: HTTPDriver, _ versions: [DownloadPlan.Version], _ selection: DownloadSelection,
    _ folder: String, _ progress: DownloadProgress
  ) throws -> DownloadPlan {
    var plan = DownloadPlan(versions: versions)
    let isRun = selection.runs?.matcher()
    let isFile = selection.files?.matcher()
    var runs: Set<String> = []
    var places: [String: Int] = [:]
    for (number, version) in versions.enumerated() {
      let root = Self.runs(version.benchmark) + version.version + "/"
      try list(driver, (selection.runs?.prefixes ?? [""]).map { root + $0 }, progress) { object in
        let parts = object.name.dropFirst(root.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 1, let last = parts.last else { return }
        // A name that ends with a slash stands for a folder.
        guard !last.isEmpty || object.size > 0, isRun?(String(parts[0])) ?? true else { return }
        let name = parts.dropFirst().joined(separator: "/")
        let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
        guard isFile.map({ $0(name) || $0(plain) }) ?? true else { return }
        guard parts.allSatisfy({ Self.isSafe(String($0)) }) else {
          plan.refused.append(object.name)
          return
        }
        let isInflated = object.isGzip && !selection.keepsCompressed
        let suffix = object.isGzip && selection.keepsCompressed && !name.hasSuffix(".gz") ? ".gz" : ""
        let file = PlannedFile(
          version: number, path: parts.joined(separator: "/") + suffix, object: object, isInflated: isInflated
        )
        runs.insert("\(number)/\(parts[0])")
        // A listing that changed between its pages may name an object twice; the later one holds.
        let key = "\(number)/\(file.path)"
        if let place = places[key] {
          plan.files[place] = file
        } else {
          places[key] = plan.files.count
          plan.files.append(file)
        }
      }
    }
    plan.runCount = runs.count
    for (number, version) in versions.enumerated() {
      let manifest = Manifest.read(version.folder)
      for file in plan.files where file.version == number {
        let local = DiskFile.stamp(version.folder + "/" + file.path)
        if let entry = manifest[file.path], entry.isOf(file.object), entry.local.size == local?.size {
          plan.presentCount += 1
          plan.presentBytes += file.object.size
        } else if file.isInflated {
          plan.inflatedBytes += file.object.size
        }
      }
    }
    plan.freeSpace = DiskFile.freeSpace(folder)
    return plan
  }
}

extension Manifest.Entry {
  /// Whether the stored bytes that this file came from are those of an object; an object written anew with the same
  /// bytes is the same.
  func isOf(_ object: StoredObject) -> Bool {
    storedSize == object.size && checksum == object.checksum
      && (checksum != nil || generation == object.generation)
  }
}
