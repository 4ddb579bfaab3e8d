import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Listings of a store: which objects become files, against a plain definition; and answers that are not listings.
@Suite struct SourceListingTests {
  static let runFiles = [
    "run_spec.json", "stats.json", "scenario.json", "per_instance_stats.json", "scenario_state.json",
  ]

  /// Objects of a suite, in the order of their names: runs, other folders, the suite's own files, folders' marks.
  static func objects(_ random: inout SplitMix, root: String) -> [StoredObject] {
    var names: Set<[UInt8]> = []
    for _ in 0..<80 {
      let folder = ["mmlu:subject=a,model=x", "mmlu:subject=b,model=y", "gsm:model=x", "plots", "groups"]
        .randomElement(using: &random)!
      let file = (runFiles + ["notes.txt", "deep/er.json", "stats.json.gz"]).randomElement(using: &random)!
      switch random.next() % 8 {
      case 0: names.insert(Array((root + file).utf8))
      case 1: names.insert(Array("\(root)\(folder)/".utf8))
      default: names.insert(Array("\(root)\(folder)/\(file)".utf8))
      }
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }.map { name in
      let name = String(decoding: name, as: UTF8.self)
      return StoredObject(
        name: name,
        content: StoredContent(
          version: 1, size: name.hasSuffix("/") ? 0 : 1 + Int(random.next() % 100), crc32c: nil,
          isGzip: random.next() % 3 == 0))
    }
  }

