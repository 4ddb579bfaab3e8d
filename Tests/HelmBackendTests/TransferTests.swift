import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Transfers driven by hand, without a server: what they ask for, keep and give up after each kind of answer.
@Suite struct TransferTests {
  static let address = Result { try StoreAddress(endpoint: "http://127.0.0.1:9", bucket: "b") }

  static func text(_ seed: Int, _ count: Int) -> [UInt8] {
    Array(StoreTree.text(seed, count: count).prefix(count))
  }

  static func crc(_ bytes: [UInt8]) -> UInt32 {
    var sum = CRC32C()
    bytes.withUnsafeBytes { sum.add($0) }
    return sum.value
  }

  static func response(_ status: Int, _ headers: [String: String] = [:], body: String = "")
    -> HTTPResponse
  {
    HTTPResponse(status: status, headers: headers, errorBody: Array(body.utf8))
  }

  static let cut = HTTPFault(kind: .transient, problem: "the connection was cut before the end")

  // MARK: - Files

  /// A file's transfer and what it told.
  final class OneFile {
    let transfer: FileTransfer
    let folder: TemporaryFolder
    let bytes: [UInt8]
    let progress = WorkProgress()

    init(_ bytes: [UInt8], crc32c: UInt32?? = nil, attempts: Int = 3) throws {
      self.bytes = bytes
      folder = try TemporaryFolder()
      var store = HelmStore(try TransferTests.address.get())
      store.attempts = attempts
      let content = StoredContent(
        version: 7, size: bytes.count, crc32c: crc32c ?? TransferTests.crc(bytes), isGzip: false)
      let file = PlannedFile(
        run: PlannedRun(source: 0, name: "r:1"), name: "stats.json", content: content,
        isInflated: false)
      let told = Told()
      transfer = FileTransfer(
        file, number: 1, name: "lite/r:1/stats.json", path: folder.path + "/r:1/stats.json",
        store: store, stage: WriteStage(), progress: progress
      ) { _, end in
        switch end {
        case .whole(let sum): told.ends.append("whole \(sum.map { "\($0.value)" } ?? "unknown")")
        case .changed: told.ends.append("changed")
        case .failed(let problem): told.ends.append(problem)
        }
      }
      self.told = told
    }

    final class Told { var ends: [String] = [] }
    private let told: Told
    var all: [String] { told.ends }

    /// One attempt that brings bytes from where the request asks, up to an end.
    /// - Returns: the offset asked for, and the delay until the next attempt.
    func attempt(upTo end: Int, pieces: Int, _ outcome: Result<HTTPResponse, any Error>) throws -> (
      offset: Int, delay: Double?
    ) {
      let request = try transfer.request()
      let range = request.headers.first { $0.name == "Range" }?.value
      let offset = range.flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0
      try transfer.begin(
        TransferTests.response(
          offset > 0 ? 206 : 200,
          [
            "content-length": "\(bytes.count - offset)",
            "content-range": "bytes \(offset)-\(bytes.count - 1)/\(bytes.count)",
            "x-goog-generation": "7",
          ]))
      for start in stride(from: offset, to: max(offset, end), by: pieces) {
        try bytes[start..<min(start + pieces, end)].withUnsafeBytes { try transfer.receive($0) }
      }
      return (offset, try transfer.end(outcome))
    }
  }

