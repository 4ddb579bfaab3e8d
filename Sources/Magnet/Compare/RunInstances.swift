/// The scores of one run on its instances by one metric, with what identifies each instance.
package struct RunInstances: Sendable {
  /// What tells the scores of a run apart: the instance under one perturbation.
  package struct Key: Sendable, Hashable {
    package let id: String
    package let split: String?
    /// The perturbation's fields as text, without those that depend on where it ran; empty for unperturbed inputs.
    package let perturbation: String

    /// By id, shorter ones first: id2 before id10.
    static func < (a: Key, b: Key) -> Bool {
      if a.id != b.id {
        return a.id.utf8.count != b.id.utf8.count ? a.id.utf8.count < b.id.utf8.count : a.id < b.id
      }
      return (a.split ?? "", a.perturbation) < (b.split ?? "", b.perturbation)
    }
  }

  package struct Instance: Sendable {
    package let key: Key
    /// The scores by train trial.
    package var scores: [Int: Double]
    /// The input and references as one text; nil where the scenario state was not read.
    package var content: String?
    package var input: String?
    /// The first reference that is tagged as correct.
    package var target: String?
    /// What the model answered in the first trial.
    package var answer: String?

    /// The mean over trials.
    package var score: Double { scores.values.sorted().reduce(0, +) / Double(scores.count) }
  }

  package let run: String
  package let model: String
  /// The run's name without its model.
  package let scenario: String
  package let headline: Headline
  /// In the order of their ids, as people count, whatever the order in the files.
  package let instances: [Instance]
  /// How many scores were left out: not finite, or several that differ for one instance and trial.
  package let notFiniteCount: Int
  package let conflictCount: Int

  /// Which scores to take.
  package struct Population: Sendable {
    /// HELM's split; nil for the headline's.
    package var split: String?
    /// Whether to take all splits.
    package var isOfAllSplits = false
    /// The name of a perturbation; nil for unperturbed inputs.
    package var perturbation: String?
    /// Whether to take unperturbed inputs and those under every perturbation, each paired with its own kind.
    package var isOfAllPerturbations = false

    package init() {}
  }

  private static let perturbationFields = [
    "name", "robustness", "fairness", "prob", "mode", "source_class", "target_class", "person_name_type",
    "preserve_gender", "bidirectional", "consider_tone", "insert_prob", "language_code", "max_spaces",
    "num_spaces", "rare_char_prob", "suffix", "trial_num", "word_level_perturb", "seed",
  ]
  private static let scores = ColumnPrefix.instanceStatName
  private static let states = ColumnPrefix.requests

  private static let scoreColumns = TableSource.perInstanceStats.names(
    .instance, .trial, .metric, .split, .subSplit, .mean
  ).union(perturbationFields.map { scores + "perturbation." + $0 })

  private static let inputColumns = [
    states + "instance.input.text", states + "instance.input", states + "instance.input.messages",
    states + "instance.input.multimedia_content.media_objects", states + "instance.input.multimedia_content",
  ]

  private static let contentColumns = TableSource.scenarioStates.names(
    .instance, .trial, .split, .references, .completions
  ).union(inputColumns + perturbationFields.map { states + "instance.perturbation." + $0 })

  /// Reads the scores of some runs, by their headlines, and what was asked and answered.
  /// - Parameters:
  ///   - entries: the runs, with their rows of run specs and their scores.
  ///   - readsContent: whether to read the inputs, references and answers.
  /// - Returns: the runs, in order; nil for those that cannot be read.
  /// - Throws: what the source throws.
  static func read(
    _ entries: [(entry: RunEntry, spec: Row, headline: Headline)], in source: some RunSource,
    _ population: Population, readsContent: Bool, faults: inout [DataFault]
  ) async throws -> [RunInstances?] {
    var runs: [RunInstances?] = []
    for start in stride(from: 0, to: entries.count, by: 32) {
      let batch = Array(entries[start..<min(start + 32, entries.count)])
      let tables = try await source.load(
        batch.map(\.entry), tables: [.perInstanceStats], columns: scoreColumns)
      let contents =
        readsContent
        ? try await source.load(batch.map(\.entry), tables: [.scenarioStates], columns: contentColumns) : nil
      faults += tables.faults.map(\.fault) + (contents?.faults.map(\.fault) ?? [])
      let broken = Set(tables.faults.map(\.run))
      for (number, item) in batch.enumerated() {
        runs.append(
          broken.contains(number)
            ? nil
            : RunInstances(
              item.spec, item.headline, tables.table(.perInstanceStats, ofRuns: [number]),
              contents?.table(.scenarioStates, ofRuns: [number]), population))
      }
    }
    return runs
  }

  init(
    _ spec: Row, _ headline: Headline, _ table: Table, _ states: Table?, _ population: Population
  ) {
    let scores = RunScores(runSpec: spec)
    run = scores.name
    model = scores.model
    scenario = scores.scenario
    self.headline = headline
    // Language models score one window of text per request, all under the instance's id.
    let areAveraged = spec[.method] == "language_modeling"
    let split = population.isOfAllSplits ? nil : population.split ?? headline.metric.split
    var places: [Key: Int] = [:]
    var found: [Instance] = []
    var counts: [[Int: Int]] = []
    var conflicts: Set<Int> = []
    var notFinite = 0
    table.forEachRow(where: .metric, is: headline.metric.name) { row in
      guard population.isOfAllPerturbations || population.perturbation == row[.perturbation],
        split == nil || row[.split] == split,
        headline.metric.subSplit == nil || row[.subSplit] == headline.metric.subSplit,
        let id = row[.instance],
        let mean = row[.mean]
      else { return }
      guard mean.isFinite else {
        notFinite += 1
        return
      }
      let key = Key(
        id: id, split: row[.split], perturbation: Self.fingerprint(row, Self.scores + "perturbation."))
      let place = places[key] ?? found.count
      if place == found.count {
        places[key] = place
        found.append(Instance(key: key, scores: [:]))
        counts.append([:])
      }
      let trial = row[.trial] ?? 0
      if let known = found[place].scores[trial] {
        if areAveraged {
          let count = counts[place][trial] ?? 1
          found[place].scores[trial] = known + (mean - known) / Double(count + 1)
          counts[place][trial] = count + 1
        } else if known != mean {
          conflicts.insert(place)
        }
      } else {
        found[place].scores[trial] = mean
        counts[place][trial] = 1
      }
    }
    if let states {
      var trials: [Int: Int] = [:]
      states.forEachRow { row in
        guard let id = row[.instance] else { return }
        let key = Key(
          id: id, split: row[.split],
          perturbation: Self.fingerprint(row, Self.states + "instance.perturbation."))
        let trial = row[.trial] ?? 0
        guard let place = places[key], trial < trials[place] ?? .max else { return }
        trials[place] = trial
        let input = Self.inputColumns.lazy.map { row[$0] }.first { $0 != .null }?.text ?? ""
        let references = row[.references]?.elements ?? []
        let pairs = references.map { reference -> String in
          let isCorrect = (reference["tags"]?.elements ?? []).contains(.string("correct"))
          return (Self.output(reference) ?? "") + (isCorrect ? "\u{1E}correct" : "\u{1E}")
        }
        found[place].content = ([input, row[.split] ?? ""] + pairs.sorted()).joined(separator: "\u{1F}")
        found[place].input = input
        found[place].target = references.first {
          ($0["tags"]?.elements ?? []).contains(.string("correct"))
        }.flatMap(Self.output)
        found[place].answer = row[.completions]?[0]?["text"]?.string
      }
    }
    instances = found.indices.filter { !conflicts.contains($0) }.map { found[$0] }.sorted { $0.key < $1.key }
    conflictCount = conflicts.count
    notFiniteCount = notFinite
  }

  private static func output(_ reference: JSONValue) -> String? {
    reference["output"]?["text"]?.string ?? reference["output"]?.string
  }

  /// The fields of a perturbation but those that say where its files lay.
  private static func fingerprint(_ row: Row, _ prefix: String) -> String {
    if row[.perturbation] == nil { return "" }
    return perturbationFields.compactMap { field in
      let cell = row[prefix + field]
      return cell == .null ? nil : "\(field)=\(cell.text)"
    }.joined(separator: ",")
  }
}
