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
  /// How many transfers go on at once.
  public var jobs = 96
  /// The most bytes a second, all together; nil without limit.
  public var bandwidth: Int?
  /// The attempts for each request that may bring nothing.
  public var attempts = 8
  /// The seconds without bytes after which a connection is given up.
  public var stallSeconds = 30

  /// A store at an address.
  public init(_ address: StoreAddress) { self.address = address }

  var options: HTTPOptions {
    var options = HTTPOptions()
    // Few enough that each gets a rate that is no stall.
    options.jobs = bandwidth.map { max(1, min(jobs, $0 / 16384)) } ?? max(1, jobs)
    options.bandwidth = bandwidth
    options.stallSeconds = stallSeconds
    options.allowsPlainLoopback = address.isLoopback
    return options
  }

  /// The benchmarks there are, in order of their names.
  public func benchmarks(progress: DownloadProgress = DownloadProgress()) async throws -> [String] {
    try await names(below: "", progress: progress).sorted(by: codePointOrder)
  }

  /// The versions of a benchmark, lowest first.
  /// - Throws: `DownloadError` when there is no such benchmark.
  public func versions(
    of benchmark: String, progress: DownloadProgress = DownloadProgress()
  ) async throws -> [String] {
    let versions = try await names(below: Self.runs(benchmark), progress: progress)
    if versions.isEmpty {
      throw missing("benchmark", benchmark, among: try await benchmarks(progress: progress))
    }
    return versions.sorted { VersionOrder($0) < VersionOrder($1) }
  }

  /// The runs of a version, in order of their names.
  /// - Throws: `DownloadError` when there is no such version.
  public func runs(
    of benchmark: String, version: String, progress: DownloadProgress = DownloadProgress()
  ) async throws -> [String] {
    let runs = try await names(below: Self.runs(benchmark) + version + "/", progress: progress)
    if runs.isEmpty {
      throw missing(
        "version of \(benchmark)", version, among: try await versions(of: benchmark, progress: progress))
    }
    return runs.sorted(by: codePointOrder)
  }

  /// The folders below a version, or the versions of a benchmark, with the sizes of all in them.
  public func sizes(
    of benchmark: String, version: String? = nil, progress: DownloadProgress = DownloadProgress()
  ) async throws -> [Entry] {
    let prefix = Self.runs(benchmark) + (version.map { $0 + "/" } ?? "")
    let entries = try await HTTPDriver.onItsThread(options) { [self] driver in
      var entries: [String: Entry] = [:]
      try list(driver, [prefix], progress) { object in
        let parts = object.name.dropFirst(prefix.count).split(separator: "/", maxSplits: 1)
        guard parts.count == 2, Self.isSafe(String(parts[0])) else { return }
        entries[String(parts[0]), default: Entry(name: String(parts[0]))].files += 1
        entries[String(parts[0])]?.bytes += object.size
      }
      return Array(entries.values)
    }
    return entries.sorted { codePointOrder($0.name, $1.name) }
  }

  /// Lists the objects below prefixes, all at once.
  func list(
    _ driver: HTTPDriver, _ prefixes: [String], _ progress: DownloadProgress,
    each: @escaping (StoredObject) -> Void
  ) throws {
    let transfers = prefixes.map {
      ListingTransfer(address, prefix: $0, folders: false, retries: attempts, progress: progress, each: each)
    }
    try driver.run(TransferList(transfers, progress: progress))
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

  private func names(below prefix: String, progress: DownloadProgress) async throws -> [String] {
    try await HTTPDriver.onItsThread(options) { [self] driver in
      let listing = ListingTransfer(
        address, prefix: prefix, folders: true, retries: attempts, progress: progress)
      try driver.run(TransferList([listing], progress: progress))
      return listing.folders.map { String($0.dropFirst(prefix.count).dropLast()) }.filter(Self.isSafe)
    }
  }
}
