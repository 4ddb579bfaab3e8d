import RealModule

/// The logistic function and its relatives.
enum Logistic {
  /// 1 / (1 + e^-x).
  static func sigmoid(_ x: Double) -> Double {
    x >= 0 ? 1 / (1 + Double.exp(-x)) : Double.exp(x) / (1 + Double.exp(x))
  }

  /// The inverse of `sigmoid`: log(p / (1 - p)), for p between 0 and 1.
  static func logit(_ p: Double) -> Double { Double.log(p / (1 - p)) }

  /// log(1 + e^x).
  static func softplus(_ x: Double) -> Double { max(x, 0) + Double.log(onePlus: Double.exp(-abs(x))) }
}
