import Foundation
import Magnet
import Synchronization
import TestSupport
import Testing

/// `magnet download` of releases: the runs that a leaderboard shows, from several suites.
@Suite struct DownloadReleaseTests {
  let server: StoreServer
  let folder: TemporaryFolder
  private static let root = "lite/benchmark_output/"

  init() throws {
    server = try StoreServer()
    folder = try TemporaryFolder()
  }

  private func download(_ arguments: String..., status: Int32 = 0) throws -> Tool.Outcome {
    let outcome = try Tool.run(
      command: Tool.binary, ["download", "helm", folder.path, "--endpoint", server.endpoint] + arguments)
    #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
    return outcome
  }

  private func put(_ text: String, _ name: String, isGzip: Bool = false) {
    let bytes = Array(text.utf8)
    server[Self.root + name] = isGzip ? StoreTree.gzipped(bytes) : StoreTree.object(bytes)
  }

  /// A run with three files in a suite.
  private func put(run: String, in suite: String) {
    for file in ["run_spec.json", "stats.json", "per_instance_stats.json"] {
      put("[\"\(suite) \(run) \(file)\"]", "runs/\(suite)/\(run)/\(file)", isGzip: file == "stats.json")
    }
  }

  /// A release of runs of suites, the map of runs as gzip.
  private func put(release: String, suites: [String], runs: [(String, String)]?, others: [String] = []) {
    let names = suites.map { "\"\($0)\"" }.joined(separator: ", ")
    put("{\"release\": \"\(release)\", \"suites\": [\(names)]}", "releases/\(release)/summary.json")
    put("{\"metrics\": []}", "releases/\(release)/schema.json")
    for other in others { put("[]", "releases/\(release)/\(other)") }
    guard let runs else { return }
    let members = runs.map { "\"\($0.0)\": \"\($0.1)\"" }.joined(separator: ", ")
    put("{\(members)}", "releases/\(release)/runs_to_run_suites.json", isGzip: true)
  }

