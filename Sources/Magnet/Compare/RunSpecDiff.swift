/// What differs between two run specs, judged by what it changes.
struct RunSpecDiff: Sendable {
  enum Kind: String, Sendable, CaseIterable {
    /// What is asked and how: scenario, adapter, data augmentation.
    case execution
    /// Where the model runs.
    case deployment
    /// What is measured afterwards: metrics, annotators, groups.
    case evaluation
    /// The run's name.
    case name
    /// Fields that are absent on one side and have their default on the other.
    case schemaChurn = "schema churn"
  }

  struct Change: Sendable {
    let kind: Kind
    let field: String
    let first: String
    let second: String
  }

  let changes: [Change]

  /// The defaults of HELM's AdapterSpec, as cells; what is null where absent has none.
  private static let defaults: [String: Cell] = [
    "method": .string(""), "global_prefix": .string(""), "global_suffix": .string(""),
    "instructions": .string(""),
    "input_prefix": .string("Input: "), "input_suffix": .string("\n"), "reference_prefix": .string("A. "),
    "reference_suffix": .string("\n"), "chain_of_thought_prefix": .string(""),
    "chain_of_thought_suffix": .string("\n"), "output_prefix": .string("Output: "),
    "output_suffix": .string("\n"),
    "instance_prefix": .string("\n"), "substitutions": .json("[]"), "max_train_instances": .int(5),
    "num_outputs": .int(5), "num_train_trials": .int(1), "num_trials": .int(1), "sample_train": .bool(true),
    "temperature": .int(1), "max_tokens": .int(100), "stop_sequences": .json("[]"),
    "multi_label": .bool(false),
  ]

  private static let augmenterDefaults: [String: Cell] = [
    "perturbation_specs": .json("[]"), "should_augment_train_instances": .bool(false),
    "should_include_original_train": .bool(false), "should_skip_unchanged_train": .bool(false),
    "should_augment_eval_instances": .bool(false), "should_include_original_eval": .bool(false),
    "should_skip_unchanged_eval": .bool(false), "seeds_per_instance": .int(1),
  ]

  init(_ first: Row, _ second: Row) {
    let names = (first.table.columnNames + second.table.columnNames).unique()
    var changes: [Change] = []
    let prefix = TableSource.runSpecs.prefix
    for column in names where column.hasPrefix(prefix) {
      let (a, b) = (first[column], second[column])
      if haveSameBytes(Self.canonical(a), Self.canonical(b)) { continue }
      let field = String(column.dropFirst(prefix.count))
      let isOneSided = a == .null || b == .null
      let present = a == .null ? b : a
      let kind: Kind
      if isOneSided, let known = Self.byDefault(field), Self.canonical(known) == Self.canonical(present) {
        kind = .schemaChurn
      } else if field == "adapter_spec.model_deployment" {
        kind = isOneSided ? .schemaChurn : .deployment
      } else if field == "name" {
        kind = .name
      } else if ["scenario_spec", "adapter_spec", "data_augmenter_spec"].contains(where: {
        field.hasPrefix($0 + ".")
      }) {
        kind = .execution
      } else {
        kind = .evaluation
      }
      changes.append(Change(kind: kind, field: field, first: a.text, second: b.text))
    }
    self.changes = changes
  }

  private static func byDefault(_ field: String) -> Cell? {
    if field.hasPrefix("adapter_spec.") { return defaults[String(field.dropFirst("adapter_spec.".count))] }
    if field.hasPrefix("data_augmenter_spec.") {
      return augmenterDefaults[String(field.dropFirst("data_augmenter_spec.".count))]
    }
    return ["annotators", "metric_specs", "groups"].contains(field) ? .json("[]") : nil
  }

  /// A value in which order and the place of a class do not count: lists sorted, class paths of older HELMs as today's.
  private static func canonical(_ cell: Cell) -> String {
    switch cell {
    case .json(let text):
      guard let value = try? JSONValue(parsing: text) else { return text }
      return value.elements.isEmpty
        ? canonical(value).text : value.elements.map { canonical($0).text }.sorted().joined(separator: ",")
    case .string(let text): return "\"" + className(text)
    // As a double only where that has all of its digits.
    case .int(let number): return Double(exactly: number).map { String($0) } ?? String(number)
    default: return cell.number.map { String($0) } ?? cell.text
    }
  }

  private static func canonical(_ value: JSONValue) -> JSONValue {
    switch value {
    case .string(let text): .string(className(text))
    case .int(let number): Double(exactly: number).map { JSONValue.double($0) } ?? value
    case .array(let elements): .array(elements.map { canonical($0) })
    case .object(let members):
      .object(
        members.map { .init(key: $0.key, value: canonical($0.value)) }
          .filter { $0.value != .null && $0.value != .object([]) }.sorted { $0.key < $1.key })
    default: value
    }
  }

  /// `helm.benchmark.basic_metrics.X` moved to `helm.benchmark.metrics.basic_metrics.X`.
  private static func className(_ text: String) -> String {
    guard text.hasPrefix("helm.benchmark."), !text.hasPrefix("helm.benchmark.metrics.") else { return text }
    let rest = text.dropFirst("helm.benchmark.".count)
    let module = rest.prefix { $0 != "." }
    return module.hasSuffix("_metrics") ? "helm.benchmark.metrics." + rest : text
  }
}

/// The words that differ between two texts.
enum WordDiff {
  /// The part of each text between what both begin and end with, whole words, with a little around it: `…{-old-}{+new+}…`.
  static func text(_ first: String, _ second: String) -> String {
    func words(_ text: String) -> [Substring] {
      text.split(separator: " ", omittingEmptySubsequences: false)
    }
    let (a, b) = (words(first), words(second))
    var start = 0
    // By their bytes: letters may look the same.
    func isSame(_ word: Substring, _ other: Substring) -> Bool { word.utf8.elementsEqual(other.utf8) }
    while start < min(a.count, b.count), isSame(a[start], b[start]) { start += 1 }
    var end = 0
    while end < min(a.count, b.count) - start, isSame(a[a.count - 1 - end], b[b.count - 1 - end]) { end += 1 }
    func part(_ words: [Substring]) -> String {
      shortened(words[start..<words.count - end].joined(separator: " "), to: 120)
    }
    let before = a[max(0, start - 3)..<start].joined(separator: " ")
    let after = a[(a.count - end)..<min(a.count, a.count - end + 3)].joined(separator: " ")
    let (old, new) = (part(a), part(b))
    return (start > 3 ? "…" : "") + before + (before.isEmpty ? "" : " ")
      + (old.isEmpty ? "" : "{-\(old)-}") + (new.isEmpty ? "" : "{+\(new)+}")
      + (after.isEmpty ? "" : " ") + after + (end > 3 ? "…" : "")
  }
}
