/// What a download did.
public struct DownloadReport: Sendable {
  /// A file that could not be had, and why.
  public struct Failure: Sendable {
    public let file: String
    public let problem: String
  }

  /// Files fetched, and files that were there.
  public internal(set) var fetched = 0
  public internal(set) var present = 0
  public internal(set) var failures: [Failure] = []
  /// Whether it was stopped before its end.
  public internal(set) var wasStopped = false
  /// Why it ended early: a full disk.
  public internal(set) var ending: String?
  /// Files of which the store states no checksum: only their sizes were checked.
  public internal(set) var unchecked = 0
}

extension HelmStore {
  /// Downloads what a plan holds. Files appear under their names whole and checked, or not at all; what is there and
  /// unchanged is not fetched again, what was begun is resumed.
  /// - Throws: `DownloadError` when it cannot begin: a folder that cannot be written or that another download holds.
  public func download(_ plan: DownloadPlan, progress: DownloadProgress) async throws -> DownloadReport {
    try await HTTPDriver.onItsThread(options) { [self] driver in
      try Downloader(self, plan, progress, driver.waker).run(driver)
    }
  }
}

/// A download under way; lives on the driver's thread.
private final class Downloader: HTTPWork {
  private let store: HelmStore
  private let plan: DownloadPlan
  private let progress: DownloadProgress
  private let waker: HTTPWaker
  private let pool = ThreadPool(count: 4)
  private let inbox = Inbox<(number: Int, outcome: FileFinish.Outcome)>()
  private var manifests: [ManifestWriter] = []
  /// The numbers of the files that are still to be begun, the next one last.
  private var waiting: [Int] = []
  /// Files whose stored bytes are there and that are being finished, by number.
  private var finishing: [Int: FileTransfer] = [:]
  /// Files to begin anew, and when.
  private var again: [(due: ContinuousClock.Instant, transfer: FileTransfer)] = []
  private var report = DownloadReport()

  init(_ store: HelmStore, _ plan: DownloadPlan, _ progress: DownloadProgress, _ waker: HTTPWaker) {
    self.store = store
    self.plan = plan
    self.progress = progress
    self.waker = waker
  }

  func run(_ driver: HTTPDriver) throws -> DownloadReport {
    manifests = try plan.versions.map { try ManifestWriter($0.folder) }
    for name in plan.refused {
      report.failures.append(
        .init(file: printable(name), problem: "no file may have this name; it is left out"))
    }
    try skipPresent()
    do {
      try driver.run(self)
    } catch is DownloadStopped {
      report.wasStopped = true
    } catch let full as DiskFull {
      report.ending =
        "\(full.path): the disk is full; make room and run the download again, it goes on from here"
    }
    // The threads hold the waker, which must not outlive the driver.
    pool.wait()
    for (number, outcome) in inbox.takeAll() {
      if case .done(let entry) = outcome { try settle(number, entry) }
    }
    for manifest in manifests { manifest.sync() }
    return report
  }

  /// Sorts the plan's files into those that are there and those to fetch.
  private func skipPresent() throws {
    for (number, version) in plan.versions.enumerated() {
      let entries = Manifest.read(version.folder)
      for (index, file) in plan.files.enumerated() where file.version == number {
        if progress.wasStopped { return }
        switch presence(of: file, in: version.folder, entries[file.path]) {
        case .there:
          report.present += 1
          removeStoredBytes(of: file, in: version.folder)
        case .adopted(let entry):
          try manifests[number].add(entry, to: version.folder)
          report.present += 1
          removeStoredBytes(of: file, in: version.folder)
        case .missing:
          waiting.append(index)
          if file.object.checksum == nil { report.unchecked += 1 }
        }
      }
    }
    waiting.reverse()
    progress.expect(files: waiting.count, bytes: waiting.reduce(0) { $0 + plan.files[$1].object.size })
  }

  /// Removes what a download that was killed after it named a file left beside it.
  private func removeStoredBytes(of file: PlannedFile, in folder: String) {
    if file.isInflated { DiskFile.remove("\(folder)/\(file.path).\(file.object.generation).part") }
  }

