import FlyingFox
import FlyingSocks
import Foundation
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
    return (0..<2).map { _ in
      let digits = String(UInt64.random(in: 0 ... .max, using: &random), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// Serves until the task is cancelled.
  /// - Parameter started: called with the port once connections are accepted.
  /// - Throws: `MagnetError` when the port cannot be had, and `CancellationError` at the end.
  func run(started: @escaping @Sendable (UInt16) throws -> Void) async throws {
    let server = try HTTPServer(
      address: .inet(ip4: "127.0.0.1", port: port), timeout: 600, logger: .disabled)
    let bound = Bound()
    await server.appendRoute("*") { request in await answer(request, port: bound.port) }
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        group.addTask {
          try await server.waitUntilListening(timeout: 30)
          guard case .ip4(_, let port)? = await server.listeningAddress else {
            throw MagnetError(.system, "the server has no address")
          }
          bound.port = port
          try started(port)
          // The group ends with its first task, and this one waits for the server.
          while !Task.isCancelled { try await Task.sleep(for: .seconds(3600)) }
        }
        defer { group.cancelAll() }
        _ = try await group.next()
      }
    } catch {
      if Task.isCancelled || error is CancellationError { throw CancellationError() }
      if error is MagnetError { throw error }
      throw MagnetError(
        .system, "cannot serve on port \(port): \(error)",
        advice: "choose another with --port, or leave it out")
    }
  }

  /// The port, known once the server listens.
  private final class Bound: Sendable {
    private let value = Locked(UInt16(0))
    var port: UInt16 {
      get { value.withLock { $0 } }
      set { value.withLock { $0 = newValue } }
    }
  }

  private func answer(_ request: HTTPRequest, port: UInt16) async -> HTTPResponse {
    let hosts = ["127.0.0.1:\(port)", "localhost:\(port)"]
    guard let host = request.headers[.host], hosts.contains(host.lowercased()) else {
      return refusal(.misdirectedRequest, "This server answers for 127.0.0.1 only.")
    }
    let origin = request.headers[HTTPHeader("Origin")]
    let site = request.headers[HTTPHeader("Sec-Fetch-Site")]
    if let origin, !hosts.contains(where: { origin == "http://" + $0 }) {
      return refusal(.forbidden, "Pages of other origins are not answered.")
    }
    if let site, site != "none", site != "same-origin" {
      return refusal(.forbidden, "Pages of other origins are not answered.")
    }
    // As it was sent: FlyingFox drops the slash at the end, by which relative links go.
    let path = request.target.path()
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, parts[0].isEmpty, parts[1] == token else {
      return refusal(.notFound, "There is nothing at this address.")
    }
    guard request.method == .GET || request.method == .HEAD else {
      return refusal(.methodNotAllowed, "This server can only be read.")
    }
    let query = Self.decoded(request.target.query())
    var status = HTTPStatusCode.ok
    let page: HTMLPage
    do {
      if let found = try await pages.page(.init(name: parts[2], query: query)) {
        page = found
      } else {
        status = .notFound
        page = pages.failure("There is no such page, or the run is gone.")
      }
    } catch {
      status = .internalServerError
      page = pages.failure("\(error)")
    }
    let headers = Self.headers.merging([
      .contentType: "text/html; charset=utf-8",
      HTTPHeader("Content-Security-Policy"): page.policy + "; frame-ancestors 'none'",
    ]) { $1 }
    let body = request.method == .HEAD ? Data() : Data(page.text.utf8)
    return HTTPResponse(statusCode: status, headers: HTTPHeaders(headers), body: body)
  }

  /// The values of a form, as browsers send them.
  private static func decoded(_ query: String) -> [String: String] {
    var values: [String: String] = [:]
    for part in query.split(separator: "&") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        $0.replacing("+", with: " ").removingPercentEncoding ?? ""
      }
      values[pair[0]] = pair.count > 1 ? pair[1] : ""
    }
    return values
  }

  private static let headers: [HTTPHeader: String] = [
    .cacheControl: "no-store", HTTPHeader("X-Content-Type-Options"): "nosniff",
    HTTPHeader("Referrer-Policy"): "no-referrer", HTTPHeader("X-Frame-Options"): "DENY",
    HTTPHeader("Cross-Origin-Resource-Policy"): "same-origin",
    HTTPHeader("Cross-Origin-Opener-Policy"): "same-origin",
  ]

  private func refusal(_ status: HTTPStatusCode, _ message: String) -> HTTPResponse {
    let headers = Self.headers.merging([.contentType: "text/plain; charset=utf-8"]) { $1 }
    return HTTPResponse(statusCode: status, headers: HTTPHeaders(headers), body: Data((message + "\n").utf8))
  }
}
