package import Magnet

/// The results that HELM's authors publish, or a mirror of them: `BENCHMARK/benchmark_output/runs/VERSION/RUN/FILE`.
package struct HelmStore: Sendable {
  /// A name in the store, with what lies below it.
  package struct Entry: Sendable {
    package let name: String
    /// Nil when they were not counted.
    package var files: Int?
    /// Stored bytes; nil when they were not counted.
    package var bytes: Int?

    package init(name: String, files: Int? = nil, bytes: Int? = nil) {
      self.name = name
      self.files = files
      self.bytes = bytes
    }

    fileprivate mutating func add(_ object: StoredObject) throws {
      let (sum, overflows) = (bytes ?? 0).addingReportingOverflow(object.content.size)
      guard !overflows, object.content.size <= SourceListing.sizeLimit else {
        throw MagnetError(.invalidData, "its listed size is impossible", at: object.name)
      }
      files = (files ?? 0) + 1
      bytes = sum
    }
  }

  let objects: any ObjectStore
  /// How many transfers go on at once; nil for as many as the server's delay makes useful, from 16 to 256.
  package var jobs: Int?
  /// The most bytes a second, all together; nil without limit.
  package var bandwidth: Int?
  /// The attempts for each request that may bring nothing.
  package var attempts = 8
  /// The seconds with less than 1 kB/s after which a connection is given up. So that links that are slow themselves can
  /// be used, fewer transfers go on at once after it.
  package var stallSeconds = 30

  /// A store at an address.
  package init(_ address: StoreAddress) { objects = GoogleStore(address: address) }

  var options: HTTPOptions {
    var options = HTTPOptions()
    // Few enough that each gets a rate that is not a stall.
    options.jobs = bandwidth.map { max(1, min(jobs ?? 256, $0 / 16384)) } ?? jobs
    options.attempts = attempts
    options.bandwidth = bandwidth
    options.stallSeconds = stallSeconds
    options.allowsPlainLoopback = HTTPAddress.isLoopback(objects.endpoint)
    return options
  }

  /// The benchmarks, in order of their names.
  package func benchmarks(progress: WorkProgress = WorkProgress()) async throws -> [String] {
    try await HTTPDriver.onItsThread(options) { [self] in try benchmarks($0, progress) }
  }

  /// The releases of a benchmark, lowest first; none for benchmarks without releases.
  /// - Throws: `MagnetError` when there is no such benchmark.
  package func releases(
    of benchmark: String, progress: WorkProgress = WorkProgress()
  ) async throws -> [String] {
    try await HTTPDriver.onItsThread(options) { [self] driver in
      let releases = try releases(driver, of: benchmark, progress)
      if releases.isEmpty { _ = try suites(driver, of: benchmark, progress) }
      return releases
    }
  }

  /// The suites of a benchmark, lowest first.
  /// - Throws: `MagnetError` when there is no such benchmark.
  package func suites(
    of benchmark: String, progress: WorkProgress = WorkProgress()
  ) async throws -> [String] {
    try await HTTPDriver.onItsThread(options) { [self] in try suites($0, of: benchmark, progress) }
  }

  /// The runs of a release or suite, in order of their names.
  /// - Parameter isSized: whether their files and bytes are counted: a request for each thousand objects.
  /// - Throws: `MagnetError` when there is no such release or suite.
  package func runs(
    of benchmark: String, in scope: DownloadSelection.Scope = .releases(nil), isSized: Bool = false,
    progress: WorkProgress = WorkProgress()
  ) async throws -> [Entry] {
    try await HTTPDriver.onItsThread(options) { [self] driver in
      let sources = try resolve(driver, scope, of: benchmark, progress).flatMap(\.sources)
      return try runEntries(driver, in: sources, isSized: isSized, progress)
    }
  }

  /// The suites of a benchmark, or the benchmarks, with the sizes of all runs in them: every object is listed for it,
  /// a request for each thousand, several at once.
  /// - Throws: `MagnetError` when there is no such benchmark.
  package func sizes(
    of benchmark: String? = nil, progress: WorkProgress = WorkProgress()
  ) async throws -> [Entry] {
    try await HTTPDriver.onItsThread(options) { [self] driver in
      let names = try benchmark.map { try suites(driver, of: $0, progress) } ?? benchmarks(driver, progress)
      var entries = names.map { Entry(name: $0, files: 0, bytes: 0) }
      let prefixes = names.map { name in benchmark.map { Self.runs($0) + name + "/" } ?? Self.runs(name) }
      try list(driver, prefixes, folders: false, progress) { try entries[$0].add($1) }
      return entries
    }
  }

  /// What a name that does not exist could have been.
  func missing(_ what: String, _ name: String, among names: [String]) -> MagnetError {
    let nearest = nearestNames(to: name, among: names)
    return MagnetError(
      .notFound, "no \(what) \(printable(name)) in \(objects.name)",
      advice: nearest.isEmpty ? "it has none" : "did you mean \(nearest.joined(separator: ", "))?")
  }

  static func runs(_ benchmark: String) -> String { "\(benchmark)/benchmark_output/runs/" }

  /// Whether a name can be one of a file or folder: not empty, `.` or `..`, no control characters, no slash, no more
  /// than 255 bytes.
  static func isSafe(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
      && !name.unicodeScalars.contains {
        $0.value < 0x20 || $0.value == 0x2F || (0x7F..<0xA0).contains($0.value)
      }
  }
}

