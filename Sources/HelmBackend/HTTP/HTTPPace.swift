/// Keeps all transfers together below a rate: libcurl's own limit is per transfer and lets short ones pass, so no
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

/// How many transfers are useful at once: more where the server takes long to begin a response, fewer where transfers
/// stall because they share a slow line.
struct HTTPConcurrency {
  static let least = 16, most = 256

  private let options: HTTPOptions
  /// Transfers at once, for now.
  private(set) var jobs: Int
  /// The shortest time, in seconds, that the server took to begin a response.
  private var leastDelay = Double.infinity
  /// Since when no transfer ended well though some were too slow, and what had come until then.
  private var slowness: (since: ContinuousClock.Instant, received: Int)?
  private var lastSlow: ContinuousClock.Instant?

  init(_ options: HTTPOptions) {
    self.options = options
    jobs = options.jobs ?? Self.least
  }

  /// With a delay of so many seconds, as many transfers at once as keep 5,000 per second going.
  static func useful(delay: Double) -> Int { max(least, min(most, Int(delay * 5000))) }

  /// A transfer ended well: what it took to begin says how many at once are useful.
  mutating func succeeded(delay: Double?) {
    slowness = nil
    guard options.jobs == nil, lastSlow == nil, let delay, delay < leastDelay else { return }
    leastDelay = delay
    jobs = Self.useful(delay: delay)
  }

  /// A transfer was too slow: maybe too many share a slow line. From then on half as many run at once, but halved only
  /// once in a while, since they were all slow at the same time.
  /// - Throws: `HTTPTooSlow` when that did not help.
  mutating func stalled(active: Int, received: Int) throws {
    let now = ContinuousClock.now
    let stall = Duration.seconds(options.stallSeconds)
    if lastSlow.map({ now - $0 > stall / 2 }) ?? true {
      lastSlow = now
      jobs = max(min(jobs, 4), active / 2)
    }
    guard let slowness else {
      self.slowness = (now, received)
      return
    }
    let seconds = (now - slowness.since) / .seconds(1)
    if now - slowness.since > stall * (2 * options.attempts),
      Double(received - slowness.received) < 4 * seconds * Double(options.leastRate)
    {
      throw HTTPTooSlow(seconds: Int(seconds))
    }
  }
}

/// Nothing that is worth waiting for comes.
struct HTTPTooSlow: Error, CustomStringConvertible {
  let seconds: Int
  var description: String { "the server sent next to nothing for \(seconds) s" }
}
