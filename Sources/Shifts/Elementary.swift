import RealModule

/// The elementary functions of this module.
enum Elementary {
  static func logOnePlus(_ x: Double) -> Double { .log(onePlus: x) }
  static func exponential(_ x: Double) -> Double { .exp(x) }
}

/// 1 / (1 + exp(-x)).
func sigmoid(_ x: Double) -> Double { 1 / (1 + Elementary.exponential(-max(-700, min(700, x)))) }
