import Magnet
import TestSupport
import Testing

@testable import Shifts

/// Measures of probabilities against their definitions, written out pair by pair.
@Suite struct ScoreDefinitionTests {
  /// Probabilities, many at the edges of bins and at ½.
  static func probabilities(_ random: inout SplitMix) -> [Double] {
    let edges = [0, 0.2, 0.4, 0.5, 0.6, 0.6000000000000001, 0.8, 1, 0.19999999999999998, 0.7999999999999999]
    return (0..<Int(random.next() % 300)).map { _ in
      random.next() % 3 == 0 ? edges[Int(random.next() % 10)] : Double(random.next() % 1001) / 1000
    }
  }

  /// The root of the weighted mean of squared gaps, from a list of all (probability, outcome) by bin.
  private static func calibration(_ p: [Double]) -> Double {
    let both = p.flatMap { [($0, 1.0), (1 - $0, 0.0)] }
    var sum = 0.0
    for bin in 0..<5 {
      // GENIES' third edge is 3 × 0.2 in doubles; the last bin is closed.
      let low = bin == 3 ? 0.2 * 3 : Double(bin) / 5
      let high = bin == 2 ? 0.2 * 3 : Double(bin + 1) / 5
      let inside = both.filter { $0.0 >= low && ($0.0 < high || bin == 4) }
      if inside.isEmpty { continue }
      let gap = (inside.reduce(0) { $0 + $1.1 } - inside.reduce(0) { $0 + $1.0 }) / Double(inside.count)
      sum += Double(inside.count) / Double(both.count) * gap * gap
    }
    return sum.squareRoot()
  }

  /// GENIES' own formula, in its words: bins by `digitize`, those with fewer than 20 left out.
  private static func published(_ p: [Double]) -> Double? {
    var random = PythonRandom(seed: 42)
    let labels = p.map { _ in random.choice([0, 1]) }
    let q = zip(p, labels).map { $1 == 1 ? $0 : 1 - $0 }
    let edges = (0...5).map { $0 == 3 ? 0.6000000000000001 : Double($0) / 5 }
    var gaps: [Double] = []
    for bin in 0..<5 {
      let inside = q.filter { $0 >= edges[bin] && $0 < edges[bin + 1] }
      if inside.count < 20 { continue }
      let gap = Double(labels.reduce(0, +)) / Double(p.count) - inside.reduce(0, +) / Double(inside.count)
      gaps.append(gap * gap)
    }
    return gaps.isEmpty ? nil : (gaps.reduce(0, +) / Double(gaps.count)).squareRoot()
  }

  @Test(arguments: 1...5) func measuresAreTheirDefinitions(_ seed: UInt64) throws {
    var random = SplitMix(state: seed)
    for _ in 0..<60 {
      let p = Self.probabilities(&random)
      if p.isEmpty { continue }
      let n = Double(p.count)
      let (right, ties) = (Double(p.filter { $0 > 0.5 }.count), Double(p.filter { $0 == 0.5 }.count))
      #expect(PairScores.accuracy(p) == (right + ties / 2) / n)
      #expect(PairScores.accuracyRange(p) == right / n...(right + ties) / n)
      let brier = p.reduce(0) { $0 + ($1 - 1) * ($1 - 1) } / n
      #expect(abs(try #require(PairScores.brier(p)) - brier) < 1e-12)
      #expect(abs(try #require(PairScores.calibrationError(p)) - Self.calibration(p)) < 1e-9)
      let (found, expected) = (PairScores.publishedCalibrationError(p), Self.published(p))
      #expect((found == nil) == (expected == nil))
      if let found, let expected { #expect(abs(found - expected) < 1e-12) }
      #expect(PairScores.areDecisions(p) == (Set(p).isSubset(of: [0, 0.5, 1]) && Set(p) != [0.5]))
    }
  }

  /// The order of pairs changes nothing that is not drawn by it; giving the other answer's probabilities mirrors the rest.
  @Test func measuresArePermutedRepeatedAndMirrored() throws {
    var random = SplitMix(state: 8)
    for _ in 0..<80 {
      let p = (0..<1 + Int(random.next() % 60)).map { _ in Double(random.next() % 129) / 128 }
      let shuffled = p.shuffled(using: &random)
      let error = try #require(PairScores.calibrationError(p))
      #expect(PairScores.accuracy(shuffled) == PairScores.accuracy(p))
      #expect(abs(try #require(PairScores.calibrationError(shuffled)) - error) < 1e-12)
      #expect(abs(try #require(PairScores.calibrationError(p + p)) - error) < 1e-12)
      let mirrored = p.map { 1 - $0 }
      let accuracies = [p, mirrored].compactMap(PairScores.accuracy)
      #expect(accuracies.count == 2 && abs(accuracies.reduce(0, +) - 1) < 1e-12)
      // Of decisions, the mean square is the share of those that are wrong.
      let certain = p.map { $0 > 0.5 ? 1.0 : 0 }
      let wrong = Double(certain.count { $0 == 0 }) / Double(p.count)
      #expect(abs(try #require(PairScores.brier(certain)) - wrong) < 1e-12)
      #expect((0...1).contains(error))
    }
    #expect(
      PairScores.brier([]) == nil && PairScores.accuracyRange([]) == nil && !PairScores.areDecisions([]))
  }

  // MARK: - Means over shifts