// The same on a driver's thread.
extension HelmStore {
  func benchmarks(_ driver: HTTPDriver, _ progress: WorkProgress) throws -> [String] {
    try names(driver, below: "", progress).sorted(by: codePointOrder)
  }

  func releases(_ driver: HTTPDriver, of benchmark: String, _ progress: WorkProgress) throws -> [String] {
    try names(driver, below: "\(benchmark)/benchmark_output/releases/", progress)
      .sorted { VersionOrder($0) < VersionOrder($1) }
  }

  func suites(_ driver: HTTPDriver, of benchmark: String, _ progress: WorkProgress) throws -> [String] {
    let suites = try names(driver, below: Self.runs(benchmark), progress)
    if suites.isEmpty { throw missing("benchmark", benchmark, among: try benchmarks(driver, progress)) }
    return suites.sorted { VersionOrder($0) < VersionOrder($1) }
  }

  /// The runs in some sources, in order of their names. Folders whose names do not look like those of runs are runs when
  /// they hold a run's files.
  func runEntries(
    _ driver: HTTPDriver, in sources: [DownloadSource], isSized: Bool, _ progress: WorkProgress
  ) throws -> [Entry] {
    var entries: [Entry] = []
    for source in sources where source.kind == .suite {
      let names = try names(driver, below: source.root, progress).filter { source.runs?.contains($0) ?? true }
      let odd = names.filter { !$0.contains(":") }
      var isRun = [Bool](repeating: false, count: odd.count)
      let files = Set(SourceListing.runFiles.flatMap { [$0, $0 + ".gz"] })
      try list(driver, odd.map { source.root + $0 + "/" }, folders: false, isFirstPageEnough: true, progress)
      {
        place, object in
        let name = object.name.utf8.dropFirst(source.root.utf8.count + odd[place].utf8.count + 1)
        if let name = String(name), files.contains(name) { isRun[place] = true }
      }
      let others = Set(zip(odd, isRun).filter { !$1 }.map { $0.0 })
      var runs = names.filter { !others.contains($0) }.map { Entry(name: $0) }
      if isSized { try addSizes(driver, to: &runs, in: source, progress) }
      entries += runs
    }
    return entries.sorted { codePointOrder($0.name, $1.name) }
  }

  private func addSizes(
    _ driver: HTTPDriver, to runs: inout [Entry], in source: DownloadSource, _ progress: WorkProgress
  ) throws {
    var entries = Dictionary(runs.map { ($0.name, Entry(name: $0.name, files: 0, bytes: 0)) }) { $1 }
    try list(driver, [source.root], folders: false, progress) { _, object in
      let rest = object.name.utf8.dropFirst(source.root.utf8.count)
      guard let slash = rest.firstIndex(of: UInt8(ascii: "/")), let name = String(rest[..<slash]) else {
        return
      }
      try entries[name]?.add(object)
    }
    runs = runs.map { entries[$0.name] ?? $0 }
  }

  private func names(
    _ driver: HTTPDriver, below prefix: String, _ progress: WorkProgress
  ) throws -> [String] {
    let folders = try list(driver, [prefix], folders: true, progress) { _, _ in }
    return folders.map { String(decoding: $0.utf8.dropFirst(prefix.utf8.count).dropLast(), as: UTF8.self) }
      .filter { !$0.isEmpty }
  }

  /// Lists what is below prefixes, all at once.
  /// - Parameters:
  ///   - isFirstPageEnough: whether the listings end after a page each.
  ///   - each: called with the number of the prefix and each object.
  /// - Returns: the folders, when those are listed.
  @discardableResult
  func list(
    _ driver: HTTPDriver, _ prefixes: [String], folders: Bool, isFirstPageEnough: Bool = false,
    _ progress: WorkProgress, each: @escaping (Int, StoredObject) throws -> Void
  ) throws -> Set<String> {
    let listings = prefixes.enumerated().map { place, prefix in
      ListingTransfer(
        objects, prefix: prefix, folders: folders, retries: attempts, progress: progress
      ) { _, event in
        switch event {
        case .page(let objects): for object in objects { try each(place, object) }
        case .failed(let error): throw error
        }
        return !isFirstPageEnough
      }
    }
    try driver.run(TransferList(listings))
    return listings.reduce(into: []) { $0.formUnion($1.folders) }
  }
}
