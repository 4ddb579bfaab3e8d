// Unsafe code, on these invariants:
// - A handle owns its easy handle and its list of headers until `close`.
// - libcurl's callbacks get the HTTPHandle as their context, unretained: its driver keeps it while it is in the multi
//   handle, and they run only inside `curl_multi_perform`.
// - The list of headers is replaced only while the handle is outside the multi handle; libcurl copies texts and bodies.

import Magnet

import CCurl

/// An easy handle and what it does now.
@safe final class HTTPHandle {
  let easy: UnsafeMutableRawPointer
  var transfer: (any HTTPTransfer)?
  var response = HTTPResponse()
  var thrown: (any Error)?
  private let rate: HTTPRate
  private let allowsPlainLoopback: Bool
  private var keptHeaders: Set<String> = []
  private var headerList: UnsafeMutablePointer<curl_slist>?

  init(_ options: HTTPOptions, _ rate: HTTPRate) throws {
    self.rate = rate
    guard let easy = unsafe ccurl_easy_init() else {
      throw HTTPFault(kind: .permanent, problem: "libcurl cannot make a handle; is there memory left?")
    }
    unsafe self.easy = unsafe easy
    allowsPlainLoopback = options.allowsPlainLoopback
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe ccurl_set_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
      return unsafe Unmanaged<HTTPHandle>.fromOpaque(context).takeUnretainedValue().body(
        UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    unsafe ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context)
    unsafe ccurl_set_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
      return unsafe Unmanaged<HTTPHandle>.fromOpaque(context).takeUnretainedValue().header(
        UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    unsafe ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context)
    let protocols = options.allowsPlainLoopback ? "https,http" : "https"
    for (option, value) in [(CURLOPT_PROTOCOLS_STR, "https,http"), (CURLOPT_REDIR_PROTOCOLS_STR, protocols)] {
      unsafe ccurl_set_text(easy, option, value)
    }
    unsafe ccurl_set_text(easy, CURLOPT_USERAGENT, "magnet")
    for (option, value) in [
      (CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS)), (CURLOPT_PIPEWAIT, 1),
      (CURLOPT_MAXREDIRS, 5), (CURLOPT_NOSIGNAL, 1), (CURLOPT_TCP_KEEPALIVE, 1),
      (CURLOPT_PATH_AS_IS, 1), (CURLOPT_BUFFERSIZE, 1 << 15), (CURLOPT_NOPROGRESS, 1),
      (CURLOPT_CONNECTTIMEOUT, options.connectSeconds), (CURLOPT_LOW_SPEED_LIMIT, options.leastRate),
      (CURLOPT_LOW_SPEED_TIME, options.stallSeconds),
    ] { unsafe ccurl_set_long(easy, option, value) }
    if let bandwidth = options.bandwidth {
      unsafe ccurl_set_offset(
        easy, CURLOPT_MAX_RECV_SPEED_LARGE, curl_off_t(max(1, bandwidth / (options.jobs ?? 1))))
    }
    // The curl tool reads these, libcurl does not.
    if let file = Environment.nonEmpty("CURL_CA_BUNDLE") ?? Environment.nonEmpty("SSL_CERT_FILE") {
      unsafe ccurl_set_text(easy, CURLOPT_CAINFO, file)
      unsafe ccurl_set_text(easy, CURLOPT_PROXY_CAINFO, file)
    }
    if let folder = Environment.nonEmpty("SSL_CERT_DIR") {
      unsafe ccurl_set_text(easy, CURLOPT_CAPATH, folder)
      unsafe ccurl_set_text(easy, CURLOPT_PROXY_CAPATH, folder)
    }
  }

  func close() {
    unsafe ccurl_easy_cleanup(easy)
    unsafe ccurl_slist_free_all(headerList)
  }

  /// Makes the handle ready for a request; only while it is outside the multi handle.
  /// - Throws: `HTTPFault` when the method or a header could not be sent as one line.
  func prepare(_ transfer: any HTTPTransfer, _ request: HTTPRequest) throws(HTTPFault) {
    self.transfer = transfer
    response = HTTPResponse()
    thrown = nil
    keptHeaders = request.keptHeaders
    unsafe ccurl_set_text(easy, CURLOPT_URL, request.url)
    try setMethod(request)
    unsafe ccurl_slist_free_all(headerList)
    unsafe headerList = nil
    for (name, value) in request.headers {
      guard !(name + value).utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
        throw HTTPFault(kind: .permanent, problem: "a header holds a control character")
      }
      unsafe headerList = unsafe ccurl_slist_append(headerList, "\(name): \(value)")
    }
    // Bodies are not announced and waited with: servers that ignore "Expect: 100-continue" cost a second.
    if request.body != nil { unsafe headerList = unsafe ccurl_slist_append(headerList, "Expect:") }
    unsafe ccurl_set_pointer(easy, CURLOPT_HTTPHEADER, headerList)
  }

  private func setMethod(_ request: HTTPRequest) throws(HTTPFault) {
    guard !request.method.isEmpty, request.method.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
      throw HTTPFault(kind: .permanent, problem: "the method is not one of HTTP")
    }
    unsafe ccurl_set_long(easy, CURLOPT_HTTPGET, 1)
    unsafe ccurl_set_text(easy, CURLOPT_CUSTOMREQUEST, nil)
    if let body = request.body {
      unsafe body.withUnsafeBytes { _ = unsafe ccurl_set_body(easy, $0.baseAddress, $0.count) }
    }
    if request.method == "HEAD" {
      unsafe ccurl_set_long(easy, CURLOPT_NOBODY, 1)
    } else if request.method != (request.body == nil ? "GET" : "POST") {
      unsafe ccurl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method)
    }
    // What is not just read is not sent to another address than the one asked for, credentials included.
    unsafe ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, request.isRead ? 1 : 0)
  }

  func fault(_ code: CURLcode) -> HTTPFault {
    let unreachable: [CURLcode] = [
      CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
    ]
    let transient: [CURLcode] = [
      CURLE_PARTIAL_FILE, CURLE_SSL_CONNECT_ERROR, CURLE_GOT_NOTHING, CURLE_SEND_ERROR,
      CURLE_RECV_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING,
    ]
    var problem = unsafe String(cString: ccurl_easy_strerror(code))
    if code == CURLE_OPERATION_TIMEDOUT {
      return HTTPFault(kind: .slow, problem: "the server stopped sending or sends too slowly")
    }
    if code == CURLE_PARTIAL_FILE { problem = "the connection was cut before the end" }
    if [CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE].contains(code) {
      problem = "its certificate is not trusted; SSL_CERT_FILE names the file of authorities to trust"
    }
    if code == CURLE_UNSUPPORTED_PROTOCOL {
      problem = "it redirects to something other than https, or does not answer in HTTP"
    }
    if unreachable.contains(code) { return HTTPFault(kind: .unreachable, problem: problem) }
    return HTTPFault(kind: transient.contains(code) ? .transient : .permanent, problem: problem)
  }

  func body(_ bytes: UnsafeRawBufferPointer) -> Int {
    rate.count(bytes.count)
    guard (200..<300).contains(response.status) else {
      let room = (1 << 14) - response.errorBody.count
      if room > 0 { unsafe response.errorBody.append(contentsOf: bytes.prefix(room)) }
      return bytes.count
    }
    do {
      try unsafe transfer?.receive(bytes)
      return bytes.count
    } catch {
      thrown = error
      // Anything but the count ends the transfer.
      return bytes.count == 0 ? 1 : 0
    }
  }

  func header(_ bytes: UnsafeRawBufferPointer) -> Int {
    var line = unsafe bytes[...]
    while let last = unsafe line.last, last == 0x0A || last == 0x0D { unsafe line.removeLast() }
    do {
      if unsafe line.starts(with: Self.statusLine) {
        response = HTTPResponse()
        let rest = unsafe line.dropFirst(Self.statusLine.count).drop { $0 != 0x20 }.drop { $0 == 0x20 }
        response.status = unsafe Int(String(decoding: rest.prefix { $0 != 0x20 }, as: UTF8.self)) ?? 0
      } else if let colon = unsafe line.firstIndex(of: UInt8(ascii: ":")) {
        try unsafe add(header: line[..<colon], line[(colon + 1)...])
      } else if unsafe line.isEmpty, (200..<300).contains(response.status) {
        try transfer?.begin(response)
      }
      return bytes.count
    } catch {
      thrown = error
      return 0
    }
  }

  private static let statusLine = Array("HTTP/".utf8)

  /// Keeps a header, if the request wants it.
  private func add(header name: Slice<UnsafeRawBufferPointer>, _ value: Slice<UnsafeRawBufferPointer>) throws
  {
    let name = unsafe String(decoding: name, as: UTF8.self).lowercased()
    let isRedirect = name == "location" && (300..<400).contains(response.status)
    guard keptHeaders.contains(name) || name == "retry-after" || isRedirect else { return }
    let value = unsafe trimmed(String(decoding: value, as: UTF8.self))
    if isRedirect { try checkRedirect(value) }
    response.headers[name] = response.headers[name].map { $0 + "," + value } ?? value
  }

  /// The seconds from the request to the first byte of the answer.
  var delay: Double? {
    let (sent, began) = unsafe (
      ccurl_time(easy, CURLINFO_PRETRANSFER_TIME_T), ccurl_time(easy, CURLINFO_STARTTRANSFER_TIME_T)
    )
    return sent > 0 && began > sent ? Double(began - sent) / 1e6 : nil
  }

  private func checkRedirect(_ target: String) throws {
    let lower = target.lowercased()
    guard lower.hasPrefix("http:") || lower.hasPrefix("//") else { return }
    if allowsPlainLoopback, HTTPAddress.isLoopback(lower.hasPrefix("//") ? "http:" + lower : lower) { return }
    throw HTTPFault(kind: .permanent, problem: "it redirects to \(target), which is refused: not https")
  }
}
