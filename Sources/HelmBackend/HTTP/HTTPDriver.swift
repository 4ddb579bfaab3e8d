// Unsafe code, on these invariants:
// - A driver and all it calls stay on one thread; it is made and used inside `HTTPDriver.onItsThread` and
//   `onThisThread` only.
// - `handles` owns each HTTPHandle until the driver goes; libcurl's callbacks, which get one as their context, run only
//   inside `curl_multi_perform`, so it is alive.
// - `HTTPWaker` is the one thing other threads hold; `curl_multi_wakeup` may be called from any, and whoever drives waits
//   for all work that holds one before the driver goes.

import CCurl
import Magnet

/// Wakes a driver that waits; callable from any thread while the driver lives.
@safe struct HTTPWaker: @unchecked Sendable {
  fileprivate let multi: UnsafeMutableRawPointer
  func wake() { unsafe ccurl_multi_wakeup(multi) }
}

/// Many transfers at once on one thread, over libcurl's multi interface.
@safe final class HTTPDriver {
  private static let isReady = ccurl_global_init(3) == CURLE_OK

  private let multi: UnsafeMutableRawPointer
  private let options: HTTPOptions
  private var handles: [UnsafeMutableRawPointer: HTTPHandle] = unsafe [:]
  private var free: [HTTPHandle] = []
  /// Transfers that wait for their next attempt, the soonest last.
  private var delayed: [(due: ContinuousClock.Instant, transfer: any HTTPTransfer)] = []

  /// Whether any server has answered anything.
  private var hasAnswer = false
  private let rate: HTTPRate
  private var concurrency: HTTPConcurrency

  private var active: Int { unsafe handles.count - free.count }

  var waker: HTTPWaker { unsafe HTTPWaker(multi: multi) }

  private init(_ options: HTTPOptions) throws {
    guard Self.isReady, let multi = unsafe ccurl_multi_init() else {
      throw HTTPFault(kind: .permanent, problem: "libcurl cannot be started; is there memory left?")
    }
    unsafe self.multi = unsafe multi
    self.options = options
    rate = HTTPRate(limit: options.bandwidth)
    concurrency = HTTPConcurrency(options)
    unsafe ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    unsafe ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, options.jobs ?? HTTPConcurrency.most)
  }

  deinit {
    unsafe handles.values.forEach { handle in
      unsafe ccurl_multi_remove_handle(multi, handle.easy)
      handle.close()
    }
    unsafe ccurl_multi_cleanup(multi)
  }

  /// Does work with a driver on a thread of its own.
  static func onItsThread<R: Sendable>(
    _ options: HTTPOptions, _ body: @escaping @Sendable (HTTPDriver) throws -> R
  ) async throws -> R {
    try await Workers.blocking { try onThisThread(options, body) }
  }

  /// Does work with a driver on the calling thread, which waits for it.
  static func onThisThread<R>(_ options: HTTPOptions, _ body: (HTTPDriver) throws -> R) throws -> R {
    try body(try HTTPDriver(options))
  }

  /// Works through everything `work` has, with retries.
  func run(_ work: any HTTPWork) throws {
    defer { abandon() }
    while true {
      let isBusyElsewhere = try work.turn()
      let now = ContinuousClock.now
      let pause = rate.pause
      var isSourceEmpty = pause > .zero && work.isEmpty
      while pause <= .zero, active < concurrency.jobs {
        if let last = delayed.last, last.due <= now {
          delayed.removeLast()
          try start(last.transfer)
        } else if delayed.count < 5000, let transfer = work.next() {
          try start(transfer)
        } else {
          isSourceEmpty = true
          break
        }
      }
      if active == 0, delayed.isEmpty, isSourceEmpty, !isBusyElsewhere { return }
      var running: Int32 = 0
      unsafe ccurl_multi_perform(multi, &running)
      var ended = 0
      var result = CURLE_OK
      while let easy = unsafe ccurl_next_ended(multi, &result) {
        ended += 1
        if let handle = unsafe handles[easy] { try finish(handle, result) }
      }
      if ended > 0 { continue }
      var wait = Duration.milliseconds(100)
      if pause > .zero { wait = min(wait, pause) }
      if let last = delayed.last, active < concurrency.jobs, pause <= .zero {
        wait = min(wait, max(.zero, last.due - ContinuousClock.now))
      }
      unsafe ccurl_multi_poll(multi, nil, 0, Int32(wait / .milliseconds(1)) + 1, nil)
    }
  }

  /// Lets go of every transfer that is under way.
  private func abandon() {
    unsafe handles.values.forEach { if $0.transfer != nil { release($0) } }
    delayed = []
  }

  private func start(_ transfer: any HTTPTransfer) throws {
    let handle: HTTPHandle
    if let used = free.popLast() {
      handle = used
    } else {
      handle = try HTTPHandle(options, rate)
      unsafe handles[handle.easy] = handle
    }
    do {
      try handle.prepare(transfer, try transfer.request())
      unsafe ccurl_multi_add_handle(multi, handle.easy)
    } catch {
      handle.transfer = nil
      free.append(handle)
      if let delay = try transfer.end(.failure(error)) { postpone(transfer, delay) }
    }
  }

  private func release(_ handle: HTTPHandle) {
    unsafe ccurl_multi_remove_handle(multi, handle.easy)
    handle.transfer = nil
    free.append(handle)
  }

  private func finish(_ handle: HTTPHandle, _ result: CURLcode) throws {
    guard let transfer = handle.transfer else { return }
    let outcome: Result<HTTPResponse, any Error>
    if let error = handle.thrown {
      outcome = .failure(error)
    } else if result == CURLE_OK {
      outcome = .success(handle.response)
      hasAnswer = true
      concurrency.succeeded(delay: handle.delay)
    } else {
      var fault = handle.fault(result)
      hasAnswer = hasAnswer || handle.response.status > 0
      if fault.kind == .unreachable, hasAnswer { fault.kind = .transient }
      outcome = .failure(fault)
      if fault.kind == .slow { try concurrency.stalled(active: active, received: rate.received) }
    }
    release(handle)
    if let delay = try transfer.end(outcome) { postpone(transfer, delay) }
  }

  private func postpone(_ transfer: any HTTPTransfer, _ seconds: Double) {
    let due = ContinuousClock.now + .seconds(seconds)
    let place = delayed.firstIndex { $0.due < due } ?? delayed.endIndex
    delayed.insert((due, transfer), at: place)
  }
}
