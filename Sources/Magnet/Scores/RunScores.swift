/// What scores are made of, of one run: its name and model, its statistics of some metrics, and its scores and answers
/// instance by instance.
struct RunScores: Sendable {
  let name: String
  let model: String
  /// The run's name without its model: what it shares with the runs of other models.
  let scenario: String
  /// What headlines are chosen by.
  let subject: HeadlineRules.Subject
  var stats = RunStats()
  /// Scores on inputs as they are by the instance's id: the mean over train trials.
  var instances: [String: Double] = [:]
  /// What the model answered in the first trial.
  var answers: [String: String] = [:]

  /// - Parameter path: the run's folder; it may tell the project, and so the schema.
  init(runSpec: Row, path: String = "") {
    name = runSpec[.run]
    subject = HeadlineRules.Subject(runSpec, path: path)
    model = runSpec[.model] ?? name
    scenario = RunName.task(name, runSpec)
  }

  /// The columns of `perInstanceStats` that are read.
  static let instanceColumns = TableSource.perInstanceStats.names(
    .instance, .trial, .metric, .split, .subSplit, .perturbation, .mean)
  /// The columns of `scenarioStates` that are read for answers.
  static let answerColumns = TableSource.scenarioStates.names(.instance, .trial, .perturbation, .completions)

  /// The run's score by a metric, sub-splits merged unless the metric names one; nil where it has none.
  func mean(of metric: MetricName) -> Double? {
    guard case .one(_, let stat, _) = stats.match(Schema.Matcher(metric)) else { return nil }
    return stat.mean
  }

  /// The run's means by a metric: its score, and one for each perturbation and what that is computed on.
  func means(of metric: MetricName) -> [(name: MetricName, mean: Double)] {
    var merged: [(name: MetricName, stat: MergedStat)] = []
    var places: [MetricName: Int] = [:]
    for entry in stats.entries where entry.name.name == metric.name && entry.name.split == metric.split {
      if let part = metric.subSplit, entry.name.subSplit != part { continue }
      var name = entry.name
      name.subSplit = metric.subSplit
      if let place = places[name] {
        merged[place].stat += entry.stat
      } else {
        places[name] = merged.count
        merged.append((name, entry.stat))
      }
    }
    return merged.compactMap { item in item.stat.mean.map { (item.name, $0) } }
  }

  /// Adds the scores of instances by a metric. Rows without a mean have none.
  mutating func addInstances(_ perInstanceStats: Table, metric: MetricName) {
    var sums: [String: (sum: Double, count: Double)] = [:]
    perInstanceStats.forEachRow(where: .metric, is: metric.name) { row in
      guard row[.perturbation] == nil, metric.split == nil || row[.split] == metric.split,
        metric.subSplit == nil || row[.subSplit] == metric.subSplit, let id = row[.instance],
        let mean = row[.mean], mean.isFinite
      else { return }
      let known = sums[id] ?? (0, 0)
      sums[id] = (known.sum + mean, known.count + 1)
    }
    instances = sums.mapValues { $0.sum / $0.count }
  }

  /// Adds the first answer to each instance.
  mutating func addAnswers(_ scenarioStates: Table) {
    scenarioStates.forEachRow { row in
      guard row[.perturbation] == nil, row[.trial] ?? 0 == 0, let id = row[.instance], answers[id] == nil,
        let text = row[.completions]?[0]?["text"]?.string
      else { return }
      let words = text.split(whereSeparator: \.isWhitespace)
      answers[id] = words.joined(separator: " ")
    }
  }
}

extension Table {
  /// Calls `body` with the rows that hold a text in a column.
  func forEachRow(where key: ColumnKey<String>, is text: String, _ body: (Row) -> Void) {
    guard let column = key.position(in: self) else { return }
    var start = 0
    for (number, chunk) in chunks.enumerated() {
      for local in chunk.columns[column].rows(holding: text) {
        body(Row(table: self, number: start + local, chunk: number, local: local))
      }
      start += chunk.rowCount
    }
  }
}

extension ColumnChunk {
  /// The rows that hold a text, in order. A text's code is looked up once.
  func rows(holding text: String) -> [Int] {
    guard case .strings(let codes, let texts) = storage else {
      return (0..<count).filter { self[$0] == .string(text) }
    }
    guard let code = (0..<texts.count).first(where: { texts[$0] == text }) else { return [] }
    return (0..<count).filter { codes[$0] == code + 1 }
  }
}
