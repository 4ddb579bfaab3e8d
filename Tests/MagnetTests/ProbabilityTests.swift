import Testing

@testable import Magnet

/// Distributions and intervals against closed forms and the equations that define them.
@Suite struct ProbabilityTests {
  private static let probabilities = [1e-12, 1e-6, 0.001, 0.025, 0.2, 0.4, 0.5, 0.7, 0.95, 0.999, 1 - 1e-9]

  private func areNear(_ a: Double, _ b: Double, _ tolerance: Double = 1e-12) -> Bool {
    abs(a - b) <= tolerance * max(1, abs(a), abs(b))
  }

  @Test(arguments: probabilities) func quantilesInvertTheNormalDistribution(_ p: Double) {
    let x = Normal.quantile(p)
    #expect(areNear(Normal.cumulative(x), p, 1e-14))
    #expect(areNear(Normal.cumulative(-x), 1 - p) && areNear(Normal.quantile(1 - p), -x, 1e-4))
    let step = 1e-4
    let slope = (Normal.cumulative(x + step) - Normal.cumulative(x - step)) / (2 * step)
    #expect(areNear(Normal.density(x), slope, 1e-8))
  }

  @Test(arguments: [0.01, 0.5, 0.6, 0.8, 0.9, 0.95, 0.97, 0.99, 0.999]) func halfWidthsHoldTheirShare(
    _ coverage: Double
  ) {
    let half = Normal.halfWidth(coverage)
    #expect(areNear(Normal.cumulative(half) - Normal.cumulative(-half), coverage))
  }

  /// One degree of freedom is Cauchy's distribution; two and four have closed forms.
  @Test(arguments: [-30, -2.5, -1, -0.1, 0, 0.3, 1, 4, 100.0]) func studentsClosedForms(_ x: Double) {
    let square = x * x
    for (degrees, expected) in [
      (1.0, 0.5 + Self.arcTangent(x) / .pi), (2, 0.5 + x / (2 * (2 + square).squareRoot())),
      (
        4,
        0.5 + 3.0 / 8 * x / (1 + square / 4).squareRoot() * (1 - square / (12 * (1 + square / 4)))
      ),
    ] {
      #expect(areNear(StudentT.cumulative(x, degrees: degrees), expected, 1e-13), "\(degrees) degrees")
      #expect(
        areNear(StudentT.cumulative(x, degrees: degrees) + StudentT.cumulative(-x, degrees: degrees), 1))
    }
  }

  /// By the integral of 1/(1 + t²), Simpson's rule over the angle-friendly half.
  private static func arcTangent(_ x: Double) -> Double {
    if abs(x) > 1 { return (x < 0 ? -1 : 1) * .pi / 2 - arcTangent(1 / x) }
    let steps = 2000
    let width = x / Double(steps)
    var sum = 0.0
    for step in 0...steps {
      let t = width * Double(step)
      let weight = step == 0 || step == steps ? 1.0 : step % 2 == 1 ? 4 : 2
      sum += weight / (1 + t * t)
    }
    return sum * width / 3
  }

  @Test(arguments: [1, 1.5, 2, 3, 7.25, 30, 1000, 1e6]) func quantilesInvertStudentsDistribution(
    _ degrees: Double
  ) {
    var last = -Double.infinity
    for p in Self.probabilities {
      let x = StudentT.quantile(p, degrees: degrees)
      #expect(x > last)
      last = x
      let error = abs(StudentT.cumulative(x, degrees: degrees) - p)
      #expect(error <= 1e-9 * min(p, 1 - p) + 1e-15, "p = \(p)")
      #expect(StudentT.quantile(p, degrees: degrees) == x, "what is remembered is the same")
      if p > 0.5, degrees >= 3 {
        #expect(x > Normal.quantile(p) - 1e-4, "heavier tails than the normal distribution's")
      }
    }
    if degrees == 1e6 { #expect(areNear(last, Normal.quantile(1 - 1e-9), 1e-4)) }
  }

  @Test(arguments: [1, 2, 7, 30, 400]) func wilsonsEndsSolveTheirEquation(_ count: Int) throws {
    for right in 0...count where right < 8 || right % 37 == 0 || right == count {
      for coverage in [0.5, 0.8, 0.95, 0.999] {
        let z = Normal.halfWidth(coverage)
        let share = Double(right) / Double(count)
        let interval = try #require(
          Interval.wilson(right: Double(right), count: count, coverage: coverage))
        for end in [interval.lower, interval.upper] {
          let distance = (share - end) * (share - end)
          #expect(areNear(distance, z * z * end * (1 - end) / Double(count), 1e-10))
        }
        #expect(interval.lower >= 0 && interval.upper <= 1 && interval.lower <= share + 1e-12)
        let mirrored = try #require(
          Interval.wilson(right: Double(count - right), count: count, coverage: coverage))
        #expect(areNear(mirrored.lower, 1 - interval.upper) && areNear(mirrored.upper, 1 - interval.lower))
      }
    }
    #expect(Interval.wilson(right: 0, count: 0) == nil)
  }

  @Test func finitePopulationsNarrowTheInterval() throws {
    let endless = try #require(Interval.wilson(right: 6, count: 20))
    var last = 0.0
    for population in [20, 21, 25, 40, 100, 1000, 1_000_000] {
      let interval = try #require(Interval.wilson(right: 6, count: 20, population: population))
      #expect(interval.contains(0.3) && interval.width >= last && interval.width <= endless.width)
      last = interval.width
    }
    #expect(areNear(last, endless.width, 1e-4))
    #expect(Interval.wilson(right: 6, count: 20, population: 20) == Interval(lower: 0.3, upper: 0.3))
    #expect(Interval.wilson(right: 1, count: 1, population: 1) == Interval(lower: 1, upper: 1))
  }

  @Test func theIntervalScoreIsTheWidthAndThePriceOfAMiss() {
    let interval = Interval(lower: 2, upper: 5)
    #expect(interval.score(3, coverage: 0.8) == 3 && interval.score(5, coverage: 0.8) == 3)
    #expect(areNear(interval.score(6, coverage: 0.8), 3 + 10) && areNear(interval.score(1, coverage: 0.5), 7))
    #expect(interval.contains(2) && interval.contains(5) && !interval.contains(5.001))
    #expect(!interval.contains(.nan))
  }
}
