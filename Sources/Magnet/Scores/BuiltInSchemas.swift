import Synchronization

extension Schema {
  /// The names that `builtIn(_:)` knows: those of HELM's `schema_NAME.yaml`.
  package static let builtInNames = EmbeddedSchemas.all.map(\.name).filter { $0 != BuiltInSchemas.scenarios }

  /// A schema of HELM 0.5.16: `lite`, `capabilities`, `medhelm` ...; nil for an unknown name.
  package static func builtIn(_ name: String) -> Schema? { BuiltInSchemas.named(name) }
}

/// HELM's own schemas, each parsed when it is first asked for.
enum BuiltInSchemas {
  /// The name of the schema made of what only scenario classes say.
  static let scenarios = "scenarios"

  private static let parsed = Mutex<[String: Schema]>([:])

  static func named(_ name: String) -> Schema? {
    guard let text = EmbeddedSchemas.all.first(where: { $0.name == name })?.json else { return nil }
    return parsed.withLock { parsed in
      if let known = parsed[name] { return known }
      let source =
        name == scenarios
        ? "scenario classes of HELM \(EmbeddedSchemas.version)"
        : "schema_\(name) of HELM \(EmbeddedSchemas.version)"
      guard let json = try? JSONValue(parsing: text), let schema = try? Schema(json, source: source) else {
        return nil
      }
      parsed[name] = schema
      return schema
    }
  }

  /// The order in which schemas are asked about a run that does not tell which it belongs to. Where several define the
  /// run's group, the first whose metric the run has counts: only `bbq`, `gsm`, `med_qa`, `fin_qa`, `meld_audio`,
  /// `mmmu`, `viz_wiz` and `cleva_translation` have different main metrics in different schemas.
  static let order: [String] = {
    let first = ["lite", "capabilities", "safety", "cleva", "classic", "mmlu", "audio", "vhelm", "finance"]
    return first + Schema.builtInNames.filter { !first.contains($0) } + [scenarios]
  }()

  /// The schemas that define a main metric for a group, in order; by group.
  static let ofGroup: [String: [Schema]] = {
    var found: [String: [Schema]] = [:]
    for schema in order.compactMap(named) {
      for group in schema.runGroups where !group.metricGroups.isEmpty {
        found[group.name, default: []].append(schema)
      }
    }
    return found
  }()

  /// Whether lower values of a metric are better, as HELM's schemas say; nil where none says or they disagree.
  static let lowerIsBetter: [String: Bool] = {
    var said: [String: Set<Bool>] = [:]
    for metric in order.compactMap(named).flatMap(\.metrics) {
      if let value = metric.lowerIsBetter { said[metric.name, default: []].insert(value) }
    }
    return said.compactMapValues { $0.count == 1 ? $0.first : nil }
  }()

  /// HELM's models in its order, by name: place and title.
  static let models: [String: (place: Int, title: String)] = {
    let list = (try? JSONValue(parsing: EmbeddedSchemas.models))?.elements ?? []
    let pairs = list.enumerated().map { place, item in
      (item[0]?.string ?? "", (place: place, title: item[1]?.string ?? ""))
    }
    return Dictionary(pairs, uniquingKeysWith: { $1 })
  }()

  /// The models of deployments with another name.
  static let modelOfDeployment: [String: String] = {
    let list = (try? JSONValue(parsing: EmbeddedSchemas.deployments))?.elements ?? []
    return Dictionary(
      list.map { ($0[0]?.string ?? "", $0[1]?.string ?? "") }, uniquingKeysWith: { $1 })
  }()

  /// The schema of the project that a path names, such as `lite/benchmark_output/runs/v1.0.0/...`: that of the last
  /// folder whose name is a schema's.
  static func project(of path: String) -> Schema? {
    let aliases = [
      "instruct": "instruction_following", "thaiexam": "thai", "speech": "audio", "sea_helm": "seahelm",
      "airbench": "air_bench", "legalbench": "legal", "afr": "mmlu_winogrande_afr",
    ]
    for part in path.split(separator: "/").reversed() {
      var name = part.lowercased().replacing("-", with: "_")
      if name.hasPrefix("helm_") { name.removeFirst(5) }
      if name == scenarios { continue }
      if let schema = named(aliases[name] ?? name) { return schema }
    }
    return nil
  }
}
