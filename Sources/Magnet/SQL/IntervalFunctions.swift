// Unsafe code, on one invariant: the function's user data is the number of an `IntervalFunction`, never a pointer to
// memory.

import CSQLite

/// Intervals of a group's mean that SQL has no functions for. Nulls, and texts that are not numbers, are left out.
///
/// `mean_low(x)` and `mean_high(x)` are the ends of an interval that covers the mean with 95%, or with the share given
/// second: Wilson's score interval (1927) where every x is 0 or 1, else Student's. `paired_difference(a, b)` is the mean
/// of a - b over the rows that have both, `paired_low(a, b)` and `paired_high(a, b)` are the ends of Student's interval
/// of it. Of fewer than two values that are not all 0 or 1 an interval is null.
private enum IntervalFunction: Int, CaseIterable {
  case meanLow = 1
  case meanHigh, pairedDifference, pairedLow, pairedHigh

  var name: String {
    switch self {
    case .meanLow: "mean_low"
    case .meanHigh: "mean_high"
    case .pairedDifference: "paired_difference"
    case .pairedLow: "paired_low"
    case .pairedHigh: "paired_high"
    }
  }

  var isPaired: Bool { rawValue >= Self.pairedDifference.rawValue }

  /// How many arguments it takes; the last one, a share, may be left out.
  var argumentCounts: [Int32] {
    switch self {
    case .meanLow, .meanHigh: [1, 2]
    case .pairedDifference: [2]
    case .pairedLow, .pairedHigh: [2, 3]
    }
  }

  func value(of moments: Moments) -> Double? {
    if self == .pairedDifference { return moments.count > 0 ? moments.mean : nil }
    let interval = isPaired ? moments.studentInterval : moments.interval
    return self == .meanLow || self == .pairedLow ? interval?.lower : interval?.upper
  }
}

/// The count, mean and squared deviations of numbers, by Welford's method (1962).
private final class Moments: AggregateState {
  private(set) var count = 0
  private(set) var mean = 0.0
  private var squares = 0.0
  private var right = 0
  private var areShares = true
  /// The coverage asked for; nil for none.
  var asked: Double?
  private var coverage: Double { asked ?? 0.95 }
  var fault: String?

  func add(_ value: Double) {
    count += 1
    let difference = value - mean
    mean += difference / Double(count)
    squares += difference * (value - mean)
    if value == 1 { right += 1 } else if value != 0 { areShares = false }
  }

  var interval: Interval? {
    areShares ? .wilson(right: Double(right), count: count, coverage: coverage) : studentInterval
  }

  var studentInterval: Interval? {
    guard count > 1 else { return nil }
    let error = (squares / Double(count - 1) / Double(count)).squareRoot()
    let half = StudentT.quantile(0.5 + coverage / 2, degrees: Double(count - 1)) * error
    return Interval(lower: mean - half, upper: mean + half)
  }
}

/// Adds the functions to a connection.
func addIntervalFunctions(to database: OpaquePointer?) {
  for function in IntervalFunction.allCases {
    for count in function.argumentCounts {
      unsafe sqlite3_create_function_v2(
        database, function.name, count, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
        UnsafeMutableRawPointer(bitPattern: function.rawValue), nil, step, finish, nil)
    }
  }
}

private func function(_ context: OpaquePointer?) -> IntervalFunction? {
  unsafe IntervalFunction(rawValue: Int(bitPattern: sqlite3_user_data(context)))
}

private func step(
  _ context: OpaquePointer?, _ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?
) {
  guard let values = unsafe values, let function = unsafe function(context),
    let moments = unsafe Moments.current(context)
  else { return }
  let plain = function.isPaired ? 2 : 1
  if count > plain {
    let share = unsafe numericArgument(values[plain]) ?? -1
    if share <= 0 || share >= 1 {
      moments.fault = "\(function.name)() takes a coverage between 0 and 1 last"
    } else if share != moments.asked ?? share {
      moments.fault = moments.fault ?? "\(function.name)() takes the same coverage in all rows"
    }
    moments.asked = share
  }
  guard let first = unsafe numericArgument(values[0]) else { return }
  if !function.isPaired {
    moments.add(first)
  } else if let second = unsafe numericArgument(values[1]) {
    moments.add(first - second)
  }
}

private func finish(_ context: OpaquePointer?) {
  unsafe Moments.finish(context) { moments in unsafe function(context)?.value(of: moments) }
}
