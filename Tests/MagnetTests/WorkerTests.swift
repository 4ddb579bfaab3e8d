import Foundation
import TestSupport
import Testing

@testable import Magnet

/// Threads, child processes and connections: everything runs once, errors arrive, and nothing is left behind.
@Suite struct WorkerTests {
  struct Stop: Error, Equatable { let number: Int }

  @Test(arguments: [1, 2, 7], [false, true]) func everyNumberIsTakenOnce(
    _ count: Int, _ isBlocking: Bool
  ) async throws {
    let next = NextNumber()
    let taken = try await Workers.run(count, isBlocking: isBlocking) {
      var own: [Int] = []
      while let number = next.take(below: 500) {
        own.append(number)
        if number % 50 == 0 { await Task.yield() }
      }
      return own
    }
    #expect(taken.count == count && taken.flatMap(\.self).sorted() == Array(0..<500))
    #expect(taken.allSatisfy { $0 == $0.sorted() })
    #expect(next.take(below: 500) == nil)
  }

  @Test func numbersEndWhenTold() {
    let next = NextNumber(5)
    #expect(next.take() == 5 && next.take(below: 7) == 6 && next.take(below: 7) == nil)
    next.end()
    #expect(next.take(below: 1 << 40) == nil)
  }

  @Test func anErrorArrivesWhenAllHaveEnded() async {
    let done = Locked(0)
    let next = NextNumber()
    await #expect(throws: Stop.self) {
      _ = try await Workers.run(4, isBlocking: true) {
        let number = next.take()
        if number == 1 { throw Stop(number: number) }
        for _ in 0..<20 { await Task.yield() }
        done.withLock { $0 += 1 }
      }
    }
    #expect(done.withLock { $0 } == 3)
  }

  @Test func workThatWaitsIsWaitedFor() async throws {
    let value = try await Workers.blocking { try Workers.waiting { 41 + 1 } }
    #expect(value == 42)
    await #expect(throws: Stop(number: 3)) {
      try await Workers.blocking { try Workers.waiting { throw Stop(number: 3) } }
    }
  }

  @Test func cancellationReachesTheWork() async throws {
    let started = Locked(false)
    let task = Task {
      try await Workers.blocking {
        try Workers.waiting {
          started.withLock { $0 = true }
          while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
          return "ended"
        }
      }
    }
    while !started.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(2)) }
    task.cancel()
    #expect(try await task.value == "ended")
  }

  @Test func jobsOfANumberStayInOrder() {
    let pool = ThreadPool(count: 3)
    let seen = Locked<[Int: [Int]]>([:])
    for job in 0..<300 {
      pool.start(job % 5) { seen.withLock { $0[job % 5, default: []].append(job) } }
    }
    pool.wait()
    let found = seen.withLock { $0 }
    #expect(found.values.allSatisfy { $0 == $0.sorted() && $0.count == 60 } && found.count == 5)
  }

  @Test func progressCountsUpAndStartsANewPhase() {
    let progress = WorkProgress()
    #expect(progress.state == WorkProgress.State() && progress.state.phase == nil)
    progress.expect(3, in: .reading)
    progress.expect(2, in: .reading, done: 1)
    progress.advance()
    #expect(
      progress.state.total == 5 && progress.state.done == 2 && progress.state.phase == .reading)
    for _ in 0..<5 { progress.advance() }
    #expect(progress.state.done == 7 && progress.state.total == 7, "never more done than there is")
    progress.expect(4, in: .predicting, done: 2)
    #expect(
      progress.state.total == 4 && progress.state.done == 2 && progress.state.phase == .predicting)
  }

  // MARK: Child processes

  private func shell(_ script: String, isConversing: Bool = false) throws -> ChildProcess {
    try ChildProcess(
      "/bin/sh", ["-c", script], environment: ["PATH": "/usr/bin:/bin", "X": "a b"], in: "/",
      isConversing: isConversing)
  }

  private func errors(of child: ChildProcess) -> String {
    var bytes: [UInt8] = []
    while let more = child.readErrors(waiting: 1000) { bytes += more }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(arguments: [0, 1, 7, 255]) func statusesArrive(_ status: Int32) throws {
    let child = try shell("exit \(status)")
    #expect(errors(of: child).isEmpty)
    while !child.isOver { ChildProcess.pause(milliseconds: 1) }
    #expect(child.end() == .exited(status))
  }

  @Test func signalsAreNamed() throws {
    let child = try shell("kill -9 $$")
    _ = errors(of: child)
    while !child.isOver { ChildProcess.pause(milliseconds: 1) }
    #expect(child.end() == .signalled(SIGKILL))
    #expect(
      ChildProcess.name(ofSignal: SIGSEGV) == "SIGSEGV"
        && ChildProcess.name(ofSignal: 60) == "signal 60")
  }

  @Test func aChildHasItsOwnSurroundings() throws {
    let child = try shell(
      "echo \"$X|$HOME|$(pwd)\" >&2; read line && echo read >&2; ls /proc/self/fd 2>/dev/null | wc -l | tr -d ' ' >&2; ps -o pgid= -p $$ >&2"
    )
    let lines = errors(of: child).split(separator: "\n").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    #expect(lines.first == "a b||/")
    #expect(!lines.contains("read"), "standard input is empty")
    if let group = lines.last.flatMap({ Int32($0) }), lines.count > 2 {
      #expect(group != getpgrp())
    }
    _ = child.end()
  }

  @Test func programsThatDoNotExistAreErrors() {
    #expect(throws: SystemError(code: ENOENT)) {
      _ = try ChildProcess("/nowhere/program", [], environment: [:], in: "/")
    }
    #expect(throws: SystemError.self) {
      _ = try ChildProcess("/etc/hostname", [], environment: [:], in: "/")
    }
    #expect(throws: SystemError.self) {
      _ = try ChildProcess("/bin/sh", ["-c", "true"], environment: [:], in: "/nowhere")
    }
  }

  @Test(arguments: [1, 1000, 300_000]) func everythingThatIsSentComesBack(_ count: Int) throws {
    let child = try shell("cat; echo done >&2", isConversing: true)
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
    var rest = bytes[...]
    var back: [UInt8] = []
    while back.count < count {
      let exchange = child.exchange(rest, waiting: 1000)
      rest = rest.dropFirst(exchange.written)
      guard let output = exchange.output else { break }
      back += output
    }
    #expect(back == bytes && rest.isEmpty)
    #expect(child.end() == .signalled(SIGKILL), "it still waits for more")
  }

  @Test func whatAProgramLeavesRunningIsEnded() throws {
    let folder = try TemporaryFolder()
    let child = try shell("(while :; do sleep 1; done) & echo $! > \(folder.path)/pid; exit 0")
    while !child.isOver { ChildProcess.pause(milliseconds: 1) }
    let pid = try #require(
      Int32(try Project.text(folder.path + "/pid").trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(kill(pid, 0) == 0)
    #expect(child.end() == .exited(0))
    // It is gone, or is being reaped by the process that adopted it.
    var isAlive = true
    for _ in 0..<2000 where isAlive {
      let state = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8))?.split(
        separator: ")"
      ).last
      isAlive = kill(pid, 0) == 0 && state?.contains("Z") != true
      if isAlive { ChildProcess.pause(milliseconds: 5) }
    }
    #expect(!isAlive)
  }

  // MARK: Connections

  private var soon: ContinuousClock.Instant { .now + .seconds(20) }

  @Test func bytesGoBothWaysOverAPort() throws {
    let listener = try LocalListener(port: 0)
    #expect(listener.port > 0)
    #expect(throws: SystemError.self) { _ = try LocalListener(port: listener.port) }
    let client = try Client(port: listener.port)
    guard let connection = listener.accept(within: 20_000) else {
      Issue.record("no connection")
      return
    }
    client.send(Array("hello".utf8))
    var received: [UInt8] = []
    while received.count < 5, let more = connection.receive(before: soon) { received += more }
    #expect(String(decoding: received, as: UTF8.self) == "hello")
    let isSent = connection.send(Array("world".utf8), before: soon)
    #expect(isSent && String(decoding: client.receive(5), as: UTF8.self) == "world")
    client.close()
    let end = connection.receive(before: soon)
    #expect(end == nil)
  }

  @Test func nothingIsWaitedForLongerThanAsked() throws {
    let listener = try LocalListener(port: 0)
    let isNone = listener.accept(within: 1) == nil
    #expect(isNone)
    let client = try Client(port: listener.port)
    defer { client.close() }
    guard let connection = listener.accept(within: 20_000) else {
      Issue.record("no connection")
      return
    }
    let early = connection.receive(before: .now + .milliseconds(5))
    #expect(early == nil)
    let past = connection.receive(before: .now - .seconds(5))
    #expect(past == nil)
    let isSent = connection.send(
      [UInt8](repeating: 1, count: 50_000_000), before: .now + .milliseconds(50))
    #expect(!isSent, "a client that reads nothing is not waited for")
  }

  /// A socket of a test's own.
  private final class Client {
    private let socket: Int32

    init(port: UInt16) throws {
      #if canImport(Darwin)
        socket = Foundation.socket(AF_INET, SOCK_STREAM, 0)
      #else
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      #endif
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      let status = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      if status != 0 { throw POSIXError(.ECONNREFUSED) }
    }

    func send(_ bytes: [UInt8]) {
      _ = bytes.withUnsafeBytes { Foundation.send(socket, $0.baseAddress, $0.count, 0) }
    }

    func receive(_ count: Int) -> [UInt8] {
      var all: [UInt8] = []
      var piece = [UInt8](repeating: 0, count: 64)
      while all.count < count {
        let size = recv(socket, &piece, piece.count, 0)
        if size <= 0 { break }
        all += piece[..<size]
      }
      return all
    }

    func close() { Foundation.close(socket) }
  }
}
