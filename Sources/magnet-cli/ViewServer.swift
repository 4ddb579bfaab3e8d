import Magnet
import MagnetCommand

/// A server on 127.0.0.1 that answers those who know its address, which nobody can guess, and no page of another origin.
struct ViewServer: Sendable {
  /// The port; 0 for any that is free.
  let port: UInt16
  /// What every address begins with.
  let token: String
  let pages: RunPages

  /// 128 random bits.
  static func makeToken() -> String {
    var random = SystemRandomNumberGenerator()
    return (0..<2).map { _ in UInt64.random(in: 0 ... .max, using: &random).hexadecimal }.joined()
  }

  /// Serves until the task is cancelled.
  ///
  /// A connection carries one request: browsers on the same machine open another at no cost, and none stays that waits
  /// for nothing.
  /// - Parameter started: called with the port once connections are accepted.
  /// - Throws: `MagnetError` when the port cannot be had, and `CancellationError` at the end.
  func run(started: @escaping @Sendable (UInt16) throws -> Void) async throws {
    let listener: LocalListener
    do { listener = try LocalListener(port: port) } catch {
      throw MagnetError(
        .system, "cannot serve on port \(port): \(error)",
        advice: "choose another with --port, or leave it out")
    }
    try started(listener.port)
    _ = try await Workers.run(Self.connectionCount, isBlocking: true) {
      while !Task.isCancelled {
        if let connection = listener.accept(within: 500) { await serve(connection, port: listener.port) }
      }
    }
    throw CancellationError()
  }

  /// How many connections are served at once; more wait for one of these to end.
  private static let connectionCount = 16

  private func serve(_ connection: borrowing LocalConnection, port: UInt16) async {
    guard let bytes = ViewRequest.read(from: connection, before: .now + .seconds(10)) else { return }
    let answer: Answer
    if let request = ViewRequest(bytes) {
      answer = await self.answer(request, port: port)
    } else {
      answer = refusal("400 Bad Request", "This is not a request of HTTP/1.1.")
    }
    let headers = answer.headers.merging(Self.headers) { own, _ in own }.map { "\($0.key): \($0.value)\r\n" }
      .sorted()
    let head =
      "HTTP/1.1 \(answer.status)\r\n\(headers.joined())Content-Length: \(answer.body.utf8.count)\r\n\r\n"
    let isHead = bytes.starts(with: "HEAD ".utf8)
    // A page may be long, and who reads it slow.
    if connection.send(Array((head + (isHead ? "" : answer.body)).utf8), before: .now + .seconds(60)) {
      connection.end(before: .now + .seconds(1))
    }
  }

  private struct Answer {
    let status: String
    let headers: [String: String]
    let body: String
  }

  private func answer(_ request: ViewRequest, port: UInt16) async -> Answer {
    let hosts = ["127.0.0.1:\(port)", "localhost:\(port)"]
    guard let host = request.headers["host"], hosts.contains(host.lowercased()) else {
      return refusal("421 Misdirected Request", "This server answers for 127.0.0.1 only.")
    }
    let origin = request.headers["origin"]
    let site = request.headers["sec-fetch-site"]
    if let origin, !hosts.contains(where: { origin == "http://" + $0 }) {
      return refusal("403 Forbidden", "Pages of other origins are not answered.")
    }
    if let site, site != "none", site != "same-origin" {
      return refusal("403 Forbidden", "Pages of other origins are not answered.")
    }
    let parts = request.path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, parts[0].isEmpty, parts[1] == token else {
      return refusal("404 Not Found", "There is nothing at this address.")
    }
    guard request.method == "GET" || request.method == "HEAD" else {
      return refusal("405 Method Not Allowed", "This server can only be read.")
    }
    var status = "200 OK"
    let page: HTMLPage
    do {
      if let found = try await pages.page(.init(name: parts[2], query: request.query)) {
        page = found
      } else {
        status = "404 Not Found"
        page = pages.failure("There is no such page, or the run is gone.")
      }
    } catch {
      status = "500 Internal Server Error"
      page = pages.failure("\(error)")
    }
    return Answer(
      status: status,
      headers: [
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": page.policy + "; frame-ancestors 'none'",
      ], body: page.text)
  }

  private static let headers = [
    "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Connection": "close",
  ]

  private func refusal(_ status: String, _ message: String) -> Answer {
    Answer(status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: message + "\n")
  }
}