  /// Cut at any byte, a file is resumed from there, and its bytes and its checksum are right in the end.
  @Test func filesResumeFromEachByte() throws {
    let bytes = Self.text(3, 60)
    for end in 0..<bytes.count {
      let file = try OneFile(bytes)
      let first = try file.attempt(upTo: end, pieces: 7, .failure(Self.cut))
      #expect(first.offset == 0 && first.delay != nil)
      let second = try file.attempt(
        upTo: bytes.count, pieces: 11, .success(Self.response(end > 0 ? 206 : 200)))
      #expect(second.offset == end && second.delay == nil)
      #expect(file.all == [end == 0 ? "whole \(Self.crc(bytes))" : "whole unknown"])
      #expect(try Files.read(file.transfer.partPath, atMost: 1000) == bytes)
      #expect(
        file.progress.state.transfer.bytes == bytes.count
          && file.progress.state.transfer.received == bytes.count
          && file.progress.state.transfer.retries == 1)
      let entry = FileFinish(
        number: 1, file: file.transfer.file, path: file.transfer.path,
        partPath: file.transfer.partPath, sum: nil
      ).outcome()
      if case .done(let entry) = entry {
        #expect(entry.localCRC32C == Self.crc(bytes) && entry.file == "r:1/stats.json")
      } else {
        Issue.record("\(entry)")
      }
      #expect(
        try Files.read(file.transfer.path, atMost: 1000) == bytes
          && !Files.exists(file.transfer.partPath))
    }
  }

  /// Attempts that bring something do not count; those that bring nothing end with a sentence.
  @Test func attemptsThatBringNothingEnd() throws {
    let bytes = Self.text(4, 40)
    let slow = try OneFile(bytes, attempts: 3)
    for end in 1..<12 {
      #expect(try slow.attempt(upTo: end, pieces: 5, .failure(Self.cut)).delay != nil, "\(end)")
    }
    #expect(try slow.attempt(upTo: 11, pieces: 5, .failure(Self.cut)).delay != nil)
    #expect(try slow.attempt(upTo: 11, pieces: 5, .failure(Self.cut)).delay == nil)
    #expect(slow.all == ["the connection was cut before the end, 3 times"])
    #expect(
      try Files.read(slow.transfer.partPath, atMost: 100) == Array(bytes[..<11]),
      "what came is kept for the next download")
  }

  @Test(arguments: [
    (404, "changed", true), (412, "changed", true), (403, "the server answered 403: no", true),
    (400, "the server answered 400: no", true),
    (503, "", false), (429, "", false), (408, "", false), (416, "", false), (500, "", false),
  ])
  func statusesEndOrRepeat(_ status: Int, _ end: String, _ isOver: Bool) throws {
    let bytes = Self.text(5, 30)
    let file = try OneFile(bytes)
    _ = try file.attempt(upTo: 10, pieces: 10, .failure(Self.cut))
    _ = try file.transfer.request()
    let delay = try file.transfer.end(
      .success(Self.response(status, body: #"{"error":{"message":"no"}}"#)))
    #expect((delay == nil) == isOver && file.all == (isOver ? [end] : []))
    // A range that cannot be had is one of another file: it begins again.
    #expect(Files.exists(file.transfer.partPath) == (status != 416))
  }

  @Test func wrongAnswersAreNoticedAsTheyBegin() throws {
    let bytes = Self.text(6, 30)
    func problem(_ headers: [String: String], _ status: Int = 200, after: Int = 0) throws -> String? {
      let file = try OneFile(bytes)
      if after > 0 { _ = try file.attempt(upTo: after, pieces: 10, .failure(Self.cut)) }
      _ = try file.transfer.request()
      do {
        try file.transfer.begin(Self.response(status, headers))
        return nil
      } catch let fault as HTTPFault { return fault.problem } catch {
        #expect(try file.transfer.end(.failure(error)) == nil)
        return file.all.first
      }
    }
    #expect(try problem(["content-length": "30"]) == nil)
    #expect(
      try problem(["content-length": "31"]) == "the server announces 31 bytes, not 30 as listed")
    #expect(try problem(["x-goog-generation": "8"]) == "changed")
    #expect(
      try problem(["content-range": "bytes 5-29/30"], 206, after: 10)
        == "the server sends another range than asked for")
    #expect(
      try problem(["content-length": "30"], 200, after: 10) == nil,
      "a range that is passed over brings all")
    let file = try OneFile(bytes)
    _ = try file.transfer.request()
    try file.transfer.begin(Self.response(200))
    let more = #expect(throws: HTTPFault.self) {
      try (bytes + [1]).withUnsafeBytes { try file.transfer.receive($0) }
    }
    #expect(
      more?.problem == "the server sends more than the 30 bytes listed"
        && !Files.exists(file.transfer.partPath))
  }

  /// Whole before it was asked for, of another checksum, or gzip that is none.
  @Test func finishedFilesAreChecked() throws {
    let bytes = Self.text(7, 30)
    let file = try OneFile(bytes, crc32c: 1)
    _ = try file.attempt(upTo: 30, pieces: 30, .success(Self.response(200)))
    func finish(_ planned: PlannedFile) -> FileFinish {
      FileFinish(
        number: 1, file: planned, path: file.transfer.path, partPath: file.transfer.partPath,
        sum: nil)
    }
    let again = #expect(throws: (any Error).self) { try file.transfer.request() }
    #expect(
      try again.flatMap { try file.transfer.end(.failure($0)) } == nil
        && file.all.last == "whole unknown")
    #expect(finish(file.transfer.file).outcome().isWrong && !Files.exists(file.transfer.partPath))
    #expect(file.transfer.restart() != nil && file.progress.state.transfer.bytes == 0)
    _ = try file.attempt(upTo: 30, pieces: 30, .success(Self.response(200)))
    let content = StoredContent(version: 7, size: 30, crc32c: nil, isGzip: true)
    let packed = PlannedFile(
      run: file.transfer.file.run, name: "stats.json", content: content, isInflated: true)
    if case .failed(let problem) = finish(packed).outcome() {
      #expect(problem == "it is stored as gzip but cannot be inflated: it is not gzip")
    } else {
      Issue.record("what is not gzip was inflated")
    }
  }
}
