package import Magnet

/// What a download did.
package struct DownloadReport: Sendable {
  /// Files fetched, and files that were there.
  package internal(set) var fetched = 0
  package internal(set) var present = 0
  /// Files that could not be had, and why.
  package internal(set) var failures: [DataFault] = []
  /// Whether it was stopped before its end.
  package internal(set) var wasStopped = false
  /// Whether the plan was not approved.
  package internal(set) var wasDeclined = false
  /// Why it ended early: a full disk, a listing that broke off, a server that is too slow.
  package internal(set) var ending: String?
  /// Files of which the store states no checksum: only their sizes were checked.
  package internal(set) var unchecked = 0
}

extension HelmStore {
  /// Downloads what is selected. Files appear under their names whole and checked, or not at all; what is there and
  /// unchanged is not fetched again, what was begun is resumed.
  ///
  /// Files come while later pages are still being listed, as long as what was listed so far is no more than `limit` and
  /// has room on the disk; past that no further file is begun before the plan is approved.
  /// - Parameters:
  ///   - limit: bytes to come that need no approval; nil for any number.
  ///   - approve: called once, with the whole plan; with the plan so far when 100,000 files wait for it. False ends
  ///     the download. What was finished stays.
  /// - Returns: what was done. When the task is cancelled, even while the store is still being listed, `wasStopped` is
  ///   true, and the same call resumes.
  /// - Throws: `MagnetError` when it cannot begin: nothing is selected, the store cannot be listed, the folder cannot be
  ///   written or another download holds it.
  package func download(
    _ selection: DownloadSelection, into folder: String, limit: Int? = nil, progress: WorkProgress,
    approve: @escaping @Sendable (DownloadPlan) -> Bool
  ) async throws -> DownloadReport {
    do {
      return try await HTTPDriver.onItsThread(options) { [self] driver in
        try Downloader(self, selection, folder, limit: limit, progress, driver.waker, approve: approve)
          .run(driver)
      }
    } catch is CancellationError {
      // Before the driver had a thread.
      var report = DownloadReport()
      report.wasStopped = true
      return report
    }
  }
}

/// A download under way; lives on the driver's thread.
final class Downloader: HTTPWork {
  /// So many files are kept in mind at most; then the listing waits.
  private static let queueLimit = 100_000

  let store: HelmStore
  let selection: DownloadSelection
  let folder: String
  private let limit: Int?
  let progress: WorkProgress
  let waker: HTTPWaker
  let approve: ((DownloadPlan) -> Bool)?
  /// Enough that the disk can write many files at once: they mostly wait for it.
  let pool = ThreadPool(count: 16)
  let inbox = Inbox<(number: Int, outcome: FileFinish.Outcome)>()
  private let stage = WriteStage()
  var plan = DownloadPlan()
  private var isApproved = false
  var manifests: [ManifestWriter?] = []
  var presences: [FilePresence?] = []
  /// Listings that go on when there is room for what they bring, the next one last.
  var listings: [ListingTransfer] = []
  var openListings = 0
  /// Objects that came out of order: looked at when all else is done.
  var late: [(source: SourceListing, object: StoredObject)] = []
  var waiting = FileQueue()
  var number = 0
  /// Files that are on their way, finished, checked or to be begun again.
  var openFiles = 0
  /// Files whose stored bytes are there and that are being finished, by number.
  private var finishing: [Int: FileTransfer] = [:]
  /// Files that were there and are being read, by number.
  var checking: [Int: PlannedFile] = [:]
  /// Files to begin again, and when.
  private var again: [(due: ContinuousClock.Instant, transfer: FileTransfer)] = []
  /// How often each object was listed again.
  var relisted: [String: Int] = [:]
  var report = DownloadReport()

  /// - Parameter approve: nil to plan only.
  init(
    _ store: HelmStore, _ selection: DownloadSelection, _ folder: String, limit: Int?,
    _ progress: WorkProgress, _ waker: HTTPWaker, approve: ((DownloadPlan) -> Bool)?
  ) {
    self.store = store
    self.selection = selection
    self.folder = folder
    self.limit = limit
    self.progress = progress
    self.waker = waker
    self.approve = approve
  }

  func plan(_ driver: HTTPDriver) throws -> DownloadPlan {
    try begin(driver)
    try driver.run(self)
    if let problem = report.ending { throw MagnetError(.network, problem) }
    if selectsNothing { throw try store.nothingFound(driver, plan, selection, progress) }
    plan.isComplete = true
    return plan
  }

  /// Whether nothing is selected, as far as is listed: no file, or no run where runs were named.
  private var selectsNothing: Bool {
    plan.fileCount == 0 || matchesNoRun && plan.missingRuns.isEmpty
  }

  /// Whether runs were named and, as far as is listed, none matches.
  private var matchesNoRun: Bool { selection.runs != nil && plan.matchedCount == 0 }

