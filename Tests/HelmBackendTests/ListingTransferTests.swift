import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Listings and small objects driven by hand, without a server.
@Suite struct ListingTransferTests {
  static func response(_ status: Int, body: String = "") -> HTTPResponse {
    TransferTests.response(status, body: body)
  }

  /// A store whose pages are written in the test.
  struct Pages: ObjectStore {
    let name = "b", endpoint = "http://e"
    func listing(of prefix: String, folders: Bool, page: String?) -> HTTPRequest {
      HTTPRequest("\(prefix)?\(page ?? "")")
    }
    func page(_ body: [UInt8]) throws -> ObjectPage {
      let words = String(decoding: body, as: UTF8.self).split(separator: " ").map(String.init)
      if words.first == "garbage" { throw HTTPFault(kind: .transient, problem: "not a listing") }
      var page = ObjectPage()
      for word in words where !word.hasPrefix("next=") {
        if word.hasSuffix("/") {
          page.folders.append(word)
        } else {
          page.objects.append(
            StoredObject(
              name: word, content: StoredContent(version: 1, size: 1, crc32c: nil, isGzip: false)))
        }
      }
      page.next = words.first { $0.hasPrefix("next=") }.map { String($0.dropFirst(5)) }
      return page
    }
    func content(of name: String, _ content: StoredContent, from offset: Int) -> HTTPRequest {
      HTTPRequest(name)
    }
    func version(of response: HTTPResponse) -> UInt64? { nil }
  }

  /// Answers a listing with bodies and statuses in turn; what it asked for, told and returned.
  static func listed(_ answers: [(Int, String)], folders: Bool = false, attempts: Int = 3) throws
    -> (urls: [String], told: [String], isComplete: Bool, folders: Set<String>)
  {
    final class Told { var lines: [String] = [] }
    let told = Told()
    let transfer = ListingTransfer(
      Pages(), prefix: "p", folders: folders, retries: attempts, progress: WorkProgress()
    ) { _, event in
      switch event {
      case .page(let objects): told.lines.append(objects.map(\.name).joined(separator: " "))
      case .failed(let error): told.lines.append(error.problem)
      }
      return true
    }
    var urls: [String] = []
    for (status, body) in answers {
      urls.append(transfer.request().url)
      transfer.begin(Self.response(status))
      if (200..<300).contains(status) {
        try Array(body.utf8).withUnsafeBytes { try transfer.receive($0) }
      }
      if try transfer.end(.success(Self.response(status, body: body))) == nil { break }
    }
    return (urls, told.lines, transfer.isComplete, transfer.folders)
  }

  @Test func pagesFollowOneAnother() throws {
    let found = try Self.listed([
      (200, "pa pb next=1"), (503, ""), (200, "garbage"), (200, "pc x pd/ next=2"), (200, ""),
    ])
    #expect(found.urls == ["p?", "p?1", "p?1", "p?1", "p?2"])
    #expect(
      found.told == ["pa pb", "pc", ""] && found.isComplete, "what was not asked for is left out")
    #expect(found.folders == ["pd/"])
    // Each page that comes begins the count of attempts again.
    var answers: [(Int, String)] = []
    for number in 0..<6 { answers += [(503, ""), (503, ""), (200, "p\(number) next=\(number)")] }
    let many = try Self.listed(answers + [(200, "pz")])
    #expect(many.isComplete && many.told.count == 7)
  }

  @Test(
    arguments: [
      (
        [(200, "pa next=1"), (200, "pb next=1")],
        "every page of the listing names the same next one"
      ),
      (
        [(503, ""), (503, ""), (503, "")],
        "the server answered 503, 3 times; check the network and try again"
      ),
      (
        [(200, "garbage"), (200, "garbage"), (200, "garbage")],
        "not a listing, 3 times; check the network and try again"
      ),
      ([(403, "")], "the server answered 403; the bucket is not public"),
      ([(401, "")], "the server answered 401; the bucket is not public"),
      (
        [(404, "{\"message\": \"gone\"}")],
        "the server answered 404: gone; the bucket does not exist"
      ), ([(400, "")], "the server answered 400"),
    ] as [([(Int, String)], String)])
  func listingsThatFailSayWhy(_ answers: [(Int, String)], _ problem: String) throws {
    let found = try Self.listed(answers)
    #expect(found.told.last == "http://e/b/p: cannot be listed: " + problem && !found.isComplete)
  }

  /// Pages that bring nothing new do not go on for ever.
  @Test func endlessListingsEnd() throws {
    let answers = (0..<500).map { (200, "pa next=\($0)") }
    let found = try Self.listed(answers)
    #expect(
      found.urls.count == 201
        && found.told.last?.hasSuffix("200 pages in a row brought nothing new; is it a store?")
          == true
    )
  }

  // MARK: - Small objects

  @Test func objectsAreCheckedAndInflated() throws {
    let plain = Array("{\"a\": 1}".utf8)
    func fetched(
      _ stored: [UInt8], crc: UInt32?, isGzip: Bool, size: Int? = nil, sent: [UInt8]? = nil
    ) throws -> [UInt8]? {
      let content = StoredContent(
        version: 1, size: size ?? stored.count, crc32c: crc, isGzip: isGzip)
      let transfer = ObjectTransfer(
        StoredObject(name: "o", content: content), in: Pages(), retries: 2,
        progress: WorkProgress())
      for _ in 0..<2 {
        _ = transfer.request()
        transfer.begin(Self.response(200))
        do { try (sent ?? stored).withUnsafeBytes { try transfer.receive($0) } } catch {
          if try transfer.end(.failure(error)) == nil { break }
          continue
        }
        if try transfer.end(.success(Self.response(200))) == nil { break }
      }
      return transfer.bytes
    }
    let packed = gzip(plain)
    #expect(
      try fetched(plain, crc: TransferTests.crc(plain), isGzip: false) == plain
        && fetched(plain, crc: nil, isGzip: false) == plain)
    #expect(try fetched(packed, crc: TransferTests.crc(packed), isGzip: true) == plain)
    for problem in [
      "the bytes are not those listed, 2 times; check the network and try again",
      "the server sends more than the bytes listed, 2 times; check the network and try again",
    ] {
      let error = #expect(throws: MagnetError.self) {
        try problem.hasPrefix("the bytes")
          ? fetched(plain, crc: 1, isGzip: false)
          : fetched(plain, crc: nil, isGzip: false, sent: plain + plain)
      }
      #expect(
        error?.problem == problem && error?.place == "http://e/b/o" && error?.code == .network)
    }
    #expect(throws: MagnetError.self) { try fetched(plain, crc: nil, isGzip: true) }
    #expect(throws: MagnetError.self) {
      try fetched(plain, crc: nil, isGzip: false, size: plain.count + 1)
    }
    #expect(
      inflated(gzip: packed, atMost: plain.count) == plain
        && inflated(gzip: packed, atMost: plain.count - 1) == nil)
    for length in 0..<packed.count {
      #expect(inflated(gzip: Array(packed[..<length]), atMost: 100) == nil)
    }
  }
}
