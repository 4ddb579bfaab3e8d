import Magnet

/// How often and after which delays a request is tried again.
struct HTTPRetries {
  /// Attempts in a row that may bring nothing.
  let limit: Int
  private(set) var count = 0

  init(limit: Int) { self.limit = limit }

  /// The seconds until the next attempt: at least what the server asked for, else twice as long each time, with jitter;
  /// nil when the attempts are used up.
  mutating func delay(after response: HTTPResponse? = nil) -> Double? {
    count += 1
    guard count < limit else { return nil }
    let backoff = min(32, 0.1 * Double(1 << min(count, 10))) * Double.random(in: 0.5...1)
    guard let asked = response?.retryAfter else { return backoff }
    // A server that asks for more than two minutes is not waited for that long: the attempts are counted.
    return max(backoff, min(asked, 120) + Double.random(in: 0...0.2))
  }

  /// An attempt brought something: the count begins anew.
  mutating func reset() { count = 0 }
}

extension HTTPResponse {
  var isSuccess: Bool { (200..<300).contains(status) }

  /// Whether the same request may succeed later.
  var isPassing: Bool { status == 408 || status == 429 || (500..<600).contains(status) }

  /// What the server said, as a clause: the status and its JSON or XML message.
  var problem: String {
    let text = String(decoding: errorBody, as: UTF8.self)
    var message: String?
    if let json = try? JSONValue(parsing: text) {
      message = json["error"]?["message"]?.string
    } else if let found = text.firstMatch(of: #/<Message>([^<]*)</Message>/#) {
      message = String(found.output.1)
    }
    let said = message.map { ": " + String($0.filter { !$0.isNewline }.prefix(200)) } ?? ""
    return "the server answered \(status)\(said)"
  }
}

/// What became of an attempt, for the retries.
func sentence(_ error: any Error) -> String {
  switch error {
  case let fault as HTTPFault: fault.problem
  case let error as FileError: error.description
  default: "\(error)"
  }
}
