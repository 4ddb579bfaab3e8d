/// How many transfers a driver makes at once, and how patient it is.
struct HTTPOptions: Sendable {
  /// Transfers at once; nil for as many as the server's delay makes useful.
  var jobs: Int?
  /// Bytes per second of all transfers together; nil without limit.
  var bandwidth: Int?
  /// Seconds without at least `leastRate` bytes per second after which an attempt ends.
  var stallSeconds = 30
  var leastRate = 1000
  /// How often in a row a request is tried without bringing anything.
  var attempts = 8
  var connectSeconds = 15
  /// Whether redirects to plain HTTP on loopback are followed: for a server that is itself on loopback.
  var allowsPlainLoopback = false
}

/// One request and its repetitions. Called on the driver's thread only.
protocol HTTPTransfer: AnyObject {
  /// The request of the next attempt.
  func request() throws -> HTTPRequest
  /// A successful response begins; throwing ends the attempt.
  func begin(_ response: HTTPResponse) throws
  /// More of a successful response's body.
  func receive(_ bytes: UnsafeRawBufferPointer) throws
  /// An attempt ended: with a response of any status, with an HTTPFault, or with what `request`, `begin` or `receive`
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
