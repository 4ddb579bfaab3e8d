extension Comparison {
  /// Each prediction and, below it, the actual value, with all fields of the statistics. A prediction that matched
  /// nothing stands alone, after the others; where nothing was predicted, there is a row that names the run and nothing
  /// else. Columns of intervals, standard errors, the split and the perturbation are there where any is set.
  public var table: Table {
    typealias Line = (
      run: String, instance: (id: String?, number: Int)?, source: String, stat: Stat?, interval: Interval?,
      standardError: Double?
    )
    var lines: [Line] = pairs.flatMap { pair -> [Line] in
      [
        (pair.run, pair.instance, "predicted", pair.predicted, pair.interval, pair.standardError),
        (pair.run, pair.instance, "actual", pair.actual, nil, nil),
      ]
    }
    lines += unmatched.map {
      ($0.run, $0.instance.map { (nil, $0) }, "predicted", $0.stat, $0.interval, $0.standardError)
    }
    if lines.isEmpty, let testRun { lines = [(testRun, nil, "predicted", nil, nil, nil)] }
    let stats = lines.map(\.stat)
    var columns: [(String, [Cell])] = [("run_spec", lines.map { .string($0.run) })]
    columns += instanceColumns(lines.map(\.instance))
    columns += [
      ("source", lines.map { .string($0.source) }),
      ("name", stats.map { Cell($0?.name.name) }),
      ("mean", stats.map { Cell($0?.mean) }),
      ("min", stats.map { Cell($0?.min) }),
      ("max", stats.map { Cell($0?.max) }),
      ("count", stats.map { ($0?.count).map { .int(Int64($0)) } ?? .null }),
      ("stddev", stats.map { Cell($0?.stddev) }),
      ("sum", stats.map { Cell($0?.sum) }),
      ("sum_squared", stats.map { Cell($0?.sumSquared) }),
      ("variance", stats.map { Cell($0?.variance) }),
    ]
    columns += whereAnyIsSet(Self.intervalColumns(lines.map(\.interval)))
    columns += whereAnyIsSet([("standard_error", lines.map { Cell($0.standardError) })])
    columns += whereAnyIsSet([("split", stats.map { Cell($0?.name.split) })])
    columns += whereAnyIsSet(Self.perturbationColumns(stats.map { $0?.name }))
    return Table(columns)
  }

  /// One row per pair: the two means and the error, which is the predicted minus the actual one.
  public var pairTable: Table {
    var columns: [(String, [Cell])] = [("run_spec", pairs.map { .string($0.run) })]
    columns += instanceColumns(pairs.map(\.instance))
    columns += [
      ("split", pairs.map { Cell($0.actual.name.split) }),
      ("stat_name", pairs.map { .string($0.actual.name.name) }),
      ("predicted_mean", pairs.map { Cell($0.predicted.mean) }),
      ("actual_mean", pairs.map { Cell($0.actual.mean) }),
      ("error", pairs.map { Cell($0.error) }),
    ]
    columns += whereAnyIsSet(Self.intervalColumns(pairs.map(\.interval)))
    columns += whereAnyIsSet(Self.perturbationColumns(pairs.map(\.actual.name)))
    return Table(columns)
  }

  private func instanceColumns(_ instances: [(id: String?, number: Int)?]) -> [(String, [Cell])] {
    whereAnyIsSet([
      ("instance_id", instances.map { Cell($0?.id) }),
      ("prediction_id", instances.map { $0.map { .int(Int64($0.number)) } ?? .null }),
    ])
  }

  private static func intervalColumns(_ intervals: [Interval?]) -> [(String, [Cell])] {
    [("lower", intervals.map { Cell($0?.lower) }), ("upper", intervals.map { Cell($0?.upper) })]
  }

  private static func perturbationColumns(_ names: [MetricName?]) -> [(String, [Cell])] {
    let fields = names.map { $0?.perturbation?.fields ?? [:] }
    let first = ["computed_on", "name", "fairness", "robustness"]
    let others = Set(fields.flatMap(\.keys)).subtracting(first).sorted()
    return [("sub_split", names.map { Cell($0?.subSplit) })]
      + (first + others).map { field in ("perturbation_" + field, fields.map { $0[field] ?? .null }) }
  }

  private func whereAnyIsSet(_ columns: [(String, [Cell])]) -> [(String, [Cell])] {
    columns.filter { $0.1.contains { $0 != .null } }
  }
}

extension Table {
  fileprivate init(_ columns: [(String, [Cell])]) {
    let rowCount = columns.first?.1.count ?? 0
    self.init(
      columnNames: columns.map(\.0), rows: (0..<rowCount).map { row in columns.map { $0.1[row] } })
  }
}
