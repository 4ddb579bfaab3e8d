#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The functions of the C library's mathematics that scores need.
enum ElementaryFunctions {
  static func natural(_ x: Double) -> Double { log(x) }

  static func exponential(_ x: Double) -> Double { exp(x) }

  /// 1 - erf(x), exact where erf(x) is near 1.
  static func errorComplement(_ x: Double) -> Double { erfc(x) }
}