  /// G, B and T of random evaluations in a folder; what every column of the table is follows from them.
  @Test(arguments: 1...4) func tablesFollowFromTheFiles(_ seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let folder = try TemporaryFolder()
    let ids = ["a", "b", "c", "d"]
    var shifts: [DistributionShift] = []
    for source in ids {
      for target in ids where source != target && random.next() % 3 > 0 {
        shifts.append(
          DistributionShift(
            source: source, target: target, targetReference: random.next() % 4 == 0 ? "d" : nil,
            label: ["extreme", "probing", nil][Int(random.next() % 3)],
            category: ["x", "y", nil][Int(random.next() % 3)]))
      }
    }
    shifts += shifts.prefix(2)
    var files: [String: Double] = [:]
    for model in ["m"] + ids.map({ "m-" + $0 }) {
      for intervention in ["i", "zero_shot", "unrelated"] {
        for id in ids where random.next() % 6 > 0 {
          files["\(intervention)/\(model)/\(id)"] = Double(random.next() % 9) / 8
        }
      }
    }
    for (path, value) in files {
      try folder.write("{\"eval_accuracy\": \(value)}", to: "evaluations/\(path).json")
    }
    let store = EvaluationStore(folder.path)
    let metrics = GeneralizationMetrics(store, shifts, model: "m", intervention: "i")
    for (shift, row) in zip(shifts, metrics.rows) {
      let g = files["i/m-\(shift.source)/\(shift.target)"]
      let b = files["zero_shot/m/\(shift.target)"]
      let t = files["i/m-\(shift.targetReference)/\(shift.targetReference)"]
      let s = files["i/m-\(shift.source)/\(shift.source)"]
      #expect([row.generalization, row.baseline, row.capability, row.source] == [g, b, t, s])
      let missing = [g, b, t, s].filter { $0 == nil }.count
      #expect(
        row.reasons.filter { $0.hasPrefix("missing: evaluations/") }.count == missing
          && row.reasons.count == missing)
      var difference: Double?
      if let g, let b, let t, t != 0 { difference = (g - b) / t }
      #expect(row.differentialElicitation == difference)
      #expect((row.gapClosed != nil) == (g != nil && b.map { b in t.map { $0 > b } ?? false } ?? false))
      #expect(row.notes.isEmpty == (t != 0))
    }
    // The order of the shifts is that of the rows, and nothing else depends on it.
    let order = shifts.indices.shuffled(using: &random)
    let shuffled = GeneralizationMetrics(store, order.map { shifts[$0] }, model: "m", intervention: "i")
    let (one, two) = (metrics.table, shuffled.table)
    for (place, number) in order.enumerated() {
      for column in 0..<11 { #expect(two[row: place, column: column] == one[row: number, column: column]) }
    }
    try Self.checkMeans(metrics, shifts)
  }

  private static func checkMeans(_ metrics: GeneralizationMetrics, _ shifts: [DistributionShift]) throws {
    for repeats in [false, true] {
      let rows = metrics.rows.enumerated().filter { place, row in
        repeats
          || !shifts[..<place].contains {
            $0.name == row.shift.name && $0.targetReference == row.shift.targetReference
          }
      }.map(\.element)
      for grouping in ShiftScores.Grouping.allCases {
        func group(_ shift: DistributionShift) -> String {
          switch grouping {
          case .all: ""
          case .shift: "\(shift.source) → \(shift.target)"
          case .category: shift.category ?? "(none)"
          case .label: shift.label ?? "(none)"
          }
        }
        let table = ShiftScores([metrics], countsRepeats: repeats).table(by: grouping, measure: .de)
        var groups: [String] = []
        for row in rows where !groups.contains(group(row.shift)) { groups.append(group(row.shift)) }
        #expect(table.rowCount == groups.count)
        for (name, found) in zip(groups, table.rows) {
          let members = rows.filter { group($0.shift) == name }
          if grouping != .all { #expect(found["group"].text == name) }
          #expect(found["shifts"] == .int(Int64(members.count)))
          for (column, values) in [
            ("G", members.map(\.generalization)), ("B", members.map(\.baseline)),
            ("T", members.map(\.capability)),
            ("S", members.map(\.source)), ("DE", members.map(\.differentialElicitation)),
            ("de", members.map(\.differentialElicitation)),
          ] {
            let known = values.compactMap { $0 }
            let mean = known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
            #expect((found[column].number == nil) == (mean == nil))
            if let mean, let number = found[column].number { #expect(abs(number - mean) < 1e-12) }
            if column == "de" { #expect(found["n"] == .int(Int64(known.count))) }
          }
        }
      }
    }
  }

  @Test func heatMapsAreGroupedByCategory() {
    let shifts = [("a", "b", "y"), ("a", "c", "x"), ("b", "c", "y"), ("c", "a", "x")].map {
      DistributionShift(source: $0.0, target: $0.1, category: $0.2)
    }
    let folder = EvaluationStore("/nothing")
    let metrics = ["i", "j"].map { GeneralizationMetrics(folder, shifts, model: "m", intervention: $0) }
    let map = ShiftScores(metrics).heatMap(.accuracy)
    #expect(map.title == "Generalization accuracy" && map.columns == ["i", "j"])
    #expect(map.rows == ["a → c", "c → a", "a → b", "b → c"] && map.groups == ["x", "x", "y", "y"])
    #expect(map.values.allSatisfy { $0 == [nil, nil] } && map.scale == .diverging(about: 0.5, limit: 0.5))
  }
}
