// Unsafe code, on these invariants:
// - The C strings and arrays handed to posix_spawn live until it returns, which copies them.
// - A child is reaped once, by `end`, and its group is signalled only before: its number cannot be another's yet.

#if canImport(Darwin)
  import Darwin
#else
  import CSpawn
  import Glibc
#endif

/// A program started by this process, and watched.
///
/// A library for this, swift-subprocess, asks for Swift 6.2 and is asynchronous, which `predict(train:test:)` is not.
package final class ChildProcess {
  /// How a program ended.
  package enum End: Equatable {
    case exited(Int32)
    case signalled(Int32)
  }

  private let process: pid_t
  private let errors: Int32
  /// Our ends of the program's standard input and output; nil where these are /dev/null.
  private let conversation: (input: Int32, output: Int32)?
  /// The writing end of a pipe that the system closes when this process ends, however it ends.
  private let lifeline: Int32
  private var hasEnded = false

  /// Starts a program: in a session and process group of its own, no signal ignored or blocked, standard input and
  /// output /dev/null, standard error a pipe, the reading end of the lifeline as descriptor 3, all others closed.
  /// - Parameter isConversing: whether standard input and output are connected to `exchange` instead.
  package init(
    _ path: String, _ arguments: [String], environment: [String: String], in folder: String,
    isConversing: Bool = false
  ) throws(SystemError) {
    let (readErrors, writeErrors) = try Self.pipe()
    let (readLifeline, writeLifeline) = try Self.pipe()
    let input = isConversing ? try Self.socketPair() : nil
    let output = isConversing ? try Self.pipe() : nil
    defer {
      close(writeErrors)
      close(readLifeline)
      if let input { close(input.1) }
      if let output { close(output.1) }
    }
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
      let flags =
        POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_CLOEXEC_DEFAULT
    #else
      var actions = unsafe posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
      let flags = Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(magnet_spawn_setsid)
    #endif
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    if let input, let output {
      unsafe posix_spawn_file_actions_adddup2(&actions, input.1, 0)
      unsafe posix_spawn_file_actions_adddup2(&actions, output.1, 1)
    } else {
      unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
      unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    }
    unsafe posix_spawn_file_actions_adddup2(&actions, writeErrors, 2)
    unsafe posix_spawn_file_actions_adddup2(&actions, readLifeline, 3)
    unsafe posix_spawn_file_actions_addchdir_np(&actions, folder)
    #if !canImport(Darwin)
      unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 4)
    #endif
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    // Not SIGKILL and SIGSTOP, which cannot be set.
    for signal in [
      SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2, SIGTSTP, SIGXFSZ,
    ] {
      unsafe sigaddset(&signals, signal)
    }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    var child: pid_t = 0
    let words = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
    let settings =
      unsafe environment.sorted { $0.key < $1.key }.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
    defer { unsafe (words + settings).forEach { unsafe free($0) } }
    let status = unsafe posix_spawn(&child, path, &actions, &attributes, words, settings)
    errors = readErrors
    lifeline = writeLifeline
    conversation = input.flatMap { input in output.map { (input.0, $0.0) } }
    process = child
    if status != 0 {
      hasEnded = true
      throw SystemError(code: status)
    }
  }

  deinit {
    if !hasEnded { _ = end() }
    close(errors)
    close(lifeline)
    if let conversation {
      close(conversation.input)
      close(conversation.output)
    }
  }

  /// Two connected sockets, of which the first does not raise SIGPIPE when the second is closed.
  private static func socketPair() throws(SystemError) -> (Int32, Int32) {
    var ends: [Int32] = [0, 0]
    #if canImport(Darwin)
      guard socketpair(AF_UNIX, SOCK_STREAM, 0, &ends) == 0 else { throw .last }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      var isOn: Int32 = 1
      setsockopt(ends[0], SOL_SOCKET, SO_NOSIGPIPE, &isOn, socklen_t(MemoryLayout<Int32>.size))
    #else
      guard
        unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0
      else {
        throw .last
      }
    #endif
    for (number, end) in ends.enumerated() where end < 8 {
      ends[number] = fcntl(end, F_DUPFD_CLOEXEC, 8)
      close(end)
    }
    return (ends[0], ends[1])
  }

  /// What went to and came from a program in one exchange.
  package struct Exchange {
    /// How many bytes its standard input took.
    package var written = 0
    /// What it wrote to standard output and to standard error; nil when nobody can write there any more.
    package var output: [UInt8]? = []
    package var errors: [UInt8]? = []
  }

  /// Gives the program as much as it takes and gets what it wrote, waiting at most so many milliseconds for one of both.
  package func exchange(_ bytes: ArraySlice<UInt8>, waiting milliseconds: Int32) -> Exchange {
    var result = Exchange()
    guard let conversation else { return result }
    var requests = [
      pollfd(fd: conversation.output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
      pollfd(fd: bytes.isEmpty ? -1 : conversation.input, events: Int16(POLLOUT), revents: 0),
    ]
    guard unsafe poll(&requests, 3, milliseconds) > 0 else { return result }
    if requests[2].revents & Int16(POLLOUT) != 0 {
      #if canImport(Darwin)
        let flags = MSG_DONTWAIT
      #else
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
      #endif
      result.written = unsafe max(
        0, bytes.withUnsafeBytes { unsafe send(conversation.input, $0.baseAddress, $0.count, flags) })
    }
    if requests[0].revents != 0 { result.output = Self.readAvailable(conversation.output) }
    if requests[1].revents != 0 { result.errors = Self.readAvailable(errors) }
    return result
  }

  private static func readAvailable(_ file: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe read(file, &bytes, bytes.count)
    if count < 0 { return errno == EINTR || errno == EAGAIN ? [] : nil }
    return count == 0 ? nil : Array(bytes[..<count])
  }

  private static func pipe() throws(SystemError) -> (Int32, Int32) {
    var ends: [Int32] = [0, 0]
    #if canImport(Darwin)
      guard Darwin.pipe(&ends) == 0 else { throw .last }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    #else
      guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { throw .last }
    #endif
    // Above 3: what the child is given in their place must not fall on one of them.
    for (number, end) in ends.enumerated() where end < 8 {
      ends[number] = fcntl(end, F_DUPFD_CLOEXEC, 8)
      close(end)
    }
    return (ends[0], ends[1])
  }

  /// What there is on standard error, after at most so many milliseconds; nil when its writers have gone.
  package func readErrors(waiting milliseconds: Int32) -> [UInt8]? {
    var request = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&request, 1, milliseconds) > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe read(errors, &bytes, bytes.count)
    if count < 0 { return errno == EINTR || errno == EAGAIN ? [] : nil }
    return count == 0 ? nil : Array(bytes[..<count])
  }

  /// Whether the program has ended; it is not reaped.
  package var isOver: Bool {
    var info = unsafe siginfo_t()
    let status = unsafe waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT)
    if status != 0 { return errno != EINTR }
    #if canImport(Darwin)
      return info.si_pid != 0
    #else
      return unsafe info.si_signo != 0
    #endif
  }

  /// Kills what is left of the program's process group, and says how the program itself ended.
  package func end() -> End {
    kill(-process, SIGKILL)
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    hasEnded = true
    let signal = status & 0x7F
    return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
  }

  /// Waits, when there is nothing else to wait for.
  package static func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }

  /// The name of a signal, such as `SIGSEGV`.
  package static func name(ofSignal number: Int32) -> String {
    let names: [Int32: String] = [
      SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGHUP: "SIGHUP", SIGILL: "SIGILL",
      SIGINT: "SIGINT",
      SIGKILL: "SIGKILL", SIGPIPE: "SIGPIPE", SIGQUIT: "SIGQUIT", SIGSEGV: "SIGSEGV", SIGSYS: "SIGSYS",
      SIGTERM: "SIGTERM", SIGTRAP: "SIGTRAP", SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ",
    ]
    return names[number] ?? "signal \(number)"
  }
}
