import Magnet

/// The results that HELM's authors publish, or a mirror of them: `BENCHMARK/benchmark_output/runs/VERSION/RUN/FILE`.
public struct HelmStore: Sendable {
  /// A name in the store, with what lies below it.
  public struct Entry: Sendable {
    public let name: String
    public var files = 0
    /// Stored bytes.
    public var bytes = 0

    /// A name of which no sizes are known yet.
    public init(name: String) { self.name = name }
  }

  let address: StoreAddress
  /// How many transfers go on at once; nil for as many as the server's delay makes useful, from 16 to 256.
  public var jobs: Int?
  /// The most bytes a second, all together; nil without limit.
  public var bandwidth: Int?
  /// The attempts for each request that may bring nothing.
  public var attempts = 8
  /// The seconds with less than 1 kB/s after which a connection is given up. So that links that are slow themselves can
  /// be used, fewer transfers go on at once after it.
  public var stallSeconds = 30

  /// A store at an address.
  public init(_ address: StoreAddress) { self.address = address }

  var options: HTTPOptions {
    var options = HTTPOptions()
    // Few enough that each gets a rate that is no stall.
    options.jobs = bandwidth.map { max(1, min(jobs ?? 256, $0 / 16384)) } ?? jobs
    options.attempts = attempts
    options.bandwidth = bandwidth
    options.stallSeconds = stallSeconds
    options.allowsPlainLoopback = address.isLoopback
    return options
  }

  /// The benchmarks there are, in order of their names.
  public func benchmarks(progress: DownloadProgress = DownloadProgress()) async throws -> [String] {
    try await HTTPDriver.onItsThread(options) { [self] in try benchmarks($0, progress) }
  }

  /// The versions of a benchmark, lowest first.
  /// - Throws: `DownloadError` when there is no such benchmark.
  public func versions(
    of benchmark: String, progress: DownloadProgress = DownloadProgress()
  ) async throws -> [String] {
    try await HTTPDriver.onItsThread(options) { [self] in try versions($0, of: benchmark, progress) }
  }

  /// The runs of a version, in order of their names.
  /// - Throws: `DownloadError` when there is no such version.
  public func runs(
    of benchmark: String, version: String, progress: DownloadProgress = DownloadProgress()
  ) async throws -> [String] {
    try await HTTPDriver.onItsThread(options) { [self] in
      try runs($0, of: benchmark, version: version, progress)
    }
  }

  /// The benchmarks, the versions of a benchmark or the runs of a version, with the sizes of all in them. Every object
  /// is listed for it: a request for each thousand.
  public func sizes(
    of benchmark: String? = nil, version: String? = nil, progress: DownloadProgress = DownloadProgress()
  ) async throws -> [Entry] {
    let prefix = benchmark.map { Self.runs($0) + (version.map { $0 + "/" } ?? "") } ?? ""
    let entries = try await HTTPDriver.onItsThread(options) { [self] driver in
      var entries: [String: Entry] = [:]
      try list(driver, prefix, folders: false, progress) { object in
        let rest = object.name.utf8.dropFirst(prefix.utf8.count)
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")), let name = String(rest[..<slash]),
          Self.isSafe(name)
        else { return }
        entries[name, default: Entry(name: name)].files += 1
        entries[name]?.bytes += object.content.size
      }
      return Array(entries.values)
    }
    return entries.sorted { codePointOrder($0.name, $1.name) }
  }

  /// What a name that is not there could have been.
  func missing(_ what: String, _ name: String, among names: [String]) -> DownloadError {
    let nearest = nearestNames(to: name, among: names)
    return DownloadError(
      "there is no \(what) \(name) in \(address.bucket); "
        + (nearest.isEmpty ? "there is none at all" : "near it: \(nearest.joined(separator: ", "))"),
      isNothingFound: true)
  }

  static func runs(_ benchmark: String) -> String { "\(benchmark)/benchmark_output/runs/" }

  /// Whether a name can be one of a file or folder: not empty, `.` or `..`, no control characters, no slash.
  static func isSafe(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 200
      && !name.unicodeScalars.contains {
        $0.value < 0x20 || $0.value == 0x2F || (0x7F..<0xA0).contains($0.value)
      }
  }

  // The same on a driver's thread.

  func benchmarks(_ driver: HTTPDriver, _ progress: DownloadProgress) throws -> [String] {
    try names(driver, below: "", progress).sorted(by: codePointOrder)
  }

  func versions(_ driver: HTTPDriver, of benchmark: String, _ progress: DownloadProgress) throws -> [String] {
    let versions = try names(driver, below: Self.runs(benchmark), progress)
    if versions.isEmpty { throw missing("benchmark", benchmark, among: try benchmarks(driver, progress)) }
    return versions.sorted { VersionOrder($0) < VersionOrder($1) }
  }

  func runs(
    _ driver: HTTPDriver, of benchmark: String, version: String, _ progress: DownloadProgress
  ) throws -> [String] {
    let runs = try names(driver, below: Self.runs(benchmark) + version + "/", progress)
    if runs.isEmpty {
      throw missing(
        "version of \(benchmark)", version, among: try versions(driver, of: benchmark, progress))
    }
    return runs.sorted(by: codePointOrder)
  }

  private func names(
    _ driver: HTTPDriver, below prefix: String, _ progress: DownloadProgress
  ) throws -> [String] {
    try list(driver, prefix, folders: true, progress) { _ in }
      .map { String(decoding: $0.utf8.dropFirst(prefix.utf8.count).dropLast(), as: UTF8.self) }
      .filter(Self.isSafe)
  }

  /// Lists what is below a prefix, to the end.
  /// - Returns: the folders, when those are listed.
  @discardableResult
  private func list(
    _ driver: HTTPDriver, _ prefix: String, folders: Bool, _ progress: DownloadProgress,
    each: @escaping (StoredObject) -> Void
  ) throws -> Set<String> {
    let listing = ListingTransfer(
      address, prefix: prefix, folders: folders, retries: attempts, progress: progress
    ) { _, event in
      switch event {
      case .page(let objects): objects.forEach(each)
      case .failed(let error): throw error
      }
      return true
    }
    try driver.run(TransferList([listing], progress: progress))
    return listing.folders
  }
}
