import Magnet

/// The results that HELM's authors publish, or a mirror of them: `BENCHMARK/benchmark_output/runs/VERSION/RUN/FILE`.
public struct HelmStore: Sendable {
  /// A name in the store, with what lies below it.
  public struct Entry: Sendable {
    public let name: String
    /// Nil when they were not counted.
    public var files: Int?
    /// Stored bytes; nil when they were not counted.
    public var bytes: Int?

    public init(name: String, files: Int? = nil, bytes: Int? = nil) {
      self.name = name
      self.files = files
      self.bytes = bytes
    }

    fileprivate mutating func add(_ object: StoredObject) {
      files = (files ?? 0) + 1
      bytes = (bytes ?? 0) + object.content.size
    }
  }

  let objects: any ObjectStore
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
  public init(_ address: StoreAddress) { objects = GoogleStore(address: address) }

  var options: HTTPOptions {
    var options = HTTPOptions()
    // Few enough that each gets a rate that is no stall.
    options.jobs = bandwidth.map { max(1, min(jobs ?? 256, $0 / 16384)) } ?? jobs
    options.attempts = attempts
    options.bandwidth = bandwidth
    options.stallSeconds = stallSeconds
    options.allowsPlainLoopback = HTTPAddress.isLoopback(objects.endpoint)
    return options
  }

  /// The benchmarks there are, in order of their names.
  public func benchmarks(progress: DownloadProgress = DownloadProgress()) async throws -> [String] {
    try await HTTPDriver.onItsThread(options) { [self] in try benchmarks($0, progress) }
  }

  /// The versions of a benchmark, lowest first.
  /// - Throws: `MagnetError` when there is no such benchmark.
  public func versions(
    of benchmark: String, progress: DownloadProgress = DownloadProgress()
  ) async throws -> [String] {
    try await HTTPDriver.onItsThread(options) { [self] in try versions($0, of: benchmark, progress) }
  }

  /// The runs of a version, in order of their names.
  /// - Throws: `MagnetError` when there is no such version.
  public func runs(
    of benchmark: String, version: String, progress: DownloadProgress = DownloadProgress()
  ) async throws -> [String] {
    try await HTTPDriver.onItsThread(options) { [self] in
      try runs($0, of: benchmark, version: version, progress)
    }
  }

  /// The runs of a version with the sizes of all in them: a request for each thousand objects.
  /// - Throws: `MagnetError` when there is no such version.
  public func runSizes(
    of benchmark: String, version: String, progress: DownloadProgress = DownloadProgress()
  ) async throws -> [Entry] {
    try await HTTPDriver.onItsThread(options) { [self] driver in
      let names = try runs(driver, of: benchmark, version: version, progress)
      var entries = Dictionary(names.map { ($0, Entry(name: $0, files: 0, bytes: 0)) }) { $1 }
      let prefix = Self.runs(benchmark) + version + "/"
      try list(driver, [prefix], folders: false, progress) { _, object in
        let rest = object.name.utf8.dropFirst(prefix.utf8.count)
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")), let name = String(rest[..<slash]) else {
          return
        }
        entries[name]?.add(object)
      }
      return names.compactMap { entries[$0] }
    }
  }

  /// The versions of a benchmark, or the benchmarks, with the sizes of all runs in them: every object is listed for it,
  /// a request for each thousand, several at once.
  /// - Throws: `MagnetError` when there is no such benchmark.
  public func sizes(
    of benchmark: String? = nil, progress: DownloadProgress = DownloadProgress()
  ) async throws -> [Entry] {
    try await HTTPDriver.onItsThread(options) { [self] driver in
      let names =
        try benchmark.map { try versions(driver, of: $0, progress) } ?? benchmarks(driver, progress)
      var entries = names.map { Entry(name: $0, files: 0, bytes: 0) }
      let prefixes = names.map { name in benchmark.map { Self.runs($0) + name + "/" } ?? Self.runs(name) }
      try list(driver, prefixes, folders: false, progress) { place, object in entries[place].add(object) }
      return entries
    }
  }

  /// What a name that is not there could have been.
  func missing(_ what: String, _ name: String, among names: [String]) -> MagnetError {
    let nearest = nearestNames(to: name, among: names)
    return MagnetError(
      .notFound,
      "there is no \(what) \(name) in \(objects.name); "
        + (nearest.isEmpty ? "there is none at all" : "near it: \(nearest.joined(separator: ", "))"))
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
    let folders = try list(driver, [prefix], folders: true, progress) { _, _ in }
    return folders.map { String(decoding: $0.utf8.dropFirst(prefix.utf8.count).dropLast(), as: UTF8.self) }
      .filter(Self.isSafe)
  }

  /// Lists what is below prefixes, to the end, all at once.
  /// - Parameter each: called with the number of the prefix and each object.
  /// - Returns: the folders, when those are listed.
  @discardableResult
  private func list(
    _ driver: HTTPDriver, _ prefixes: [String], folders: Bool, _ progress: DownloadProgress,
    each: @escaping (Int, StoredObject) -> Void
  ) throws -> Set<String> {
    let listings = prefixes.enumerated().map { place, prefix in
      ListingTransfer(
        objects, prefix: prefix, folders: folders, retries: attempts, progress: progress
      ) { _, event in
        switch event {
        case .page(let objects): for object in objects { each(place, object) }
        case .failed(let error): throw error
        }
        return true
      }
    }
    try driver.run(TransferList(listings, progress: progress))
    return listings.reduce(into: []) { $0.formUnion($1.folders) }
  }
}
