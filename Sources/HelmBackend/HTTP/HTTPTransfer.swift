/// Where requests go and how patient they are.
struct HTTPOptions: Sendable {
  /// Transfers at once; nil for as many as the server's delay makes useful.
  var jobs: Int?
  static let leastJobs = 16, mostJobs = 256
  /// With a delay of so many seconds, as many transfers at once as keep 5,000 a second going.
  static func usefulJobs(delay: Double) -> Int { max(leastJobs, min(mostJobs, Int(delay * 5000))) }
  /// Bytes a second of all transfers together; nil without limit.
  var bandwidth: Int?
  /// Seconds without at least `leastRate` bytes a second after which a transfer is given up and tried again.
  var stallSeconds = 30
  var leastRate = 1000
  /// How often a request is tried that brings nothing.
  var attempts = 8
  var connectSeconds = 15
  /// Whether plain HTTP may be redirected to, on loopback: for an endpoint that is itself on loopback.
  var allowsPlainLoopback = false
}

/// What a server answered, without the body.
struct HTTPResponse {
  var status = 0
  /// The headers that are kept.
  static let known = [
    "content-length", "content-encoding", "content-range", "location", "retry-after", "x-goog-generation",
  ]
  /// By lower-case name; values of a repeated header are joined by commas.
  var headers: [String: String] = [:]
  /// The beginning of the body when the status is no success.
  var errorBody: [UInt8] = []
}

/// Why no answer, or no whole one, came.
struct HTTPFault: Error {
  enum Kind {
    /// Worth another attempt.
    case passing
    /// Worth another attempt, though what came was too slow for it to count as a good one.
    case slow
    /// Will not change by trying again: certificates, addresses, protocols.
    case lasting
  }
  let kind: Kind
  let problem: String
}

/// Nothing that is worth waiting for comes.
struct HTTPTooSlow: Error, CustomStringConvertible {
  let seconds: Int
  var description: String { "the server sent next to nothing for \(seconds) s" }
}

/// One request and its repetitions. Called on the driver's thread only.
protocol HTTPTransfer: AnyObject {
  /// The address and headers of the next attempt.
  func request() throws -> (url: String, headers: [String])
  /// A successful answer begins; throwing ends the attempt.
  func begin(_ response: HTTPResponse) throws
  /// More of a successful answer's body.
  func receive(_ bytes: UnsafeRawBufferPointer) throws
  /// An attempt ended: with an answer of any status, with an HTTPFault, or with what `request`, `begin` or `receive`
  /// threw.
  /// - Returns: the seconds after which to try again; nil when the transfer is over.
  func end(_ outcome: Result<HTTPResponse, any Error>) throws -> Double?
}

/// What a driver works through.
protocol HTTPWork: AnyObject {
  /// The next transfer to begin; nil when there is none now.
  func next() -> (any HTTPTransfer)?
  /// Whether `next` has nothing now.
  var isEmpty: Bool { get }
  /// Called often. Whether other threads still work, so that the driver must stay.
  /// - Throws: to end everything now.
  func turn() throws -> Bool
}

/// Keeps all transfers together below a rate: libcurl's own limit is each transfer's and lets short ones pass, so no
/// transfer begins before its bytes are due. Used on the driver's thread.
final class HTTPRate {
  private let limit: Int?
  private(set) var received = 0
  private let start = ContinuousClock.now

  init(limit: Int?) { self.limit = limit }

  func count(_ bytes: Int) { received += bytes }

  /// How long no transfer may begin.
  var pause: Duration {
    guard let limit else { return .zero }
    return .seconds(Double(received) / Double(limit)) - (ContinuousClock.now - start)
  }
}
