package import Magnet

/// How hard the instances of a scenario are, and how well each tells good runs from bad ones.
package enum ItemAnalysis {
  /// Whether all scores are from 0 to 1.
  package static func isOfShares(_ matrix: ScoreMatrix) -> Bool {
    matrix.values.allSatisfy { $0.isNaN || (0...1).contains($0) }
  }

  /// One row per instance, in the matrix's order.
  ///
  /// | column | |
  /// |---|---|
  /// | `instance` | its id |
  /// | `runs` | how many runs have a score on it |
  /// | `mean` | their mean score: the share right |
  /// | `point_biserial` | the correlation, over runs, of the score on it with the run's mean on all other instances, from -1 to 1; null when one of the two does not vary. Below 0 good runs fail it more than bad ones: look at its answer key |
  /// | `difficulty` | b of the two-parameter item response model: the ability at which half are right; runs have mean 0 and deviation 1 |
  /// | `discrimination` | its a, above 0: how steeply the share right grows with ability there |
  /// | `note` | what is odd: `good runs fail it` where the correlation is below 0, `no run is right`, `every run is right` |
  /// | `input` | the question; where `inputs` are given |
  ///
  /// Difficulty and discrimination are drawn towards those of all instances where runs are few, and null where there
  /// are fewer than two, or where scores leave the range from 0 to 1, which the model is of.
  /// - Parameter inputs: the questions by the instances' ids.
  package static func table(_ matrix: ScoreMatrix, inputs: [String: String]? = nil) throws -> Table {
    let count = matrix.instances.count
    let isOfShares = isOfShares(matrix)
    let model =
      matrix.runs.count < 2 || !isOfShares
      ? nil : ItemResponseModel(.twoParameter, values: matrix.values, instances: count)
    let difficulties = model?.difficulties
    let totals = matrix.runs.indices.map { run in
      matrix.instances.indices.reduce(into: (sum: 0.0, count: 0.0)) { total, item in
        if matrix[run, item].isNaN { return }
        total.sum += matrix[run, item]
        total.count += 1
      }
    }
    let rows = matrix.instances.indices.map { item -> [Cell] in
      var scores: [Double] = []
      var others: [Double] = []
      var known = 0
      var sum = 0.0
      for run in matrix.runs.indices where !matrix[run, item].isNaN {
        known += 1
        sum += matrix[run, item]
        guard totals[run].count > 1 else { continue }
        scores.append(matrix[run, item])
        others.append((totals[run].sum - matrix[run, item]) / (totals[run].count - 1))
      }
      let correlation = Correlation.pearson(scores, others)
      var note: String?
      if let correlation, correlation < 0 { note = "good runs fail it" }
      if isOfShares, known > 1, sum == 0 { note = "no run is right" }
      if isOfShares, known > 1, sum == Double(known) { note = "every run is right" }
      return [
        .string(matrix.instances[item]), .int(Int64(known)),
        known == 0 ? .null : .double(sum / Double(known)),
        correlation.map(Cell.double) ?? .null,
        known == 0 ? .null : difficulties.map { .double($0[item]) } ?? .null,
        known == 0 ? .null : model.map { .double($0.discriminations[item]) } ?? .null,
        note.map(Cell.string) ?? .null,
      ] + (inputs.map { [$0[matrix.instances[item]].map(Cell.string) ?? .null] } ?? [])
    }
    let names = ["instance", "runs", "mean", "point_biserial", "difficulty", "discrimination", "note"]
    return Table(columnNames: names + (inputs == nil ? [] : ["input"]), rows: rows)
  }
}
