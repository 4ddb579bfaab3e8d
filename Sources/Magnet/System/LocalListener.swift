// Unsafe code, on these invariants: a listener and a connection own their sockets, are not copied, and close them once;
// buffers and addresses handed to the system live during the call.

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A port of 127.0.0.1 that accepts connections, closed when it goes out of scope.
package struct LocalListener: ~Copyable, Sendable {
  private let socket: Int32
  package let port: UInt16

  /// - Parameter port: 0 for any that is free.
  /// - Throws: `SystemError`.
  package init(port: UInt16) throws(SystemError) {
    socket = makeSocket()
    guard socket >= 0 else {
      self.port = 0
      throw .last
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    var on: Int32 = 1
    unsafe setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    let isListening = unsafe withUnsafeMutablePointer(to: &address) { [socket] address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe bind(socket, address, length) == 0 && listen(socket, 64) == 0
          && getsockname(socket, address, &length) == 0
      }
    }
    // Several threads wait for a connection; those that come late must not wait for the next one in `accept`.
    _ = fcntl(socket, F_SETFL, O_NONBLOCK)
    self.port = UInt16(bigEndian: address.sin_port)
    if !isListening { throw .last }
  }

  deinit { if socket >= 0 { close(socket) } }

  /// The next connection; nil when none came within a number of milliseconds.
  package func accept(within milliseconds: Int32) -> LocalConnection? {
    guard wait(for: socket, Int16(POLLIN), milliseconds) else { return nil }
    let client = posixAccept(socket)
    if client >= 0 { return LocalConnection(client) }
    // Another thread was quicker; or the process has too many open files, which does not pass at once.
    if errno != EAGAIN { usleep(100_000) }
    return nil
  }
}

/// A connection with a program of this machine, closed when it goes out of scope.
package struct LocalConnection: ~Copyable {
  private let socket: Int32

  fileprivate init(_ socket: Int32) {
    self.socket = socket
    _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
    // macOS hands down the listener's flag; here every call waits with a limit of its own.
    _ = fcntl(socket, F_SETFL, O_NONBLOCK)
    #if canImport(Darwin)
      var on: Int32 = 1
      setsockopt(socket, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    #endif
  }

  deinit { close(socket) }

  /// The bytes that come next, at most 16 KiB; nil when the other side has ended or sends nothing before the deadline.
  package func receive(before deadline: ContinuousClock.Instant) -> [UInt8]? {
    guard wait(for: socket, Int16(POLLIN), milliseconds(until: deadline)) else { return nil }
    var count = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 14) { memory, size in
      count = unsafe recv(socket, memory.baseAddress, memory.count, 0)
      size = max(0, count)
    }
    return count > 0 ? bytes : nil
  }

  /// Sends all bytes; returns whether the other side took them before the deadline.
  package func send(_ bytes: [UInt8], before deadline: ContinuousClock.Instant) -> Bool {
    var done = 0
    while done < bytes.count {
      guard wait(for: socket, Int16(POLLOUT), milliseconds(until: deadline)) else { return false }
      let count = unsafe bytes.withUnsafeBytes { [done] in
        unsafe posixSend(socket, UnsafeRawBufferPointer(rebasing: $0[done...]))
      }
      if count > 0 {
        done += count
      } else if errno != EINTR && errno != EAGAIN {
        return false
      }
    }
    return true
  }

  /// Says that nothing more is sent, and waits until the other side has ended too: closed before, the system would
  /// throw away what was sent and not yet read.
  package func end(before deadline: ContinuousClock.Instant) {
    shutdown(socket, Int32(SHUT_WR))
    while receive(before: deadline) != nil {}
  }

  private func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
    let left = ContinuousClock.now.duration(to: deadline).components
    return Int32(clamping: left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000)
  }
}

private func makeSocket() -> Int32 {
  #if canImport(Darwin)
    let made = socket(AF_INET, SOCK_STREAM, 0)
    _ = fcntl(made, F_SETFD, FD_CLOEXEC)
    return made
  #else
    return socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  #endif
}

/// Whether a socket is ready within a number of milliseconds.
private func wait(for socket: Int32, _ events: Int16, _ milliseconds: Int32) -> Bool {
  var request = pollfd(fd: socket, events: events, revents: 0)
  return unsafe poll(&request, 1, max(0, milliseconds)) > 0
}

// Outside the types, whose methods have the same names.
private func posixAccept(_ socket: Int32) -> Int32 { accept(socket, nil, nil) }

private func posixSend(_ socket: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  #if canImport(Darwin)
    send(socket, bytes.baseAddress, bytes.count, 0)
  #else
    unsafe send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
  #endif
}
