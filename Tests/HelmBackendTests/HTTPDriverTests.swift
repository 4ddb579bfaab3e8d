import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HelmBackend

/// The driver against a server on loopback that says what it was asked.
@Suite struct HTTPDriverTests {
  /// What a server was asked, request by request.
  final class Log: Sendable {
    let requests = Mutex<[LoopbackRequest]>([])
    var all: [LoopbackRequest] { requests.withLock { $0 } }
  }

  /// One request without repetitions, and what came of it.
  final class OneTransfer: HTTPTransfer {
    let asked: HTTPRequest
    var outcome: Result<HTTPResponse, any Error>?
    var body: [UInt8] = []
    init(_ asked: HTTPRequest) { self.asked = asked }
    func request() -> HTTPRequest { asked }
    func begin(_ response: HTTPResponse) {}
    func receive(_ bytes: UnsafeRawBufferPointer) { body += bytes }
    func end(_ outcome: Result<HTTPResponse, any Error>) -> Double? {
      self.outcome = outcome
      return nil
    }
  }

  final class List: HTTPWork {
    var waiting: [any HTTPTransfer]
    init(_ transfers: [any HTTPTransfer]) { waiting = transfers.reversed() }
    var isEmpty: Bool { waiting.isEmpty }
    func next() -> (any HTTPTransfer)? { waiting.popLast() }
    func turn() -> Bool { false }
  }

  struct Answer: Sendable {
    var status: Int?
    var headers: [String: String] = [:]
    var body = ""
    var fault: HTTPFault?
  }

  /// Sends requests one after the other over one handle.
  private func send(_ requests: HTTPRequest...) async throws -> [Answer] {
    var options = HTTPOptions()
    options.jobs = 1
    options.allowsPlainLoopback = true
    return try await HTTPDriver.onItsThread(options) { driver in
      let transfers = requests.map { OneTransfer($0) }
      try driver.run(List(transfers))
      return transfers.map { transfer in
        var answer = Answer(body: String(decoding: transfer.body, as: UTF8.self))
        switch transfer.outcome {
        case .success(let response):
          answer.status = response.status
          answer.headers = response.headers
        case .failure(let error): answer.fault = error as? HTTPFault
        case nil: break
        }
        return answer
      }
    }
  }

  private func echo(_ log: Log) throws -> LoopbackServer {
    try LoopbackServer { request, connection in
      log.requests.withLock { $0.append(request) }
      if request.target == "/moved" { return connection.send(307, ["Location": "/new"], []) }
      return connection.send(
        200, ["X-Kept": "one", "X-Dropped": "two"],
        Array("\(request.method) \(request.target) \(request.body.count)".utf8))
    }
  }

  @Test func everyMethodAndBodyInTurnOverOneConnection() async throws {
    let log = Log()
    let server = try echo(log)
    func request(_ method: String, _ body: String?, _ path: String = "/") -> HTTPRequest {
      var request = HTTPRequest(server.endpoint + path, method: method)
      request.body = body.map { Array($0.utf8) }
      return request
    }
    let large = String(repeating: "x", count: 3_000_000)
    let answers = try await send(
      request("POST", "{\"a\":\"\u{0}\"}"), request("GET", nil), request("PUT", "put"), request("GET", nil),
      request("POST", ""), request("DELETE", nil), request("POST", large), request("PATCH", "p"),
      request("HEAD", nil))
    #expect(
      answers.map(\.body) == [
        "POST / 9", "GET / 0", "PUT / 3", "GET / 0", "POST / 0", "DELETE / 0", "POST / 3000000", "PATCH / 1",
        "",
      ])
    #expect(answers.allSatisfy { $0.status == 200 })
    #expect(
      log.all.map(\.method) == ["POST", "GET", "PUT", "GET", "POST", "DELETE", "POST", "PATCH", "HEAD"])
    #expect(log.all.allSatisfy { $0.headers["expect"] == nil })
    #expect(log.all[0].body == Array("{\"a\":\"\u{0}\"}".utf8))
  }

  @Test func headersAreThoseOfTheRequestOnly() async throws {
    let log = Log()
    let server = try echo(log)
    var first = HTTPRequest(server.endpoint, method: "POST")
    first.headers = [
      ("Authorization", "Bearer secret"), ("Content-Type", "application/json"), ("Accept", ""),
    ]
    first.body = Array("{}".utf8)
    first.keptHeaders = ["x-kept"]
    let answers = try await send(first, HTTPRequest(server.endpoint))
    #expect(answers[0].headers == ["x-kept": "one"] && answers[1].headers.isEmpty)
    #expect(log.all[0].headers["authorization"] == "Bearer secret")
    #expect(log.all[0].headers["content-type"] == "application/json")
    #expect(log.all[0].headers["accept"] == nil && log.all[1].headers["accept"] == "*/*")
    #expect(log.all[1].headers["authorization"] == nil && log.all[1].headers["content-type"] == nil)
  }

  @Test func onlyWhatReadsFollowsRedirects() async throws {
    let log = Log()
    let server = try echo(log)
    var post = HTTPRequest(server.endpoint + "/moved", method: "POST")
    post.body = [65]
    post.headers = [("Authorization", "Bearer secret")]
    let answers = try await send(HTTPRequest(server.endpoint + "/moved"), post)
    #expect(answers[0].body == "GET /new 0" && answers[1].status == 307)
    #expect(log.all.map(\.target) == ["/moved", "/new", "/moved"])
  }

  @Test func whatCannotBeSentIsNot() async throws {
    let log = Log()
    let server = try echo(log)
    var injected = HTTPRequest(server.endpoint)
    injected.headers = [("Authorization", "Bearer x\r\nX-Other: y")]
    let answers = try await send(
      injected, HTTPRequest(server.endpoint, method: "GET / HTTP/1.1\r\nX:"), HTTPRequest("ftp://127.0.0.1/"),
      HTTPRequest(server.endpoint))
    #expect(answers.map { $0.fault?.kind } == [.permanent, .permanent, .permanent, nil])
    #expect(log.all.count == 1 && answers[3].status == 200)
    #expect(answers[0].fault?.problem.contains("Bearer") == false)
  }

  @Test func nobodyListensIsKnownAtOnce() async throws {
    let server = try echo(Log())
    let nowhere = HTTPRequest("http://127.0.0.1:1")
    #expect(try await send(nowhere)[0].fault?.kind == .unreachable)
    #expect(try await send(HTTPRequest(server.endpoint), nowhere)[1].fault?.kind == .transient)
    var retries = HTTPRetries(limit: 8)
    #expect(retries.delay(isUnreachable: true) != nil && retries.delay(isUnreachable: true) == nil)
    #expect(retries.count == 2)
    retries.reset()
    #expect(
      (0..<8).map { _ in retries.delay() == nil } == [false, false, false, false, false, false, false, true])
  }

  @Test func retryAfterInSecondsAndAsADate() {
    func asked(_ text: String) -> Double? {
      HTTPResponse(status: 429, headers: ["retry-after": text]).retryAfter
    }
    #expect(asked("7") == 7 && asked("-1") == 0 && asked("soon") == nil && asked("inf") == nil)
    #expect(asked("Sun, 06 Nov 1994 08:49:37 GMT") == 0)
    let later = asked("Sun, 06 Nov 2094 08:49:37 GMT")
    #expect(later.map { $0 > 1e9 } == true)
    var retries = HTTPRetries(limit: 3)
    let delay = retries.delay(after: HTTPResponse(status: 429, headers: ["retry-after": "500"]))
    #expect(delay.map { $0 >= 120 && $0 < 121 } == true, "no server is waited for longer than two minutes")
  }
}
