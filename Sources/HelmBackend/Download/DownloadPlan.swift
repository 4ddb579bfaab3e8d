package import Magnet

/// What a download will do: the sums of what was listed.
package struct DownloadPlan: Sendable {
  let sources: [DownloadSource]
  /// Benchmarks, releases and suites, as `lite v1.13.0 (suites v1.12.0, v1.13.0)` and `lite suite v1.13.0`.
  package let names: [String]
  /// What was chosen where there was nothing better, in sentences.
  package let notes: [String]
  package internal(set) var runCount = 0
  /// The runs selected, whatever files they have.
  var matchedCount = 0
  package internal(set) var fileCount = 0
  /// Stored bytes of all files, there or not.
  package internal(set) var bytes = 0
  /// Files that are there already, unchanged, as far as the manifest and their sizes tell.
  package internal(set) var presentCount = 0
  package internal(set) var presentBytes = 0
  /// The stored bytes of files to come that are stored as gzip: they take more room on the disk.
  package internal(set) var inflatedBytes = 0
  /// Objects that cannot become files, and why: names with `..`, empty parts or control characters, impossible sizes.
  /// They are left out.
  package internal(set) var refused: [(name: String, problem: String)] = []
  /// Runs that a release names and the store does not hold.
  package internal(set) var missingRuns: [String] = []
  /// Bytes free where the files go, before any came.
  package internal(set) var freeSpace: Int?
  /// Whether everything is listed; else the store holds more than these sums say.
  package internal(set) var isComplete = false

  /// Stored bytes that are still to come.
  package var missingBytes: Int { bytes - presentBytes }

  init(_ scopes: [ResolvedScope] = []) {
    sources = scopes.flatMap(\.sources)
    names = scopes.map(\.title)
    notes = scopes.compactMap(\.note)
  }

  /// Counts a file.
  /// - Returns: false when the sum of all sizes would be more than there are bytes in the world.
  mutating func add(_ file: PlannedFile) -> Bool {
    let (sum, overflows) = bytes.addingReportingOverflow(file.content.size)
    if overflows { return false }
    bytes = sum
    fileCount += 1
    return true
  }
}

extension HelmStore {
  /// Lists what is selected, and compares it with what is in a folder.
  /// - Throws: `MagnetError` when nothing is selected, with the nearest names, or the store cannot be listed.
  package func plan(
    _ selection: DownloadSelection, into folder: String, progress: WorkProgress = WorkProgress()
  ) async throws -> DownloadPlan {
    try await HTTPDriver.onItsThread(options) { [self] driver in
      try Downloader(self, selection, folder, limit: 0, progress, driver.waker, approve: nil)
        .plan(driver)
    }
  }

  /// Why a plan is empty.
  func nothingFound(
    _ driver: HTTPDriver, _ plan: DownloadPlan, _ selection: DownloadSelection, _ progress: WorkProgress
  ) throws -> MagnetError {
    var runs: [String] = []
    for source in plan.sources where source.kind == .suite {
      runs += try runEntries(driver, in: [source], isSized: false, progress).map(\.name)
    }
    let place = plan.names.joined(separator: ", ")
    if let selector = selection.runs, !runs.contains(where: selector.matcher()) {
      return missing("run of \(place) that matches", selector.description, among: runs)
    }
    if plan.fileCount == 0, let (name, problem) = plan.refused.first {
      let others = plan.refused.count == 1 ? "" : " (and \(plan.refused.count - 1) more)"
      return MagnetError(
        .invalidData, "\(problem); no file that is selected is left", at: printable(name) + others)
    }
    let files = selection.files.map { " named \($0)" } ?? ""
    return MagnetError(.notFound, "the runs selected of \(place) have no files\(files)")
  }
}
