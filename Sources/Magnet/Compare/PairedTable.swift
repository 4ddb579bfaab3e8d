/// Right-or-wrong scores of two models on the same questions, counted in four cells, and what they say about the
/// difference of the two shares. All differences are first minus second.
///
///     let table = PairedTable(both: 1, onlyFirst: 1, onlySecond: 7, neither: 12)
///     table.midP  // 0.0390625
///     table.tango()  // -0.5172 ... -0.0260
package struct PairedTable: Sendable, Hashable {
  /// How many questions both have right.
  package var both: Int
  package var onlyFirst: Int
  package var onlySecond: Int
  /// How many neither has right.
  package var neither: Int

  /// A table of counts, 0 or more each.
  package init(both: Int, onlyFirst: Int, onlySecond: Int, neither: Int) {
    self.both = both
    self.onlyFirst = onlyFirst
    self.onlySecond = onlySecond
    self.neither = neither
  }

  /// Counts pairs of scores; nil when one of them is neither 0 nor 1.
  package init?(_ pairs: [(Double, Double)]) {
    self.init(both: 0, onlyFirst: 0, onlySecond: 0, neither: 0)
    for pair in pairs {
      switch pair {
      case (1, 1): both += 1
      case (1, 0): onlyFirst += 1
      case (0, 1): onlySecond += 1
      case (0, 0): neither += 1
      default: return nil
      }
    }
  }

  package var count: Int { both + onlyFirst + onlySecond + neither }

  /// The difference of the shares of right answers, first minus second; nil for no questions.
  package var difference: Double? { count == 0 ? nil : Double(onlyFirst - onlySecond) / Double(count) }

  /// The variance of a question's difference, with `count` in the denominator; nil for no questions.
  package var variance: Double? {
    difference.map { Double(onlyFirst + onlySecond) / Double(count) - $0 * $0 }
  }

  /// Cohen's kappa: agreement beyond chance; nil where chance alone would agree always.
  package var kappa: Double? {
    guard count > 0 else { return nil }
    let n = Double(count)
    let first = Double(both + onlyFirst) / n
    let second = Double(both + onlySecond) / n
    let expected = first * second + (1 - first) * (1 - second)
    return expected == 1 ? nil : (Double(both + neither) / n - expected) / (1 - expected)
  }

  /// McNemar's exact conditional test, two-sided: twice the probability that a fair coin gives the rarer of the two
  /// kinds of disagreement at most as often (McNemar 1947). 1 where there is no disagreement.
  package var exactP: Double {
    min(1, 2 * Self.binomial(atMost: min(onlyFirst, onlySecond), of: onlyFirst + onlySecond))
  }

  /// McNemar's test with mid-p: the outcome that was seen counts half (Fagerland, Lydersen and Laake 2013).
  package var midP: Double {
    let (k, n) = (min(onlyFirst, onlySecond), onlyFirst + onlySecond)
    return min(1, Self.binomial(atMost: k - 1, of: n) + Self.binomial(atMost: k, of: n))
  }

  /// McNemar's asymptotic test without continuity correction: (b - c)²/(b + c) against chi-squared with one degree of
  /// freedom. 1 where there is no disagreement.
  package var asymptoticP: Double {
    let n = onlyFirst + onlySecond
    if n == 0 { return 1 }
    let z = abs(Double(onlyFirst - onlySecond)) / Double(n).squareRoot()
    return 2 * Normal.cumulative(-z)
  }

  /// The probability of at most `k` heads of `n` fair coins.
  private static func binomial(atMost k: Int, of n: Int) -> Double {
    if k < 0 { return 0 }
    if k >= n { return 1 }
    return Beta.incomplete(0.5, complement: 0.5, Double(n - k), Double(k + 1))
  }

  /// The score interval of the difference (Tango 1998): the differences that the asymptotic test does not reject. Nil
  /// for no questions.
  package func tango(level: Double = 0.95) -> Interval? {
    guard let difference else { return nil }
    let z = Normal.quantile(0.5 + level / 2)
    let (b, c, n) = (Double(onlyFirst), Double(onlySecond), Double(count))
    /// How many standard errors the observed difference lies from `d`.
    func distance(_ d: Double) -> Double {
      let linear = -b - c + (2 * n - b + c) * d
      let root = max(0, linear * linear + 8 * n * c * d * (1 - d)).squareRoot()
      let q = (root - linear) / (4 * n)
      let variance = n * (2 * q + d * (1 - d))
      let gap = abs(b - c - n * d)
      return variance <= 0 ? (gap == 0 ? 0 : .infinity) : gap / variance.squareRoot()
    }
    /// The end of the interval between a difference inside and one outside.
    func end(inside: Double, outside: Double) -> Double {
      if distance(outside) <= z { return outside }
      var (inside, outside) = (inside, outside)
      for _ in 0..<200 {
        let middle = (inside + outside) / 2
        if middle == inside || middle == outside { break }
        if distance(middle) <= z { inside = middle } else { outside = middle }
      }
      return inside
    }
    return Interval(lower: end(inside: difference, outside: -1), upper: end(inside: difference, outside: 1))
  }

  /// The closed-form interval of Bonett and Price (2012). Nil for no questions.
  package func bonettPrice(level: Double = 0.95) -> Interval? {
    guard count > 0 else { return nil }
    let z = Normal.quantile(0.5 + level / 2)
    let first = Double(onlyFirst + 1) / Double(count + 2)
    let second = Double(onlySecond + 1) / Double(count + 2)
    let gap = first - second
    let half = z * ((first + second - gap * gap) / Double(count + 2)).squareRoot()
    return Interval(lower: max(-1, gap - half), upper: min(1, gap + half))
  }

  /// The percentile interval of the paired bootstrap, without draws: resampled differences follow the n-fold
  /// convolution of the three outcomes. Takes time in proportion to the square of the number of questions.
  /// - Returns: nil for no questions, and for more than 5,000.
  package func bootstrap(level: Double = 0.95) -> Interval? {
    guard (1...5000).contains(count) else { return nil }
    let n = Double(count)
    let (up, down) = (Double(onlyFirst) / n, Double(onlySecond) / n)
    let stay = 1 - up - down
    var masses = Array(repeating: 0.0, count: 2 * count + 1)
    masses[count] = 1
    for step in 1...count {
      var next = masses
      for place in count - step...count + step {
        let below = place > 0 ? masses[place - 1] : 0
        let above = place < 2 * count ? masses[place + 1] : 0
        next[place] = below * up + masses[place] * stay + above * down
      }
      masses = next
    }
    func quantile(_ p: Double) -> Double {
      var total = 0.0
      for place in masses.indices {
        total += masses[place]
        if total >= p { return Double(place - count) / n }
      }
      return 1
    }
    return Interval(lower: quantile((1 - level) / 2), upper: quantile((1 + level) / 2))
  }
}