  func run(_ driver: HTTPDriver) throws -> DownloadReport {
    let ending = Result {
      try begin(driver)
      try driver.run(self)
    }
    // The threads hold the waker, which must not outlive the driver.
    pool.wait()
    let rest = Result {
      for (number, outcome) in inbox.takeAll() {
        if case .done(let entry) = outcome { try settle(number, entry) }
      }
    }
    for manifest in manifests { manifest?.sync() }
    do {
      try ending.get()
      try rest.get()
    } catch is CancellationError {
      report.wasStopped = true
    } catch is NothingSelected {
    } catch is DownloadDeclined {
      report.wasDeclined = true
    } catch let full as DiskFull {
      report.ending =
        "\(full.path): the disk is full; make room and run the command again, it resumes"
    } catch let slow as HTTPTooSlow {
      report.ending = "\(slow.description); try again later, the same command resumes"
    }
    if selectsNothing, !report.wasStopped, report.ending == nil {
      throw try store.nothingFound(driver, plan, selection, progress)
    }
    for (name, problem) in plan.refused {
      report.failures.append(.init(file: printable(name), problem: "\(problem); it is left out"))
    }
    for name in plan.missingRuns {
      report.failures.append(
        .init(file: printable(name), problem: "the release names this run, the store does not hold it"))
    }
    if report.fetched + report.present == 0, report.failures.isEmpty, let ending = report.ending {
      throw MagnetError(.network, ending)
    }
    return report
  }

  /// Whether files have to wait for approval, or for the first run that matches.
  private var isHeld: Bool {
    !isApproved && (matchesNoRun || plan.missingBytes > min(limit ?? .max, plan.freeSpace ?? .max))
  }

  var isEmpty: Bool {
    again.isEmpty && (waiting.count == 0 || isHeld) && (listings.isEmpty || waiting.count >= Self.queueLimit)
  }

  func next() -> (any HTTPTransfer)? {
    if waiting.count < Self.queueLimit, let listing = listings.popLast() { return listing }
    // Disks that are slower than the network are waited for.
    guard finishing.count < 256 else { return nil }
    if let first = again.firstIndex(where: { $0.due <= .now }) { return again.remove(at: first).transfer }
    guard !isHeld, let file = waiting.next() else { return nil }
    openFiles += 1
    return transfer(file)
  }

  private func transfer(_ file: PlannedFile) -> FileTransfer {
    let source = plan.sources[file.run.source]
    number += 1
    return FileTransfer(
      file, number: number, name: source.root + file.objectPath,
      path: source.folder(in: folder) + "/" + file.path, store: store, stage: stage, progress: progress
    ) { [unowned self] transfer, end in concluded(transfer, end) }
  }

  func turn() throws -> Bool {
    try Task.checkCancellation()
    progress.count { $0.isListing = openListings > 0 }
    for (number, outcome) in inbox.takeAll() {
      if let file = checking.removeValue(forKey: number) {
        try settle(file, outcome)
        continue
      }
      switch outcome {
      case .done(let entry): try settle(number, entry)
      case .diskFull(let path): throw DiskFull(path: path)
      case .failed(let problem): fail(number, problem)
      case .wrong:
        guard let transfer = finishing.removeValue(forKey: number) else { continue }
        if let delay = transfer.restart() {
          again.append((.now + .seconds(delay), transfer))
        } else {
          fail(transfer, "what comes has another checksum than listed, \(store.attempts) times")
        }
      }
    }
    if checking.isEmpty, openListings == 0 || isHeld && waiting.count >= Self.queueLimit {
      try seekApproval()
      if openListings == 0, openFiles == 0, waiting.count == 0 { try addLate() }
    }
    return !finishing.isEmpty || !checking.isEmpty || !again.isEmpty
  }

  private func seekApproval() throws {
    guard !isApproved, plan.fileCount > 0, let approve else { return }
    plan.isComplete = openListings == 0
    if plan.isComplete, selectsNothing { throw NothingSelected() }
    guard approve(plan) else { throw DownloadDeclined() }
    isApproved = true
  }

  private func concluded(_ transfer: FileTransfer, _ end: FileTransfer.End) {
    switch end {
    case .failed(let problem): fail(transfer, problem)
    case .changed: listAgain(transfer)
    case .whole(let sum):
      let finish = FileFinish(
        number: transfer.number, file: transfer.file, path: transfer.path, partPath: transfer.partPath,
        sum: sum)
      finishing[transfer.number] = transfer
      pool.start(transfer.number) { [inbox, waker] in
        inbox.put((finish.number, finish.outcome()))
        waker.wake()
      }
    }
  }

  /// A file has its name: the manifest says so, and then its stored bytes are no longer needed.
  private func settle(_ number: Int, _ entry: Manifest.Entry) throws {
    guard let transfer = finishing.removeValue(forKey: number) else { return }
    let source = transfer.file.run.source
    try manifests[source]?.add(entry, to: plan.sources[source].folder(in: folder))
    if transfer.file.isInflated { Files.remove(transfer.partPath) }
    openFiles -= 1
    report.fetched += 1
    progress.advance()
  }

  private func fail(_ number: Int, _ problem: String) {
    if let transfer = finishing.removeValue(forKey: number) { fail(transfer, problem) }
  }

  func fail(_ transfer: FileTransfer, _ problem: String) {
    openFiles -= 1
    report.failures.append(.init(file: transfer.name, problem: problem))
    progress.count { $0.failures += 1 }
  }
}

/// The whole plan selects nothing.
private struct NothingSelected: Error {}
/// The plan was not approved.
private struct DownloadDeclined: Error {}
