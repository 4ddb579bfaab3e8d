import Magnet
import Testing

/// Predictions find the rows they are about, and those that find none say why.
@Suite struct ComparisonTests {
  static let fields = ["name", "computed_on", "fairness", "robustness", "prob"]
  static let columns =
    ["run_spec.name", "stats.name.split", "stats.name.sub_split", "stats.name.name"]
    + fields.map { "stats.name.perturbation." + $0 } + ["stats.mean", "stats.count", "stats.sum"]

  static func row(
    _ run: String, _ split: String?, _ name: String, _ perturbation: [Cell] = [], mean: Double? = 1,
    subSplit: String? = nil
  ) -> [Cell] {
    let fields = perturbation + Array(repeating: .null, count: Self.fields.count - perturbation.count)
    return [
      .string(run), split.map(Cell.string) ?? .null, subSplit.map(Cell.string) ?? .null, .string(name),
    ] + fields + [mean.map(Cell.double) ?? .null, .int(1), mean.map(Cell.double) ?? .null]
  }

  static func misspelt(_ prob: Double) -> [Cell] {
    [.string("misspellings"), .string("perturbed"), .bool(false), .bool(true), .double(prob)]
  }

  static let dialect: [Cell] = [.string("dialect"), .string("perturbed"), .bool(false), .bool(true)]

  static let actual = Table(
    columnNames: columns,
    rows: [
      row("mmlu:a", "valid", "exact_match", mean: 0.5),
      row("mmlu:a", "valid", "exact_match", misspelt(0.2), mean: 0.4),
      row("mmlu:a", "valid", "exact_match", misspelt(0.5), mean: 0.3),
      row("mmlu:a", "valid", "exact_match", dialect, mean: 0.2),
      row("mmlu:a", "test", "exact_match", mean: 0.6),
      row("mmlu:a", "test", "quasi_exact_match", mean: nil), row("mmlu:b", "valid", "exact_match", mean: 0.7),
      row("mmlu:b", "valid", "exact_match", mean: 0.8), row("mmlu:b", nil, "num_instances", mean: 5),
      row("mmlu:b", "valid", "f1", mean: 0.9, subSplit: "easy"), row("mmlu:b", "valid", "f1", mean: 0.1),
    ])

  static func misspellings(_ prob: Cell?, name: String = "misspellings") -> Perturbation {
    Perturbation(
      name: name, computedOn: "perturbed", robustness: true, fairness: false,
      parameters: prob.map { ["prob": $0] } ?? [:])
  }

  static func prediction(
    _ run: String, _ name: String = "exact_match", split: String? = "valid",
    under perturbation: Perturbation? = nil,
    subSplit: String? = nil, mean: Double? = 0.25
  ) -> RunPrediction {
    RunPrediction(
      run: run,
      stat: Stat(MetricName(name, split: split, subSplit: subSplit, perturbation: perturbation), mean: mean))
  }

  /// The actual means that each prediction was paired with, in order.
  static func means(_ predictions: [RunPrediction]) -> [Double?] {
    Comparison(predictions, with: actual).pairs.map(\.actual.mean)
  }

  static func reason(_ prediction: RunPrediction, beside others: [RunPrediction] = []) -> String? {
    Comparison([prediction] + others, with: actual).unmatched.first?.reason
  }

  @Test func runSplitNameAndPerturbationMatch() throws {
    #expect(Self.means([Self.prediction("mmlu:a")]) == [0.5])
    #expect(Self.means([Self.prediction("mmlu:a", split: "test")]) == [0.6])
    #expect(Self.means([Self.prediction("mmlu:b", "num_instances", split: nil)]) == [5])
    #expect(Self.means([Self.prediction("mmlu:a", under: Self.misspellings(.double(0.2)))]) == [0.4])
    #expect(Self.means([Self.prediction("mmlu:a", under: Self.misspellings(nil, name: "dialect"))]) == [0.2])
    let pair = try #require(Comparison([Self.prediction("mmlu:a")], with: Self.actual).pairs.first)
    #expect(pair.run == "mmlu:a" && pair.instance == nil && pair.error == -0.25)
    #expect(pair.actual.name == MetricName("exact_match", split: "valid"))
  }

  @Test func aPerturbationIsReadFromTheActualRow() throws {
    let strong = Self.prediction("mmlu:a", under: Self.misspellings(.double(0.5)))
    let pair = try #require(Comparison([strong], with: Self.actual).pairs.first)
    #expect(pair.actual.name == strong.stat.name)
  }

