import RealModule

/// An axis of a plot: what it spans, and its ticks at round values.
///
/// A linear axis has its zero where the values come near it. An end is at a tick if one is near, else a little beyond
/// the values.
struct PlotAxis {
  struct Tick {
    let value: Double
    let text: String
  }

  let ticks: [Tick]
  private let scale: Plot.Scale
  /// The ends, on a logarithmic axis their logarithms.
  private let low: Double
  private let high: Double

  /// - Parameters:
  ///   - values: at least one; all finite, and above zero on a logarithmic axis.
  ///   - tickCount: about how many ticks there should be.
  ///   - ticksAtFewValues: whether a logarithmic axis has its ticks at the values where they are few.
  init(_ values: [Double], _ scale: Plot.Scale, tickCount: Int, ticksAtFewValues: Bool = false) {
    self.scale = scale
    let least = values.min() ?? 0
    let most = values.max() ?? 1
    let tickCount = max(tickCount, 2)
    switch scale {
    case .linear:
      (low, high, ticks) = Self.linear(least, most, tickCount)
    case .log:
      let (first, last) = (Double.log10(least), Double.log10(most))
      let padding = last - first < 1e-9 ? 0.3 : (last - first) * 0.03
      (low, high) = (first - padding, last + padding)
      let few = ticksAtFewValues ? Self.distinct(values, atMost: Self.fewValues) : nil
      ticks =
        few?.map { Tick(value: $0, text: shortText($0)) } ?? Self.logarithmic(low, high, tickCount)
    }
  }

  private static let fewValues = 8

  /// The ticks with where they stand, from 0 to 1.
  var tickPositions: [(Tick, position: Double)] { ticks.map { ($0, position($0.value)) } }

  /// Where a value stands on the axis: 0 at its start, 1 at its end. Values beyond stand at the ends.
  func position(_ value: Double) -> Double {
    if scale == .log, value <= 0 { return 0 }
    let position = ((scale == .log ? Double.log10(value) : value) - low) / (high - low)
    return min(max(position, 0), 1)
  }

  private static func linear(_ least: Double, _ most: Double, _ tickCount: Int)
    -> (Double, Double, [Tick])
  {
    var (low, high) = (least, most)
    if high - low <= max(abs(low), abs(high)) * 1e-9 {
      let padding = low == 0 ? 1 : abs(low) / 2
      (low, high) = (low - padding, high + padding)
    }
    // Zero belongs on the axis when it is near.
    if low > 0, low < high / 3 { low = 0 }
    if high < 0, high > low / 3 { high = 0 }
    let step = roundStep(high - low, tickCount)
    let first = (low / step + 1e-6).rounded(.down)
    let last = (high / step - 1e-6).rounded(.up)
    let values = stride(from: first, through: last, by: 1).map { $0 * step }
    let wide = (low: min(low, values[0]), high: max(high, values[values.count - 1]))
    let range = high - low
    let ends = (
      low: low - wide.low <= range * 0.08 ? wide.low : low - range * 0.04,
      high: wide.high - high <= range * 0.08 ? wide.high : high + range * 0.04
    )
    let within = values.filter { ends.low...ends.high ~= $0 }
    guard within.count > 1 else { return (wide.low, wide.high, labelled(values, step)) }
    return (ends.low, ends.high, labelled(within, step))
  }

  /// The least of 1, 2 and 5 times a power of ten that divides the range in at most `count` steps.
  private static func roundStep(_ range: Double, _ count: Int) -> Double {
    let power = Double.pow(10, Double.log10(range / Double(count)).rounded(.down))
    return [1, 2, 5].map { $0 * power }.first { range / $0 <= Double(count) * (1 + 1e-9) } ?? 10 * power
  }

  /// The finest of some divisions that has not too many ticks.
  private static func logarithmic(_ low: Double, _ high: Double, _ tickCount: Int) -> [Tick] {
    func ticks(_ mantissas: [Double], everyDecade step: Double) -> [Double] {
      stride(from: (low / step).rounded(.down) * step, through: high, by: step).flatMap { decade in
        mantissas.map { $0 * Double.pow(10, decade) }.filter { low...high ~= Double.log10($0) }
      }
    }
    let fine = ticks([1, 2, 5], everyDecade: 1)
    let divisions = [fine] + [1, 2, 5, 10, 20, 50, 100, 200].map { ticks([1], everyDecade: $0) }
    let chosen = divisions.first { 2...max(tickCount * 3 / 2, 3) ~= $0.count } ?? fine
    if chosen.count > 1 {
      let hasExponents = chosen.contains { !(0.9999e-4..<1e6 ~= $0) }
      return chosen.map { Tick(value: $0, text: shortText($0, hasExponent: hasExponents)) }
    }
    return linear(Double.pow(10, low), Double.pow(10, high), tickCount).2.filter {
      $0.value > 0 && low...high ~= Double.log10($0.value)
    }
  }

  private static func distinct(_ values: [Double], atMost limit: Int) -> [Double]? {
    var found: Set<Double> = []
    for value in values where found.insert(value).inserted && found.count > limit { return nil }
    return found.sorted()
  }

  /// Ticks a step apart, their numbers with the decimals of the step.
  private static func labelled(_ values: [Double], _ step: Double) -> [Tick] {
    let most = max(abs(values[0]), abs(values[values.count - 1]))
    let last = Int((Double.log10(step) + 1e-9).rounded(.down))
    let first = Int((Double.log10(most) + 1e-9).rounded(.down))
    return values.map { value in
      if most < 1e6, last >= -6 { return Tick(value: value, text: fixedText(value, max(0, -last))) }
      let text = fixedText(value / Double.pow(10, Double(first)), first - last) + "×10" + superscript(first)
      return Tick(value: value, text: value == 0 ? "0" : text)
    }
  }
}

/// A number above zero in four digits at most, as short as that can be written.
func shortText(_ value: Double, hasExponent: Bool = false) -> String {
  var exponent = Int(Double.log10(value).rounded(.down))
  func trimmed(_ value: Double, _ decimals: Int) -> String {
    let text = fixedText(value, decimals)
    guard text.contains(".") else { return text }
    let end = text.lastIndex { $0 != "0" } ?? text.startIndex
    return text[end] == "." ? String(text[..<end]) : String(text[...end])
  }
  if !hasExponent, value >= 0.9999e-4, value < 1e6 { return trimmed(value, max(0, 3 - exponent)) }
  var mantissa = trimmed(value / Double.pow(10, Double(exponent)), 3)
  if mantissa == "10" { (mantissa, exponent) = ("1", exponent + 1) }
  return (mantissa == "1" ? "" : mantissa + "×") + "10" + superscript(exponent)
}

/// A number with so many decimals, rounded half away from zero; without a sign where all its digits are zero.
func fixedText(_ value: Double, _ decimals: Int) -> String {
  let scaled = (abs(value) * Double.pow(10, Double(decimals))).rounded()
  guard scaled < 1e18 else { return "\(value)" }
  var digits = String(Int64(scaled))
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard decimals > 0 else { return sign + digits }
  digits = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
  return sign + digits.dropLast(decimals) + "." + digits.suffix(decimals)
}

private func superscript(_ number: Int) -> String {
  let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
  return (number < 0 ? "⁻" : "")
    + String(String(abs(number)).compactMap(\.wholeNumberValue).map { digits[$0] })
}
