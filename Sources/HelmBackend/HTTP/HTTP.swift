// Unsafe code, on these invariants:
// - A driver and all it calls stay on one thread; it is made and used inside `HTTPDriver.onItsThread` only.
// - `slots` owns each Slot and its easy handle until the driver goes; libcurl's callbacks, which get a Slot as their
//   context, run only inside `curl_multi_perform`, so the Slot is alive.
// - A Slot's list of headers is replaced only while its handle is outside the multi handle.
// - `HTTPWaker` is the one thing other threads hold; `curl_multi_wakeup` may be called from any, and whoever drives waits
//   for all work that holds one before the driver goes.

import CCurl

/// Wakes a driver that waits; may be called from any thread while the driver lives.
struct HTTPWaker: @unchecked Sendable {
  fileprivate let multi: UnsafeMutableRawPointer
  func wake() { curl_multi_wakeup(multi) }
}

/// Many transfers at once on one thread, over libcurl's multi interface.
final class HTTPDriver {
  private static let isReady = curl_global_init(3) == CURLE_OK

  private let multi: UnsafeMutableRawPointer
  private let options: HTTPOptions
  private var slots: [UnsafeMutableRawPointer: HTTPSlot] = [:]
  private var free: [HTTPSlot] = []
  /// Transfers that wait for their next attempt, the soonest last.
  private var delayed: [(due: ContinuousClock.Instant, transfer: any HTTPTransfer)] = []

  private let rate: HTTPRate
  /// Transfers at once, for now.
  private var jobs: Int
  /// The shortest time, in seconds, that the server took to begin an answer.
  private var leastDelay = Double.infinity
  /// Since when no transfer ended well though some were too slow, and what had come until then.
  private var slowness: (since: ContinuousClock.Instant, received: Int)?
  private var lastSlow: ContinuousClock.Instant?

  var waker: HTTPWaker { HTTPWaker(multi: multi) }

  private init(_ options: HTTPOptions) throws {
    guard Self.isReady, let multi = curl_multi_init() else {
      throw HTTPFault(kind: .lasting, problem: "libcurl cannot be started; is there memory left?")
    }
    self.multi = multi
    self.options = options
    rate = HTTPRate(limit: options.bandwidth)
    jobs = options.jobs ?? HTTPOptions.leastJobs
    ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, options.jobs ?? HTTPOptions.mostJobs)
  }

  deinit {
    for slot in slots.values {
      curl_multi_remove_handle(multi, slot.easy)
      slot.close()
    }
    curl_multi_cleanup(multi)
  }

  /// Does work with a driver on a thread of its own.
  static func onItsThread<R: Sendable>(
    _ options: HTTPOptions, _ body: @escaping @Sendable (HTTPDriver) throws -> R
  ) async throws -> R {
    try await Threads.run { try body(try HTTPDriver(options)) }
  }

  /// Works through everything `work` has, with retries.
  func run(_ work: any HTTPWork) throws {
    defer { abandon() }
    while true {
      let isBusyElsewhere = try work.turn()
      let now = ContinuousClock.now
      let pause = rate.pause
      var isSourceEmpty = pause > .zero && work.isEmpty
      while pause <= .zero, slots.count - free.count < jobs {
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
      let active = slots.count - free.count
      if active == 0, delayed.isEmpty, isSourceEmpty, !isBusyElsewhere { return }
      var running: Int32 = 0
      curl_multi_perform(multi, &running)
      var ended = 0
      var result = CURLE_OK
      while let easy = ccurl_next_ended(multi, &result) {
        ended += 1
        if let slot = slots[easy] { try finish(slot, result) }
      }
      if ended > 0 { continue }
      var wait = Duration.milliseconds(100)
      if pause > .zero { wait = min(wait, pause) }
      if let last = delayed.last, slots.count - free.count < jobs, pause <= .zero {
        wait = min(wait, max(.zero, last.due - ContinuousClock.now))
      }
      curl_multi_poll(multi, nil, 0, Int32(wait / .milliseconds(1)) + 1, nil)
    }
  }

  /// Lets go of every transfer that is under way.
  private func abandon() {
    for slot in slots.values where slot.transfer != nil { release(slot) }
    delayed = []
  }

  private func start(_ transfer: any HTTPTransfer) throws {
    let request: (url: String, headers: [String])
    do {
      request = try transfer.request()
    } catch {
      if let delay = try transfer.end(.failure(error)) { postpone(transfer, delay) }
      return
    }
    let slot: HTTPSlot
    if let used = free.popLast() {
      slot = used
    } else {
      slot = try HTTPSlot(options, rate)
      slots[slot.easy] = slot
    }
    slot.prepare(transfer, url: request.url, headers: request.headers)
    curl_multi_add_handle(multi, slot.easy)
  }

  private func release(_ slot: HTTPSlot) {
    curl_multi_remove_handle(multi, slot.easy)
    slot.transfer = nil
    free.append(slot)
  }

  private func finish(_ slot: HTTPSlot, _ result: CURLcode) throws {
    guard let transfer = slot.transfer else { return }
    let outcome: Result<HTTPResponse, any Error>
    if let error = slot.thrown {
      outcome = .failure(error)
    } else if result == CURLE_OK {
      outcome = .success(slot.response)
      adapt(slot)
    } else {
      let fault = slot.fault(result)
      outcome = .failure(fault)
      if fault.kind == .slow { try slowDown() }
    }
    release(slot)
    if let delay = try transfer.end(outcome) { postpone(transfer, delay) }
  }

  /// A transfer ended well: what it took to begin says how many at once are useful.
  private func adapt(_ slot: HTTPSlot) {
    slowness = nil
    guard options.jobs == nil, lastSlow == nil, let delay = slot.delay, delay < leastDelay else { return }
    leastDelay = delay
    jobs = HTTPOptions.usefulJobs(delay: delay)
  }

  /// A transfer was too slow: maybe too many share a slow line. Half as many may go on, but once in a while only, since
  /// they all were slow at the same time.
  /// - Throws: `HTTPTooSlow` when that did not help.
  private func slowDown() throws {
    let now = ContinuousClock.now
    let stall = Duration.seconds(options.stallSeconds)
    if lastSlow.map({ now - $0 > stall / 2 }) ?? true {
      lastSlow = now
      jobs = max(min(jobs, 4), (slots.count - free.count) / 2)
    }
    guard let (since, received) = slowness else {
      slowness = (now, rate.received)
      return
    }
    let seconds = (now - since) / .seconds(1)
    if now - since > stall * (2 * options.attempts),
      Double(rate.received - received) < 4 * seconds * Double(options.leastRate)
    {
      throw HTTPTooSlow(seconds: Int(seconds))
    }
  }

  private func postpone(_ transfer: any HTTPTransfer, _ seconds: Double) {
    let due = ContinuousClock.now + .seconds(seconds)
    let place = delayed.firstIndex { $0.due < due } ?? delayed.endIndex
    delayed.insert((due, transfer), at: place)
  }
}

