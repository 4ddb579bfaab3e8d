public import Magnet

extension JudgeStore {
  /// The journal as a table: one row per call, in the order of the pairs and their calls.
  public func calls() throws -> Table {
    var pairs = ColumnBuilder()
    var numbers = ColumnBuilder()
    var kinds = ColumnBuilder()
    var timesteps = ColumnBuilder()
    var digests = ColumnBuilder()
    var row = 0
    try forEachCall { call in
      pairs.set(call.pair, row: row)
      numbers.set(Int64(call.number), row: row)
      kinds.set(.string(call.kind), row: row)
      timesteps.set(Int64(call.timestep), row: row)
      digests.set(.string(String(call.digest, radix: 16)), row: row)
      row += 1
    }
    return Table(
      columns: [
        ("pair", pairs.finish(rowCount: row)), ("call", numbers.finish(rowCount: row)),
        ("kind", kinds.finish(rowCount: row)), ("timestep", timesteps.finish(rowCount: row)),
        ("digest", digests.finish(rowCount: row)),
      ], rowCount: row)
  }

  /// One row per snapshot; pairs without any have one row.
  public func snapshots() throws -> Table {
    var rows: [[Cell]] = []
    for (id, pair) in try all() {
      let key: [Cell] = [
        .int(id), .string(pair.challenge), .string(pair.algorithm), .int(Int64(pair.repetition)),
        .string(pair.state.rawValue),
      ]
      let reason: Cell = pair.result?.error.map { .string($0) } ?? .null
      guard let result = pair.result, result.evalTimes > 0 else {
        rows.append(key + [.null, .null, .null, .null, .null, reason])
        continue
      }
      let steps = JudgePlots.steps(result)
      for step in 0..<result.evalTimes {
        func name(_ names: [String]) -> Cell { names.indices.contains(step) ? .string(names[step]) : .null }
        let vectors =
          result.simulatedVectors.isEmpty
          ? result.examineeVectors : Array(result.simulatedVectors.dropFirst())
        let vector = vectors.indices.contains(step) ? vectors[step] : nil
        rows.append(
          key + [
            .int(Int64(step + 1)),
            (steps.indices.contains(step) ? steps[step] : nil).map { .double($0) } ?? .null,
            name(result.examineeModels), name(result.judgeModels),
            vector.map { .json(JSONValue.array($0.map { .double($0) }).text) } ?? .null,
            step + 1 == result.evalTimes ? reason : .null,
          ])
      }
    }
    return Table(
      columnNames: [
        "pair", "challenge", "algorithm", "repetition", "state", "timestep", "similarity", "examinee",
        "human", "vector",
        "reason",
      ], rows: rows)
  }

  /// What was forecast of HELM's scores: one row per forecast.
  public func forecasts() throws -> Table {
    var rows: [[Cell]] = []
    for (id, pair) in try all() {
      for forecast in pair.result?.forecasts ?? [] {
        rows.append([
          .int(id), .string(pair.challenge), .string(pair.algorithm), .int(Int64(pair.repetition)),
          .int(Int64(forecast.timestep)), .string(forecast.run), .string(forecast.model),
          .double(forecast.actual), forecast.predicted.map { .double($0) } ?? .null,
          forecast.predicted.map { .double($0 - forecast.actual) } ?? .null,
          forecast.reason.map { .string($0) } ?? .null,
        ])
      }
    }
    return Table(
      columnNames: [
        "pair", "challenge", "algorithm", "repetition", "timestep", "run", "model", "actual", "predicted",
        "error", "reason",
      ], rows: rows)
  }
}
