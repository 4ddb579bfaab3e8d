import Foundation
import TestSupport
import Testing

/// `magnet download` against a server on loopback, with every fault it can think of.
@Suite struct DownloadTests {
  let server: StoreServer
  let folder: TemporaryFolder
  let tree: [String: [UInt8]]

  init() throws { (server, folder, tree) = try StoreTree.served() }

  private func download(_ arguments: String..., status: Int32 = 0) throws -> Tool.Outcome {
    let outcome = try Tool.run(
      command: Tool.binary,
      ["download", "helm", folder.path, "--endpoint", server.endpoint, "--stall-seconds", "2"] + arguments)
    #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
    return outcome
  }

  private func expectExact() { #expect(StoreTree.differences(folder.path, tree) == []) }

  @Test func everythingOnceAndNothingTwice() throws {
    let first = try download()
    expectExact()
    #expect(server.counts.media == 100 && server.counts.listings == 4)
    #expect(first.messages.last?.contains("100 files downloaded, 0 already present") == true)
    let second = try download()
    #expect(server.counts.media == 100)
    #expect(second.messages.last?.contains("0 files downloaded, 100 already present") == true)
    #expect(try Tool.run("download", "verify", folder.path).status == 0)
  }

  @Test func pagesOfSeven() throws {
    server.faults.pageSize = 7
    _ = try download()
    expectExact()
    #expect(server.counts.listings >= 15)
    let names = try Tool.run("download", "helm", "--list-runs", "--endpoint", server.endpoint)
    #expect(names.output.split(separator: "\n").count == 20)
  }

  @Test func faultsOfTheWay() throws {
    var all = StoreServer.Faults()
    all.unavailable = 0.2
    try expectRecovery(all, "503")
    all = StoreServer.Faults()
    all.tooMany = 0.2
    all.retryAfter = "1"
    try expectRecovery(all, "429")
    all = StoreServer.Faults()
    all.cut = 0.2
    try expectRecovery(all, "cut")
    all = StoreServer.Faults()
    all.flip = 0.2
    try expectRecovery(all, "flip")
    all = StoreServer.Faults()
    all.wrongLength = 0.2
    try expectRecovery(all, "length")
    all = StoreServer.Faults()
    all.stall = 0.1
    all.attemptLimit = 1
    try expectRecovery(all, "stall")
    all = StoreServer.Faults()
    all.cut = 0.3
    all.ignoresRange = true
    try expectRecovery(all, "cut without ranges")
    all = StoreServer.Faults()
    all.garbageListings = 1
    all.unavailableListings = 1
    try expectRecovery(all, "listing")
  }

  private func expectRecovery(_ faults: StoreServer.Faults, _ name: String) throws {
    let target = try TemporaryFolder()
    server.resetCounts()
    server.faults = faults
    let outcome = try Tool.run(
      "download", "helm", target.path, "--endpoint", server.endpoint, "--stall-seconds", "2", "--attempts",
      "12")
    #expect(outcome.status == 0, "\(name): \(outcome.errors)")
    #expect(StoreTree.differences(target.path, tree) == [], "\(name)")
    server.faults = StoreServer.Faults()
    server.resetCounts()
    _ = try Tool.run("download", "helm", target.path, "--endpoint", server.endpoint)
    #expect(server.counts.media == 0, "\(name)")
  }

  @Test func whatFailsIsListedAndOnlyThatIsFetchedAgain() throws {
    server.faults.flip = 0.3
    let outcome = try download("--attempts", "1", status: 1)
    #expect(outcome.errors.contains("files failed:"))
    #expect(outcome.errors.contains("what comes has another checksum than listed, 1 times"))
    #expect(StoreTree.differences(folder.path, tree, partial: true) == [])
    let left = StoreTree.differences(folder.path, tree).count
    #expect(left > 5 && left < 60)
    server.faults = StoreServer.Faults()
    server.resetCounts()
    _ = try download()
    expectExact()
    #expect(server.counts.media == left)
  }

  @Test func aCutIsResumedWhereItWas() throws {
    server.faults.cut = 1
    server.faults.attemptLimit = 1
    _ = try download()
    expectExact()
    #expect(server.counts.ranges == 100 && server.counts.media == 200)
  }

  @Test func aChangedObjectStartsOver() throws {
    server.faults.cut = 1
    _ = try download("--attempts", "1", "--files", "stats.json", status: 2)
    server.faults = StoreServer.Faults()
    let name = tree.keys.first { $0.hasSuffix("s3,n=3,model=a_b/stats.json") }!
    var changed = tree
    changed[name] = StoreTree.text(777, count: 50000)
    var object = StoreTree.gzipped(changed[name]!)
    object.generation += 5
    server[name] = object
    _ = try download()
    #expect(StoreTree.differences(folder.path, changed, partial: true) == [])
    server[name]!.generation += 1
    server.resetCounts()
    _ = try download()
    #expect(server.counts.media == 0, "the same bytes under a new generation are not fetched again")
  }

  @Test func damageIsFoundAndMended() throws {
    _ = try download("--files", "headline")
    let files = tree.keys.filter { $0.hasSuffix("/stats.json") }.sorted()
    let path = folder.path + "/" + files[0]
    let bytes = [UInt8](repeating: 65, count: tree[files[0]]!.count)
    try Data(bytes).write(to: URL(filePath: path))
    try FileManager.default.removeItem(atPath: folder.path + "/" + files[1])
    let checked = try Tool.run("download", "verify", folder.path)
    #expect(checked.status == 1 && checked.messages.count == 2)
    #expect(checked.errors.contains("\(files[0]): its bytes are not those downloaded"))
    #expect(checked.errors.contains("\(files[1]): missing"))
    server.resetCounts()
    _ = try download("--files", "headline")
    #expect(server.counts.media == 2)
    #expect(try Tool.run("download", "verify", folder.path).status == 0)
    #expect(try Tool.run("download", "verify", Project.sweep).status == 2)
  }

  @Test func compressedFilesMayStaySo() throws {
    _ = try download("--keep-compressed", "--runs", "trivia:subject=s1,*")
    var expected: [String: [UInt8]] = [:]
    for (name, object) in server.objects where name.contains("subject=s1,") {
      expected[name + (object.isGzip ? ".gz" : "")] = object.bytes
    }
    #expect(expected.count == 10 && StoreTree.differences(folder.path, expected) == [])
  }

  @Test func aServerThatInflatesIsNotBelieved() throws {
    server.faults.inflates = true
    let outcome = try download("--attempts", "2", status: 1)
    #expect(outcome.errors.contains("50 files failed:"))
    #expect(StoreTree.differences(folder.path, tree, partial: true) == [])
  }

  @Test func namesThatLeaveTheFolderAreRefused() throws {
    let root = "lite/benchmark_output/runs/v1.0.0/"
    for name in [
      "../../../../evil/stats.json", "run/../../../x/stats.json", "run//stats.json", "a\nb/stats.json",
    ] {
      server[root + name] = StoreTree.object([65])
    }
    let outcome = try download("--files", "full", status: 1)
    #expect(outcome.errors.contains("4 files failed:"))
    expectExact()
  }

  @Test func redirectsElsewhereAreRefused() throws {
    server.faults.redirect = "http://192.0.2.1/x"
    let outcome = try download("--runs", "*n=1,*", status: 2)
    #expect(outcome.errors.contains("refused: not https"))
    server.faults.redirect = "file:///etc/passwd"
    #expect(try download("--runs", "*n=1,*", status: 2).errors.contains("5 files failed"))
  }

  @Test func nothingMatchedIs1AndNamesTheNearest() throws {
    #expect(
      try download("--runs", "trivia:subject=s1,n=1", status: 1).errors.contains(
        "did you mean trivia:subject=s1,n=1"))
    #expect(try download("--benchmark", "lit", status: 1).errors.contains("did you mean lite"))
    #expect(try download("--suite", "v1.1.0", status: 1).errors.contains("did you mean v1.0.0"))
    #expect(try download("--files", "none.json", status: 1).errors.contains("no files named none.json"))
  }

