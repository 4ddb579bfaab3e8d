package import Magnet

extension Leaderboard {
  private static let names = [
    "rank", "algorithm", "score", "score.lower", "score.upper", "skill", "skill.lower", "skill.upper",
    "difference",
    "snapshots", "possible", "repetitions", "unreadable", "requests", "tokens", "state", "reason", "options",
  ]

  private static func cells(_ row: Row) -> [Cell] {
    func number(_ value: Double?) -> Cell { value.map { .double($0) } ?? .null }
    return [
      row.rank.map { .int(Int64($0)) } ?? .null,
      .string(row.algorithm + (row.isBaseline ? " (baseline)" : "")), number(row.score?.value),
      number(row.score?.lower), number(row.score?.upper), number(row.skill?.value), number(row.skill?.lower),
      number(row.skill?.upper), number(row.difference?.value), .int(Int64(row.snapshots)),
      .int(Int64(row.possible)), .int(Int64(row.repetitions)), .int(Int64(row.unreadable)),
      .int(Int64(row.requests)), .int(Int64(row.tokens)), .string(row.state.rawValue),
      row.reason.map { .string($0) } ?? .null, .string(row.spec),
    ]
  }

  /// All settings in one table, for programs: one row per setting and examinee.
  package var table: Table {
    Table(
      columnNames: ["challenge", "history", "setting"] + Self.names,
      rows: sections.flatMap { section in
        section.rows.map {
          [.string(section.challenge), .string(section.history), .string(String(section.setting.prefix(12)))]
            + Self.cells($0)
        }
      })
  }

  /// One setting's table, for people: columns in which all rows are alike, or empty, are left out.
  package func table(of section: Section) -> Table {
    let rows = section.rows.map(Self.cells)
    let kept = Self.names.indices.filter { column in
      let name = Self.names[column]
      if ["rank", "algorithm", "score", "skill", "snapshots", "possible"].contains(name) { return true }
      let texts = Set(rows.map { $0[column].text })
      return name == "options"
        ? Set(section.rows.filter { !$0.isBaseline }.map(\.spec)).count > 1
        : rows.contains { $0[column] != .null }
          && (texts.count > 1 || name == "repetitions" && texts != ["1"])
    }
    return Table(columnNames: kept.map { Self.names[$0] }, rows: rows.map { row in kept.map { row[$0] } })
  }

  /// One line about a setting.
  package static func title(of section: Section) -> String {
    let spec = try? JSONValue(parsing: section.settingSpec)
    var parts = [section.challenge]
    if !section.history.isEmpty { parts.append("in \(section.history)") }
    if let seed = spec?["seed"]?.string { parts.append("seed \(seed)") }
    if case .int(let ahead)? = spec?["timesteps_ahead"] { parts.append("\(ahead) ahead") }
    if case .int(let observed)? = spec?["observed"] { parts.append("\(observed) instances observed") }
    if let steps = spec?["steps"]?.elements.compactMap(\.string), let first = steps.first,
      let last = steps.last
    {
      parts.append("\(steps.count) steps (\(first) to \(last))")
    }
    return parts.joined(separator: ", ")
  }
}

/// Scores over timesteps, one line per examinee: the mean over repetitions.
package struct JudgePlots {
  /// One plot per setting that has scores at each timestep.
  package static func overTime(_ pairs: [JudgePair]) -> [Plot] {
    var order: [String] = []
    var members: [String: [JudgePair]] = [:]
    for pair in pairs where pair.result != nil {
      if members[pair.setting] == nil { order.append(pair.setting) }
      members[pair.setting, default: []].append(pair)
    }
    return order.compactMap { setting in
      let own = members[setting] ?? []
      var names: [String] = []
      var groups: [String: [[Double?]]] = [:]
      for pair in own {
        guard let result = pair.result else { continue }
        let steps = Self.errors(result) ?? Self.steps(result)
        if steps.isEmpty { continue }
        if groups[pair.algorithm] == nil { names.append(pair.algorithm) }
        groups[pair.algorithm, default: []].append(steps)
      }
      let series = names.map { name in
        let rows = groups[name] ?? []
        let points = (0..<(rows.map(\.count).max() ?? 0)).compactMap { step -> Plot.Point? in
          let values = rows.compactMap { $0.indices.contains(step) ? $0[step] : nil }
          guard let mean = Leaderboard.Mean(values) else { return nil }
          return Plot.Point(x: Double(step + 1), y: mean.value, lower: mean.lower, upper: mean.upper)
        }
        return Plot.Series(name: name, points: points)
      }
      guard let first = own.first, series.contains(where: { !$0.points.isEmpty }) else { return nil }
      let history = try? JSONValue(parsing: first.settingSpec)
      let place = history?["world"]?.string ?? history?["history"]?.string
      return Plot(
        title: "\(first.challenge)\(place.map { " in \($0)" } ?? "")", xLabel: "timestep",
        yLabel: own.contains { $0.result?.forecasts.isEmpty == false }
          ? "mean absolute error" : first.challenge == "Coevolve" ? "similarity to history" : "similarity",
        series: series)
    }
  }

  /// The mean absolute error of the forecasts of each timestep, nil where there are no forecasts.
  static func errors(_ result: JudgeResult) -> [Double?]? {
    if result.forecasts.isEmpty { return nil }
    let steps = Dictionary(grouping: result.forecasts, by: \.timestep)
    return steps.keys.sorted().map { step in Similarity.mean((steps[step] ?? []).map(\.absoluteError)) }
  }

  /// Follow and Predict have one cosine per snapshot; in Coevolve it is the snapshot's part of the score.
  static func steps(_ result: JudgeResult) -> [Double?] {
    if result.simulatedVectors.isEmpty { return result.stepwiseScores }
    return result.similarities.dropFirst().map { row in
      var best: Double?
      var sum = 0.0
      for similarity in row.reversed() {
        guard let similarity else { return nil }
        best = max(best ?? similarity, similarity)
        sum += best ?? 0
      }
      return row.isEmpty ? nil : sum / Double(row.count)
    }
  }
}
