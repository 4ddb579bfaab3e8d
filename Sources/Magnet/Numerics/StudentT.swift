import RealModule
import Synchronization

/// Student's t distribution.
package enum StudentT {
  /// The probability of a value up to `x`, with `degrees` degrees of freedom, above 0 and not always whole: from the
  /// incomplete beta function I(degrees / (degrees + x²); degrees/2, 1/2).
  package static func cumulative(_ x: Double, degrees: Double) -> Double {
    precondition(degrees > 0, "degrees of freedom above 0")
    guard x.isFinite else { return x > 0 ? 1 : 0 }
    let tail = Beta.incomplete(
      degrees / (degrees + x * x), complement: x * x / (degrees + x * x), degrees / 2, 0.5)
    return x > 0 ? 1 - tail / 2 : tail / 2
  }

  /// The density at `x`.
  package static func density(_ x: Double, degrees: Double) -> Double {
    let scale = Double.logGamma((degrees + 1) / 2) - Double.logGamma(degrees / 2)
    let power = (degrees + 1) / 2 * Double.log(1 + x * x / degrees)
    return Double.exp(scale - power) / (degrees * Double.pi).squareRoot()
  }

  /// The value that is exceeded with probability 1 - `p`; `p` is between 0 and 1, ends left out. By Newton steps on
  /// `cumulative` of the lower tail, halving the bracket where a step leaves it.
  package static func quantile(_ p: Double, degrees: Double) -> Double {
    precondition(p > 0 && p < 1, "a probability between 0 and 1")
    if p == 0.5 { return 0 }
    let key = SIMD2(p, degrees)
    if let found = known.withLock({ $0[key] }) { return found }
    let found = findQuantile(p, degrees)
    known.withLock { if $0.count < knownLimit { $0[key] = found } }
    return found
  }

  /// Quantiles found before: intervals ask for the same few again and again.
  private static let known = Mutex<[SIMD2<Double>: Double]>([:])
  private static let knownLimit = 4096

  private static func findQuantile(_ p: Double, _ degrees: Double) -> Double {
    let tail = min(p, 1 - p)
    var low = 0.0
    var high = 1.0
    while cumulative(-high, degrees: degrees) > tail, high < 1e150 {
      low = high
      high *= 2
    }
    var x = (low + high) / 2
    for _ in 0..<200 {
      let error = cumulative(-x, degrees: degrees) - tail
      if error > 0 { low = x } else { high = x }
      let step = error / density(x, degrees: degrees)
      let next = x + step
      if abs(step) <= 1e-15 * x { break }
      x = next > low && next < high ? next : (low + high) / 2
      if high - low <= 1e-15 * high { break }
    }
    return p < 0.5 ? -x : x
  }
}

/// The beta function.
enum Beta {
  /// The regularized incomplete beta function I(x; a, b), a continued fraction evaluated by Lentz's method (Numerical
  /// Recipes, 6.4).
  /// - Parameter complement: 1 - x, which the caller knows to more digits where x is near 1.
  static func incomplete(_ x: Double, complement: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if complement <= 0 { return 1 }
    let front = Double.exp(
      Double.logGamma(a + b) - Double.logGamma(a) - Double.logGamma(b) + a * Double.log(x)
        + b * Double.log(complement))
    if x < (a + 1) / (a + b + 2) { return front * fraction(x, a, b) / a }
    return 1 - front * fraction(complement, b, a) / b
  }

  private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    func kept(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
    var c = 1.0
    var d = 1 / kept(1 - (a + b) * x / (a + 1))
    var sum = d
    for m in 1...10_000 {
      let m = Double(m)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / kept(1 + even * d)
      c = kept(1 + even / c)
      sum *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / kept(1 + odd * d)
      c = kept(1 + odd / c)
      sum *= d * c
      if abs(d * c - 1) < 1e-16 { break }
    }
    return sum
  }
}