  @Test func listings() throws {
    for version in ["v1.10.0", "v1.9.0", "v1.10.0-preview"] {
      server["lite/benchmark_output/runs/\(version)/r/stats.json"] = StoreTree.object([65])
    }
    server["mmlu/benchmark_output/runs/v1/r/stats.json"] = StoreTree.object([65])
    func list(_ arguments: String...) throws -> String {
      try Tool.run(
        command: Tool.binary, ["download", "helm"] + arguments,
        environment: ["STORAGE_EMULATOR_HOST": server.endpoint]
      ).output
    }
    #expect(try list("--list-benchmarks") == "lite\nmmlu\n")
    #expect(try list("--list-suites") == "v1.0.0\nv1.9.0\nv1.10.0-preview\nv1.10.0\n")
    #expect(try list("--list-runs") == "r\n")
    #expect(
      try list("--list-runs", "--benchmark", "mmlu", "--format", "json")
        == "[{\"name\":\"r\",\"files\":1,\"bytes\":1}]\n")
    let counted = ["[{\"name\":\"lite\",\"files\":103,", "{\"name\":\"mmlu\",\"files\":1,\"bytes\":1}]\n"]
    let sized = try list("--list-benchmarks", "--format", "json", "--sizes")
    #expect(sized.hasPrefix(counted[0]) && sized.hasSuffix(counted[1]), "\(sized)")
    let unsized = "{\"name\":\"mmlu\",\"files\":null,\"bytes\":null}]\n"
    #expect(try list("--list-benchmarks", "--format", "json").hasSuffix(unsized))
    let versions = try list("--list-suites", "--format", "json")
    #expect(versions.hasSuffix("{\"name\":\"v1.10.0\",\"files\":1,\"bytes\":1}]\n"), "\(versions)")
    #expect(versions.contains("\"v1.0.0\",\"files\":100,"))
    let plan = try download("--dry-run")
    #expect(plan.output.hasPrefix("lite suite v1.10.0: 1 run, 1 file, 1 B"))
    #expect(server.counts.media == 0)
  }

  @Test func whatWasDownloadedIsReadyToPredictFrom() throws {
    let store = try StoreServer()
    let names = FileManager.default.enumerator(atPath: Project.sweep)?.allObjects as? [String] ?? []
    for (number, name) in names.sorted().enumerated() where name.hasSuffix(".json") && name.contains("/") {
      let bytes = Array(try Data(contentsOf: URL(filePath: Project.sweep + "/" + name)))
      store["lite/benchmark_output/runs/v1.2.0/" + name] =
        number % 2 == 0 ? StoreTree.gzipped(bytes) : StoreTree.object(bytes)
    }
    let target = try TemporaryFolder()
    #expect(try Tool.run("download", "helm", target.path, "--endpoint", store.endpoint).status == 0)
    let outcome = try Tool.run("predict", "perturbation", target.path + "/lite", "--format", "csv")
    let direct = try Tool.run("predict", "perturbation", Project.sweep, "--format", "csv")
    #expect(outcome.status == 0 && outcome.output == direct.output, "\(outcome.errors)")
  }

  @Test func checkedBySizeAlone() throws {
    let names = tree.keys.sorted()
    server[names[0]]!.crc32c = "AAAAAA=="
    server[names[1]]!.crc32c = ""
    let outcome = try download("--attempts", "2", status: 1)
    #expect(outcome.errors.contains("\(names[0]): what comes has another checksum than listed, 2 times"))
    #expect(outcome.errors.contains("1 without a checksum in the store"))
  }

  @Test func aLimitedRate() throws {
    let start = ContinuousClock.now
    _ = try download("--bandwidth", "400k", "--runs", "*n=1?,*")
    #expect(ContinuousClock.now - start > .milliseconds(500))
    #expect(server.counts.media == 50)
  }

  @Test func twoIntoOneFolder() throws {
    server.faults.delay = 0.3
    let first = try Tool.start("download", "helm", folder.path, "--endpoint", server.endpoint, "--jobs", "10")
    #expect(server.waits { $0.media > 0 })
    let second = try download(status: 2)
    #expect(second.errors.contains("another download into this folder is going on"))
    first.waitUntilExit()
    #expect(first.terminationStatus == 0)
    expectExact()
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func interruptedGoesOn(signal: Int32) throws {
    server.faults.rate = 20000
    let process = try Tool.start(
      "download", "helm", folder.path, "--endpoint", server.endpoint, "--jobs", "4")
    // Some files are whole, others on their way.
    #expect(server.waits { $0.media > 8 })
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    #expect(process.terminationStatus == 128 + signal)
    #expect(StoreTree.differences(folder.path, tree, partial: true) == [])
    server.faults.rate = 0
    _ = try download()
    expectExact()
  }

  @Test func readOnlyFolderAndNoServer() throws {
    let outcome = try Tool.run("download", "helm", "/proc/nowhere", "--endpoint", server.endpoint)
    #expect(outcome.status == 2 && outcome.errors.contains("/proc/nowhere"))
    let gone = try Tool.run(
      "download", "helm", folder.path, "--endpoint", "http://127.0.0.1:1", "--attempts", "3")
    #expect(gone.status == 2 && gone.errors.contains("cannot be listed"))
    #expect(try Tool.run("download", "helm", folder.path, "--jobs", "0").status == 64)
    #expect(try Tool.run("download", "helm", folder.path, "--runs", "regex:(").status == 64)
    #expect(try Tool.run("download", "helm", folder.path, "--endpoint", "ftp://x").status == 64)
  }

  @Test func killedAtManyMoments() throws {
    server.faults.delay = 0.02
    server.faults.cut = 0.2
    for moment in 0..<10 {
      server.resetCounts()
      let target = try TemporaryFolder()
      let process = try Tool.start(
        "download", "helm", target.path, "--endpoint", server.endpoint, "--jobs", "8")
      #expect(server.waits { $0.media >= 1 + 10 * moment })
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      #expect(StoreTree.differences(target.path, tree, partial: true) == [], "moment \(moment)")
      let done = StoreTree.finished(target.path)
      server.resetCounts()
      let again = try Tool.run(
        "download", "helm", target.path, "--endpoint", server.endpoint, "--attempts", "12")
      #expect(again.status == 0, "moment \(moment): \(again.errors)")
      #expect(StoreTree.differences(target.path, tree) == [], "moment \(moment)")
      #expect(done.allSatisfy { server.counts.attempts[$0] == nil }, "moment \(moment): fetched twice")
    }
  }
}
