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

/// Sets of files by name, for `--files`.
private let fileSets = [
  "headline": ["run_spec.json", "scenario.json", "stats.json"],
  "instances": [
    "run_spec.json", "scenario.json", "stats.json", "scenario_state.json", "per_instance_stats.json",
  ],
]

struct DownloadHelmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "helm",
    abstract: "Download runs that HELM's authors published.",
    discussion: """
      Files land in DIR/BENCHMARK/benchmark_output/runs/VERSION/RUN, which every other command reads. They appear whole
      and checked, or not at all; the same command again fetches what is missing or has changed, and goes on in the
      middle of a file where it was stopped.

      --benchmark, --version, --runs and --files take names, patterns such as 'mmlu*', regex:..., several with | between
      them or as a list [a, b], and may be given several times. The exit status is 1 when some files failed or nothing
      matched, 2 when nothing could be done, 130 when interrupted.

      EXAMPLE:
        magnet download helm --list-benchmarks
        magnet download helm DIR --benchmark lite --version latest --runs 'gsm*' --files headline
      """)

  @Argument(help: "The folder to download into.", completion: .directory)
  var folder = "."
  @Option(help: "Which benchmarks: lite, mmlu, capabilities, ...")
  var benchmark: [String] = []
  @Option(help: "Which versions; latest is the highest that is no preview, or the preview of a higher one.")
  var version: [String] = []
  @Option(help: "Which runs; all when not given.")
  var runs: [String] = []
  @Option(
    help: """
      headline (run specs and statistics), instances (and requests and statistics of each instance), full (every \
      file), or names of files separated by commas.
      """)
  var files = "instances"
  @Option(help: "Transfers at once; from 16 to 256, by the server's delay, when not given.")
  var jobs: Int?
  @Flag(help: "Print the names of the benchmarks and stop.")
  var listBenchmarks = false
  @Flag(help: "Print the names of the benchmark's versions, lowest first, and stop.")
  var listVersions = false
  @Flag(help: "Print the names of the version's runs and stop.")
  var listRuns = false
  @Option(help: "How names are listed: text, one a line, or json, with files and bytes.")
  var format = ListFormat.text
  @Flag(
    help: """
      With --list-benchmarks --format json: count files and bytes, too, by listing every object there is, a request \
      for each thousand. They are null otherwise; versions and runs are always counted.
      """)
  var sizes = false
  @Flag(help: "Show what would be downloaded and stop.")
  var dryRun = false
  @Flag(name: .shortAndLong, help: "Do not ask before downloads of more than 10 GB.")
  var yes = false
  @Flag(name: .shortAndLong, help: "Say only what failed.")
  var quiet = false
  @Option(
    help: "A mirror's or emulator's address; STORAGE_EMULATOR_HOST in the environment does the same.")
  var endpoint: String?
  @Option(help: "The most bytes a second, such as 500k or 20M.")
  var bandwidth: String?
  @Flag(help: "Leave files that are stored as gzip so, as .json.gz, which every command reads.")
  var keepCompressed = false
  @Option(help: "How often a request is tried that brings nothing.")
  var attempts = 8
  @Option(
    help: """
      Seconds with less than 1 kB/s after which a connection is given up and made anew; fewer transfers go on at once \
      then. A download that gets nowhere ends after 2 x attempts x this.
      """)
  var stallSeconds = 30

  enum ListFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

  func validate() throws {
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
    let progress = DownloadProgress()
    try await report {
      do {
        var store = HelmStore(try StoreAddress(endpoint: endpoint))
        store.jobs = jobs
        store.bandwidth = bandwidth.flatMap(byteCount)
        store.attempts = attempts
        store.stallSeconds = stallSeconds
        return try await Watch.stopping(progress) {
          if listBenchmarks || listVersions || listRuns {
            try await list(store, progress)
            return 0
          }
          return try await download(store, progress)
        }
      } catch let error as MagnetError where error.code == .notFound {
        Terminal.say("\(error)")
        return 1
      } catch let code as ExitCode {
        throw code
      } catch  where progress.state.wasStopped {
        Terminal.say("interrupted")
        throw ExitCode(130)
      }
    }
  }

  private func selection() throws -> DownloadSelection {
    let names = files.split(separator: ",").map { $0.trimmingSpaces }
    let isFull = names.contains("full")
    var selection = DownloadSelection(
      benchmarks: try NameSelector(benchmark.isEmpty ? ["lite"] : benchmark),
      versions: version.isEmpty || version == ["latest"] ? nil : try NameSelector(version),
      runs: runs.isEmpty ? nil : try NameSelector(runs),
      files: isFull ? nil : try NameSelector(names.flatMap { fileSets[$0] ?? [$0] }))
    selection.keepsCompressed = keepCompressed
    return selection
  }

  private func list(_ store: HelmStore, _ progress: DownloadProgress) async throws {
    let isSized = format == .json
    if listBenchmarks {
      return try show(
        isSized && sizes
          ? try await store.sizes(progress: progress)
          : try await store.benchmarks(progress: progress).map { HelmStore.Entry(name: $0) })
    }
    let benchmark = benchmark.first ?? "lite"
    if listVersions {
      return try show(
        isSized
          ? try await store.sizes(of: benchmark, progress: progress)
          : try await store.versions(of: benchmark, progress: progress).map { HelmStore.Entry(name: $0) })
    }
    var chosen = version.first ?? "latest"
    if chosen == "latest" {
      chosen = try await store.versions(of: benchmark, progress: progress).last ?? chosen
    }
    try show(
      isSized
        ? try await store.runSizes(of: benchmark, version: chosen, progress: progress)
        : try await store.runs(of: benchmark, version: chosen, progress: progress).map {
          HelmStore.Entry(name: $0)
        })
  }

  private func show(_ entries: [HelmStore.Entry]) throws {
    if format == .text {
      return try Terminal.write(entries.map { $0.name + "\n" }.joined())
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

  private func download(_ store: HelmStore, _ progress: DownloadProgress) async throws -> Int {
    if dryRun {
      try Terminal.write(
        description(try await store.plan(try selection(), into: folder, progress: progress)) + "\n")
      return 0
    }
    let start = ContinuousClock.now
    let outcome = try await DownloadProgressLine.showing(progress, isQuiet: quiet) { line in
      try await store.download(
        try selection(), into: folder, limit: yes ? nil : 10_000_000_000, progress: progress
      ) { plan in line.pausing { isApproved(plan) } }
    }
    if outcome.wasDeclined, outcome.fetched == 0 { throw ExitCode(2) }
    return try conclude(outcome, progress.state, seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  /// Says what the plan is, and asks where it must.
  private func isApproved(_ plan: DownloadPlan) -> Bool {
    if !quiet { Terminal.say(description(plan)) }
    let missing = (plan.isComplete ? "" : "more than ") + byteText(plan.missingBytes)
    if let free = plan.freeSpace, plan.missingBytes > free {
      Terminal.say("\(folder): \(missing) to come, \(byteText(free)) free; make room or select fewer files")
      return false
    }
    guard plan.missingBytes > 10_000_000_000, !yes else { return true }
    guard Terminal.isInputTerminal, Terminal.areErrorsTerminal else {
      Terminal.say("more than 10 GB to download (\(missing)); --yes says that this is meant")
      return false
    }
    Terminal.overwriteErrorLine("Download \(missing)? [y/N] ")
    return readLine()?.lowercased().hasPrefix("y") == true
  }

  private func description(_ plan: DownloadPlan) -> String {
    let there =
      plan.presentCount == 0
      ? "" : "; \(plan.presentCount) files are there, \(byteText(plan.missingBytes)) to come"
    let inflated =
      plan.inflatedBytes == 0 ? "" : "; \(byteText(plan.inflatedBytes)) of it is gzip and grows on the disk"
    let free = plan.freeSpace.map { "; \(byteText($0)) free" } ?? ""
    return
      "\(plan.names.joined(separator: ", ")): \(plan.isComplete ? "" : "at least ")\(plan.runCount) runs, "
      + "\(plan.fileCount) files, \(byteText(plan.bytes))\(there)\(inflated)\(free)"
  }

  private func conclude(_ outcome: DownloadReport, _ state: DownloadProgress.State, seconds: Double) throws
    -> Int
  {
    if !outcome.failures.isEmpty {
      Terminal.say("\(outcome.failures.count) files failed:")
      for failure in outcome.failures { Terminal.say("  \(failure.file): \(failure.problem)") }
    }
    if let ending = outcome.ending { Terminal.say(ending) }
    if !quiet {
      let rate = seconds > 0 ? Int(Double(state.received) / seconds) : 0
      let retries = state.retries == 0 ? "" : ", \(state.retries) requests repeated"
      let unchecked =
        outcome.unchecked == 0
        ? "" : ", \(outcome.unchecked) without a checksum in the store: sizes checked only"
      Terminal.say(
        "\(outcome.fetched) files downloaded, \(outcome.present) were there, \(byteText(state.received)) in "
          + "\(secondsText(seconds)) (\(byteText(rate))/s)\(retries)\(unchecked)")
    }
    if outcome.wasDeclined { throw ExitCode(2) }
    if outcome.wasStopped {
      Terminal.say("interrupted; the same command goes on from here")
      throw ExitCode(130)
    }
    if outcome.fetched + outcome.present == 0 {
      Terminal.say("no file could be downloaded")
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
