import Magnet

/// A release or suites of a benchmark, as the folders of the store that hold them.
struct ResolvedScope {
  var title: String
  var sources: [DownloadSource]
  /// What was taken where there was nothing better.
  var note: String?
}

/// Which folders of the store are meant. On a driver's thread.
extension HelmStore {
  func resolve(
    _ driver: HTTPDriver, _ selection: DownloadSelection, _ progress: WorkProgress
  ) throws -> [ResolvedScope] {
    var scopes: [ResolvedScope] = []
    for benchmark in try selectedBenchmarks(driver, selection.benchmarks, progress) {
      scopes += try resolve(driver, selection.scope, of: benchmark, progress)
    }
    return scopes
  }

  private func selectedBenchmarks(
    _ driver: HTTPDriver, _ selector: NameSelector, _ progress: WorkProgress
  ) throws -> [String] {
    // Exact names need no listing: whether they exist shows when their releases or suites are listed.
    let exact = selector.exactNames.filter(Self.isSafe)
    if selector.prefixes == exact.sorted(by: codePointOrder) { return exact }
    let all = try benchmarks(driver, progress)
    let chosen = all.filter(selector.matcher())
    if chosen.isEmpty { throw missing("benchmark", selector.description, among: all) }
    return chosen
  }

  func resolve(
    _ driver: HTTPDriver, _ scope: DownloadSelection.Scope, of benchmark: String, _ progress: WorkProgress
  ) throws -> [ResolvedScope] {
    switch scope {
    case .suites(let selector):
      let all = try suites(driver, of: benchmark, progress)
      return try chosen(selector, among: all, what: "suite of \(benchmark)").map { suite in
        ResolvedScope(
          title: "\(benchmark) suite \(suite)",
          sources: [DownloadSource(benchmark: benchmark, kind: .suite, name: suite)])
      }
    case .releases(let selector):
      let all = try releases(driver, of: benchmark, progress)
      if all.isEmpty {
        let suites = try suites(driver, of: benchmark, progress)
        if let selector {
          throw MagnetError(
            .notFound, "\(benchmark) has no releases, so none is \(selector)",
            advice: "--suite selects one of its suites: \(suites.suffix(5).joined(separator: ", "))")
        }
        return try resolve(driver, .suites(nil), of: benchmark, progress).map { scope in
          var scope = scope
          scope.note = "\(benchmark) has no releases; its latest suite is taken"
          return scope
        }
      }
      return try chosen(selector, among: all, what: "release of \(benchmark)").map {
        try release(driver, $0, of: benchmark, progress)
      }
    }
  }

  /// The names that are selected; the latest for no selector: the highest that is not a preview, or the highest where
  /// there are previews alone.
  private func chosen(_ selector: NameSelector?, among all: [String], what: String) throws -> [String] {
    let safe = all.filter(Self.isSafe)
    let latest = safe.last { !VersionOrder($0).isPrerelease } ?? safe.last
    guard let selector else { return latest.map { [$0] } ?? [] }
    var names = all.filter(selector.matcher())
    if selector.exactNames.contains("latest"), let last = latest, !names.contains(last) {
      names.append(last)
    }
    names = names.filter(Self.isSafe)
    if names.isEmpty { throw missing(what, selector.description, among: all) }
    return names
  }

  /// Reads which runs a release consists of: `runs_to_run_suites.json` has each run's suite, `summary.json` the suites.
  private func release(
    _ driver: HTTPDriver, _ release: String, of benchmark: String, _ progress: WorkProgress
  ) throws -> ResolvedScope {
    let source = DownloadSource(benchmark: benchmark, kind: .release, name: release)
    let place = "\(benchmark) \(release)"
    let files = try documents(
      driver, ["summary.json", "runs_to_run_suites.json"].map { source.root + $0 }, progress)
    let (summary, suiteOfRun) = (files[0], files[1])
    var runs: [String: Set<String>] = [:]
    if case .object(let members)? = suiteOfRun {
      for member in members {
        guard let suite = member.value.string else { continue }
        // A run's folder is its name without slashes.
        runs[suite, default: []].insert(String(member.key.map { $0 == "/" ? "_" : $0 }))
      }
    }
    let listed =
      (summary?["suites"]?.elements ?? []).compactMap(\.string)
      + [summary?["suite"]?.string].compactMap(\.self)
    let names = runs.isEmpty ? listed : Array(runs.keys)
    let suites = Set(names.filter(Self.isSafe)).sorted { VersionOrder($0) < VersionOrder($1) }
    guard !suites.isEmpty else {
      throw MagnetError(
        .invalidData, "the release does not say which suites it consists of", at: place,
        advice: "--suite selects suites by name")
    }
    return ResolvedScope(
      title: "\(place) (\(suites.count == 1 ? "suite" : "suites") \(suites.joined(separator: ", ")))",
      sources: [source]
        + suites.map {
          DownloadSource(
            benchmark: benchmark, kind: .suite, name: $0, runs: runs.isEmpty ? nil : runs[$0] ?? [])
        })
  }

  /// Small JSON objects by name; nil for those the store does not hold.
  private func documents(
    _ driver: HTTPDriver, _ names: [String], _ progress: WorkProgress
  ) throws -> [JSONValue?] {
    var found: [String: StoredObject] = [:]
    try list(driver, names, folders: false, progress) { _, object in
      if names.contains(where: { haveSameBytes($0, object.name) }) { found[object.name] = object }
    }
    let transfers = names.map { name in
      found[name].map { ObjectTransfer($0, in: objects, retries: attempts, progress: progress) }
    }
    try driver.run(TransferList(transfers.compactMap(\.self)))
    return try zip(names, transfers).map { name, transfer in
      guard let bytes = transfer?.bytes else { return nil }
      do { return try JSONValue(parsing: String(decoding: bytes, as: UTF8.self)) } catch {
        throw MagnetError(.invalidData, "not JSON: \(error)", at: "\(objects.name)/\(name)")
      }
    }
  }
}
