/// One table of a leaderboard: a row per model, a column per metric of a run group, and in front the aggregates that the
/// schema prescribes.
package struct Board: Sendable {
  /// What a column shows.
  package struct Column: Sendable {
    package enum Kind: String, Sendable {
      case metric, winRate = "win_rate", mean
    }

    package let kind: Kind
    /// The run group whose runs are averaged; empty for an aggregate.
    package let group: String
    /// The statistics averaged; nil for an aggregate.
    package let matcher: Schema.Matcher?
    package let title: String
    package let description: String
    /// Whether lower values are better; nil where comparing them says nothing.
    package let lowerIsBetter: Bool?
    /// The short titles that HELM's frontend reads: of the metric, the group, the perturbation.
    let metadata: [(key: String, value: String)]
  }

  /// The score of a model in a column.
  package struct Cell: Sendable {
    /// The mean over runs, each with the weight of its trials; nil where there is none.
    package var value: Double?
    /// What the mean is made of; nil for an aggregate, and where no run has the statistic.
    package var stat: MergedStat?
    /// The names of the runs that are in the mean, each once.
    package var runs: [String] = []
    /// The paths of these runs.
    package var paths: [String] = []
    /// How many runs of the group the model has, each name once.
    package var runCount = 0
    /// How many different scenarios are in the mean.
    package var scenarioCount = 0
    /// How many different scenarios the group has over all models: what `scenarioCount` should be.
    package var expectedCount = 0
    /// Why there is no value, or what is special about it.
    package var note: String?
    /// Whether no model is better in this column.
    package var isBest = false
    /// The standard error of the value, from the scores of instances; nil where these are not known.
    package var standardError: Double?
  }

  /// A model, with a cell for each column.
  package struct Row: Sendable {
    package let title: String
    /// The model's name, such as `openai/gpt2`.
    package let model: String
    package let deployment: String
    /// The names of the runs of a table of one scenario; nil in others.
    package let runs: [String]?
    package var cells: [Cell]
  }

  /// The run group whose page the table is on.
  package let group: String
  /// The table's name on that page: a metric group, or a scenario.
  package let name: String
  package let title: String
  package var columns: [Column]
  package var rows: [Row]
  /// The names of all runs of a table of one scenario, in the order they were met; none in others.
  let scenarioRuns: [String]

  /// The number of the column that rows are ranked by: the first, unless its values cannot be compared; nil without
  /// columns.
  package var rankingColumn: Int? { columns.isEmpty ? nil : 0 }

  /// The rows as HELM's site shows them first: by the first column, best first, those without a value last; equal ones
  /// stay in order.
  package var ranked: [Row] {
    guard let column = rankingColumn else { return rows }
    let isReversed = columns[column].lowerIsBetter == true
    func precedes(_ a: Row, _ b: Row) -> Bool {
      switch (a.cells[column].value, b.cells[column].value) {
      case (let one?, let other?): isReversed ? one < other : one > other
      case (_?, nil): true
      default: false
      }
    }
    return rows.enumerated().sorted { a, b in
      precedes(a.element, b.element) || (!precedes(b.element, a.element) && a.offset < b.offset)
    }.map(\.element)
  }
}

/// How the numbers of a row become one.
enum BoardAggregate {
  /// The mean over columns of the share of other rows that a row outdoes, ties counting half: columns without a
  /// direction or with fewer than two values do not count (`compute_aggregate_row_win_rates` in HELM's summarize.py).
  /// - Parameter breaksTies: count as HELM did before 0.5.4, where of two equal rows the later won.
  static func winRates(
    _ columns: [(values: [Double?], lowerIsBetter: Bool?)], rowCount: Int, breaksTies: Bool = false
  ) -> [Double?] {
    var rates: [[Double]] = Array(repeating: [], count: rowCount)
    for column in columns {
      guard let isReversed = column.lowerIsBetter else { continue }
      let known = column.values.compactMap(\.self)
      if known.count < 2 { continue }
      var wins: [Double: Double] = [:]
      var place = 0
      let order = isReversed ? Array(Set(known).sorted().reversed()) : Set(known).sorted()
      var counts: [Double: Int] = [:]
      for value in known { counts[value, default: 0] += 1 }
      for value in order {
        let count = counts[value] ?? 0
        wins[value] = breaksTies ? Double(place) : Double(place) + Double(count - 1) / 2
        place += count
      }
      // Equal rows in the order that HELM sorted them: by number, from the other end where lower is better.
      var met: [Double: Int] = [:]
      let rows = column.values.indices
      for row in breaksTies && isReversed ? Array(rows.reversed()) : Array(rows) {
        guard let value = column.values[row], let won = wins[value] else { continue }
        let extra = breaksTies ? Double(met[value, default: 0]) : 0
        met[value, default: 0] += 1
        rates[row].append((won + extra) / Double(known.count - 1))
      }
    }
    return rates.map(exactMean)
  }

  /// The mean rounded once, as Python's `statistics.mean` gives it; nil for no values.
  static func exactMean(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    // Sums that do not overlap (Shewchuk 1997): the total is exact.
    var parts: [Double] = []
    for value in values {
      var x = value
      var kept: [Double] = []
      for part in parts {
        let (large, small) = abs(x) < abs(part) ? (part, x) : (x, part)
        let sum = large + small
        let rest = small - (sum - large)
        if rest != 0 { kept.append(rest) }
        x = sum
      }
      parts = kept + [x]
    }
    // The sum as a double and what is missing from it; what dividing the one leaves is divided, too, so that the mean is
    // rounded once.
    var (high, low) = (0.0, 0.0)
    for part in parts.reversed() {
      let sum = high + part
      low += part - (sum - high)
      high = sum
    }
    let count = Double(values.count)
    let mean = high / count
    return mean + (high.addingProduct(-mean, count) + low) / count
  }

  /// The standard error of the mean of a row's values, which are independent: √Σe²/k; nil where one has none.
  static func errorOfMean(_ row: Board.Row) -> Double? {
    let cells = row.cells.filter { $0.value != nil }
    let errors = cells.compactMap(\.standardError)
    guard errors.count == cells.count, !errors.isEmpty else { return nil }
    return errors.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(errors.count)
  }

  /// The plain mean of the values of each row, from left to right; nil for none.
  static func means(_ columns: [[Double?]], rowCount: Int) -> [Double?] {
    (0..<rowCount).map { row in
      let values = columns.compactMap { $0[row] }
      return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
  }
}
