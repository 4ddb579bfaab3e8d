import Magnet

/// The half of a download that lists: what the store has becomes the files to fetch.
extension Downloader {
  /// Finds the sources and makes their listings.
  func begin(_ driver: HTTPDriver) throws {
    plan = DownloadPlan(try store.resolve(driver, selection, progress))
    plan.freeSpace = Files.freeSpace(folder)
    manifests = plan.sources.map { _ in nil }
    presences = plan.sources.map { _ in nil }
    progress.count { $0.isListing = true }
    for (number, source) in plan.sources.enumerated() {
      for prefix in SourceListing.prefixes(source, selection) {
        let reader = SourceListing(number, source, selection)
        listings.append(
          listing(source.root + prefix) { [unowned self] objects, isLast in
            try add(objects, to: reader)
            if isLast { plan.missingRuns += reader.missingRuns(among: prefix) }
          } whenFailed: { [unowned self] error in
            report.ending = report.ending ?? error.description
          })
      }
    }
    openListings = listings.count
    listings.reverse()
  }

  private func listing(
    _ prefix: String, whenPaged: @escaping ([StoredObject], _ isLast: Bool) throws -> Void,
    whenFailed: @escaping (MagnetError) -> Void
  ) -> ListingTransfer {
    ListingTransfer(
      store.objects, prefix: prefix, folders: false, retries: store.attempts, progress: progress
    ) { [unowned self] listing, event in
      switch event {
      case .page(let objects):
        try whenPaged(objects, listing.isComplete)
        if listing.isComplete { openListings -= 1 } else { listings.append(listing) }
      case .failed(let error):
        openListings -= 1
        whenFailed(error)
      }
      return false
    }
  }

  private func add(_ objects: [StoredObject], to source: SourceListing) throws {
    var files: [PlannedFile] = []
    let runCount = source.runCount
    let matchedCount = source.matchedCount
    for object in objects {
      switch source.read(object) {
      case .file(let file):
        guard plan.add(file) else {
          throw MagnetError(
            .invalidData, "the sizes listed up to this object add up to more than 2^63 bytes",
            at: object.name,
            advice: "is \(store.objects.endpoint) the right server?")
        }
        if try isMissing(file) { files.append(file) }
      case .refused(let problem): plan.refused.append((object.name, problem))
      case .outOfOrder: late.append((source, object))
      case .other: break
      }
    }
    plan.runCount += source.runCount - runCount
    plan.matchedCount += source.matchedCount - matchedCount
    enqueue(files)
  }

  func enqueue(_ files: [PlannedFile]) {
    waiting.add(files)
    progress.expect(files.count, in: .downloading)
    progress.count { $0.totalBytes += files.reduce(0) { $0 + $1.content.size } }
    report.unchecked += files.count { $0.content.crc32c == nil }
  }

  /// Whether a file is to be fetched, as far as can be told now.
  private func isMissing(_ file: PlannedFile) throws -> Bool {
    let presence = try presence(of: file.run.source)
    if approve == nil {
      if presence.isThere(file) { count(present: file) } else { count(missing: file) }
      return false
    }
    switch presence.presence(of: file) {
    case .there:
      presence.tidy(file, keepsPart: false)
      count(present: file)
      report.present += 1
      return false
    case .maybe(let local):
      openFiles += 1
      number += 1
      checking[number] = file
      let check = FileCheck(file: file, path: presence.folder + "/" + file.path, local: local)
      pool.start(number) { [inbox, waker, number] in
        inbox.put((number, check.entry().map { .done($0) } ?? .wrong))
        waker.wake()
      }
      return false
    case .missing:
      presence.tidy(file, keepsPart: true)
      count(missing: file)
      return true
    }
  }

  private func count(present file: PlannedFile) {
    plan.presentCount += 1
    plan.presentBytes += file.content.size
  }

  private func count(missing file: PlannedFile) {
    if file.isInflated { plan.inflatedBytes += file.content.size }
  }

  /// What is there of a source; locks its manifest, unless there is only a plan to make.
  private func presence(of source: Int) throws -> FilePresence {
    if let known = presences[source] { return known }
    let folder = plan.sources[source].folder(in: folder)
    if approve != nil { manifests[source] = try ManifestWriter(folder) }
    let presence = FilePresence(folder)
    presences[source] = presence
    return presence
  }

  /// Objects that were listed twice or in no order: those that are not as they are on the disk by now.
  func addLate() throws {
    let objects = late
    late = []
    if !objects.isEmpty { for source in presences.indices { presences[source] = nil } }
    var files: [PlannedFile] = []
    for (source, object) in objects {
      guard case .file(let file) = source.read(object, anyOrder: true) else { continue }
      if presences[source.number] == nil {
        presences[source.number] = FilePresence(plan.sources[source.number].folder(in: folder))
      }
      if case .there? = presences[source.number]?.presence(of: file) { continue }
      if approve != nil { files.append(file) }
    }
    enqueue(files)
  }

  /// A file that was there was read.
  func settle(_ file: PlannedFile, _ outcome: FileFinish.Outcome) throws {
    openFiles -= 1
    let source = file.run.source
    if case .done(let entry) = outcome {
      try manifests[source]?.add(entry, to: plan.sources[source].folder(in: folder))
      count(present: file)
      report.present += 1
    } else {
      count(missing: file)
      enqueue([file])
    }
    presences[source]?.tidy(file, keepsPart: outcome.isWrong)
  }

  /// The object changed since it was listed: it is listed again, alone, and begun over.
  func listAgain(_ transfer: FileTransfer) {
    transfer.forget()
    relisted[transfer.name, default: 0] += 1
    guard relisted[transfer.name, default: 0] <= 3 else {
      return fail(transfer, "it changes again and again; run the download again")
    }
    let listing = ListingTransfer(
      store.objects, prefix: transfer.name, folders: false, retries: store.attempts, progress: progress
    ) { [unowned self] _, event in
      switch event {
      case .page(let objects):
        // The name itself comes before those that begin with it: one page does.
        let found = objects.first { haveSameBytes($0.name, transfer.name) }
        if let found {
          replace(transfer, found.content)
        } else {
          fail(transfer, "it went from the store since it was listed")
        }
      case .failed(let error): fail(transfer, error.description)
      }
      return false
    }
    listings.append(listing)
  }

  private func replace(_ transfer: FileTransfer, _ found: StoredContent) {
    let old = transfer.file
    if found.version == old.content.version {
      return fail(transfer, "the store lists generation \(found.version) but does not send it")
    }
    Files.remove(transfer.partPath)
    openFiles -= 1
    progress.count { $0.totalBytes += found.size - old.content.size }
    let isInflated = found.isGzip && !selection.keepsCompressed
    waiting.addFirst(PlannedFile(run: old.run, name: old.name, content: found, isInflated: isInflated))
  }
}