  private enum Presence {
    case there
    case adopted(Manifest.Entry)
    case missing
  }

  private func presence(of file: PlannedFile, in folder: String, _ entry: Manifest.Entry?) -> Presence {
    let path = folder + "/" + file.path
    guard let stamp = DiskFile.stamp(path) else { return .missing }
    let object = file.object
    let known = entry.flatMap { $0.isOf(object) ? $0 : nil }
    if known?.local == stamp { return .there }
    // The manifest knows nothing of these bytes: they are read, if they can be told at all.
    guard known.map({ $0.local.size == stamp.size }) ?? (!file.isInflated && object.checksum != nil),
      known != nil || stamp.size == object.size
    else { return .missing }
    var sums = FileSums(for: object.checksum)
    guard (try? DiskFile(path, .read).forEachPiece { sums.add($0) }) != nil else { return .missing }
    let isSame =
      known.map { $0.localCRC32C == sums.crc32c.base64 } ?? (object.checksum?.matches(sums) == true)
    guard isSame else { return .missing }
    return .adopted(
      Manifest.Entry(
        file: file.path, generation: object.generation, storedSize: object.size, checksum: object.checksum,
        local: stamp, localCRC32C: sums.crc32c.base64))
  }

  var isEmpty: Bool { waiting.isEmpty && again.isEmpty }

  func next() -> (any HTTPTransfer)? {
    // Disks that are slower than the network are waited for.
    guard finishing.count < 256 else { return nil }
    if let first = again.firstIndex(where: { $0.due <= .now }) { return again.remove(at: first).transfer }
    guard let number = waiting.popLast() else { return nil }
    let file = plan.files[number]
    return FileTransfer(
      file, number: number, path: plan.versions[file.version].folder + "/" + file.path,
      address: store.address,
      attempts: store.attempts, progress: progress
    ) { [unowned self] transfer, end in concluded(transfer, end) }
  }

  func turn() throws -> Bool {
    if progress.wasStopped { throw DownloadStopped() }
    for (number, outcome) in inbox.takeAll() {
      switch outcome {
      case .done(let entry): try settle(number, entry)
      case .diskFull(let path): throw DiskFull(path: path)
      case .failed(let problem): fail(number, problem)
      case .wrong:
        guard let transfer = finishing.removeValue(forKey: number) else { continue }
        if let delay = transfer.restart() {
          again.append((.now + .seconds(delay), transfer))
        } else {
          fail(number, "what comes has another checksum than listed, \(store.attempts) times")
        }
      }
    }
    return !finishing.isEmpty || !again.isEmpty
  }

  private func concluded(_ transfer: FileTransfer, _ end: FileTransfer.End) {
    switch end {
    case .failed(let problem): fail(transfer.number, problem)
    case .whole(let sums):
      let finish = FileFinish(
        number: transfer.number, file: transfer.file, path: transfer.path, partPath: transfer.partPath,
        sums: sums)
      finishing[transfer.number] = transfer
      pool.start(transfer.number) { [inbox, waker] in
        inbox.put((finish.number, finish.outcome()))
        waker.wake()
      }
    }
  }

  /// A file has its name: the manifest says so, and then its stored bytes are no longer needed.
  private func settle(_ number: Int, _ entry: Manifest.Entry) throws {
    let file = plan.files[number]
    try manifests[file.version].add(entry, to: plan.versions[file.version].folder)
    if file.isInflated, let transfer = finishing[number] { DiskFile.remove(transfer.partPath) }
    finishing[number] = nil
    report.fetched += 1
    progress.countFile()
  }

  private func fail(_ number: Int, _ problem: String) {
    finishing[number] = nil
    report.failures.append(.init(file: plan.files[number].object.name, problem: problem))
    progress.countFailure()
  }
}

/// A name that can be shown: control characters as their code points.
private func printable(_ name: String) -> String {
  name.unicodeScalars.map { scalar in
    scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
      ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
  }.joined()
}
