import Magnet

/// How runs come to be: by reusing those there are, or by HELM.
package struct RunMaterializer: Sendable {
  /// Which of the two.
  package enum Mode: String, Sendable, CaseIterable {
    /// Reuse a complete run that matches; compute where there is none.
    case computeIfMissing = "compute-if-missing"
    /// Reuse, or fail.
    case reuseOnly = "reuse-only"
    /// Compute, whatever there is.
    case recompute
  }

  /// How a run that is reused gets into the output folder.
  package enum Placement: Sendable { case link, copy }

  /// The folder that gets `benchmark_output`, `adapter_manifest.json` and, last, `DONE`.
  package var output: String
  /// A folder below which runs to reuse are looked for, in folders named `benchmark_output`.
  package var source: String?
  /// The suite that runs are put into.
  package var suite = "default-suite"
  /// The number of instances a run must have to be reused, and that HELM is asked for; needed to compute.
  package var maxEvalInstances: Int?
  package var mode = Mode.computeIfMissing
  package var placement = Placement.link
  /// `helm-run --local-path`; nil for `prod_env` in the output folder.
  package var localPath: String?
  /// More arguments of `helm-run`, such as `--plugins` and its value.
  package var helmArguments: [String] = []

  /// Checks that a text is a run entry: a name, and arguments after a colon.
  /// - Throws: `MagnetError` when it is not.
  package static func check(_ entry: String) throws {
    guard !RunRequest(entry).name.isEmpty, !entry.contains(where: \.isNewline) else {
      throw MagnetError(
        .usage, "'\(printable(entry))' is not a run entry",
        advice: "write NAME:KEY=VALUE,..., such as mmlu:subject=anatomy,model=openai/gpt2")
    }
  }

  /// A materializer that writes into a folder.
  package init(output: String) { self.output = output }

  /// What became of one run entry.
  package struct Outcome: Sendable {
    package enum Status: String, Sendable { case reused, computed, missing, error }
    /// The run entry.
    package let entry: String
    package let status: Status
    /// The folders of its runs in the output folder. HELM makes several runs of an entry with an expander.
    package var runs: [String] = []
    /// The run that was reused, where it was found.
    package var source: String?
    /// Why there is none.
    package var problem: String?
  }

  /// Makes the runs of some entries. An entry that fails does not keep the others from being made.
  /// - Parameter say: called with what goes on: the latest line of `helm-run`.
  /// - Returns: an outcome per entry, in order; `DONE` is there when each has its runs.
  /// - Throws: `MagnetError` when the output folder cannot be written, or a run must be computed and `helm-run` is not on
  ///   the PATH or `maxEvalInstances` is missing; `CancellationError`.
  package func materialize(
    _ entries: [String], say: (String) -> Void = { _ in }
  ) async throws -> [Outcome] {
    for entry in entries { try Self.check(entry) }
    let output = Files.absolute(output)
    do { try Files.makeFolder(output) } catch { throw error.writing(output) }
    // What an earlier command left must not vouch for this one.
    Files.remove(output + "/DONE")
    var outcomes: [Outcome] = []
    for entry in entries {
      let outcome: Outcome
      do {
        outcome = try await one(entry, in: output, say)
      } catch let error as MagnetError where error.code == .programFailed || error.code == .alreadyExists {
        outcome = Outcome(entry: entry, status: .error, problem: error.description)
      }
      outcomes.append(outcome)
      try writeManifest(outcomes, in: output)
    }
    if outcomes.allSatisfy({ $0.problem == nil }) {
      try replacing(output + "/DONE", writing: { try $0(Array("ok\n".utf8)) })
    }
    return outcomes
  }

  private func one(_ entry: String, in output: String, _ say: (String) -> Void) async throws -> Outcome {
    let own = output + "/benchmark_output"
    let request = RunRequest(entry)
    if mode != .recompute {
      // What an earlier command put here, or a run from elsewhere.
      var passed: [String] = []
      let here = await RunSearch.nearest(
        of: RunSearch.runs(in: own, suite: suite), to: request, maxInstances: maxEvalInstances,
        passing: &passed)
      if let here { return Outcome(entry: entry, status: .reused, runs: [here.path], source: here.path) }
      if let found = try await search(for: request, passing: &passed) {
        let path = try place(found, in: own)
        return Outcome(entry: entry, status: .reused, runs: [path], source: found.path)
      }
      if mode == .reuseOnly {
        return Outcome(
          entry: entry, status: .missing,
          problem: "no complete run matches"
            + (source.map { " below \($0)" } ?? "; --from names where to look")
            + (passed.isEmpty ? "" : "; incomplete: " + passed.unique().prefix(3).joined(separator: "; "))
            + (passed.count > 3 ? " and \(passed.count - 3) more" : ""))
      }
    }
    return try await compute(entry, in: output, say)
  }

  private func search(
    for request: RunRequest, passing passed: inout [String]
  ) async throws -> FoundRun? {
    guard let source else { return nil }
    guard Files.isFolder(source) else {
      throw MagnetError(.notFound, "not a folder", at: source, advice: "check the path")
    }
    let outputs = RunSearch.outputs(below: source)
    if outputs.isEmpty, let file = ParquetPlace.named(source).first?.files.first {
      throw MagnetError(
        .unsupported, "HELM cannot use runs in Parquet files such as \(file)", at: source,
        advice: "name a folder that the runs themselves lie in")
    }
    let runs = outputs.flatMap { RunSearch.runs(in: $0) }
    return await RunSearch.nearest(
      of: runs, to: request, maxInstances: maxEvalInstances, passing: &passed)
  }

  /// Puts a run into the output folder. What is there already stays, unless it is a link to a run.
  private func place(_ run: FoundRun, in output: String) throws -> String {
    let folder = "\(output)/runs/\(suite)"
    let target = folder + "/" + run.name
    do { try Files.makeFolder(folder) } catch { throw error.writing(folder) }
    if Files.linkTarget(target) != nil { Files.remove(target) }
    if Files.status(target, followsLinks: false) != nil {
      throw MagnetError(
        .alreadyExists, "an incomplete or smaller run is in the way", at: target,
        advice: "remove it, or compute it again with --mode recompute")
    }
    switch placement {
    case .link:
      do { try Files.link(target, to: run.path) } catch { throw error.writing(target) }
    case .copy:
      try makingFolder(target) { temporary in try Self.copyTree(run.path, to: temporary) }
    }
    return target
  }

  private static func copyTree(_ source: String, to target: String) throws {
    for entry in try Files.entries(source) {
      let (from, to) = (source + "/" + entry.name, target + "/" + entry.name)
      if entry.isFolder {
        // A link to a folder could lead anywhere, round in circles, too.
        if entry.isLink { continue }
        try Files.makeFolder(to)
        try copyTree(from, to: to)
      } else if Files.isFile(from) {
        try Files.copy(Files.realPath(from) ?? from, to: to)
      }
    }
  }

  private func compute(_ entry: String, in output: String, _ say: (String) -> Void) async throws
    -> Outcome
  {
    guard let maxEvalInstances else {
      throw MagnetError(
        .usage, "the number of instances is needed to compute \(entry)",
        advice: "give --max-eval-instances N")
    }
    let program = try HelmProgram()
    let own = output + "/benchmark_output"
    for run in RunSearch.runs(in: own, suite: suite) where Files.linkTarget(run.path) != nil {
      // HELM would write through the link into the run that was reused.
      if RunSearch.isWanted(run, by: RunRequest(entry)) { Files.remove(run.path) }
    }
    func stamps() -> [String: FileStatus.Stamp] {
      var found: [String: FileStatus.Stamp] = [:]
      for run in RunSearch.runs(in: own, suite: suite) {
        found[run.path] = Files.stamp(run.path + "/per_instance_stats.json")
      }
      return found
    }
    let before = stamps()
    try program.run(
      [
        "--run-entries", entry, "--suite", suite, "--local-path",
        localPath ?? output + "/prod_env",
        "--output-path", own, "--max-eval-instances", "\(maxEvalInstances)",
      ] + helmArguments, in: output, say: say)
    var made: [FoundRun] = []
    for run in RunSearch.runs(in: own, suite: suite) {
      let stamp = Files.stamp(run.path + "/per_instance_stats.json")
      if stamp != nil, stamp != before[run.path], await RunSearch.isComplete(run, maxInstances: nil) {
        made.append(run)
      }
    }
    guard !made.isEmpty else {
      return Outcome(
        entry: entry, status: .error,
        problem: "helm-run ended well but left no complete run in \(own)/runs/\(suite)")
    }
    return Outcome(entry: entry, status: .computed, runs: made.map(\.path))
  }

  /// Writes what became of the entries so far: an object for one entry, a list for several.
  private func writeManifest(_ outcomes: [Outcome], in output: String) throws {
    let entries = outcomes.map { outcome in
      func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
      func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
        .object(members.map { .init(key: $0.key, value: $0.value) })
      }
      func name(_ path: String?) -> String? { path?.split(separator: "/").last.map(String.init) }
      let isReused = outcome.status == .reused
      let root = outcome.source?.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
        separator: "/")
      return object([
        "requested": object([
          "run_entry": .string(outcome.entry), "suite": .string(suite),
          "max_eval_instances": maxEvalInstances.map { .int(Int64($0)) } ?? .null,
          "mode": .string(mode.rawValue),
        ]), "status": .string(outcome.status.rawValue),
        "reuse": isReused
          ? object([
            "source_run_dir": text(outcome.source), "matched_run_name": text(name(outcome.source)),
            "materialized_run_dir": text(outcome.runs.first), "source_benchmark_output_dir": text(root),
          ]) : .null,
        "computed": outcome.status == .computed
          ? object([
            "computed_run_dir": text(outcome.runs.first), "computed_run_name": text(name(outcome.runs.first)),
            "computed_run_dirs": .array(outcome.runs.map(JSONValue.string)),
          ]) : .null, "problem": text(outcome.problem), "out_dpath": .string(output),
        "timestamp": .string(WallClock.local.iso),
      ])
    }
    let text = (entries.count == 1 ? entries[0] : .array(entries)).text + "\n"
    try replacing(output + "/adapter_manifest.json", writing: { try $0(Array(text.utf8)) })
  }
}

