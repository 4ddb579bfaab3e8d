import Foundation
import TestSupport
import Testing

/// `magnet download` while the store changes, while it is still listing, and from a server that hardly sends.
@Suite struct DownloadChangesTests {
  let server: StoreServer
  let folder: TemporaryFolder
  let tree: [String: [UInt8]]

  init() throws { (server, folder, tree) = try StoreTree.served() }

  private func download(_ arguments: String..., status: Int32 = 0) throws -> Tool.Outcome {
    let outcome = try Tool.run(
      command: Tool.binary, ["download", "helm", folder.path, "--endpoint", server.endpoint] + arguments)
    #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
    return outcome
  }

  @Test func aListingThatChangesBetweenPages() throws {
    let name = tree.keys.max()!
    let early = "lite/benchmark_output/runs/v1.0.0/aaa/stats.json"
    var object = StoreTree.object(StoreTree.text(99, count: 4000))
    object.generation += 9
    let changed = object
    server.faults.pageSize = 20
    server.faults.afterPage = { server, number in
      if number == 5 {
        server[name] = changed
        server[early] = changed
      }
    }
    _ = try download()
    var expected = tree
    expected[name] = changed.bytes
    #expect(StoreTree.differences(folder.path, expected) == [], "what appears behind the listing waits")
    _ = try download()
    expected[early] = changed.bytes
    #expect(StoreTree.differences(folder.path, expected) == [])
  }

  @Test func objectsThatGoAreNamed() throws {
    let name = tree.keys.max()!
    server.faults.afterPage = { server, number in if number == 4 { server[name] = nil } }
    let outcome = try download(status: 1)
    #expect(
      outcome.errors.contains("\(name): it went from the store since it was listed"))
  }

  @Test func anObjectThatChangesWhileItIsFetchedBeginsAnew() throws {
    let names = tree.keys.sorted()
    var expected = tree
    var fresh: [String: StoreServer.Object] = [:]
    for (place, name) in names.enumerated() where place % 10 == 0 {
      expected[name] = StoreTree.text(5000 + place, count: 7000)
      // Plain becomes gzip and gzip plain.
      var object = place % 20 == 0 ? StoreTree.gzipped(expected[name]!) : StoreTree.object(expected[name]!)
      object.generation += 3
      fresh[name] = object
    }
    // By then half of the old generation is on the disk.
    server.faults.cut = 1
    server.faults.attemptLimit = 1
    let objects = fresh
    server.faults.beforeMedia = { server, name, attempt in
      if attempt == 2, let object = objects[name] { server[name] = object }
    }
    _ = try download()
    #expect(StoreTree.differences(folder.path, expected) == [])
    for name in fresh.keys { #expect(server.counts.attempts[name] == 3) }
    #expect(server.counts.ranges == 100 && server.counts.media == 210)
  }

  @Test func anObjectThatNeverStopsChangingIsGivenUp() throws {
    let changing = tree.keys.max()!
    server.faults.beforeMedia = { server, name, _ in if name == changing { server[name]!.generation += 1 } }
    let outcome = try download(status: 1)
    #expect(outcome.errors.contains("\(changing): it changes again and again; run the download again"))
    #expect(outcome.errors.contains("99 files downloaded"))
    #expect(server.counts.attempts[changing] == 4)
  }

  @Test func whatOldGenerationsLeftGoes() throws {
    _ = try download("--files", "stats.json")
    let name = tree.keys.max()!
    let run = folder.path + "/" + (name as NSString).deletingLastPathComponent
    let kept = server[name]!.bytes.prefix(100)
    for left in [
      "stats.json.1600000000000000.part", "stats.json.1700000000000001.part.inflated",
      "stats.json.1700000000000001.part", "scenario.json.15.part",
      "scenario.json.1700000000000001.part.inflated",
    ] { try Data(kept).write(to: URL(filePath: run + "/" + left)) }
    try "mine".write(toFile: run + "/notes.part", atomically: true, encoding: .utf8)
    _ = try download()
    #expect(try Project.text(run + "/notes.part") == "mine")
    try FileManager.default.removeItem(atPath: run + "/notes.part")
    #expect(StoreTree.differences(folder.path, tree) == [])
  }

  @Test func filesComeWhileLaterPagesAreListed() throws {
    server.faults.pageSize = 10
    // The listing's fifth page is not sent before objects were asked for.
    server.faults.beforePage = { server, number in
      if number == 7 { #expect(server.waits { $0.media > 0 }) }
    }
    let outcome = try download()
    #expect(StoreTree.differences(folder.path, tree) == [])
    #expect(outcome.messages.dropFirst().first?.contains("20 runs, 100 files") == true, "\(outcome.errors)")
  }

  @Test func pastTheLimitNothingIsBegunBeforeTheWholePlanIsApproved() throws {
    server.faults.pageSize = 10
    server[tree.keys.min()!]!.listedSize = 11_000_000_000
    let outcome = try download(status: 2)
    #expect(server.counts.media == 0 && server.counts.listings == 13)
    #expect(outcome.errors.contains("20 runs, 100 files"))
  }

  @Test func aListingThatBreaksOffLeavesWhatWasListed() throws {
    server.faults.pageSize = 10
    server.faults.beforePage = { server, number in
      if number == 7 { server.faults.unavailableListings = 100 }
    }
    let outcome = try download("--attempts", "2", status: 1)
    #expect(outcome.errors.contains("cannot be listed: the server answered 503"))
    #expect(outcome.errors.contains("40 files downloaded"), "\(outcome.errors)")
    #expect(StoreTree.differences(folder.path, tree, partial: true) == [])
  }

  @Test func objectsListedTwiceAreFetchedOnce() throws {
    server.faults.pageSize = 10
    server.faults.repeatsLast = true
    let outcome = try download()
    #expect(StoreTree.differences(folder.path, tree) == [])
    #expect(server.counts.media == 100 && outcome.errors.contains("100 files downloaded"))
  }

  @Test func aServerThatSendsTooSlowlyForEver() throws {
    server.faults.rate = 300
    let outcome = try download("--attempts", "2", "--stall-seconds", "1", "--runs", "*n=1,*", status: 2)
    #expect(
      outcome.errors.contains("the server stopped sending or sends too slowly, 2 times"), "\(outcome.errors)")
    #expect(StoreTree.differences(folder.path, tree, partial: true) == [])
    server.faults.rate = 0
    _ = try download()
    #expect(StoreTree.differences(folder.path, tree) == [])
    #expect(server.counts.ranges > 5)
  }
}
