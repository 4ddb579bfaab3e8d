/// What is asked of a server.
struct HTTPRequest: Sendable {
  var method = "GET"
  var url: String
  /// Names and values. A header with an empty value is one that libcurl is not to send.
  var headers: [(name: String, value: String)] = []
  var body: [UInt8]?
  /// The names, in lower case, of the response headers to keep.
  var keptHeaders: Set<String> = []

  init(_ url: String, method: String = "GET") {
    self.url = url
    self.method = method
  }

  /// Whether asking twice is the same as asking once, and whether another address may be followed to.
  var isRead: Bool { method == "GET" || method == "HEAD" }
}

/// What a server answered, without the body of a success.
struct HTTPResponse: Sendable {
  var status = 0
  /// Those that the request keeps and `Retry-After`, by lower-case name; values of a repeated header are joined by
  /// commas.
  var headers: [String: String] = [:]
  /// The beginning of the body when the status is not a success.
  var errorBody: [UInt8] = []

  var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why no response, or no whole one, came.
struct HTTPFault: Error {
  enum Kind {
    /// Worth another attempt.
    case transient
    /// No server was ever reached: the name is unknown, nothing listens there, or there is no network. Once something
    /// has answered, the same failure is transient.
    case unreachable
    /// Worth another attempt, though what came was too slow for it to count as a good one.
    case slow
    /// Another attempt fails the same way: certificates, addresses, protocols.
    case permanent
  }
  var kind: Kind
  let problem: String
}
