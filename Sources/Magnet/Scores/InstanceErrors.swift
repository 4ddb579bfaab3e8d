/// How sure the scores of a run are, from the scores of its instances on unperturbed inputs.
///
/// A statistic is the mean over instances of each instance's mean over train trials; the variance of that mean is
/// `Σ(x - mean)² / (n - 1) / n`. Statistics that are not such a mean, as those computed over all answers together, have
/// no variance here.
struct InstanceErrors: Sendable {
  private struct Key: Hashable, Sendable {
    let metric: String
    let split: String?
    let subSplit: String?
  }

  private var means: [Key: (mean: Double, variance: Double, spread: [Int])] = [:]

  /// The columns of `perInstanceStats` that are read.
  static let columns = RunScores.instanceColumns

  /// No instances.
  init() {}

  /// The scores in a run's rows of `perInstanceStats`.
  /// - Parameter metrics: the metrics whose rows are read.
  init(_ table: Table, metrics: Set<String>) {
    var sums: [Key: [String: (sum: Double, count: Double)]] = [:]
    table.forEachRow(grouping: .metric) { metric, row in
      guard metrics.contains(metric), row[.perturbation] == nil, let id = row[.instance] else { return }
      let key = Key(metric: metric, split: row[.split], subSplit: row[.subSplit])
      let known = sums[key]?[id] ?? (0, 0)
      sums[key, default: [:]][id] = (known.sum + (row[.mean] ?? .nan), known.count + 1)
    }
    for (key, instances) in sums {
      // In an order of their own, so that sums are the same each time.
      let values = instances.sorted { $0.key < $1.key }.map { $0.value.sum / $0.value.count }
      let sample = MeanOfSample(values)
      guard let mean = sample.mean, mean.isFinite, let variance = sample.varianceOfMean else { continue }
      means[key] = (mean, variance, Self.spread(values))
    }
  }

  /// How many values lie in each of ten equal parts from 0 to 1, the last with its end; none where all values are 0 or 1,
  /// and where one lies outside.
  private static func spread(_ values: [Double]) -> [Int] {
    guard values.allSatisfy({ (0...1).contains($0) }), values.contains(where: { $0 != 0 && $0 != 1 }) else {
      return []
    }
    return values.reduce(into: Array(repeating: 0, count: 10)) { counts, value in
      counts[min(9, Int(value * 10))] += 1
    }
  }

  /// How the scores of the instances are spread over ten equal parts from 0 to 1; none where that is not known.
  func spread(of name: MetricName) -> [Int] {
    means[Key(metric: name.name, split: name.split, subSplit: name.subSplit)]?.spread ?? []
  }

  /// The variance of a statistic; nil where the instances are not known, are fewer than two, or have another mean.
  func variance(of entry: RunStats.Entry) -> Double? {
    guard entry.name.perturbation == nil, let mean = entry.stat.mean,
      let known = means[
        Key(metric: entry.name.name, split: entry.name.split, subSplit: entry.name.subSplit)],
      abs(known.mean - mean) <= 1e-6 * max(1, abs(mean))
    else { return nil }
    return known.variance
  }
}

/// The mean of a sample and the variance of that mean; the latter nil for fewer than two values.
private struct MeanOfSample {
  let mean: Double?
  let varianceOfMean: Double?

  init(_ values: [Double]) {
    let count = Double(values.count)
    let mean = values.isEmpty ? nil : values.reduce(0, +) / count
    self.mean = mean
    varianceOfMean = mean.flatMap { mean in
      count < 2 ? nil : values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1) / count
    }
  }
}

extension BoardRuns.Run {
  /// The standard error of a score on unperturbed inputs; nil where it is not known.
  func standardError(of metric: MetricName) -> Double? {
    let entries = stats.entries(matching: Schema.Matcher(metric)).filter { $0.stat.count > 0 }
    let total = entries.reduce(0) { $0 + $1.stat.count }
    var squares = 0.0
    for entry in entries {
      guard let variance = errors.variance(of: entry) else { return nil }
      let weight = Double(entry.stat.count) / Double(total)
      squares += weight * weight * variance
    }
    return total > 0 ? squares.squareRoot() : nil
  }
}

extension BoardRuns {
  /// The same runs with the scores of their instances, from which cells get standard errors. Runs without
  /// `per_instance_stats.json` have none.
  /// - Parameters:
  ///   - source: where the runs were read.
  ///   - metrics: the metrics to read.
  ///   - known: what the source lists, where that is known.
  /// - Throws: what the source throws.
  package func withInstances(
    _ source: some RunSource, metrics: Set<String>, listing known: RunListing? = nil
  ) async throws -> BoardRuns {
    let listing: RunListing
    if let known { listing = known } else { listing = try await source.list() }
    let entries = Dictionary(listing.entries.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    let file = TableSource.perInstanceStats.fileName
    let having = runs.indices.filter { entries[runs[$0].path]?.files.contains(file) == true }
    var copy = self
    var faults: [DataFault] = []
    for start in stride(from: 0, to: having.count, by: 32) {
      let batch = Array(having[start..<min(start + 32, having.count)])
      let tables = try await source.load(
        batch.compactMap { entries[runs[$0].path] }, tables: [.perInstanceStats],
        columns: InstanceErrors.columns)
      faults += tables.faults.map(\.fault)
      for (number, run) in batch.enumerated() {
        copy.runs[run].errors = InstanceErrors(
          tables.table(.perInstanceStats, ofRuns: [number]), metrics: metrics)
      }
    }
    copy.report(faults)
    return copy
  }
}

extension Board {
  /// The metrics whose statistics the columns may show.
  package var metricNames: Set<String> {
    let names = Set(columns.compactMap(\.matcher?.name))
    return names.contains("quasi_exact_match") ? names.union(["exact_match"]) : names
  }

  /// Whether any cell has a standard error.
  package var hasErrors: Bool { rows.contains { $0.cells.contains { $0.standardError != nil } } }
}
