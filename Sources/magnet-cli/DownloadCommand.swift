import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct DownloadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "download",
    abstract: "Download published results, or check those downloaded.",
    discussion: """
      EXAMPLE:
        magnet download helm DIR --benchmark lite --runs 'mmlu*' --files headline
        magnet download verify DIR
      """,
    subcommands: [DownloadHelmCommand.self, DownloadVerifyCommand.self])
}

/// Sets of files by name, for `--files`: those of a run, and those that describe its suite or release.
private let fileSets: [String: [String]] = {
  let headline = [
    TableSource.runSpecs.fileName, TableSource.scenarios.fileName, TableSource.stats.fileName, "schema.json",
    "summary.json",
    "runs_to_run_suites.json",
  ]
  let instances = headline + TableSource.allCases.map(\.fileName).filter { !headline.contains($0) }
  return ["headline": headline, "instances": instances]
}()

struct DownloadHelmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "helm",
    abstract: "Download runs that HELM's authors published.",
    discussion: """
      A release is what a leaderboard shows: runs from one suite or several. Without --release or --suite, the latest \
      release is downloaded. Files land in DIR/BENCHMARK/benchmark_output/runs/SUITE/RUN, which every other command \
      reads, and what describes the release in DIR/BENCHMARK/benchmark_output/releases/RELEASE. Files are verified \
      against the store's checksum and written atomically; rerun the command to fetch only what is missing or has \
      changed. An interrupted download resumes, even in the middle of a file.

      --benchmark, --release, --suite, --runs and --files take names, patterns such as 'mmlu*', regex:..., several \
      separated by | or as a list [a, b], and may be repeated. The exit status is 1 when some files failed or nothing \
      matched, 2 when nothing could be done, 130 when interrupted.

      EXAMPLE:
        magnet download helm --list-benchmarks
        magnet download helm DIR --benchmark lite --runs 'gsm*' --files headline
      """)

  @Argument(help: "The folder to download into.", completion: .directory)
  var folder: String?
  @Option(help: "Benchmarks: lite, mmlu, capabilities, ... (default: lite)")
  var benchmark: [String] = []
  @Option(help: "Releases. (default: latest, the highest that is not a preview)")
  var release: [String] = []
  @Option(help: "Suites, whole, instead of a release; latest for the highest.")
  var suite: [String] = []
  @Option(help: "Runs. (default: all)")
  var runs: [String] = []
  @Option(
    help: """
      headline (run specs and statistics), instances (also requests and per-instance statistics), full (every file), \
      or file names separated by commas.
      """)
  var files = "instances"
  @Option(help: "Concurrent transfers. (default: 16 to 256, depending on the server's delay)")
  var jobs: Int?
  @Flag(help: "List the benchmarks and stop.")
  var listBenchmarks = false
  @Flag(help: "List the benchmark's releases, lowest first, and stop.")
  var listReleases = false
  @Flag(help: "List the benchmark's suites, lowest first, and stop.")
  var listSuites = false
  @Flag(help: "List the runs of the release or suite and stop.")
  var listRuns = false
  @Option(help: "Format of lists: text, one name per line, or json, with files and bytes.")
  var format = ListFormat.text
  @Flag(
    help: """
      With --list-benchmarks --format json, also count files and bytes, by listing every object: one request per \
      thousand. Otherwise they are null; suites and runs are always counted.
      """)
  var sizes = false
  @Flag(help: "Show what would be downloaded and stop.")
  var dryRun = false
  @Flag(name: .shortAndLong, help: "Do not ask before downloading more than 10 GB.")
  var yes = false
  @Flag(name: .shortAndLong, help: "Report failures only.")
  var quiet = false
  @Option(help: "Address of a mirror or emulator. (default: $STORAGE_EMULATOR_HOST, else Google's)")
  var endpoint: String?
  @Option(help: "Maximum bytes per second, such as 500k or 20M.")
  var bandwidth: String?
  @Flag(help: "Keep gzip-compressed files as .json.gz, which every command reads.")
  var keepCompressed = false
  @Option(help: "Attempts per request that bring nothing.")
  var attempts = 8
  @Option(
    help: """
      Seconds below 1 kB/s after which a connection is replaced; fewer transfers run at once from then on. A download \
      that gets nowhere ends after 2 x attempts x this.
      """)
  var stallSeconds = 30

  private var isList: Bool { listBenchmarks || listReleases || listSuites || listRuns }

  enum ListFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

  func validate() throws {
    guard isList || folder != nil else {
      throw ValidationError("Name the folder to download into: magnet download helm DIR ...")
    }
    guard release.isEmpty || suite.isEmpty else {
      throw ValidationError("--release and --suite exclude one another: a release consists of suites.")
    }
    guard (1...1000).contains(jobs ?? 1) else {
      throw ValidationError("--jobs takes a number from 1 to 1000.")
    }
    guard attempts > 0, stallSeconds > 0 else {
      throw ValidationError("--attempts and --stall-seconds take numbers from 1.")
    }
    if let bandwidth, byteCount(bandwidth) == nil {
      throw ValidationError("--bandwidth takes bytes a second such as 500k or 20M, not '\(bandwidth)'.")
    }
    do { _ = try selection() } catch { throw ValidationError("\(error)") }
  }

  func run() async throws {
    let progress = WorkProgress()
    try await report {
      do {
        var store = HelmStore(try StoreAddress(endpoint: endpoint))
        store.jobs = jobs
        store.bandwidth = bandwidth.flatMap(byteCount)
        store.attempts = attempts
        store.stallSeconds = stallSeconds
        return try await Watch.working { [self, store] in
          guard let folder, !isList else {
            try await list(store, progress)
            return 0
          }
          return try await download(store, into: folder, progress)
        }
      } catch let error as MagnetError where error.code == .notFound {
        Terminal.say("\(error)", as: .error)
        return 1
      } catch let code as ExitCode {
        throw code
      } catch is CancellationError {
        Terminal.say("interrupted", as: .error)
        throw ExitCode(Watch.interruptedStatus)
      }
    }
  }

  private func selection() throws -> DownloadSelection {
    let names = files.split(separator: ",").map { $0.trimmingSpaces }
    let isFull = names.contains("full")
    var selection = DownloadSelection(
      benchmarks: try NameSelector(benchmark.isEmpty ? ["lite"] : benchmark), scope: try scope(),
      runs: runs.isEmpty ? nil : try NameSelector(runs),
      files: isFull ? nil : try NameSelector(names.flatMap { fileSets[$0] ?? [$0] }))
    selection.keepsCompressed = keepCompressed
    return selection
  }

  private func scope() throws -> DownloadSelection.Scope {
    if !suite.isEmpty { return .suites(suite == ["latest"] ? nil : try NameSelector(suite)) }
    return .releases(release.isEmpty || release == ["latest"] ? nil : try NameSelector(release))
  }

  private func list(_ store: HelmStore, _ progress: WorkProgress) async throws {
    let isSized = format == .json
    if listBenchmarks {
      return try show(
        isSized && sizes
          ? try await store.sizes(progress: progress)
          : try await store.benchmarks(progress: progress).map { HelmStore.Entry(name: $0) })
    }
    let benchmark = benchmark.first ?? "lite"
    if listReleases {
      let releases = try await store.releases(of: benchmark, progress: progress)
      if releases.isEmpty {
        Terminal.say("\(benchmark) has no releases; --list-suites lists its suites")
      }
      return try show(releases.map { HelmStore.Entry(name: $0) })
    }
    if listSuites {
      return try show(
        isSized
          ? try await store.sizes(of: benchmark, progress: progress)
          : try await store.suites(of: benchmark, progress: progress).map { HelmStore.Entry(name: $0) })
    }
    try show(try await store.runs(of: benchmark, in: try scope(), isSized: isSized, progress: progress))
  }

  private func show(_ entries: [HelmStore.Entry]) throws {
    if format == .text {
      return try Terminal.write(entries.map { printable($0.name) + "\n" }.joined())
    }
    func number(_ count: Int?) -> JSONValue { count.map { .int(Int64($0)) } ?? .null }
    let list = entries.map { entry in
      JSONValue.object([
        .init(key: "name", value: .string(entry.name)), .init(key: "files", value: number(entry.files)),
        .init(key: "bytes", value: number(entry.bytes)),
      ])
    }
    try Terminal.write(JSONValue.array(list).text + "\n")
  }

  private func download(_ store: HelmStore, into folder: String, _ progress: WorkProgress) async throws
    -> Int
  {
    if dryRun {
      let plan = try await store.plan(try selection(), into: folder, progress: progress)
      for note in plan.notes { Terminal.say(note) }
      try Terminal.write(description(plan) + "\n")
      for name in plan.missingRuns {
        Terminal.say("\(name): the release names this run, the store does not hold it", as: .warning)
      }
      for (name, problem) in plan.refused {
        Terminal.say("left out: \(printable(name)): \(problem)", as: .warning)
      }
      return plan.missingRuns.count + plan.refused.count
    }
    let start = ContinuousClock.now
    let outcome = try await DownloadProgressLine.showing(progress, isQuiet: quiet) { line in
      try await store.download(
        try selection(), into: folder, limit: yes ? nil : 10_000_000_000, progress: progress
      ) { plan in line.pausing { isApproved(plan, into: folder) } }
    }
    if outcome.wasDeclined, outcome.fetched == 0 { throw ExitCode(2) }
    return try conclude(
      outcome, progress.state.transfer, seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  /// Says what the plan is, and asks where it must.
  private func isApproved(_ plan: DownloadPlan, into folder: String) -> Bool {
    for note in plan.notes { Terminal.say(note) }
    if !quiet { Terminal.say(description(plan)) }
    let missing = (plan.isComplete ? "" : "more than ") + byteText(plan.missingBytes)
    if let free = plan.freeSpace, plan.missingBytes > free {
      Terminal.say(
        "\(folder): \(missing) to come, \(byteText(free)) free; make room or select fewer files", as: .error)
      return false
    }
    guard plan.missingBytes > 10_000_000_000, !yes else { return true }
    guard Terminal.isInputTerminal, Terminal.areErrorsTerminal else {
      Terminal.say("more than 10 GB to download (\(missing)); confirm with --yes", as: .error)
      return false
    }
    Terminal.overwriteErrorLine("Download \(missing)? [y/N] ")
    return readLine()?.lowercased().hasPrefix("y") == true
  }

  private func description(_ plan: DownloadPlan) -> String {
    let there =
      plan.presentCount == 0
      ? "" : "; \(counted(plan.presentCount, "file")) present, \(byteText(plan.missingBytes)) to come"
    let inflated =
      plan.inflatedBytes == 0 ? "" : "; \(byteText(plan.inflatedBytes)) of it is compressed and grows on disk"
    let free = plan.freeSpace.map { "; \(byteText($0)) free" } ?? ""
    return
      "\(plan.names.joined(separator: ", ")): \(plan.isComplete ? "" : "at least ")"
      + "\(counted(plan.runCount, "run")), \(counted(plan.fileCount, "file")), \(byteText(plan.bytes))\(there)\(inflated)\(free)"
  }

  private func conclude(_ outcome: DownloadReport, _ came: WorkProgress.Transfer, seconds: Double) throws
    -> Int
  {
    if !outcome.failures.isEmpty {
      Terminal.say("\(counted(outcome.failures.count, "file")) failed:", as: .error)
      for failure in outcome.failures {
        Terminal.say("\(failure.file): \(failure.problem)", as: .error)
      }
    }
    if let ending = outcome.ending { Terminal.say(ending, as: .error) }
    if !quiet {
      let rate = seconds > 0 ? Int(Double(came.received) / seconds) : 0
      let retries = came.retries == 0 ? "" : ", \(counted(came.retries, "request")) repeated"
      let unchecked =
        outcome.unchecked == 0
        ? "" : ", \(outcome.unchecked) without a checksum in the store, so only their sizes were checked"
      Terminal.say(
        "\(counted(outcome.fetched, "file")) downloaded, \(outcome.present) already present, \(byteText(came.received)) in "
          + "\(secondsText(seconds)) (\(byteText(rate))/s)\(retries)\(unchecked)")
    }
    if outcome.wasDeclined { throw ExitCode(2) }
    if outcome.wasStopped {
      Terminal.say("interrupted; the same command resumes", as: .error)
      throw ExitCode(Watch.interruptedStatus)
    }
    if outcome.fetched + outcome.present == 0 {
      Terminal.say("no file could be downloaded", as: .error)
      throw ExitCode(2)
    }
    return outcome.failures.count + (outcome.ending == nil ? 0 : 1)
  }
}

extension StringProtocol {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