  @Test(arguments: 1...6) func selectedFilesAreThoseOfTheDefinition(_ seed: UInt64) throws {
    var random = SplitMix(state: seed)
    for _ in 0..<25 {
      var source = DownloadSource(benchmark: "lite", kind: .suite, name: "v1")
      if random.next() % 2 == 0 { source.runs = ["mmlu:subject=a,model=x", "gsm:model=x", "absent:model=z"] }
      let runs = ([nil, "mmlu*", "*model=x", "gsm:model=x"] as [String?]).randomElement(using: &random)!
      let files = ([nil, "stats.json", "*.json", "notes*"] as [String?]).randomElement(using: &random)!
      var selection = DownloadSelection(benchmarks: try NameSelector(["lite"]))
      selection.runs = try runs.map { try NameSelector([$0]) }
      selection.files = try files.map { try NameSelector([$0]) }
      selection.keepsCompressed = random.next() % 2 == 0
      let objects = Self.objects(&random, root: source.root)
      let listing = SourceListing(0, source, selection)
      var found: [String] = []
      for object in objects {
        if case .file(let file) = listing.read(object) {
          found.append(file.objectPath)
          #expect(file.isInflated == (object.content.isGzip && !selection.keepsCompressed))
          #expect(
            file.path.hasSuffix(".gz")
              == (file.name.hasSuffix(".gz") || object.content.isGzip && selection.keepsCompressed))
        }
      }
      let (isRun, isFile) = (selection.runs?.matcher(), selection.files?.matcher())
      var counted: Set<String> = []
      let expected = objects.filter { object in
        let rest = String(object.name.dropFirst(source.root.count))
        if rest.hasSuffix("/") { return false }
        guard let slash = rest.firstIndex(of: "/") else {
          // A suite's own file: where a release names the runs, only with every file.
          return isFile.map { source.runs == nil && ($0(rest) || $0(Self.plain(rest))) } ?? true
        }
        let (run, name) = (String(rest[..<slash]), String(rest[rest.index(after: slash)...]))
        guard source.runs?.contains(run) ?? true, isRun?(run) ?? true else { return false }
        let isSelected = isFile.map { $0(name) || $0(Self.plain(name)) } ?? true
        if isSelected { counted.insert(run) }
        return isSelected
      }
      #expect(found == expected.map { String($0.name.dropFirst(source.root.count)) })
      // Folders without the name of a run count when they hold one of a run's files.
      let isNamed = counted.filter { run in
        run.contains(":")
          || objects.contains {
            Self.runFiles.contains(Self.plain(String($0.name.dropFirst((source.root + run + "/").count))))
              && $0.name.hasPrefix(source.root + run + "/")
          }
      }
      #expect(listing.runCount == isNamed.count)
      let prefixes = SourceListing.prefixes(source, selection)
      for object in expected {
        let rest = object.name.dropFirst(source.root.count)
        if rest.contains("/") {
          #expect(prefixes.contains { rest.hasPrefix($0) }, "\(rest) is listed by \(prefixes)")
        }
      }
      if source.runs != nil {
        let missing = listing.missingRuns(among: "")
        let isWanted = isRun?("absent:model=z") ?? true
        #expect(missing.contains(source.root + "absent:model=z") == isWanted)
      }
    }
  }

  private static func plain(_ name: String) -> String {
    name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
  }

  @Test(arguments: [
    ("r:1/../x", "a file cannot have this name"), ("r:1//x", "a file cannot have this name"),
    ("../x", "a file cannot have this name"),
    ("r:1/a\u{1}b", "a file cannot have this name"), ("r:1/.", "a file cannot have this name"),
    ("r:1/..\u{2F}\u{301}x", "a file cannot have this name"),
    ("r:1/" + String(repeating: "n", count: 256), "a file cannot have this name"),
    ("\u{85}/x", "a file cannot have this name"),
  ])
  func namesThatLeadElsewhereAreRefused(_ name: String, _ problem: String) throws {
    let source = DownloadSource(benchmark: "lite", kind: .suite, name: "v1")
    let listing = SourceListing(0, source, DownloadSelection(benchmarks: try NameSelector(["lite"])))
    let content = StoredContent(version: 1, size: 1, crc32c: nil, isGzip: false)
    guard case .refused(let found) = listing.read(StoredObject(name: source.root + name, content: content))
    else {
      Issue.record("\(name) was not refused")
      return
    }
    #expect(found == problem)
  }

  @Test func impossibleSizesAndOrdersAreNoticed() throws {
    let source = DownloadSource(benchmark: "lite", kind: .suite, name: "v1")
    let listing = SourceListing(0, source, DownloadSelection(benchmarks: try NameSelector(["lite"])))
    func read(_ name: String, size: Int = 1, anyOrder: Bool = false) -> SourceListing.Listed {
      let content = StoredContent(version: 1, size: size, crc32c: nil, isGzip: false)
      return listing.read(StoredObject(name: source.root + name, content: content), anyOrder: anyOrder)
    }
    guard case .refused(let problem) = read("r:1/a", size: 1 << 51) else {
      Issue.record("the size was not refused")
      return
    }
    #expect(problem == "its listed size of \(1 << 51) bytes is impossible")
    if case .file(let file) = read("r:2/b") {
      #expect(file.path == "r:2/b")
    } else {
      Issue.record("b is a file")
    }
    if case .outOfOrder = read("r:2/a") {} else { Issue.record("a comes before b") }
    if case .outOfOrder = read("r:2/b") {} else { Issue.record("b came already") }
    if case .file = read("r:2/a", anyOrder: true) {} else { Issue.record("in any order, a is a file") }
    if case .other = read(Manifest.fileName, anyOrder: true) {
    } else {
      Issue.record("a manifest is not downloaded")
    }
  }

  // MARK: - Google's answers

  private static func problem(_ body: String) throws -> String? {
    let store = GoogleStore(address: try StoreAddress(endpoint: "http://127.0.0.1:9", bucket: "b"))
    do {
      _ = try store.page(Array(body.utf8))
      return nil
    } catch let fault as HTTPFault {
      #expect(fault.kind == .transient, "a proxy's page may be gone the next time")
      return fault.problem
    }
  }

  @Test(arguments: [
    ("[]", "the listing is not a JSON object"), ("null", "the listing is not a JSON object"),
    (#"{"items":[{}]}"#, "an object in the listing has no name, size or generation"),
    (#"{"items":[{"name":"a","size":"1"}]}"#, "an object in the listing has no name, size or generation"),
    (
      #"{"items":[{"name":"a","size":"-1","generation":"1"}]}"#,
      "an object in the listing has no name, size or generation"
    ),
    (
      #"{"items":[{"name":"a","size":1,"generation":"1"}]}"#,
      "an object in the listing has no name, size or generation"
    ),
    (
      #"{"items":[{"name":"a","size":"","generation":"1"}]}"#,
      "an object in the listing has no name, size or generation"
    ),
  ])
  func answersThatAreNoListings(_ body: String, _ problem: String) throws {
    #expect(try Self.problem(body) == problem)
  }

  @Test func listingsAreRead() throws {
    let store = GoogleStore(address: try StoreAddress(endpoint: "http://127.0.0.1:9/", bucket: "a b"))
    #expect(store.endpoint == "http://127.0.0.1:9" && store.name == "a b")
    let body = #"""
      {"items":[{"name":"x/y","size":"99999999999999999999","generation":"7","crc32c":"AAAAAA==","contentEncoding":"GZIP"},
      {"name":"z","size":"0","generation":"18446744073709551615","crc32c":"bad"}],"prefixes":["p/",3],"nextPageToken":""}
      """#
    let page = try store.page(Array(body.utf8))
    #expect(page.objects.map(\.name) == ["x/y", "z"] && page.folders == ["p/"] && page.next == nil)
    #expect(page.objects[0].content.size == .max && page.objects[0].content.isGzip)
    #expect(page.objects[0].content.crc32c == 0 && page.objects[1].content.crc32c == nil)
    #expect(page.objects[1].content.version == .max)
    #expect(try Self.problem("<html>")?.hasPrefix("the listing is not JSON (") == true)
    let listing = store.listing(of: "a/b c", folders: true, page: "t/=")
    #expect(
      listing.url
        == "http://127.0.0.1:9/storage/v1/b/a%20b/o?maxResults=1000&projection=noAcl&fields=prefixes%2CnextPageToken"
        + "&prefix=a%2Fb%20c&delimiter=%2F&pageToken=t%2F%3D")
    let content = store.content(of: "a/ü", page.objects[0].content, from: 10)
    #expect(content.url == "http://127.0.0.1:9/storage/v1/b/a%20b/o/a%2F%C3%BC?alt=media&generation=7")
    #expect(content.headers.contains { $0.name == "Range" && $0.value == "bytes=10-" })
    #expect(!store.content(of: "a", page.objects[0].content, from: 0).headers.contains { $0.name == "Range" })
    #expect(store.version(of: HTTPResponse(headers: ["x-goog-generation": "12"])) == 12)
    #expect(
      store.version(of: HTTPResponse()) == nil
        && store.version(of: HTTPResponse(headers: ["x-goog-generation": "x"])) == 0)
  }

  @Test(arguments: ["ftp://host", "http://", "https://a b", "http://h?x", "http://h#x", "http://h:99999999"])
  func addressesThatAreNone(_ text: String) {
    let error = #expect(throws: MagnetError.self) { try StoreAddress(endpoint: text) }
    #expect(error?.code == .usage && error?.problem.contains("is not an address of a server") == true)
  }
}
