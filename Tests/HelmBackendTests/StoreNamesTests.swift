import Magnet
import Testing

@testable import HelmBackend

/// Names from archives and stores: none leads elsewhere, none is longer than systems allow, and queues keep their order.
@Suite struct StoreNamesTests {
  private static let parts = [
    "a", "..", ".", "", "b c", "é", "...", "a..", "..a", "~", "\u{7F}", "\u{0}", "\n", "C:", "\\",
    "..\\x", "latest",
  ]

  @Test(arguments: 1...8) func namesOfEntriesStayBelowTheTop(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    var accepted = 0
    for _ in 0..<500 {
      let pool = random.below(2) == 0 ? Array(Self.parts[0..<9]) : Self.parts
      let name =
        (random.below(6) == 0 ? "/" : "")
        + (0...random.below(4)).map { _ in random.choice(pool) }.joined(separator: "/")
      do throws(EntryRefusal) {
        let path = try EntryName.path(name.utf8)
        accepted += 1
        let full = Files.absolute("/top/" + path)
        #expect(full == "/top" || full.hasPrefix("/top/"), "\(name)")
        #expect(!path.hasPrefix("/") && !path.hasSuffix("/") && !path.contains("//"))
        #expect(full == (path.isEmpty ? "/top" : "/top/" + path), "what is left is as it stands")
        #expect(try! EntryName.path(path.utf8) == path)
      } catch {
        let parts = name.split(separator: "/")
        let hasControl = name.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
        #expect(
          name.hasPrefix("/") || parts.contains("..") || hasControl, "\(name): \(error.problem)")
        #expect(error.problem.hasPrefix("its name "))
      }
      #expect(
        !EntryName.shown(name.utf8).unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
    }
    #expect(accepted > 50)
  }

  @Test(
    arguments: [
      ([0xFF, 0x61], "its name is not UTF-8"), ([0x2F], "its name is absolute"),
      ([UInt8](repeating: 0x61, count: 4097), "its name is longer than 4096 bytes"),
      (Array("a/../b".utf8), "its name leads out of the archive"),
      ([0x61, 0x0A], "its name has control characters"),
      (Array("a\u{85}".utf8), "its name has control characters"),
    ] as [([UInt8], String)])
  func refusalsSayWhy(_ name: [UInt8], _ problem: String) {
    let error = #expect(throws: EntryRefusal.self) { try EntryName.path(name) }
    #expect(error?.problem == problem)
  }

  @Test func longNamesAreShownCut() {
    let name = String(repeating: "x", count: 300)
    #expect(EntryName.shown(name.utf8) == String(repeating: "x", count: 200) + "...")
    #expect(EntryName.isLatest("a/b/latest".utf8) && EntryName.isLatest("latest/".utf8))
    #expect(
      !EntryName.isLatest("latest/x".utf8) && !EntryName.isLatest("xlatest".utf8)
        && !EntryName.isLatest("".utf8))
  }

  /// Parts of long names fit into 255 bytes and are different where the names are.
  @Test func namesOfPartsFitAndDiffer() {
    var stems: Set<String> = []
    for length in [1, 100, 219, 220, 221, 240, 255] {
      for letter in ["a", "é", "漢"] {
        let name = String(String(repeating: letter, count: length).prefix(length))
        let path = PartName.path(of: "some/folder/" + name, version: .max)
        #expect(path.hasPrefix("some/folder/") && path.hasSuffix(".\(UInt64.max).part"))
        #expect(path.split(separator: "/").last!.utf8.count <= 255, "\(length) times \(letter)")
        #expect(stems.insert(PartName.stem(name)).inserted)
        #expect(name.utf8.count > 220 || PartName.stem(name) == name)
      }
    }
    let long = String(repeating: "x", count: 240)
    #expect(PartName.stem(long + "a") != PartName.stem(long + "b"))
    #expect(PartName.path(of: "f", version: 3) == "f.3.part")
  }

  @Test(arguments: 1...10) func queuesKeepTheirOrder(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let run = PlannedRun(source: 0, name: "r")
    func file(_ number: Int) -> PlannedFile {
      PlannedFile(
        run: run, name: "\(number)",
        content: StoredContent(version: 1, size: number, crc32c: nil, isGzip: number % 2 == 0),
        isInflated: number % 4 == 0)
    }
    var queue = FileQueue()
    var expected: [String] = []
    var number = 0
    for _ in 0..<200 {
      switch random.below(4) {
      case 0:
        let files = (0..<random.below(4)).map { file(number + $0) }
        number += files.count
        queue.add(files)
        expected += files.map(\.name)
      case 1 where number > 0:
        queue.addFirst(file(0))
        expected.insert("0", at: 0)
      default:
        let next = queue.next()?.name
        #expect(next == expected.first)
        if !expected.isEmpty { expected.removeFirst() }
      }
      #expect(queue.count == expected.count)
    }
    while let next = queue.next() {
      #expect(next.name == expected.removeFirst())
    }
    #expect(expected.isEmpty && queue.count == 0)
    #expect(
      file(2).path == "r/2.gz" && file(4).path == "r/4" && file(1).path == "r/1"
        && file(2).objectPath == "r/2")
  }

  @Test func contentsAreTheSameWhereTheirBytesAre() {
    let content = StoredContent(version: 1, size: 3, crc32c: 7, isGzip: false)
    #expect(content.isSame(as: StoredContent(version: 2, size: 3, crc32c: 7, isGzip: true)))
    #expect(!content.isSame(as: StoredContent(version: 1, size: 3, crc32c: 8, isGzip: false)))
    #expect(!content.isSame(as: StoredContent(version: 1, size: 4, crc32c: 7, isGzip: false)))
    #expect(!content.isSame(as: StoredContent(version: 1, size: 3, crc32c: nil, isGzip: false)))
    let unknown = StoredContent(version: 1, size: 3, crc32c: nil, isGzip: false)
    #expect(unknown.isSame(as: unknown))
    #expect(!unknown.isSame(as: StoredContent(version: 2, size: 3, crc32c: nil, isGzip: false)))
  }

  // MARK: Answers of servers

  @Test(
    arguments: [
      (#"{"error": {"message": "no such key", "code": 1}}"#, "no such key"),
      (#"{"error": "bad"}"#, "bad"),
      (#"{"message": "m"}"#, "m"), (#"{"detail": "d"}"#, "d"),
      ("<Error><Message>Denied</Message></Error>", "Denied"),
      ("plain", nil), (#"{"error": {"code": 3}}"#, nil), ("", nil),
      (#"{"error": {"message": "a\nb"}}"#, "ab"),
      ("[1]", nil),
    ] as [(String, String?)])
  func messagesAreFoundInBodies(_ body: String, _ message: String?) {
    var response = HTTPResponse(status: 500, headers: [:])
    response.errorBody = Array(body.utf8)
    #expect(response.message == message)
    #expect(response.problem == "the server answered 500" + (message.map { ": " + $0 } ?? ""))
  }

  @Test func longMessagesAreCut() {
    var response = HTTPResponse(status: 404, headers: [:])
    response.errorBody = Array(#"{"message": "\#(String(repeating: "é", count: 500))"}"#.utf8)
    #expect(response.message?.count == 200)
  }

  @Test(arguments: [
    (200, false), (400, false), (404, false), (408, true), (429, true), (500, true), (599, true),
    (600, false),
  ])
  func transientStatuses(_ status: Int, _ isTransient: Bool) {
    #expect(HTTPResponse(status: status, headers: [:]).isTransient == isTransient)
  }

  @Test func usefulJobsGrowWithTheDelay() {
    let counts = [0, 0.001, 0.005, 0.02, 0.1, 10].map { HTTPConcurrency.useful(delay: $0) }
    #expect(
      counts == counts.sorted() && counts.first == 16 && counts.last == 256 && counts[3] == 100)
  }
}
