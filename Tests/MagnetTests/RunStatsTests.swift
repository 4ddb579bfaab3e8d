import Testing

@testable import Magnet

/// Statistics of a run: what a table says, which of them a matcher takes, and what is merged, against plain loops.
@Suite struct RunStatsTests {
  /// A row of `stats` in plain values.
  private struct Line {
    var metric: String?
    var split: String?
    var subSplit: String?
    var perturbation: String?
    var computedOn: String?
    var count: Int?
    var sum: Double?
    var mean: Double?

    var cells: [Cell] {
      [
        .string("r"), Cell(metric), Cell(split), Cell(subSplit), Cell(perturbation),
        Cell(computedOn),
        Cell(count), Cell(sum), Cell(mean), Cell(sum), Cell(sum),
      ]
    }

    /// The count and the sum that the row stands for; nil where it says nothing.
    var value: (count: Int, sum: Double)? {
      if count == 0 { return (0, 0) }
      if let count, let sum { return count > 0 && sum.isFinite ? (count, sum) : nil }
      return mean.flatMap { $0.isFinite ? (1, $0) : nil }
    }

    func isTaken(_ matcher: Schema.Matcher) -> Bool {
      metric == matcher.name && (matcher.split == "__all__" || matcher.split == split)
        && (matcher.subSplit == nil || matcher.subSplit == subSplit)
        && perturbation == matcher.perturbation
        && (perturbation == nil || computedOn == "worst")
    }
  }

  private static let columns =
    ["run_spec.name"]
    + [
      "name.name", "name.split", "name.sub_split", "name.perturbation.name",
      "name.perturbation.computed_on",
      "count", "sum", "mean", "min", "max",
    ].map { "stats." + $0 }

  private static func lines(_ random: inout PythonRandom) -> [Line] {
    (0..<random.below(14)).map { _ in
      let perturbation = random.choice([nil, nil, nil, "typos", "dialect"] as [String?])
      return Line(
        metric: random.choice(["exact_match", "exact_match", "f1_score", "quasi_exact_match", nil]),
        split: random.choice(["test", "valid", nil]),
        subSplit: random.choice([nil, nil, nil, "easy", "hard"]),
        perturbation: perturbation,
        computedOn: perturbation.map { _ in random.choice(["worst", "perturbed", "original"]) },
        count: random.choice([nil, 0, 1, 1, 3, -1]),
        sum: random.choice([nil, 0.5, 1, 2, .nan, .infinity]),
        mean: random.choice([nil, 0.25, 1, .nan]))
    }
  }

  private static func stats(_ lines: [Line], wanted: Set<String>? = nil) -> RunStats {
    RunStats(Table(columnNames: columns, rows: lines.map(\.cells)), wanted: wanted)
  }

  private static let matchers: [Schema.Matcher] = [
    "exact_match", "f1_score", "quasi_exact_match", "bleu",
  ]
  .flatMap { name in
    ["test", "__all__"].flatMap { split in
      [nil, "easy"].flatMap { part in
        [nil, "typos"].map {
          Schema.Matcher(name: name, split: split, subSplit: part, perturbation: $0)
        }
      }
    }
  }

  @Test(arguments: 1...60) func matchesAreThoseOfPlainLoops(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let lines = Self.lines(&random)
    let stats = Self.stats(lines)
    #expect(
      stats.entries.map(\.stat.count)
        == lines.filter { $0.metric != nil }.compactMap { $0.value?.count })
    for matcher in Self.matchers {
      var taken = lines.filter { $0.value != nil && $0.isTaken(matcher) }
      var notes: [String] = []
      if taken.isEmpty, matcher.name == "quasi_exact_match" {
        var other = matcher
        other.name = "exact_match"
        taken = lines.filter { $0.value != nil && $0.isTaken(other) }
        if !taken.isEmpty { notes.append("quasi_exact_match absent") }
      }
      // Sub-splits are one statistic where none is asked for; splits never are.
      let names = Set(
        taken.map {
          [$0.metric, $0.split, matcher.subSplit == nil ? nil : $0.subSplit, $0.perturbation]
        })
      switch stats.match(matcher) {
      case .none: #expect(taken.isEmpty, "\(matcher)")
      case .several(let found): #expect(found.count == names.count && names.count > 1, "\(matcher)")
      case .one(let name, let stat, let said):
        #expect(names.count == 1 && name.split == taken[0].split, "\(matcher)")
        let values = taken.compactMap(\.value)
        #expect(stat.count == values.reduce(0) { $0 + $1.count })
        #expect(abs(stat.sum - values.reduce(0) { $0 + $1.sum }) < 1e-9)
        if matcher.subSplit == nil, taken.contains(where: { $0.subSplit != nil }) {
          notes.append("sub_splits merged")
        }
        if stat.count == 0 { notes.append("count 0") }
        #expect(said == notes)
        #expect(stat.mean == (stat.count == 0 ? nil : stat.sum / Double(stat.count)))
      }
    }
  }

  @Test(arguments: 1...20) func wantedMetricsAreThoseAlone(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let lines = Self.lines(&random)
    let whole = Self.stats(lines)
    let part = Self.stats(lines, wanted: ["f1_score"])
    #expect(part.entries.allSatisfy { $0.name.name == "f1_score" })
    #expect(part.entries.count == whole.entries.count { $0.name.name == "f1_score" })
    #expect(part.available == whole.available, "what there is, is known all the same")
    #expect(
      whole.available
        == Set(
          lines.filter { $0.perturbation == nil }.compactMap { line in
            line.metric.map { .init(metric: $0, split: line.split) }
          }))
    for metric in ["f1_score", "exact_match"] {
      let splits = Set(
        lines.filter { $0.metric == metric && $0.perturbation == nil }.compactMap(\.split))
      #expect(whole.splits(of: metric) == splits.sorted())
    }
  }

  @Test(arguments: 1...20) func tablesInPiecesAreTheSame(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let lines = Self.lines(&random)
    let cut = random.below(lines.count + 1)
    let pieces = Table(
      stacking: [lines[..<cut], lines[cut...]].map {
        Table(columnNames: Self.columns, rows: $0.map(\.cells))
      })
    let (whole, parts) = (Self.stats(lines), RunStats(pieces, wanted: nil))
    #expect(whole.entries.map(\.name) == parts.entries.map(\.name))
    #expect(whole.entries.map(\.stat) == parts.entries.map(\.stat))
    let merged = RunStats(merging: [
      Self.stats(Array(lines[..<cut])), Self.stats(Array(lines[cut...])),
    ])
    #expect(
      merged.entries.map(\.stat) == whole.entries.map(\.stat) && merged.available == whole.available
    )
  }

  @Test func anAdditionalStatisticIsOneMore() {
    var stats = RunStats()
    stats.add(MetricName("f1", split: "test"), MergedStat(mean: 0.5))
    stats.add(
      MetricName(
        "f1", split: "test", perturbation: Perturbation(name: "typos", computedOn: "worst")),
      MergedStat(count: 2, sum: 0.5))
    #expect(stats.available.map(\.text) == ["f1@test"] && stats.entries.count == 2)
    #expect(stats.names.map(\.text) == ["f1@test", "f1@test", "f1@test"])
    let matcher = Schema.Matcher(name: "f1", split: "test", perturbation: "typos")
    guard case .one(_, let stat, _) = stats.match(matcher) else {
      Issue.record("the worst case of typos")
      return
    }
    #expect(stat.mean == 0.25)
  }

  @Test func leastAndGreatestAreOfAllParts() {
    var all = MergedStat(count: 1, sum: 1, min: 1, max: 1)
    all += MergedStat(count: 2, sum: 5)
    #expect(
      all == MergedStat(count: 3, sum: 6, min: 1, max: 1), "a part without a range changes none")
    all += MergedStat(count: 1, sum: -4, min: -4, max: -4)
    #expect(all == MergedStat(count: 4, sum: 2, min: -4, max: 1) && all.mean == 0.5)
    var none = MergedStat(count: 0, sum: 0)
    #expect(none.mean == nil)
    none += MergedStat(mean: 3)
    #expect(none == MergedStat(mean: 3))
  }
}