  /// The runs on the disk, as SUITE/RUN, and the files of releases.
  private func present() -> (runs: Set<String>, release: Set<String>) {
    let all = FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String] ?? []
    let files = all.filter { $0.hasSuffix(".json") }.map { $0.dropFirst(Self.root.count) }
    let runs = files.filter { $0.hasPrefix("runs/") && $0.split(separator: "/").count > 3 }
    return (
      Set(runs.map { $0.split(separator: "/")[1...2].joined(separator: "/") }),
      Set(files.filter { !runs.contains($0) }.map(String.init))
    )
  }

  /// Two releases: the later one of 3 suites, one run in two of them, and runs that only earlier ones show.
  private func fill() {
    for run in 0..<4 {
      for suite in ["v1.0.0", "v1.1.0", "v1.2.0"] { put(run: "gsm:n=\(run),model=\(suite)", in: suite) }
    }
    put(run: "mmlu:model=both", in: "v1.0.0")
    put(run: "mmlu:model=both", in: "v1.2.0")
    put(run: "old:model=x", in: "v1.1.0")
    var runs = [("mmlu:model=both", "v1.2.0")]
    for suite in ["v1.0.0", "v1.1.0", "v1.2.0"] {
      runs += (0..<4).map { ("gsm:n=\($0),model=\(suite)", suite) }
    }
    put(release: "v1.9.0", suites: ["v1.0.0"], runs: [("old:model=x", "v1.1.0")])
    put(
      release: "v1.10.0", suites: ["v1.0.0", "v1.1.0", "v1.2.0"], runs: runs,
      others: ["groups.json", "groups/json/core.json"])
    put("[]", "runs/v1.2.0/groups/core.json")
    put("[]", "runs/v1.2.0/eval_cache/a/b.json")
  }

  private static let expected: Set<String> = {
    let runs = ["v1.0.0", "v1.1.0", "v1.2.0"].flatMap { suite in
      (0..<4).map { "\(suite)/gsm:n=\($0),model=\(suite)" }
    }
    return Set(runs + ["v1.2.0/mmlu:model=both"])
  }()

  @Test func theLatestReleaseWithOneCommand() throws {
    fill()
    let outcome = try download("--files", "headline")
    #expect(
      outcome.messages.first?.hasPrefix(
        "note: lite v1.10.0 (suites v1.0.0, v1.1.0, v1.2.0): 13 runs, 29 files,") == true,
      "\(outcome.errors)")
    #expect(
      present().runs == Self.expected, "the run of two suites comes from the one that the release names")
    #expect(
      present().release
        == Set(["summary", "schema", "runs_to_run_suites"].map { "releases/v1.10.0/\($0).json" }))
    let again = try download("--release", "latest", "--files", "headline")
    #expect(again.messages.last?.contains("0 files downloaded, 29 already present") == true)
    #expect(try Tool.run("download", "verify", folder.path).status == 0)
    let full = try download("--files", "full", "--dry-run")
    #expect(full.output.contains("13 runs, 44 files"), "\(full.output)")
  }

  @Test func oneReleaseOneSuiteAndSomeRuns() throws {
    fill()
    _ = try download("--release", "v1.9.0")
    #expect(present().runs == ["v1.1.0/old:model=x"])
    let plan = try download("--suite", "v1.2.0", "--dry-run")
    #expect(plan.output.hasPrefix("lite suite v1.2.0: 5 runs, 15 files"), "\(plan.output)")
    _ = try download("--runs", "mmlu*")
    #expect(present().runs == ["v1.1.0/old:model=x", "v1.2.0/mmlu:model=both"])
    let counts = try download("--suite", "latest", "--runs", "gsm*", "--files", "stats.json", "--dry-run")
    #expect(counts.output.hasPrefix("lite suite v1.2.0: 4 runs, 4 files"), "\(counts.output)")
    #expect(
      try download("--release", "v1.8.0", status: 1).errors.contains("did you mean v1.9.0, v1.10.0?"))
    #expect(
      try download("--suite", "v2", "--release", "v1.9.0", status: 64).errors.contains("exclude one another"))
  }

  /// The latest release is the highest that is not a preview, whatever previews of later ones there are.
  @Test func previewsAreNotTheLatest() throws {
    fill()
    put(release: "v1.11.0-preview", suites: ["v1.0.0"], runs: [("gsm:n=0,model=v1.0.0", "v1.0.0")])
    for arguments in [[], ["--release", "latest"]] {
      let plan = try Tool.run(
        command: Tool.binary,
        ["download", "helm", folder.path, "--endpoint", server.endpoint, "--dry-run"] + arguments)
      #expect(
        plan.output.hasPrefix("lite v1.10.0 (suites v1.0.0, v1.1.0, v1.2.0): 13 runs"), "\(plan.output)")
    }
    #expect(
      try download("--dry-run", "--release", "v1.11.0-preview").output.hasPrefix("lite v1.11.0-preview"))
  }

  /// Where no run matches, what describes the release is not downloaded either.
  @Test func noRunThatMatchesIs1() throws {
    fill()
    let outcome = try download("--runs", "gms*", status: 1)
    #expect(outcome.errors.contains("no run of lite v1.10.0"))
    #expect(present().release.isEmpty)
    #expect(try download("--runs", "gms*", "--dry-run", status: 1).output.isEmpty)
  }

  /// Where nothing is left but what cannot be downloaded, the message says why.
  @Test func whatIsRefusedIsNamedWhereNothingElseIsThere() throws {
    server["lite/benchmark_output/runs/v1.0.0/a:b/.."] = StoreTree.object([65])
    server["lite/benchmark_output/runs/v1.0.0/.magnet-manifest.jsonl"] = StoreTree.object([65])
    let outcome = try download("--files", "full", status: 2)
    #expect(outcome.errors.contains("a:b/..: a file cannot have this name; no file that is selected is left"))
  }

  @Test func listsAreOfRunsOnly() throws {
    fill()
    put(run: "odd", in: "v1.2.0")
    func list(_ arguments: String...) throws -> [String] {
      let outcome = try Tool.run(
        command: Tool.binary, ["download", "helm", "--endpoint", server.endpoint] + arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return outcome.output.split(separator: "\n").map(String.init)
    }
    #expect(try list("--list-releases") == ["v1.9.0", "v1.10.0"])
    #expect(try list("--list-suites") == ["v1.0.0", "v1.1.0", "v1.2.0"])
    #expect(
      try list("--list-runs", "--suite", "v1.2.0")
        == (0..<4).map { "gsm:n=\($0),model=v1.2.0" } + ["mmlu:model=both", "odd"])
    #expect(try list("--list-runs").count == 13)
    #expect(try list("--list-runs", "--release", "v1.9.0") == ["old:model=x"])
    let sized = try list("--list-runs", "--release", "v1.9.0", "--format", "json")
    #expect(sized.first?.contains("\"name\":\"old:model=x\",\"files\":3,\"bytes\":") == true, "\(sized)")
  }

  @Test func aReleaseWithoutAMapIsAllOfItsSuites() throws {
    put(run: "a:model=x", in: "v1")
    put(run: "b:model=x", in: "v2")
    put(release: "v2", suites: ["v1", "v2"], runs: nil)
    _ = try download()
    #expect(present().runs == ["v1/a:model=x", "v2/b:model=x"])
    put("{}", "releases/v3/summary.json")
    let silent = try download(status: 2)
    #expect(silent.errors.contains("lite v3: the release does not say which suites it consists of"))
    put("{\"suites\": [", "releases/v4/summary.json")
    #expect(try download(status: 2).errors.contains("releases/v4/summary.json: not JSON"))
  }

  @Test func runsThatAReleaseNamesAndTheStoreLacksAreNamed() throws {
    put(run: "a:model=x", in: "v1")
    put(
      release: "v1", suites: ["v1"],
      runs: [("a:model=x", "v1"), ("gone:model=x", "v1"), ("b:model=x", "../v0")])
    let outcome = try download(status: 1)
    #expect(
      outcome.errors.contains(
        "lite/benchmark_output/runs/v1/gone:model=x: the release names this run, the store does not hold it"))
    #expect(present().runs == ["v1/a:model=x"])
    #expect(try download("--dry-run", status: 1).errors.contains("gone:model=x"))
    _ = try download("--runs", "a:*")
  }

  @Test func aBenchmarkWithoutReleases() throws {
    put(run: "a:model=x", in: "v1")
    put(run: "a:model=x", in: "v2")
    let outcome = try download()
    #expect(outcome.errors.contains("note: lite has no releases; its latest suite is taken"))
    #expect(present().runs == ["v2/a:model=x"])
    #expect(
      try download("--release", "v1", status: 1).errors.contains(
        "lite has no releases, so none is v1; --suite selects one of its suites: v1, v2"))
  }

  @Test func namesOfUpTo255BytesAreDownloaded() throws {
    let run = "long:" + String(repeating: "ü", count: 120) + ",model=x"
    let file = String(repeating: "f", count: 250) + ".json"
    #expect(run.utf8.count == 253 && file.utf8.count == 255)
    put(run: run, in: "v1")
    put(String(repeating: "long ", count: 2000), "runs/v1/\(run)/\(file)", isGzip: true)
    put("[]", "runs/v1/\(run)/\(String(repeating: "g", count: 251)).json")
    server.faults.cut = 1
    server.faults.attemptLimit = 1
    let outcome = try download("--files", "full", status: 1)
    #expect(
      outcome.errors.contains("a file cannot have this name") && outcome.errors.contains("4 files downloaded")
    )
    let path = folder.path + "/" + Self.root + "runs/v1/\(run)"
    #expect(try Project.text(path + "/" + file).count == 10000)
    #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == 4, "no part is left")
    let list = try Tool.run("download", "helm", "--list-runs", "--endpoint", server.endpoint)
    #expect(list.output == run + "\n")
  }

  @Test func impossibleSizesAreRefusedByName() throws {
    put(run: "a:model=x", in: "v1")
    let (first, second) = ("runs/v1/b:model=x/stats.json", "runs/v1/c:model=x/stats.json")
    put("[]", first)
    put("[]", second)
    server[Self.root + first]?.listedSize = .max
    server[Self.root + second]?.listedSize = .max - 1
    let outcome = try download(status: 1)
    for name in [first, second] { #expect(outcome.errors.contains("\(name): its listed size of 92233")) }
    #expect(present().runs == ["v1/a:model=x"] && outcome.errors.contains("3 files downloaded"))
    let sizes = try Tool.run(
      "download", "helm", "--list-suites", "--format", "json", "--endpoint", server.endpoint)
    #expect(sizes.status == 2 && sizes.errors.contains("\(first): its listed size is impossible"))
  }

  @Test func theFolderIsAskedFor() throws {
    let outcome = try Tool.run("download", "helm", "--endpoint", server.endpoint, in: folder.path)
    #expect(outcome.status == 64 && outcome.errors.contains("Name the folder to download into"))
    #expect(server.counts.listings == 0)
  }
}

