/// One request of a run as people read it: what was asked, what was answered, and how that was scored.
package struct InstanceView: Sendable {
  package struct Reference: Sendable, Hashable {
    package let text: String
    /// Whether it is tagged as correct.
    package let isCorrect: Bool
    /// The letter that stood for it in the prompt; nil where there was none.
    package let letter: String?
  }

  package let run: String
  package let id: String
  package let split: String?
  package let perturbation: String?
  package let trial: Int
  package let input: String
  package let prompt: String
  package let references: [Reference]
  /// What the model answered: one text per completion.
  package let answers: [String]
  /// What the first answer stands for, where it is a letter of the prompt.
  package let mappedAnswer: String?
  /// Why the request failed; nil where it did not.
  package let failure: String?
  /// The score by the run's main metric; nil where there is none.
  package let score: Double?
  /// All scores of the instance, in the file's order.
  package let scores: [(metric: String, mean: Double)]
}

/// The requests of a run.
package struct InstanceViews: Sendable {
  package let run: String
  /// The run's score; nil where no metric is known.
  package let headline: Headline?
  /// In the order of `scenario_state.json`, or the worst first.
  package private(set) var instances: [InstanceView]
  package let faults: [DataFault]

  private static let states = ColumnPrefix.requests
  private static let columns: Set<String> = Set(
    [
      "instance.id", "train_trial_index", "instance.split", "instance.references",
      "instance.perturbation.name",
      "instance.perturbation.computed_on", "instance.input.text", "instance.input", "instance.input.messages",
      "instance.input.multimedia_content.media_objects", "request.prompt", "request.messages",
      "request.multimodal_prompt.media_objects", "result.completions", "result.success", "result.error",
    ].map { states + $0 } + letters.map { states + "output_mapping." + $0 })
  private static let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z")).map { String(UnicodeScalar($0)) }
  private static let scoreColumns = TableSource.perInstanceStats.names(
    .instance, .trial, .metric, .split, .perturbation, .computedOn, .mean)

  /// What tells the requests of a run apart.
  private struct Key: Hashable {
    let id: String?
    let split: String?
    let trial: Int
    let perturbation: String?
    let computedOn: String?

    init(_ row: Row) {
      id = row[.instance]
      split = row[.split]
      trial = row[.trial] ?? 0
      perturbation = row[.perturbation]
      computedOn = row[.computedOn]
    }
  }

  /// Reads the requests of a run.
  /// - Parameters:
  ///   - entry: the run, with its row of run specs.
  ///   - isWanted: which instances to keep, by their ids.
  /// - Throws: the fault of a file that cannot be read, and what the source throws.
  package static func read(
    _ entry: RunEntry, _ spec: Row, in source: some RunSource, rules: HeadlineRules,
    where isWanted: (String) -> Bool = { _ in true }
  ) async throws -> InstanceViews {
    var faults: [DataFault] = []
    func table(_ kind: TableSource, _ columns: Set<String>) async throws -> Table {
      guard entry.files.contains(kind.fileName) else {
        faults.append(entry.absence(of: kind))
        return Table()
      }
      let tables = try await source.load([entry], tables: [kind], columns: columns)
      faults += tables.faults.map(\.fault)
      return tables[kind]
    }
    let stats = RunStats(try await table(.stats, RunStats.columns), wanted: rules.wanted)
    let headline = rules.headline(.init(spec, path: entry.path), stats)
    let states = try await table(.scenarioStates, columns)
    let scores = try await table(.perInstanceStats, scoreColumns)
    if states.rowCount == 0, let fault = faults.last { throw fault }

    // Of several rows with one key, as language models have them for the windows of a text, the mean.
    var sums: [Key: [(metric: String, sum: Double, count: Double)]] = [:]
    var places: [Key: [String: Int]] = [:]
    scores.forEachRow(grouping: .metric) { metric, row in
      guard let id = row[.instance], isWanted(id), let mean = row[.mean] else { return }
      let key = Key(row)
      if let place = places[key]?[metric] {
        sums[key]?[place].sum += mean
        sums[key]?[place].count += 1
      } else {
        places[key, default: [:]][metric] = sums[key]?.count ?? 0
        sums[key, default: []].append((metric, mean, 1))
      }
    }
    let means = sums.mapValues { own in own.map { (metric: $0.metric, mean: $0.sum / $0.count) } }
    var instances: [InstanceView] = []
    states.forEachRow { row in
      guard let id = row[.instance], isWanted(id) else { return }
      let own = means[Key(row)] ?? []
      let name = headline?.metric
      let isOfSplit = name?.split == nil || name?.split == row[.split]
      let score = isOfSplit ? own.first { $0.metric == name?.name }?.mean : nil
      instances.append(InstanceView(row, spec[.run], id, scores: own, score: score))
    }
    return InstanceViews(run: spec[.run], headline: headline, instances: instances, faults: faults)
  }

  /// Puts the worst scores first, and instances without a score last.
  package mutating func putWorstFirst() {
    let isReversed = headline?.lowerIsBetter == true
    instances = instances.enumerated().sorted { a, b in
      switch (a.element.score, b.element.score) {
      case (let one?, let other?) where one != other: isReversed ? one > other : one < other
      case (_?, nil): true
      case (nil, _?): false
      default: a.offset < b.offset
      }
    }.map(\.element)
  }

  /// One row per request: instance, split, perturbation, trial, score, input, prompt, references, answer.
  package var table: Table {
    Table(
      columnNames: [
        "run", "instance", "split", "perturbation", "trial", "score", "input", "prompt", "references",
        "target",
        "answer", "mapped_answer",
      ],
      rows: instances.map { item in
        [
          .string(item.run), .string(item.id), Cell(item.split), Cell(item.perturbation),
          .int(Int64(item.trial)),
          Cell(item.score), .string(item.input), .string(item.prompt),
          .json(JSONValue.array(item.references.map { .string($0.text) }).text),
          Cell(item.references.first(where: \.isCorrect)?.text), Cell(item.answers.first),
          Cell(item.mappedAnswer),
        ]
      })
  }
}