/// An easy handle and what it does now.
private final class HTTPSlot {
  let easy: UnsafeMutableRawPointer
  var transfer: (any HTTPTransfer)?
  var response = HTTPResponse()
  var thrown: (any Error)?
  private let rate: HTTPRate
  private let allowsPlainLoopback: Bool
  private var headerList: UnsafeMutablePointer<curl_slist>?

  init(_ options: HTTPOptions, _ rate: HTTPRate) throws {
    self.rate = rate
    guard let easy = curl_easy_init() else {
      throw HTTPFault(kind: .lasting, problem: "libcurl cannot make a handle; is there memory left?")
    }
    self.easy = easy
    allowsPlainLoopback = options.allowsPlainLoopback
    let context = Unmanaged.passUnretained(self).toOpaque()
    ccurl_set_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      return Unmanaged<HTTPSlot>.fromOpaque(context).takeUnretainedValue().body(
        UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context)
    ccurl_set_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      return Unmanaged<HTTPSlot>.fromOpaque(context).takeUnretainedValue().header(
        UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context)
    let protocols = options.allowsPlainLoopback ? "https,http" : "https"
    for (option, value) in [(CURLOPT_PROTOCOLS_STR, "https,http"), (CURLOPT_REDIR_PROTOCOLS_STR, protocols)] {
      ccurl_set_text(easy, option, value)
    }
    ccurl_set_text(easy, CURLOPT_USERAGENT, "magnet")
    for (option, value) in [
      (CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS)), (CURLOPT_PIPEWAIT, 1),
      (CURLOPT_FOLLOWLOCATION, 1), (CURLOPT_MAXREDIRS, 5), (CURLOPT_NOSIGNAL, 1), (CURLOPT_TCP_KEEPALIVE, 1),
      (CURLOPT_PATH_AS_IS, 1), (CURLOPT_BUFFERSIZE, 1 << 15), (CURLOPT_NOPROGRESS, 1),
      (CURLOPT_CONNECTTIMEOUT, options.connectSeconds), (CURLOPT_LOW_SPEED_LIMIT, options.leastRate),
      (CURLOPT_LOW_SPEED_TIME, options.stallSeconds),
    ] { ccurl_set_long(easy, option, value) }
    if let bandwidth = options.bandwidth {
      ccurl_set_offset(
        easy, CURLOPT_MAX_RECV_SPEED_LARGE, curl_off_t(max(1, bandwidth / (options.jobs ?? 1))))
    }
    // The curl tool reads these, libcurl does not.
    if let file = DiskFile.environment("CURL_CA_BUNDLE") ?? DiskFile.environment("SSL_CERT_FILE") {
      ccurl_set_text(easy, CURLOPT_CAINFO, file)
      ccurl_set_text(easy, CURLOPT_PROXY_CAINFO, file)
    }
    if let folder = DiskFile.environment("SSL_CERT_DIR") {
      ccurl_set_text(easy, CURLOPT_CAPATH, folder)
      ccurl_set_text(easy, CURLOPT_PROXY_CAPATH, folder)
    }
  }

  func close() {
    curl_easy_cleanup(easy)
    curl_slist_free_all(headerList)
  }

  func prepare(_ transfer: any HTTPTransfer, url: String, headers: [String]) {
    self.transfer = transfer
    response = HTTPResponse()
    thrown = nil
    ccurl_set_text(easy, CURLOPT_URL, url)
    curl_slist_free_all(headerList)
    headerList = nil
    for header in headers { headerList = curl_slist_append(headerList, header) }
    ccurl_set_pointer(easy, CURLOPT_HTTPHEADER, headerList)
  }

  func fault(_ code: CURLcode) -> HTTPFault {
    let passing: [CURLcode] = [
      CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_PARTIAL_FILE,
      CURLE_SSL_CONNECT_ERROR, CURLE_GOT_NOTHING, CURLE_SEND_ERROR,
      CURLE_RECV_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING,
    ]
    var problem = String(cString: curl_easy_strerror(code))
    if code == CURLE_OPERATION_TIMEDOUT {
      return HTTPFault(kind: .slow, problem: "the server stopped sending or sends too slowly")
    }
    if code == CURLE_PARTIAL_FILE { problem = "the connection was cut before the end" }
    if [CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE].contains(code) {
      problem = "its certificate is not trusted; SSL_CERT_FILE names the file of authorities to trust"
    }
    if code == CURLE_UNSUPPORTED_PROTOCOL { problem = "it redirects to something other than https" }
    return HTTPFault(kind: passing.contains(code) ? .passing : .lasting, problem: problem)
  }

  func body(_ bytes: UnsafeRawBufferPointer) -> Int {
    rate.count(bytes.count)
    guard (200..<300).contains(response.status) else {
      let room = (1 << 14) - response.errorBody.count
      if room > 0 { response.errorBody.append(contentsOf: bytes.prefix(room)) }
      return bytes.count
    }
    do {
      try transfer?.receive(bytes)
      return bytes.count
    } catch {
      thrown = error
      // Anything but the count ends the transfer.
      return bytes.count == 0 ? 1 : 0
    }
  }

  func header(_ bytes: UnsafeRawBufferPointer) -> Int {
    var line = bytes[...]
    while let last = line.last, last == 0x0A || last == 0x0D { line.removeLast() }
    do {
      if line.starts(with: Self.statusLine) {
        response = HTTPResponse()
        let rest = line.dropFirst(Self.statusLine.count).drop { $0 != 0x20 }.drop { $0 == 0x20 }
        response.status = Int(String(decoding: rest.prefix { $0 != 0x20 }, as: UTF8.self)) ?? 0
      } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
        try add(header: line[..<colon], line[(colon + 1)...])
      } else if line.isEmpty, (200..<300).contains(response.status) {
        try transfer?.begin(response)
      }
      return bytes.count
    } catch {
      thrown = error
      return 0
    }
  }

  private static let statusLine = Array("HTTP/".utf8)

  /// Keeps a header, of those that are of use.
  private func add(header name: Slice<UnsafeRawBufferPointer>, _ value: Slice<UnsafeRawBufferPointer>) throws
  {
    guard
      let known = HTTPResponse.known.first(where: { known in
        known.utf8.count == name.count && zip(known.utf8, name).allSatisfy { $0 == $1 | 0x20 || $0 == $1 }
      })
    else { return }
    let value = trimmed(String(decoding: value, as: UTF8.self))
    response.headers[known] = response.headers[known].map { $0 + "," + value } ?? value
    if known == "location", (300..<400).contains(response.status) { try checkRedirect(value) }
  }

  /// The seconds from the request to the first byte of the answer.
  var delay: Double? {
    let (sent, began) = (
      ccurl_time(easy, CURLINFO_PRETRANSFER_TIME_T), ccurl_time(easy, CURLINFO_STARTTRANSFER_TIME_T)
    )
    return sent > 0 && began > sent ? Double(began - sent) / 1e6 : nil
  }

  private func checkRedirect(_ target: String) throws {
    let lower = target.lowercased()
    guard lower.hasPrefix("http:") || lower.hasPrefix("//") else { return }
    if allowsPlainLoopback, StoreAddress.isLoopback(target) { return }
    throw HTTPFault(kind: .lasting, problem: "it redirects to \(target), which is refused: not https")
  }
}

extension HTTPResponse {
  /// Seconds the server asks to wait.
  var retryAfter: Double? {
    guard let text = headers["retry-after"] else { return nil }
    if let seconds = Double(text) { return max(0, seconds) }
    let date = curl_getdate(text, nil)
    return date < 0 ? nil : max(0, Double(date - DiskFile.secondsSince1970))
  }
}
