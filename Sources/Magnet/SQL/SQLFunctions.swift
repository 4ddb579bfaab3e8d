// Unsafe code, on one invariant: the function's user data is the number of a `SampleStatistic`, never a pointer to
// memory.

import CSQLite

/// Statistics of a group's numbers that SQLite itself does not have. Nulls and texts that are not numbers are left
/// out, as SQLite's own `avg` does with nulls; of no numbers the result is null.
///
/// `median(x)`; `percentile(x, p)` with p from 0 to 100 and `percentile_cont(x, p)` with p from 0 to 1, both linear
/// between the two nearest numbers, as in SQLite's percentile extension and NumPy's default; `stddev(x)`,
/// `variance(x)` of a sample (n - 1), `stddev_pop(x)`, `var_pop(x)` of a population (n).
private enum SampleStatistic: Int, CaseIterable {
  case median = 1
  case percentile, percentileCont, stddev, stddevSamp, stddevPop, variance, varSamp, varPop

  var name: String {
    switch self {
    case .median: "median"
    case .percentile: "percentile"
    case .percentileCont: "percentile_cont"
    case .stddev: "stddev"
    case .stddevSamp: "stddev_samp"
    case .stddevPop: "stddev_pop"
    case .variance: "variance"
    case .varSamp: "var_samp"
    case .varPop: "var_pop"
    }
  }

  var argumentCount: Int32 { self == .percentile || self == .percentileCont ? 2 : 1 }

  /// The largest second argument.
  var scale: Double { self == .percentile ? 100 : 1 }

  func value(of sample: Sample) -> Double? {
    switch self {
    case .median: sample.numbers.quantile(0.5)
    case .percentile, .percentileCont: sample.share.flatMap { sample.numbers.quantile($0) }
    case .stddev, .stddevSamp: sample.numbers.variance()?.squareRoot()
    case .stddevPop: sample.numbers.variance(ofPopulation: true)?.squareRoot()
    case .variance, .varSamp: sample.numbers.variance()
    case .varPop: sample.numbers.variance(ofPopulation: true)
    }
  }
}

/// The numbers of a group.
private final class Sample: AggregateState {
  var numbers: [Double] = []
  /// The second argument, from 0 to 1; nil before the first row.
  var share: Double?
  var fault: String?
}

/// Adds the functions to a connection.
func addSQLFunctions(to database: OpaquePointer?) {
  let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC
  for statistic in SampleStatistic.allCases {
    unsafe sqlite3_create_function_v2(
      database, statistic.name, statistic.argumentCount, flags,
      UnsafeMutableRawPointer(bitPattern: statistic.rawValue), nil, step, finish, nil)
  }
  unsafe sqlite3_create_function_v2(
    database, "regexp", 2, flags, nil, { context, _, values in unsafe matchPattern(context, values) }, nil,
    nil,
    nil)
}

private func statistic(_ context: OpaquePointer?) -> SampleStatistic? {
  unsafe SampleStatistic(rawValue: Int(bitPattern: sqlite3_user_data(context)))
}

private func step(
  _ context: OpaquePointer?, _ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?
) {
  guard let values = unsafe values, let statistic = unsafe statistic(context),
    let sample = unsafe Sample.current(context)
  else { return }
  if count == 2 {
    let share = unsafe (numericArgument(values[1]) ?? -1) / statistic.scale
    if !(0...1).contains(share) {
      sample.fault = "\(statistic.name)() takes a second argument from 0 to \(Int(statistic.scale))"
    } else if share != sample.share ?? share {
      sample.fault = sample.fault ?? "\(statistic.name)() takes the same second argument in all rows"
    }
    sample.share = share
  }
  if let number = unsafe numericArgument(values[0]) { sample.numbers.append(number) }
}

private func finish(_ context: OpaquePointer?) {
  unsafe Sample.finish(context) { sample in unsafe statistic(context)?.value(of: sample) }
}

/// `text REGEXP pattern`, which SQLite calls as `regexp(pattern, text)`: whether the pattern matches anywhere. The
/// compiled pattern stays with the statement.
private func matchPattern(_ context: OpaquePointer?, _ values: UnsafeMutablePointer<OpaquePointer?>?) {
  guard let values = unsafe values, let pattern = unsafe sqlite3_value_text(values[0]),
    let text = unsafe sqlite3_value_text(values[1])
  else {
    return unsafe sqlite3_result_null(context)
  }
  final class Compiled {
    let regex: Regex<AnyRegexOutput>
    init(_ regex: Regex<AnyRegexOutput>) { self.regex = regex }
  }
  let compiled: Compiled
  if let known = unsafe sqlite3_get_auxdata(context, 0) {
    compiled = unsafe Unmanaged<Compiled>.fromOpaque(known).takeUnretainedValue()
  } else {
    do {
      compiled = unsafe Compiled(try Regex(String(cString: pattern)))
    } catch {
      return unsafe sqlite3_result_error(
        context, unsafe "'\(String(cString: pattern))' is not a regular expression", -1)
    }
    unsafe sqlite3_set_auxdata(
      context, 0, Unmanaged.passRetained(compiled).toOpaque(),
      { pointer in
        if let pointer = unsafe pointer { unsafe Unmanaged<AnyObject>.fromOpaque(pointer).release() }
      })
  }
  let isFound = unsafe (try? compiled.regex.firstMatch(in: String(cString: text))) != nil
  unsafe sqlite3_result_int(context, isFound ? 1 : 0)
}
