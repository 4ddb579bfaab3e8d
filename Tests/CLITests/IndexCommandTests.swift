import Foundation
import Magnet
import TestSupport
import Testing

/// The cache of the command: asked for or not there, shared by processes, and never part of an answer.
@Suite(
  .enabled(if: Files.trust(NSTemporaryDirectory()) == .local, "temporary files have times that tell nothing"))
struct IndexCommandTests {
  private let commands: [[String]] = [
    ["table", "stats", "RUNS"], ["table", "run-specs", "RUNS", "--format", "ndjson"],
    ["table", "per-instance-stats", "RUNS", "--columns", "run_spec.name,per_instance_stats.stats.mean"],
    ["sql", "RUNS", "SELECT metric, count(*), avg(mean) FROM instance_scores GROUP BY metric"],
    ["sql", "RUNS", "SELECT run, state, problem FROM runs"], ["runs", "RUNS", "--format", "csv"],
    ["leaderboard", "RUNS", "--format", "csv"], ["headline", "RUNS", "--format", "csv"],
    ["predict", "perturbation", "RUNS", "--format", "csv"], ["items", "RUNS", "--format", "csv"],
  ]

  private func settled(_ source: String = Project.fixture("benchmark_output")) async throws -> (
    TemporaryFolder, String
  ) {
    let folder = try TemporaryFolder()
    let runs = try folder.copy(source, to: "data/benchmark_output")
    let files = try FileManager.default.subpathsOfDirectory(atPath: runs).map { runs + "/" + $0 }
    while !files.allSatisfy({
      Files.status($0)?.version.isSettled(at: WallClock.nanosecondsSince1970) ?? true
    }) { try await Task.sleep(for: .milliseconds(100)) }
    return (folder, runs)
  }

  private func run(_ command: [String], _ runs: String, cache: String? = nil, _ options: String...) throws
    -> Tool.Outcome
  {
    try Tool.run(
      command: Tool.binary, command.map { $0 == "RUNS" ? runs : $0 } + options,
      environment: cache.map { ["MAGNET_CACHE": $0] } ?? [:])
  }

  @Test func answersAreTheSame() async throws {
    let (folder, runs) = try await settled()
    let cache = folder.path + "/cache"
    for command in commands {
      let plain = try run(command, runs)
      for pass in 0..<2 {
        let warm = try run(command, runs, cache: cache)
        #expect(
          warm.output == plain.output && warm.errors == plain.errors && warm.status == plain.status,
          "\(command), pass \(pass): \(warm.errors)")
      }
    }
    let index = try Tool.run("index", runs, "--cache", cache, "--format", "ndjson")
    #expect(index.output.contains(#""reused":"#) && index.status == 0, "\(index.errors)")
    let verify = try Tool.run("index", runs, "--cache", cache, "--verify", "--format", "ndjson")
    #expect(verify.status == 0 && !verify.errors.contains("other columns"), "\(verify.errors)")
    // Columns of Parquet too, whose row groups show how the tables were read.
    func parquet(_ name: String, _ options: String...) throws -> Data {
      let file = "\(folder.path)/\(name).parquet"
      let outcome = try Tool.run(
        command: Tool.binary, ["table", "per-instance-stats", runs, "-o", file] + options)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return try Data(contentsOf: URL(filePath: file))
    }
    #expect(try parquet("a") == parquet("b", "--cache", cache))
  }

  @Test func whatIsNeverKeptIsSaid() async throws {
    let (folder, runs) = try await settled()
    let (lake, zip) = (folder.path + "/lake", folder.path + "/runs.zip")
    #expect(try Tool.run("export", "parquet", lake, runs).status == 0)
    #expect(try Tool.run("archive", runs, "-o", zip).status == 0)
    let count = try #require(
      try Tool.run("index", runs, "--cache", folder.path + "/a").output.split(separator: "\n").last?
        .split(separator: ",").dropFirst().first.flatMap { Int($0) })
    for path in [lake, zip] {
      let index = try Tool.run("index", path, "--cache", folder.path + "/b")
      #expect(
        index.errors.contains(
          "warning: not kept: \(count) runs in archives, buckets or Parquet files, which are always read themselves"
        ),
        "\(index.errors)")
      #expect(index.status == 0)
    }
  }

  @Test func nothingIsKeptUnlessAsked() async throws {
    let (folder, runs) = try await settled(Project.plain)
    let cache = folder.path + "/cache"
    let query = ["sql", "RUNS", "SELECT count(*) FROM stats"]
    #expect(try run(query, runs, cache: cache, "--no-cache").status == 0)
    #expect(try run(query, runs, cache: "").status == 0)
    #expect(!FileManager.default.fileExists(atPath: cache))
    #expect(try run(query, runs, "--cache", cache).status == 0)
    let kept = try FileManager.default.contentsOfDirectory(atPath: cache)
    #expect(kept.contains("CACHEDIR.TAG") && kept.contains { $0.hasSuffix(".columns") }, "\(kept)")
    #expect(try Tool.run("index", "--clear", "--cache", cache).status == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: cache) == ["CACHEDIR.TAG"])
    for (arguments, problem) in [
      (["index", runs], "Name the cache"), (["index", "--cache", cache], "Missing expected argument"),
      (["runs", runs, "--cache", cache, "--no-cache"], "exclude each other"),
      (["runs", runs, "--cache", cache, "--cache-limit", "many"], "--cache-limit takes bytes"),
    ] {
      let outcome = try Tool.run(command: Tool.binary, arguments)
      #expect(outcome.status == 64 && outcome.errors.contains(problem), "\(arguments): \(outcome.errors)")
    }
    // A file in its place.
    let outcome = try run(query, runs, "--cache", try folder.write("", to: "file"))
    #expect(outcome.status == 2 && outcome.errors.contains("file"), "\(outcome.errors)")
  }

  @Test func processesShareACache() async throws {
    let (folder, runs) = try await settled()
    let cache = folder.path + "/cache"
    let query = ["sql", "RUNS", "SELECT metric, count(*), avg(mean) FROM instance_scores GROUP BY metric"]
    let plain = try run(query, runs)
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask {
          let outcome =
            number % 4 == 0
            ? try? Tool.run("index", runs, "--cache", cache) : try? run(query, runs, cache: cache)
          #expect(outcome?.status == plain.status, "\(String(describing: outcome?.errors))")
          if number % 4 != 0 { #expect(outcome?.output == plain.output) }
        }
      }
    }
    #expect(try run(query, runs, cache: cache).output == plain.output)
    #expect(!FileManager.default.fileExists(atPath: cache + "/x.columns-part"))
  }

  @Test func killedProcessesLeaveNothingWrong() async throws {
    let (folder, runs) = try await settled()
    let query = ["sql", "RUNS", "SELECT metric, count(*), avg(mean) FROM instance_scores GROUP BY metric"]
    let plain = try run(query, runs)
    for turn in 0..<6 {
      let cache = "\(folder.path)/cache\(turn % 2)"
      let process = try Tool.start("index", runs, "--cache", cache)
      // Sooner or later, in the middle of something.
      try await Task.sleep(for: .milliseconds(5 + 12 * turn))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let outcome = try run(query, runs, cache: cache)
      #expect(outcome.output == plain.output && outcome.status == plain.status, "\(outcome.errors)")
    }
    // The next one that writes removes what killed ones left.
    try folder.write("half", to: "cache0/0123456789abcdef.columns-part")
    _ = try Tool.run("index", "--clear", "--cache", folder.path + "/cache0")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache0") == ["CACHEDIR.TAG"])
  }
}
