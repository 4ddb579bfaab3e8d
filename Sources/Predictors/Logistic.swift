#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The logistic function and its kin.
enum Logistic {
  /// 1 / (1 + e^-x).
  static func share(_ x: Double) -> Double { x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)) }

  /// The inverse of `share`: log(p / (1 - p)), for p between 0 and 1.
  static func logit(_ p: Double) -> Double { log(p / (1 - p)) }

  /// log(1 + e^x).
  static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  static func exponential(_ x: Double) -> Double { exp(x) }

  static func natural(_ x: Double) -> Double { log(x) }
}
