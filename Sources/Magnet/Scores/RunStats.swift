/// Rows of a run's `stats.json` put together: what HELM calls merging.
package struct MergedStat: Sendable, Hashable {
  /// How many values they are over: train trials, for each sub-split and run merged.
  package var count: Int
  package var sum: Double
  /// The least and the greatest value; nil for none.
  package var min: Double?
  package var max: Double?

  /// `sum / count`; nil for no values.
  package var mean: Double? { count > 0 ? sum / Double(count) : nil }

  /// One value.
  init(mean: Double) {
    self.init(count: 1, sum: mean, min: mean, max: mean)
  }

  init(count: Int, sum: Double, min: Double? = nil, max: Double? = nil) {
    self.count = count
    self.sum = sum
    self.min = min
    self.max = max
  }

  static func += (a: inout MergedStat, b: MergedStat) {
    a.sum += b.sum
    a.count += b.count
    if let least = b.min { a.min = Swift.min(a.min ?? least, least) }
    if let greatest = b.max { a.max = Swift.max(a.max ?? greatest, greatest) }
  }
}

/// The statistics of one run that scores may be made of, in the file's order.
struct RunStats: Sendable {
  struct Entry: Sendable {
    let name: MetricName
    let stat: MergedStat
  }

  private(set) var entries: [Entry] = []
  /// The metrics on unperturbed inputs, wanted or not, with their splits.
  private(set) var available: Set<Available> = []

  /// The names of the statistics, and of those that are not kept, as far as they are known.
  var names: [MetricName] { entries.map(\.name) + available.map { MetricName($0.metric, split: $0.split) } }

  struct Available: Sendable, Hashable, Comparable {
    let metric: String
    let split: String?

    static func < (a: Self, b: Self) -> Bool { (a.metric, a.split ?? "") < (b.metric, b.split ?? "") }

    var text: String { metric + (split.map { "@" + $0 } ?? "") }
  }

  /// The columns of `stats` that are read.
  static let columns = TableSource.stats.names(
    .metric, .split, .subSplit, .perturbation, .computedOn, .prob, .robustness, .fairness, .mean, .count,
    .sum,
    .min, .max)

  /// No statistics.
  init() {}

  /// The statistics in a run's rows of `stats`. A row that has a mean alone counts as one value.
  /// - Parameter wanted: the metrics whose rows are kept; all when nil.
  init(_ stats: Table, wanted: Set<String>?) {
    let split = ColumnKey<String?>.split.position(in: stats)
    let perturbation = ColumnKey<String?>.perturbation.position(in: stats)
    let perturbationPrefix = ColumnPrefix.statName + "perturbation."
    stats.forEachRow(grouping: .metric) { metric, row in
      let isPerturbed = perturbation.map { row[$0] != .null } ?? false
      if !isPerturbed {
        available.insert(Available(metric: metric, split: split.flatMap { row[$0].string }))
      }
      guard wanted?.contains(metric) ?? true else { return }
      guard let stat = MergedStat(row) else { return }
      let name = MetricName(
        metric, split: row[.split], subSplit: row[.subSplit],
        perturbation: isPerturbed ? Perturbation(row: row, prefix: perturbationPrefix) : nil)
      entries.append(Entry(name: name, stat: stat))
    }
  }

  /// The statistics of several runs together.
  init(merging all: [RunStats]) {
    for stats in all {
      entries += stats.entries
      available.formUnion(stats.available)
    }
  }

  /// Adds a statistic.
  mutating func add(_ name: MetricName, _ stat: MergedStat) {
    entries.append(Entry(name: name, stat: stat))
    if name.perturbation == nil { available.insert(Available(metric: name.name, split: name.split)) }
  }

  /// The splits that have a metric on unperturbed inputs, in order.
  func splits(of metric: String) -> [String] {
    available.filter { $0.metric == metric }.compactMap(\.split).sorted()
  }
}

extension MergedStat {
  fileprivate init?(_ row: Row) {
    if let count = row[.count], count == 0 {
      self.init(count: 0, sum: 0)
    } else if let count = row[.count], let sum = row[.sum] {
      guard count > 0, sum.isFinite else { return nil }
      self.init(count: count, sum: sum, min: row[.min], max: row[.max])
    } else {
      guard let mean = row[.mean], mean.isFinite else { return nil }
      self.init(count: 1, sum: mean, min: mean, max: mean)
    }
  }
}

extension Cell {
  /// The text of a string, nil for anything else.
  var string: String? { if case .string(let value) = self { value } else { nil } }
}

extension RunStats {
  /// What of a run a matcher takes.
  enum Match: Sendable {
    /// No row matches.
    case none
    /// One statistic, its sub-splits merged.
    case one(MetricName, MergedStat, notes: [String])
    /// Rows that differ in more than their sub-split; HELM fails here.
    case several([MetricName])
  }

  /// The rows that a matcher takes.
  func entries(matching matcher: Schema.Matcher) -> [Entry] {
    let found = entries.filter { matcher.matches($0.name) }
    guard found.isEmpty, matcher.name == "quasi_exact_match" else { return found }
    var other = matcher
    other.name = "exact_match"
    return entries.filter { other.matches($0.name) }
  }

  /// What `get_unique_stat_by_matcher` of HELM's summarize.py takes of a run: rows of one metric and split, unperturbed
  /// or the worst case of one perturbation, sub-splits merged. Where there is no `quasi_exact_match`, `exact_match`.
  func match(_ matcher: Schema.Matcher) -> Match {
    var notes: [String] = []
    let found = entries(matching: matcher)
    if let first = found.first, first.name.name != matcher.name { notes.append("\(matcher.name) absent") }
    var merged: [(name: MetricName, stat: MergedStat)] = []
    for entry in found {
      var name = entry.name
      if matcher.subSplit == nil { name.subSplit = nil }
      if let place = merged.firstIndex(where: { $0.name == name }) {
        merged[place].stat += entry.stat
      } else {
        merged.append((name, entry.stat))
      }
    }
    guard let first = merged.first else { return .none }
    if merged.count > 1 { return .several(merged.map(\.name)) }
    if matcher.subSplit == nil, found.contains(where: { $0.name.subSplit != nil }) {
      notes.append("sub_splits merged")
    }
    if first.stat.count == 0 { notes.append("count 0") }
    return .one(first.name, first.stat, notes: notes)
  }
}

extension Schema.Matcher {
  /// Whether a statistic is one of those that the matcher takes.
  func matches(_ statistic: MetricName) -> Bool {
    statistic.name == name && (split == "__all__" || statistic.split == split)
      && (subSplit == nil || statistic.subSplit == subSplit)
      && statistic.perturbation?.name == perturbation
      && (statistic.perturbation == nil || statistic.perturbation?.computedOn == "worst")
  }
}

extension Table {
  /// Calls `body` with each row and its text in a column, which is made once for each of a chunk's distinct texts.
  func forEachRow(grouping key: ColumnKey<String>, _ body: (String, Row) -> Void) {
    guard let column = key.position(in: self) else { return }
    var chunk = -1
    var texts: [String?] = []
    forEachRow { row in
      guard case .strings(let codes, let dictionary) = chunks[row.chunk].columns[column].storage else {
        if let text = row[column].string { body(text, row) }
        return
      }
      if row.chunk != chunk {
        chunk = row.chunk
        texts = Array(repeating: nil, count: dictionary.count + 1)
      }
      let code = Int(codes[row.local])
      if code == 0 { return }
      let text = texts[code] ?? dictionary[code - 1]
      texts[code] = text
      body(text, row)
    }
  }
}