extension HelmRuns {
  /// Runs to try things on, made by the user's own `helm-run` in a cache folder; those made before are reused.
  /// - Parameters:
  ///   - runEntries: what HELM is to run, as `mmlu:subject=anatomy,model=openai/gpt2`.
  ///   - maxEvalInstances: the most instances of each run.
  ///   - cache: where runs are kept; nil for `$XDG_CACHE_HOME/magnet/demo`, else `~/.cache/magnet/demo`.
  ///   - helmArguments: more arguments of `helm-run`.
  /// - Throws: `MagnetError` when a run cannot be made, as where `helm-run` is not on the PATH.
  package static func demo(
    runEntries: [String], maxEvalInstances: Int = 7, suite: String = "my-suite", cache: String? = nil,
    helmArguments: [String] = [], say: (String) -> Void = { _ in }
  ) async throws -> HelmRuns {
    guard let folder = cache ?? Self.demoCache else {
      throw MagnetError(.system, "there is no home folder for a cache", advice: "set XDG_CACHE_HOME")
    }
    var materializer = RunMaterializer(output: folder)
    materializer.maxEvalInstances = maxEvalInstances
    materializer.suite = suite
    materializer.helmArguments = helmArguments
    let outcomes = try await materializer.materialize(runEntries, say: say)
    if let failed = outcomes.first(where: { $0.problem != nil }) {
      throw MagnetError(.programFailed, failed.problem ?? "", at: failed.entry)
    }
    return try HelmRuns(paths: outcomes.flatMap(\.runs))
  }

  private static var demoCache: String? {
    (Environment.nonEmpty("XDG_CACHE_HOME") ?? Environment.nonEmpty("HOME").map { $0 + "/.cache" }).map {
      $0 + "/magnet/demo"
    }
  }
}
