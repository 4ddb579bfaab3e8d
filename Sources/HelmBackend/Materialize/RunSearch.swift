import Magnet

/// A run on the disk that could be what an entry asks for.
struct FoundRun: Sendable {
  /// The folder `benchmark_output` that it lies in.
  let root: String
  let suite: String
  let name: String
  var path: String { "\(root)/runs/\(suite)/\(name)" }
}

/// Looks for runs by their names.
enum RunSearch {
  private static let passedOver: Set = [".git", "__pycache__", ".venv", "venv", "node_modules"]

  /// The folders named `benchmark_output` at or below a folder, in path order. Links are not followed.
  static func outputs(below folder: String) -> [String] {
    var found: [String] = []
    func search(_ folder: String, depth: Int) {
      if folder.split(separator: "/").last == "benchmark_output" { return found.append(folder) }
      guard depth > 0 else { return }
      for entry in (try? Files.entries(folder)) ?? [] where entry.isFolder && !entry.isLink {
        if !passedOver.contains(entry.name) { search(folder + "/" + entry.name, depth: depth - 1) }
      }
    }
    search(Files.absolute(folder), depth: 32)
    return found
  }

  /// The runs of a `benchmark_output`, those of one suite or of all.
  static func runs(in output: String, suite: String? = nil) -> [FoundRun] {
    func folders(_ path: String) -> [Files.Entry] { ((try? Files.entries(path)) ?? []).filter(\.isFolder) }
    let suites = suite.map { [$0] } ?? folders(output + "/runs").filter { $0.name != "latest" }.map(\.name)
    return suites.flatMap { suite in
      folders("\(output)/runs/\(suite)").filter { $0.name.contains(":") }.map {
        FoundRun(root: output, suite: suite, name: $0.name)
      }
    }
  }

  /// Arguments that change what is run, wherever they stand: HELM's run expanders. A run with one that was not asked for
  /// is another run, while arguments of other names may be defaults that HELM adds to a run's name.
  private static let expanders: Set = [
    "add_to_stop", "amazon-nova", "anthropic", "chatml", "claude_3", "data_augmentation", "eval_split",
    "follow_format_instructions", "format_prompt", "global_prefix", "idefics_instruct", "increase_max_tokens",
    "increase_temperature", "instructions", "llava", "max_eval_instances", "max_train_instances", "newline",
    "num_output_tokens", "num_outputs", "num_prompt_tokens", "num_train_trials", "num_trials",
    "open_flamingo",
    "output_format_instructions", "process_output", "prompt", "stop", "temperature", "tokenizer",
  ]

  /// Whether a run is what an entry asks for, and nothing that changes what is run beyond it.
  static func isWanted(_ run: FoundRun, by request: RunRequest) -> Bool {
    let asked = Set(request.arguments.map(\.key))
    let temperature = asked.contains("temperature") ? temperature(of: run) : nil
    return request.accepts(run.name, temperature: temperature)
      && RunRequest(run.name).arguments.allSatisfy { asked.contains($0.key) || !expanders.contains($0.key) }
  }

  /// The nearest complete run that an entry asks for.
  /// - Parameters:
  ///   - maxInstances: the number of instances the run must have, unless it is all of its scenario's.
  ///   - passed: gets the runs that the entry asks for and that are not complete, with what is wrong.
  static func nearest(
    of runs: [FoundRun], to request: RunRequest, maxInstances: Int?, passing passed: inout [String]
  ) async -> FoundRun? {
    let wanted = runs.filter { isWanted($0, by: request) }.sorted { a, b in
      let (first, second) = (request.distance(a.name), request.distance(b.name))
      return first == second ? codePointOrder(a.path, b.path) : first < second
    }
    for run in wanted {
      guard let problem = await problem(of: run, maxInstances: maxInstances) else { return run }
      passed.append("\(run.path): \(problem)")
    }
    return nil
  }

  private static func spec(of run: FoundRun) -> JSONValue? {
    guard let bytes = try? Files.read(run.path + "/run_spec.json", atMost: 64 << 20) else { return nil }
    return try? JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
  }

  private static func temperature(of run: FoundRun) -> Double? {
    spec(of: run)?["adapter_spec"]?["temperature"]?.double
  }

  /// Whether all of HELM's files are there and whole, and hold enough instances.
  static func isComplete(_ run: FoundRun, maxInstances: Int?) async -> Bool {
    await problem(of: run, maxInstances: maxInstances) == nil
  }

  /// What keeps a run from being one with all of HELM's files, read in full, and enough instances; nil when it is one.
  private static func problem(of run: FoundRun, maxInstances: Int?) async -> String? {
    guard let runs = try? HelmRuns(run.path),
      let listing = try? await runs.list().checked(of: runs, isThorough: true).listing,
      let entry = listing.entries.first
    else { return "cannot be read" }
    if let problem = entry.problem { return problem }
    guard let maxInstances else { return nil }
    let limit = spec(of: run)?["adapter_spec"]?["max_eval_instances"]
    if limit == .null || limit?.double.map({ $0 >= Double(maxInstances) }) == true { return nil }
    let tables = try? await runs.load(
      [entry], tables: [.perInstanceStats], columns: TableSource.perInstanceStats.names(.instance))
    guard let rows = tables?.perInstanceStats.rows else { return "cannot be read" }
    let count = Set(rows.map { $0[.instance] }).count
    return count >= maxInstances ? nil : "has \(count) of \(maxInstances) instances"
  }
}
