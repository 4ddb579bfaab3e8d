@_spi(Reading) public import Magnet

/// Calls as columns.
private struct CallColumns: ~Copyable {
  private(set) var rowCount = 0
  private var pairs = ColumnBuilder()
  private var numbers = ColumnBuilder()
  private var kinds = ColumnBuilder()
  private var timesteps = ColumnBuilder()
  private var digests = ColumnBuilder()
  /// The last digest, in hexadecimal: kept, as a text of its own for each takes a tenth of the time.
  private var digits: [UInt8] = []

  mutating func append(_ call: JudgeStore.Call) {
    pairs.set(call.pair, row: rowCount)
    numbers.set(Int64(call.number), row: rowCount)
    kinds.set(.string(call.kind), row: rowCount)
    timesteps.set(Int64(call.timestep), row: rowCount)
    write(call.digest)
    digests.set(utf8: digits, row: rowCount)
    rowCount += 1
  }

  private mutating func write(_ digest: UInt64) {
    digits.removeAll(keepingCapacity: true)
    let first = max(0, 60 - digest.leadingZeroBitCount / 4 * 4)
    for shift in stride(from: first, through: 0, by: -4) {
      let digit = UInt8(truncatingIfNeeded: digest >> UInt64(shift)) & 15
      digits.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }

  /// The calls as a table. The columns are empty then.
  mutating func finish() -> Table {
    defer { self = CallColumns() }
    return Table(
      columns: [
        ("pair", pairs.finish(rowCount: rowCount)), ("call", numbers.finish(rowCount: rowCount)),
        ("kind", kinds.finish(rowCount: rowCount)), ("timestep", timesteps.finish(rowCount: rowCount)),
        ("digest", digests.finish(rowCount: rowCount)),
      ], rowCount: rowCount)
  }
}

extension JudgeStore {
  /// The journal as a table: one row per call, in the order of the pairs and their calls.
  public func calls() throws -> Table {
    // In pieces: hardly two digests are equal, and to look for equal ones among a million takes longer than the rest.
    var pieces: [Table] = []
    var piece = CallColumns()
    try forEachCall { call in
      piece.append(call)
      if piece.rowCount == 8192 { pieces.append(piece.finish()) }
    }
    if pieces.isEmpty || piece.rowCount > 0 { pieces.append(piece.finish()) }
    return Table(stacking: pieces)
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
