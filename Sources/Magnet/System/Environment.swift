#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The process and the machine it runs on.
package enum Environment {
  /// A variable of the environment.
  package static func variable(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// All variables of the environment.
  package static var all: [String: String] {
    var variables: [String: String] = [:]
    var place = unsafe environ
    while let text = unsafe place.pointee.map({ unsafe String(cString: $0) }) {
      let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if halves.count == 2 { variables[String(halves[0])] = String(halves[1]) }
      unsafe place += 1
    }
    return variables
  }

  /// A variable of the environment; nil when it is empty.
  package static func nonEmpty(_ name: String) -> String? {
    variable(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  package static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  package static var processNumber: Int { Int(getpid()) }

  /// The most memory the process has had, in bytes.
  package static var peakMemory: Int {
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #else
      unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss * 1024
    #endif
  }
}

/// The time of day. (For durations, `ContinuousClock`.)
package enum WallClock {
  package static var secondsSince1970: Int { time(nil) }

  package static var nanosecondsSince1970: Int {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    return now.tv_sec * 1_000_000_000 + now.tv_nsec
  }

  /// The time in the local zone: `2026-05-08__09-08-07`, for names, and `2026-05-08T09:08:07.000123`, without a zone.
  package static var local: (compact: String, iso: String) {
    var now = timeval()
    unsafe gettimeofday(&now, nil)
    var seconds = now.tv_sec
    var fields = unsafe tm()
    unsafe localtime_r(&seconds, &fields)
    func padded(_ value: some BinaryInteger, _ width: Int = 2) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    let date =
      unsafe "\(padded(fields.tm_year + 1900, 4))-\(padded(fields.tm_mon + 1))-\(padded(fields.tm_mday))"
    let parts = unsafe [fields.tm_hour, fields.tm_min, fields.tm_sec].map { padded($0) }
    return (
      "\(date)__\(parts.joined(separator: "-"))",
      "\(date)T\(parts.joined(separator: ":")).\(padded(now.tv_usec, 6))"
    )
  }
}
