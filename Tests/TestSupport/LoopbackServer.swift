import Foundation

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A server of HTTP on 127.0.0.1, one thread for each connection.
public final class LoopbackServer: Sendable {
  private let listener: Int32
  public let port: Int
  public var endpoint: String { "http://127.0.0.1:\(port)" }

  /// - Parameter answer: answers a request; returns whether the connection goes on.
  public init(_ answer: @escaping @Sendable (LoopbackRequest, LoopbackConnection) -> Bool) throws {
    #if canImport(Darwin)
      let listener = socket(AF_INET, SOCK_STREAM, 0)
    #else
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    var one: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, 4)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(listener, pointer, length) == 0 && listen(listener, 512) == 0
          && getsockname(listener, pointer, &length) == 0
      }
    }
    guard isBound else { throw POSIXError(.EADDRINUSE) }
    port = Int(UInt16(bigEndian: address.sin_port))
    self.listener = listener
    let thread = Thread {
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { return }
        let worker = Thread { LoopbackConnection(client).serve(answer) }
        worker.stackSize = 1 << 19
        worker.start()
      }
    }
    thread.start()
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }
}
