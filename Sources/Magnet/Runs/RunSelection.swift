/// Which of the runs that were found are meant: by their names, models and scenarios.
///
/// ```swift
/// let runs = try HelmRuns("benchmark_output").selecting(
///   try RunSelection(runs: ["mmlu:*"], models: ["openai/gpt2|acme/*"]))
/// ```
public struct RunSelection: Sendable {
  /// What a selector is compared with, and how it is called in messages.
  private enum Part: String {
    case run, model, scenario
  }

  private let selectors: [(part: Part, selector: NameSelector)]

  /// Reads selectors: texts with `*` and `?`, and `|` between alternatives. A run is meant when it matches one of each
  /// list that is not empty.
  /// - Parameters:
  ///   - runs: names of runs.
  ///   - models: names of models or of their deployments; commas separate them too.
  ///   - scenarios: scenarios such as `mmlu`, or tasks such as `mmlu:subject=anatomy`.
  /// - Throws: `MagnetError` for a regular expression that cannot be read.
  public init(runs: [String] = [], models: [String] = [], scenarios: [String] = []) throws {
    selectors = try [(Part.run, runs), (.model, models.flatMap(Self.models)), (.scenario, scenarios)].flatMap
    { part, texts in
      try texts.map { (part, try NameSelector([$0])) }
    }
  }

  /// The names between commas, which models' names do not hold, unlike those of runs.
  private static func models(_ text: String) -> [String] {
    if text.contains("regex:") || text.hasPrefix("[") { return [text] }
    let names = text.split(separator: ",").map { String($0.trimmingPrefix(while: \.isWhitespace)) }
    return names.isEmpty ? [text] : names
  }

  /// All runs.
  public init() { selectors = [] }

  /// Whether it means all runs.
  package var isOfAll: Bool { selectors.isEmpty }

  /// The runs of a listing that are meant. One whose model or scenario cannot be known, as its run spec cannot be read
  /// and its folder's name does not say, stays: what is wrong with it is reported.
  /// - Parameter kept: paths of entries that stay in any case, such as those of archives that cannot be read whole.
  /// - Throws: `MagnetError` when a selector matches no run, or no run matches all of them.
  package func filtered(_ listing: RunListing, keeping kept: Set<String> = []) throws -> RunListing {
    if isOfAll { return listing }
    var rows: [Int: Row] = [:]
    for (row, entry) in zip(listing.runSpecs.rows, listing.entryOfRow) { rows[entry] = row }
    let names = listing.entries.indices.map { Names(listing.entries[$0], rows[$0]) }
    let isKept = listing.entries.map { kept.contains($0.path) }
    var matched: [Part: [Bool]] = [:]
    for (part, selector) in selectors {
      let matches = selector.matcher()
      let found = names.map { $0[part].contains(where: matches) }
      if !found.contains(true), isKept.contains(false) {
        throw MagnetError(
          .notFound, "no \(part.rawValue) matches '\(selector)'",
          advice: suggestion(for: selector.description, among: names.flatMap { $0[part] }.unique()))
      }
      let before = matched[part] ?? found
      matched[part] = zip(before, found).map { $0 || $1 }
    }
    let isMeant = names.indices.map { number in
      isKept[number] || matched.allSatisfy { part, found in found[number] || names[number][part].isEmpty }
    }
    if !isMeant.contains(true), isKept.contains(false) {
      throw MagnetError(.notFound, "no run matches " + selectors.map { "'\($1)'" }.joined(separator: " and "))
    }
    return listing.keeping { isMeant[$0] }
  }

  /// What selectors are compared with. Empty where it cannot be known.
  private struct Names {
    private let run: [String]
    private let model: [String]
    private let scenario: [String]

    init(_ entry: RunEntry, _ row: Row?) {
      run = [entry.name, entry.folder].unique()
      guard let row else {
        let parts = entry.folder.split(separator: ":", maxSplits: 1)
        let name = parts.last?.split(separator: ",").first { $0.hasPrefix("model=") }?.dropFirst(6)
        // In the name of a folder, `_` stands for `/` too.
        let words = name?.split(separator: "_", maxSplits: 1) ?? []
        model = name.map { [String($0), words.joined(separator: "/")] } ?? []
        scenario = parts.count == 2 ? [String(parts[0])] : []
        return
      }
      model = [row[.model], row[.deployment]].compactMap(\.self).unique()
      scenario = ([RunName.scenario(entry.name, row)].compactMap(\.self) + [RunName.task(entry.name, row)])
        .unique()
    }

    subscript(part: Part) -> [String] {
      switch part {
      case .run: run
      case .model: model
      case .scenario: scenario
      }
    }
  }
}
