/// Similarity of value vectors.
package enum Similarity {
  /// The cosine u·v / √((u·u)(v·v)), from −1 to 1; nil where a vector is missing, of another length, empty, all zeros or
  /// not finite. Vectors are brought to about 1 first, so that very large and very small ones have a cosine too.
  package static func cosine(_ u: [Double]?, _ v: [Double]?) -> Double? {
    guard let u, let v, u.count == v.count, let u = scaled(u), let v = scaled(v) else { return nil }
    var (product, left, right) = (0.0, 0.0, 0.0)
    for (a, b) in zip(u, v) {
      product += a * b
      left += a * a
      right += b * b
    }
    return min(1, max(-1, product / (left * right).squareRoot()))
  }

  /// The vector over a power of two, so that its largest number is from 1 to 2.
  private static func scaled(_ vector: [Double]) -> [Double]? {
    guard let top = vector.map(abs).max(), top > 0, vector.allSatisfy(\.isFinite) else { return nil }
    // In two halves: the factor of the smallest numbers is itself too large for a number.
    let exponent = -Int(top.exponent)
    let first = Double(sign: .plus, exponent: exponent / 2, significand: 1)
    let second = Double(sign: .plus, exponent: exponent - exponent / 2, significand: 1)
    return vector.map { $0 * first * second }
  }

  /// The mean of absolute differences; nil where a vector is missing or of another length.
  package static func meanAbsoluteDifference(_ u: [Double]?, _ v: [Double]?) -> Double? {
    guard let u, let v, u.count == v.count, !u.isEmpty else { return nil }
    let mean = zip(u, v).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(u.count)
    return mean.isFinite ? mean : nil
  }

  /// The mean, nil of nothing or where a number is missing.
  static func mean(_ values: [Double?]) -> Double? {
    var sum = 0.0
    for value in values {
      guard let value else { return nil }
      sum += value
    }
    return values.isEmpty ? nil : sum / Double(values.count)
  }
}
