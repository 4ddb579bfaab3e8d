import Magnet

/// The policy of repeating requests: which failures are worth it, how often, after which delays.
struct HTTPRetries {
  /// Attempts in a row that may bring nothing.
  let limit: Int
  private(set) var count = 0

  init(limit: Int) { self.limit = limit }

  /// The seconds until the next attempt: at least what the server asked for, else twice as long each time, with jitter;
  /// nil when the attempts are used up.
  /// - Parameter isUnreachable: whether no server was ever reached, which one more attempt is enough to find out.
  mutating func delay(after response: HTTPResponse? = nil, isUnreachable: Bool = false) -> Double? {
    count += 1
    guard count < (isUnreachable ? min(limit, 2) : limit) else { return nil }
    let backoff = min(32, 0.1 * Double(1 << min(count, 10))) * Double.random(in: 0.5...1)
    guard let asked = response?.retryAfter else { return backoff }
    // A server that asks for more than two minutes is not waited for that long: the attempts are counted.
    return max(backoff, min(asked, 120) + Double.random(in: 0...0.2))
  }

  /// An attempt brought something: the count begins again.
  mutating func reset() { count = 0 }
}

extension HTTPResponse {
  /// Whether the same request may succeed later.
  var isTransient: Bool { status == 408 || status == 429 || (500..<600).contains(status) }

  /// Seconds the server asks to wait.
  var retryAfter: Double? {
    guard let text = headers["retry-after"] else { return nil }
    if let seconds = Double(text) { return seconds.isFinite ? max(0, seconds) : nil }
    return HTTPAddress.seconds(ofDate: text).map { max(0, Double($0 - WallClock.secondsSince1970)) }
  }

  /// What the server said, as a clause: the status and its JSON or XML message.
  var problem: String { "the server answered \(status)" + (message.map { ": \($0)" } ?? "") }

  /// The message in the body of an error: that of JSON, or XML's `Message`.
  var message: String? {
    let text = String(decoding: errorBody, as: UTF8.self)
    var message: String?
    if let json = try? JSONValue(parsing: text) {
      return Self.message(in: json)
    } else if let found = text.firstMatch(of: #/<Message>([^<]*)</Message>/#) {
      message = String(found.output.1)
    }
    return message.map(Self.line)
  }

  /// The message of an error in JSON: `error.message`, as Google and OpenAI write it, or a text in `error`, `message` or
  /// `detail`, as others do.
  static func message(in json: JSONValue) -> String? {
    let texts = [json["error"]?["message"], json["error"], json["message"], json["detail"]]
    return texts.compactMap { $0?.string }.first.map(line)
  }

  private static func line(_ message: String) -> String {
    String(message.filter { !$0.isNewline }.prefix(200))
  }
}

/// What became of an attempt, as a clause.
func sentence(_ error: any Error) -> String {
  switch error {
  case let fault as HTTPFault: fault.problem
  case let error as SystemError: error.description
  default: "\(error)"
  }
}
