import Foundation

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What a client asked a server on loopback.
public struct LoopbackRequest: Sendable {
  public var method: String
  /// Path and query.
  public var target: String
  /// By lower-case name.
  public var headers: [String: String]
  public var body: [UInt8]
}

/// One connection to a LoopbackServer: reads requests and writes answers, HTTP/1.1 with keep-alive. Used by one thread.
public struct LoopbackConnection {
  public enum End: Sendable {
    case whole
    /// Closed after this many bytes of the body.
    case cut(Int)
    /// Silent after this many bytes of the body, until the client goes.
    case stalled(Int)
  }

  private let socket: Int32

  init(_ socket: Int32) {
    self.socket = socket
    var one: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
  }

  /// Answers requests until the client or the server goes.
  /// - Parameter answer: whether the connection goes on.
  func serve(_ answer: (LoopbackRequest, LoopbackConnection) -> Bool) {
    defer { close(socket) }
    var buffer: [UInt8] = []
    func receive() -> Bool {
      var piece = [UInt8](repeating: 0, count: 8192)
      let count = recv(socket, &piece, piece.count, 0)
      if count > 0 { buffer += piece[..<count] }
      return count > 0
    }
    while true {
      while buffer.firstRange(of: Array("\r\n\r\n".utf8)) == nil { if !receive() { return } }
      let end = buffer.firstRange(of: Array("\r\n\r\n".utf8))!
      let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
      buffer.removeSubrange(..<end.upperBound)
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        guard let colon = line.firstIndex(of: ":") else { continue }
        headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
          in: .whitespaces)
      }
      let parts = lines[0].split(separator: " ")
      guard parts.count == 3 else { return }
      let length = Int(headers["content-length"] ?? "") ?? 0
      while buffer.count < length { if !receive() { return } }
      let request = LoopbackRequest(
        method: String(parts[0]), target: String(parts[1]), headers: headers, body: Array(buffer[..<length]))
      buffer.removeSubrange(..<length)
      guard answer(request, self) else { return }
    }
  }

  public func sendError(_ status: Int, _ message: String, _ headers: [String: String] = [:]) -> Bool {
    let body =
      "{\"error\":{\"code\":\(status),\"message\":\"\(message)\",\"errors\":[{\"reason\":\"test\"}]}}"
    return send(status, headers, Array(body.utf8))
  }

  public func send(_ status: Int, _ headers: [String: String], _ body: [UInt8]) -> Bool {
    send(status, headers, body, length: body.count, end: .whole, rate: 0)
  }

  /// - Returns: whether the connection goes on.
  public func send(
    _ status: Int, _ headers: [String: String], _ body: [UInt8], length: Int?, end: End, rate: Int
  ) -> Bool {
    var head = "HTTP/1.1 \(status) Status\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    head += length.map { "Content-Length: \($0)\r\n\r\n" } ?? "Connection: close\r\n\r\n"
    let count =
      switch end {
      case .whole: body.count
      case .cut(let count), .stalled(let count): count
      }
    let isSmall = count < 1 << 16 && rate == 0
    guard write(Array(head.utf8) + (isSmall ? Array(body[..<count]) : [])[...]) else { return false }
    if !isSmall {
      let step = rate > 0 ? max(1, rate / 20) : 1 << 18
      for start in stride(from: 0, to: count, by: step) {
        guard write(body[start..<min(start + step, count)]) else { return false }
        if rate > 0 { Thread.sleep(forTimeInterval: 0.05) }
      }
    }
    if case .stalled = end {
      var byte: UInt8 = 0
      while recv(socket, &byte, 1, 0) > 0 {}
      return false
    }
    if case .cut = end { return false }
    return length == body.count
  }

  private func write(_ bytes: [UInt8].SubSequence) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = Foundation.send(socket, bytes.baseAddress! + done, bytes.count - done, Int32(noSignal))
        if count <= 0 { return false }
        done += count
      }
      return true
    }
  }

  #if canImport(Darwin)
    private let noSignal = 0
  #else
    private let noSignal = MSG_NOSIGNAL
  #endif
}
