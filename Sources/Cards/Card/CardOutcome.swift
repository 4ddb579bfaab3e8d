/// How a claim fared.
public enum CardStatus: String, Sendable, Hashable {
  /// It was not evaluated.
  case unverified = "UNVERIFIED"
  /// It holds.
  case verified = "VERIFIED"
  /// It does not hold.
  case falsified = "FALSIFIED"
  /// Whether it holds could not be found out.
  case inconclusive = "INCONCLUSIVE"
}

/// How a claim fared with one choice of the values that are swept.
public struct SettingOutcome: Sendable, Hashable {
  /// A symbol and its value.
  public struct Symbol: Sendable, Hashable {
    /// The symbol's name.
    public let name: String
    /// The symbol's value as a text.
    public let value: CardValue
    /// Whether MAGNET records it in `symbols`, by which it names the result's folder.
    public let isSimple: Bool
    /// Whether it is swept.
    public let isSwept: Bool
  }

  /// The rows of a query that judged the claim, and how they fared.
  public struct Evidence: Sendable, Hashable {
    /// How many rows the claim looked at.
    public let rows: Int
    /// How many rows contradict the claim.
    public let falsified: Int
    /// How many rows say nothing.
    public let inconclusive: Int
  }

  /// The verdict of the setting.
  public let status: CardStatus
  /// A sentence: `Assertion holds`, `Assertion does not hold: ...`, `SymbolNotResolved: ...` or
  /// `ERROR evaluating claim: ...`.
  public let output: String
  /// The symbols that have a value, in the order of the card.
  public let symbols: [Symbol]
  /// What the verdict rests on; nil where the claim has no rows.
  public let evidence: Evidence?
  /// The process of a pipeline whose results were judged; nil in cards without one.
  public var process: String? { judged?.process }
  /// What of a pipeline's results was judged.
  var judged: JudgedRow?
  /// The line of the card at which it went wrong, where that is known.
  public let line: Int?
  /// How long it took, in seconds.
  public let seconds: Double

  /// What MAGNET records of the symbols.
  var simpleView: CardValue {
    .mapping(symbols.filter(\.isSimple).map { .init(key: .text($0.name), value: $0.value) })
  }

  /// What MAGNET names the result's folder by: without the values that a pipeline's results gave.
  var namingView: CardValue {
    guard let judged, judged.kind == .kwdagger, case .mapping(let entries) = simpleView else {
      return simpleView
    }
    return .mapping(entries.filter { $0.key.text.map { !judged.filled.contains($0) } ?? true })
  }
}

/// A row of a pipeline's results, as it was judged.
struct JudgedRow: Sendable, Hashable {
  let kind: PipelineDefinition.Kind
  let process: String
  let artifact: String?
  let columns: [CardValue.Entry]
  /// The symbols whose values came from it.
  let filled: Set<String>
  /// The columns that the claim read.
  var consumed: [String] = []
}

/// How a card fared.
public struct CardOutcome: Sendable {
  /// A metric of all settings.
  public struct Metric: Sendable, Hashable {
    /// The metric's name.
    public let name: String
    /// An int where all values are ints and the largest or smallest is taken, else a float.
    public let value: CardValue
  }

  /// The verdict of the card.
  public let status: CardStatus
  /// In the order of the sweeps: the last symbol that is swept varies fastest.
  public let settings: [SettingOutcome]
  /// The metrics that the card declares.
  public let metrics: [Metric]
  /// What the user is to know, a sentence each: metrics that could not be computed, runs that were left out.
  public let notes: [String]
  /// What `theory.json` says; nil for a card without a theory.
  let theory: CardValue?
  /// How many results of a pipeline there were, those that were not judged included; nil without a pipeline.
  var discovered: Int?

  /// How many settings fared so.
  public func count(_ status: CardStatus) -> Int { settings.count { $0.status == status } }
}

extension CardDefinition.Aggregation {
  /// The verdict that the statuses of the settings make; of none, inconclusive.
  func verdict(of statuses: [CardStatus]) -> CardStatus {
    if statuses.isEmpty { return .inconclusive }
    switch self {
    case .all:
      return statuses.contains(.falsified)
        ? .falsified : statuses.contains(.inconclusive) ? .inconclusive : .verified
    case .any:
      return statuses.contains(.verified)
        ? .verified : statuses.contains(.inconclusive) ? .inconclusive : .falsified
    case .fraction(let threshold):
      let share = Double(statuses.count { $0 == .verified }) / Double(statuses.count)
      return share >= threshold ? .verified : .falsified
    }
  }
}

extension CardDefinition.Reduction {
  /// One value of many, as Python's `statistics.fmean`, `max` and `min` compute it; nil where one is not a number.
  func callAsFunction(_ values: [CardValue]) -> CardValue? {
    // Bools count as 0 and 1.
    let values = values.map {
      if case .bool(let value) = $0 { CardValue.int(WholeNumber(value ? 1 : 0)) } else { $0 }
    }
    let numbers = values.compactMap(\.number)
    guard !values.isEmpty, numbers.count == values.count else { return nil }
    switch self {
    case .mean: return .float(exactSum(numbers) / Double(numbers.count))
    case .max: return values[numbers.indices.reduce(0) { numbers[$1] > numbers[$0] ? $1 : $0 }]
    case .min: return values[numbers.indices.reduce(0) { numbers[$1] < numbers[$0] ? $1 : $0 }]
    }
  }
}

/// The sum of numbers without rounding in between, as Python's `math.fsum` computes it (Shewchuk 1997).
private func exactSum(_ numbers: [Double]) -> Double {
  if !numbers.allSatisfy(\.isFinite) { return numbers.reduce(0, +) }
  var partials: [Double] = []
  for number in numbers {
    var x = number
    var kept = 0
    for y in partials {
      let (larger, smaller) = x.magnitude < y.magnitude ? (y, x) : (x, y)
      let high = larger + smaller
      let low = smaller - (high - larger)
      if low != 0 {
        partials[kept] = low
        kept += 1
      }
      x = high
    }
    partials.removeSubrange(kept...)
    partials.append(x)
  }
  // From the largest down until a sum is not exact; then half-way cases are rounded by the sign of the rest.
  guard var sum = partials.popLast() else { return 0 }
  while let next = partials.popLast() {
    let x = sum
    sum = x + next
    let low = next - (sum - x)
    if low != 0 {
      if let rest = partials.last, (low < 0) == (rest < 0) {
        let doubled = low * 2
        let moved = sum + doubled
        if doubled == moved - sum { sum = moved }
      }
      break
    }
  }
  return sum
}