/// `magnet download` from servers whose listings never end, and from none at all.
@Suite struct DownloadHostileTests {
  /// The message and status of a plan made from pages that a server makes up.
  private func plan(_ page: @escaping @Sendable (Int) -> String) throws -> Tool.Outcome {
    let count = Counter()
    let server = try LoopbackServer { _, connection in
      connection.send(200, ["Content-Type": "application/json"], Array(page(count.next()).utf8))
    }
    let folder = try TemporaryFolder()
    return try Tool.run("download", "helm", folder.path, "--suite", "v1", "--endpoint", server.endpoint)
  }

  private final class Counter: Sendable {
    private let value = Mutex(0)
    func next() -> Int {
      value.withLock {
        $0 += 1
        return $0
      }
    }
  }

  @Test func pagesWithNothingInThemEnd() throws {
    let empty = try plan { "{\"nextPageToken\": \"t\($0)\"}" }
    #expect(
      empty.status == 2 && empty.errors.contains("200 pages in a row brought nothing new"), "\(empty.errors)")
    let same = try plan {
      "{\"prefixes\": [\"lite/benchmark_output/runs/v1/\"], \"nextPageToken\": \"t\($0)\"}"
    }
    #expect(
      same.status == 2 && same.errors.contains("200 pages in a row brought nothing new"), "\(same.errors)")
    let other = try plan { "{\"prefixes\": [\"other/\($0)/\"], \"nextPageToken\": \"t\($0)\"}" }
    #expect(
      other.status == 2 && other.errors.contains("200 pages in a row brought nothing new"), "\(other.errors)")
    let one = try plan { _ in "{\"nextPageToken\": \"t\"}" }
    #expect(one.status == 2 && one.errors.contains("every page of the listing names the same next one"))
  }

  @Test func withoutAServerTheFirstFailureIsSaidSoon() throws {
    let folder = try TemporaryFolder()
    let gone = try Tool.run("download", "helm", folder.path, "--endpoint", "http://127.0.0.1:1")
    #expect(
      gone.status == 2 && gone.errors.contains("2 times; check the network and try again"), "\(gone.errors)")
  }
}
