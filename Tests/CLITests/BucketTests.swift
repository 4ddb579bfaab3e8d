import Foundation
import TestSupport
import Testing

/// Runs in a bucket are read like those on the disk, and no more is fetched than what is read.
@Suite struct BucketTests {
  private static let suite = "lite/benchmark_output/runs/plain-v1"

  /// A server with the runs of a fixture, every other file stored as gzip.
  private func served(_ fixture: String = Project.plain) throws -> StoreServer {
    let server = try StoreServer()
    for (number, name) in try FileManager.default.subpathsOfDirectory(atPath: fixture).sorted().enumerated()
    where name.hasSuffix(".json") {
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: fixture + "/" + name)))
      server["\(Self.suite)/\(name)"] = number % 2 == 0 ? StoreTree.object(bytes) : StoreTree.gzipped(bytes)
    }
    return server
  }

  private func run(_ server: StoreServer, _ arguments: String...) throws -> Tool.Outcome {
    try Tool.run(
      command: Tool.binary, arguments, environment: ["STORAGE_EMULATOR_HOST": server.endpoint])
  }

  @Test(arguments: ["gs://crfm-helm-public/lite", "gs://crfm-helm-public/\(suite)/"])
  func tablesAreThoseOfTheDisk(path: String) throws {
    let server = try served()
    let local = try Tool.run("table", "stats", Project.plain, "--format", "ndjson")
    let there = try run(server, "table", "stats", path, "--format", "ndjson")
    #expect(there.status == 0 && there.output == local.output && local.output.count > 1000, "\(there.errors)")
    // One page of a listing, and of each run the two files that the table is made of, once.
    let needed = server.objects.filter { name, _ in
      name.hasSuffix("/run_spec.json") || name.hasSuffix("/stats.json")
    }
    #expect(server.counts.listings == 1)
    #expect(server.counts.sent == needed.values.map(\.bytes.count).reduce(0, +))
    #expect(server.counts.media == needed.count)
  }

  /// A run spec is fetched once, though the list of runs and the table are both made of it.
  @Test func runSpecsAreFetchedOnce() throws {
    let server = try served()
    let local = try Tool.run("table", "run-specs", Project.plain, "--format", "ndjson")
    let there = try run(server, "table", "run-specs", "gs://crfm-helm-public/lite", "--format", "ndjson")
    #expect(there.status == 0 && there.output == local.output, "\(there.errors)")
    #expect(server.counts.media == server.objects.keys.count { $0.hasSuffix("/run_spec.json") })
  }

  @Test func queriesAndPartitionsTakeThem() throws {
    let server = try served()
    let query = "SELECT model, count(*), avg(mean) FROM instance_scores GROUP BY model"
    let there = try run(server, "sql", "gs://crfm-helm-public/lite", query)
    #expect(
      try there.output == Tool.run("sql", Project.plain, query).output && there.status == 0, "\(there.errors)"
    )
    let parts = try run(server, "partitions", "gs://crfm-helm-public/lite", "--format", "ndjson")
    #expect(parts.output.contains(#""project":"lite","suite":"plain-v1""#), "\(parts.output)")
    #expect(parts.output.contains("gs://crfm-helm-public/\(Self.suite)/"))
  }

  /// What is missing, damaged or no bucket is said, with the place.
  @Test func faultsAreNamed() throws {
    let server = try served()
    for (path, message) in [
      ("gs://", "names no bucket"), ("gs://crfm-helm-public/other", "no objects below"),
      ("gs://nothing/x", "nothing"),
    ] {
      let done = try run(server, "table", "stats", path)
      #expect(
        done.status == 2 && done.errors.contains(message) && done.output.isEmpty, "\(path): \(done.errors)")
    }
    let name = try #require(server.objects.keys.sorted().first { $0.hasSuffix("/stats.json") })
    server[name]?.bytes = Array("[".utf8)
    let done = try run(server, "table", "stats", "gs://crfm-helm-public/lite")
    #expect(done.status == 1 && done.errors.contains("gs://crfm-helm-public/\(name)"), "\(done.errors)")
  }
}