  @Test func withoutAStrengthEveryStrengthMatches() {
    let any = Self.prediction("mmlu:a", under: Self.misspellings(nil))
    #expect(Self.means([any]) == [0.4, 0.3])
    #expect(Self.means([any, Self.prediction("mmlu:a")]) == [0.4, 0.3, 0.5])
    // Once one prediction carries a strength, all others mean "no strength".
    let strong = Self.prediction("mmlu:a", under: Self.misspellings(.double(0.5)))
    #expect(Self.means([any, strong]) == [0.3])
    #expect(
      Self.reason(any, beside: [strong])
        == "the prediction has no perturbation with prob (expected: 0.2, 0.5)")
    #expect(
      Self.means([strong, Self.prediction("mmlu:a", under: Self.misspellings(nil, name: "dialect"))]) == [
        0.3, 0.2,
      ])
    #expect(Self.means([Self.prediction("mmlu:b"), strong]) == [0.7, 0.8, 0.3])
  }

  @Test func integersMatchDoubles() {
    let actual = Table(columnNames: Self.columns, rows: [Self.row("r", "valid", "m", Self.misspelt(1))])
    #expect(
      Comparison([Self.prediction("r", "m", under: Self.misspellings(.int(1)))], with: actual).pairs.count
        == 1)
  }

  @Test func subSplitsCountWhenOneIsPredicted() {
    #expect(Self.means([Self.prediction("mmlu:b", "f1")]) == [0.9, 0.1])
    #expect(Self.means([Self.prediction("mmlu:b", "f1", subSplit: "easy")]) == [0.9])
    #expect(
      Self.means([Self.prediction("mmlu:b", "f1", subSplit: "easy"), Self.prediction("mmlu:b", "f1")]) == [
        0.9, 0.1,
      ])
  }

  @Test func duplicatesGiveSeveralPairs() {
    let prediction = Self.prediction("mmlu:b")
    #expect(Self.means([prediction]) == [0.7, 0.8])
    #expect(Self.means([prediction, prediction]) == [0.7, 0.8, 0.7, 0.8])
  }

  @Test func aPrefixSaysPredicted() {
    let prediction = Self.prediction("mmlu:a", "predicted_exact_match")
    #expect(prediction.stat.name.name == "exact_match" && Self.means([prediction]) == [0.5])
    #expect(Self.prediction("r", "predicted_").stat.name.name == "")
    #expect(Self.prediction("r", "unpredicted_x").stat.name.name == "unpredicted_x")
    let instance = InstancePrediction(run: "r", instance: 0, stat: prediction.stat)
    #expect(instance.stat.name.name == "exact_match")
  }

  @Test func reasonsNameWhatIsThere() {
    #expect(Self.reason(Self.prediction("mmlu:z")) == "no run mmlu:z; nearest: mmlu:a, mmlu:b")
    #expect(Self.reason(Self.prediction("mmlu:a", split: "tset")) == "no split tset; nearest: test, valid")
    #expect(
      Self.reason(Self.prediction("mmlu:a", split: nil))
        == "the prediction has no split (expected: valid, test)")
    #expect(
      Self.reason(Self.prediction("mmlu:a", "exact_mach", split: "test"))
        == "no stat exact_mach; nearest: exact_match, quasi_exact_match")
    #expect(
      Self.reason(Self.prediction("mmlu:a", under: Self.misspellings(nil, name: "dialekt")))
        == "no perturbation with name dialekt; nearest: dialect, misspellings")
    #expect(
      Self.reason(Self.prediction("mmlu:a", under: Self.misspellings(.double(0.3))))
        == "no perturbation with prob 0.3; nearest: 0.2, 0.5")
    #expect(
      Self.reason(Self.prediction("mmlu:b", "f1", subSplit: "hard"))
        == "no sub_split hard; nearest: easy")
    #expect(
      Comparison([Self.prediction("mmlu:a")], with: Table()).unmatched.map(\.reason)
        == ["no actual values are there to compare with"])
  }

  @Test func nothingPredictedIsAnEmptyTable() {
    for comparison in [
      Comparison([RunPrediction](), with: Self.actual), Comparison([InstancePrediction](), with: Table()),
    ] {
      #expect(comparison.pairs.isEmpty && comparison.unmatched.isEmpty)
      #expect(comparison.table.rowCount == 0 && comparison.pairTable.rowCount == 0)
      #expect(comparison.table.columnNames.prefix(3) == ["run_spec", "source", "name"])
      #expect(!"\(comparison.table)".isEmpty)
    }
  }

  /// Missing is nil: nothing is made up for an actual row.
  @Test func anActualRowHasOnlyWhatIsThere() throws {
    let pair = try #require(
      Comparison([Self.prediction("mmlu:b", "num_instances", split: nil)], with: Self.actual).pairs.first)
    #expect(pair.actual.sum == 5 && pair.actual.count == 1)
    #expect(pair.actual.min == nil && pair.actual.variance == nil && pair.actual.stddev == nil)
    #expect(pair.actual.sumSquared == nil)
  }

  @Test func errorsNeedBothMeans() {
    let pairs = Comparison(
      [
        Self.prediction("mmlu:a", "quasi_exact_match", split: "test"), Self.prediction("mmlu:a", mean: nil),
        Self.prediction("mmlu:a", mean: 0.75),
      ], with: Self.actual
    ).pairs
    #expect(pairs.map(\.error) == [nil, nil, 0.25])
  }

  @Test func tablesHaveColumnsForWhatIsSet() {
    let plain = Comparison([Self.prediction("mmlu:a"), Self.prediction("mmlu:z")], with: Self.actual)
    let statistics = ["mean", "min", "max", "count", "stddev", "sum", "sum_squared", "variance"]
    #expect(plain.table.columnNames == ["run_spec", "source", "name"] + statistics + ["split"])
    #expect(
      plain.table.rows.map { $0["source"] } == [
        .string("predicted"), .string("actual"), .string("predicted"),
      ])
    #expect(plain.table.rows.map { $0["mean"] } == [.double(0.25), .double(0.5), .double(0.25)])
    #expect(plain.table[2, "run_spec"] == .string("mmlu:z"))
    #expect(
      plain.pairTable.columnNames
        == ["run_spec", "split", "stat_name", "predicted_mean", "actual_mean", "error"])
    #expect(plain.pairTable.rowCount == 1 && plain.pairTable[0, "error"] == .double(-0.25))

    let strong = Comparison(
      [Self.prediction("mmlu:a", under: Self.misspellings(.double(0.2)))], with: Self.actual)
    let perturbation = ["computed_on", "name", "fairness", "robustness", "prob"].map { "perturbation_" + $0 }
    #expect(strong.table.columnNames.suffix(5) == perturbation[...])
    #expect(strong.pairTable.columnNames.suffix(5) == perturbation[...])
    #expect(strong.pairTable[0, "perturbation_prob"] == .double(0.2))
    let wide = Comparison([Self.prediction("mmlu:b", "f1", subSplit: "easy")], with: Self.actual)
    #expect(wide.table.hasColumn("sub_split") && !wide.table.hasColumn("perturbation_name"))
  }

  static let instances = Table(
    columnNames: [
      "run_spec.name", "magnet.instance_predict_id", "per_instance_stats.instance_id",
      "per_instance_stats.stats.name.name", "per_instance_stats.stats.name.split",
      "per_instance_stats.stats.name.perturbation.name", "per_instance_stats.stats.mean",
    ],
    rows: [
      [.string("r"), .int(0), .string("id7"), .string("m"), .string("test"), .null, .double(1)],
      [.string("r"), .int(1), .string("id9"), .string("m"), .string("test"), .string("dialect"), .double(0)],
      [
        .string("r"), .int(1), .string("id9"), .string("m"), .string("test"), .string("dialect"),
        .double(0.5),
      ],
    ])

  @Test func instancesMatchByNumber() {
    func prediction(_ run: String, _ number: Int, _ name: String) -> InstancePrediction {
      InstancePrediction(run: run, instance: number, stat: Stat(MetricName(name, split: "ignored"), mean: 1))
    }
    let comparison = Comparison(
      [
        prediction("r", 1, "predicted_m"), prediction("r", 0, "m"), prediction("r", 12, "m"),
        prediction("s", 0, "m"),
        prediction("r", 0, "n"), prediction("r", -1, "m"),
      ], with: Self.instances)
    #expect(comparison.pairs.map(\.actual.mean) == [0, 0.5, 1])
    #expect(comparison.pairs.map { $0.instance?.id } == ["id9", "id9", "id7"])
    #expect(comparison.pairs.map { $0.instance?.number } == [1, 1, 0])
    #expect(comparison.pairs[0].actual.name.perturbation?.name == "dialect")
    #expect(comparison.unmatched.map(\.instance) == [12, 0, 0, -1])
    #expect(
      comparison.unmatched.map(\.reason) == [
        "no instance number 12; nearest: 1, 0", "no run s; nearest: r", "no stat n; nearest: m",
        "no instance number -1; nearest: 1, 0",
      ])
    #expect(comparison.table.columnNames.prefix(3) == ["run_spec", "instance_id", "prediction_id"])
    #expect(comparison.table.rowCount == 10 && comparison.table[1, "instance_id"] == .string("id9"))
    #expect(comparison.table[6, "instance_id"] == .null && comparison.table[6, "prediction_id"] == .int(12))
    #expect(comparison.pairTable[0, "perturbation_name"] == .string("dialect"))
  }
}