/// Names of metrics as a user writes them.
@Suite struct MetricSelectorTests {
  @Test(arguments: ["", "@", "a@", "@test", "a@b@", "a@test/", "a/"])
  func namesWithoutAPartAreErrors(_ text: String) {
    #expect {
      try MetricSelector(text)
    } throws: {
      "\($0)" == "not a metric: '\(text)'; write NAME, NAME@SPLIT or NAME@SPLIT/SUB_SPLIT"
    }
  }

  static let names: [MetricName] = ["exact_match", "ndcg@10", "a/b"].flatMap { name in
    [nil, "test", "10"].flatMap { split in
      [nil, "easy", "x/y"].map { MetricName(name, split: split, subSplit: $0) }
    }
  }

  /// What is written is the whole of a name or one of its beginnings, up to the split or up to the sub-split.
  @Test(arguments: names) func aNameIsMatchedByItsBeginnings(_ name: MetricName) throws {
    var texts = [name.name]
    if let split = name.split { texts.append("\(name.name)@\(split)") }
    if let split = name.split, let part = name.subSplit {
      texts.append("\(name.name)@\(split)/\(part)")
    }
    for text in texts { #expect(try MetricSelector(text).matches(name), "\(text)") }
    for other in Self.names where other != name {
      let selector = try MetricSelector(name.text)
      let isWider = name.name == other.name && (name.split == nil || name.split == other.split)
      // A sub-split without a split cannot be written in a way of its own.
      guard name.subSplit == nil else { continue }
      if isWider { #expect(selector.matches(other), "\(name.text) means \(other.text)") }
      if name.name != other.name, name.text != other.name {
        #expect(!selector.matches(other), "\(name.text) does not mean \(other.text)")
      }
    }
  }

  @Test func anAtMayBeOfTheName() throws {
    let selector = try MetricSelector("ndcg@10")
    #expect(selector.matches(MetricName("ndcg@10", split: "test")))
    #expect(selector.matches(MetricName("ndcg", split: "10")), "or of a split of that name")
    #expect(!selector.matches(MetricName("ndcg", split: "test")))
    #expect(
      selector.description == "ndcg@10"
        && MetricName("ndcg@10", split: "test").text == "ndcg@10@test")
    #expect(try MetricSelector("ndcg@10@test").matches(MetricName("ndcg@10", split: "test")))
  }

  @Test func whatIsNotThereIsSuggested() throws {
    let names = [
      MetricName("exact_match", split: "test"),
      MetricName("f1_score", split: "test", subSplit: "easy"),
      MetricName(
        "f1_score", split: "test", perturbation: Perturbation(name: "typos", computedOn: "worst")),
    ]
    try MetricSelector.check([], among: names)
    try MetricSelector.check(
      [MetricSelector("bleu"), MetricSelector("f1_score@test")], among: names)
    #expect {
      try MetricSelector.check([MetricSelector("exact_mach")], among: names, of: "some run")
    } throws: {
      let text = "\($0)"
      return text.hasPrefix("some run: no metric 'exact_mach'; ") && text.contains("exact_match")
        && ($0 as? MagnetError)?.code == .notFound
    }
  }
}