extension InstanceView {
  fileprivate init(
    _ row: Row, _ run: String, _ id: String, scores: [(metric: String, mean: Double)], score: Double?
  ) {
    let states = ColumnPrefix.requests
    func text(_ names: [String]) -> String {
      for name in names {
        switch row[states + name] {
        case .null: continue
        case .json(let text): return Self.readable(text)
        case let cell: return cell.text
        }
      }
      return ""
    }
    var letters: [String: String] = [:]
    for letter in (UInt8(ascii: "A")...UInt8(ascii: "Z")).map({ String(UnicodeScalar($0)) }) {
      if let output = row[states + "output_mapping." + letter].string { letters[output] = letter }
    }
    self.run = run
    self.id = id
    split = row[.split]
    perturbation = row[.perturbation].map { name in
      name + (row[.computedOn].map { $0 == "perturbed" ? "" : " (\($0))" } ?? "")
    }
    trial = row[.trial] ?? 0
    input = text([
      "instance.input.text", "instance.input", "instance.input.messages",
      "instance.input.multimedia_content.media_objects",
    ])
    prompt = text(["request.prompt", "request.messages", "request.multimodal_prompt.media_objects"])
    references = (row[.references]?.elements ?? []).map { reference in
      let text = reference["output"]?["text"]?.string ?? reference["output"]?.string ?? ""
      return Reference(
        text: text, isCorrect: (reference["tags"]?.elements ?? []).contains(.string("correct")),
        letter: letters[text])
    }
    let answers = (row[.completions]?.elements ?? []).compactMap { $0["text"]?.string }
    self.answers = answers
    let first = answers.first?.split(whereSeparator: \.isWhitespace).first.map(String.init)
    mappedAnswer = first.flatMap { answer in letters.first { $0.value == answer }?.key }
    failure =
      row[states + "result.success"] == .bool(false) ? row[states + "result.error"].string ?? "failed" : nil
    self.scores = scores
    self.score = score
  }

  /// Messages of a conversation, and parts of several media, as text.
  private static func readable(_ json: String) -> String {
    guard let value = try? JSONValue(parsing: json) else { return json }
    return value.elements.map { part in
      if let role = part["role"]?.string { return "[\(role)]\n\(part["content"]?.string ?? part.text)" }
      if let text = part["text"]?.string { return text }
      return "[\(part["content_type"]?.string ?? "media")] \(part["location"]?.string ?? "")"
    }.joined(separator: "\n")
  }
}
