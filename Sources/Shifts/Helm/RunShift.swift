package import Magnet

/// A shift between runs of HELM: what a predictor learns from, and what it predicts.
package struct RunShift: Sendable, Hashable {
  /// What differs between source and target.
  package enum Kind: String, Sendable, CaseIterable {
    /// Scenarios: `source`, `target` and `target_reference` are patterns of tasks, run names without their model.
    case scenario
    /// The inputs: `source` is a pattern of tasks, `target` a perturbation. Clean scores are known, the run's own too.
    case perturbation
    /// Models: `source` and `target` are patterns of models, on the same scenarios.
    case models
    /// Instances: `source` is a pattern of tasks. The half of the instances that more models get right is known, the
    /// other half is predicted.
    case difficulty
  }

  /// A perturbation by its name and, where it has several strengths, its `prob`.
  package struct Change: Sendable, Hashable {
    package let name: String
    package let prob: Double?

    package init(name: String, prob: Double? = nil) {
      self.name = name
      self.prob = prob
    }

    func matches(_ perturbation: Perturbation?) -> Bool {
      perturbation?.name == name && perturbation?.computedOn == "perturbed"
        && (prob == nil || perturbation?.parameters["prob"]?.number == prob)
    }

    var text: String { prob.map { "\(name) \($0)" } ?? name }
  }

  package let kind: Kind
  /// A pattern of tasks or models.
  package let source: String
  /// A pattern of tasks or models; empty for other kinds.
  package let target: String
  /// A pattern of tasks; the target unless another is named.
  package let targetReference: String
  /// What is done to the inputs of the target.
  package let change: Change?

  /// A shift between two patterns.
  package init(kind: Kind = .scenario, source: String, target: String, targetReference: String? = nil) {
    self.kind = kind
    self.source = source
    self.target = target
    self.targetReference = targetReference ?? target
    change = nil
  }

  /// A shift from clean to perturbed inputs on the tasks of a pattern.
  package init(tasks: String, change: Change) {
    kind = .perturbation
    source = tasks
    target = ""
    targetReference = ""
    self.change = change
  }

  /// The source and the target, for tables.
  var names: (source: String, target: String, reference: String) {
    switch kind {
    case .scenario, .models: (source, target, targetReference)
    case .perturbation:
      (source + ", clean", source + ", " + (change?.text ?? ""), source + ", " + (change?.text ?? ""))
    case .difficulty: (source + ", easy", source + ", hard", source + ", hard")
    }
  }

  /// The shifts in a file: a JSON array of objects with `source`, `target`, and, where they are not of scenarios,
  /// `kind`.
  /// - Throws: `DataFault` with the row and member at fault.
  package static func read(_ file: String) throws -> [RunShift] {
    let value = try readJSON(file, atMost: 64 << 20)
    guard case .array(let elements) = value else {
      throw DataFault(file, "", "expected a list of shifts, found \(Shifts.kind(of: value))")
    }
    return try elements.enumerated().map { try RunShift($1, file: file, place: "[\($0)]") }
  }

  private init(_ value: JSONValue, file: String, place: String) throws {
    guard case .object = value else {
      throw DataFault(file, place, "expected an object, found \(Shifts.kind(of: value))")
    }
    func text(_ key: String, default fallback: String? = nil) throws -> String {
      switch value[key] {
      case .string(let text) where !text.isEmpty: return text
      case nil:
        if let fallback { return fallback }
        throw DataFault(file, place, "has no '\(key)'")
      case .some(let other):
        throw DataFault(file, "\(place).\(key)", "expected a pattern, found \(Shifts.kind(of: other))")
      }
    }
    let kindName = try text("kind", default: Kind.scenario.rawValue)
    guard let kind = Kind(rawValue: kindName) else {
      let near = nearestNames(to: kindName, among: Kind.allCases.map(\.rawValue)).first ?? ""
      throw DataFault(file, "\(place).kind", "unknown kind '\(kindName)'; did you mean \(near)?")
    }
    switch kind {
    case .scenario, .models:
      let target = try text("target")
      self.init(
        kind: kind, source: try text("source"), target: target,
        targetReference: try text("target_reference", default: target))
    case .difficulty: self.init(kind: kind, source: try text("source"), target: "")
    case .perturbation:
      let target = value["target"]
      guard let name = target?["name"]?.string ?? target?.string else {
        throw DataFault(
          file, "\(place).target", "expected an object with 'name' and, where it has several, 'prob'")
      }
      self.init(
        tasks: try text("source", default: "*"), change: Change(name: name, prob: target?["prob"]?.double))
    }
  }
}

/// What all ordered pairs are made of.
package enum RunShiftAxis: String, Sendable, CaseIterable {
  /// Tasks: run names without their model.
  case subject
  /// Scenarios: run names up to their colon.
  case scenario
  case model
  /// Clean inputs, and each perturbation.
  case perturbation

  /// All ordered pairs of what a collection holds.
  package func pairs(_ scores: ScoreCollection) -> [RunShift] {
    func ordered(_ names: [String], _ make: (String, String) -> RunShift) -> [RunShift] {
      names.flatMap { a in names.filter { $0 != a }.map { make(a, $0) } }
    }
    switch self {
    case .subject:
      return ordered(scores.scenarios.map(\.name)) { RunShift(source: $0, target: $1) }
    case .scenario:
      let names = scores.scenarios.map { $0.name.split(separator: ":").first.map(String.init) ?? $0.name }
      return ordered(names.unique()) { RunShift(source: $0 + "*", target: $1 + "*") }
    case .model:
      return ordered(Set(scores.runs.map(\.model)).sorted()) {
        RunShift(kind: .models, source: $0, target: $1)
      }
    case .perturbation:
      let changes = scores.board.columns.compactMap { column -> RunShift.Change? in
        guard let perturbation = column.name.perturbation, perturbation.computedOn == "perturbed",
          let name = perturbation.name
        else { return nil }
        return RunShift.Change(name: name, prob: perturbation.parameters["prob"]?.number)
      }
      let sorted = changes.unique().sorted { ($0.name, $0.prob ?? 0) < ($1.name, $1.prob ?? 0) }
      return sorted.map { RunShift(tasks: "*", change: $0) }
    }
  }
}
