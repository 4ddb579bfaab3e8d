/// What a HELM schema says about scores: the metrics with their directions, which of them are shown together, and the
/// run groups with their main metric and split.
///
/// HELM reads a schema from `schema_NAME.yaml` and writes it as `schema.json` beside a release or suite that it
/// summarized. See `helm/benchmark/presentation/schema.py` of crfm-helm 0.5.16.
public struct Schema: Sendable {
  /// A metric or perturbation, and how it is titled.
  package struct Field: Sendable, Hashable {
    /// The name in `stats.json`.
    package let name: String
    /// The title on a page.
    package let displayName: String?
    /// The title of a column.
    package let shortDisplayName: String?
    /// What it is, in a sentence or more.
    package let description: String?
    /// Whether lower values are better; nil where comparing them says nothing.
    package let lowerIsBetter: Bool?

    /// The shortest title there is.
    package var shortTitle: String { shortDisplayName ?? displayName ?? name }
  }

  /// Which statistics a column shows.
  package struct Matcher: Sendable, Hashable {
    /// The metric; `${main_name}` stands for the main metric of a run group.
    package var name: String
    /// The split, or `__all__` for any.
    package var split: String
    /// The part of the split; nil for all parts together.
    package var subSplit: String?
    /// The perturbation whose worst case is shown; nil for unperturbed inputs.
    package var perturbation: String?
  }

  /// Metrics that are shown in one table.
  package struct MetricGroup: Sendable {
    package let field: Field
    package let matchers: [Matcher]
    /// What is computed over the columns: `win_rate`, `mean`.
    package let aggregations: [String]
  }

  /// Runs that are shown together.
  package struct RunGroup: Sendable {
    /// In which groups' tables the runs of a group appear.
    package enum Visibility: String, Sendable {
      case everywhere = "all_groups"
      case hereOnly = "this_group_only"
      case nowhere = "no_groups"
    }

    package let field: Field
    package let metricGroups: [String]
    package let subgroups: [String]
    package let subSplits: [String]
    /// Whether a table shows all metrics of one subgroup, rather than one metric of all subgroups.
    package let isShownByGroup: Bool
    package let hiddenMetricGroups: [String]
    /// What `${main_name}` and `${main_split}` stand for.
    package let environment: [String: String]
    package let category: String
    package let visibility: Visibility
    /// The fields of the adapter spec that tell rows apart.
    package let adapterKeys: [String]
    /// What a column of the group says about it instead of the description.
    let shortDescription: String?

    package var name: String { field.name }
  }

  /// Who made a model, when, and how large it is, where that is known.
  struct ModelFacts: Sendable {
    let organization: String?
    /// The release date, such as `2023-06-13`.
    let released: String?
    let parameterCount: Double?

    fileprivate init(_ json: JSONValue) {
      organization = json["creator_organization"]?.string
      released = json["release_date"]?.string
      parameterCount = json["num_parameters"]?.double
    }

    /// The release date in years, such as 2023.45; nil where it is not a date.
    var year: Double? {
      let parts = (released ?? "").split(separator: "-").map { Double($0) }
      guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2],
        (1900...2999).contains(year), (1...12).contains(month), (1...31).contains(day)
      else { return nil }
      return year + ((month - 1) * 30.4375 + day - 1) / 365.25
    }
  }

  /// Where the schema is from, for people: `schema_lite of HELM 0.5.16`, or a file.
  package let source: String
  package let metrics: [Field]
  package let perturbations: [Field]
  package let metricGroups: [MetricGroup]
  package let runGroups: [RunGroup]
  /// The models a `schema.json` lists, in HELM's order; name and title.
  package let models: [Field]
  /// What a `schema.json` says of models, by name.
  let modelFacts: [String: ModelFacts]
  private let metricPlaces: [String: Int]
  private let groupPlaces: [String: Int]
  private let metricGroupPlaces: [String: Int]

  /// Reads a schema.
  /// - Parameters:
  ///   - json: an object with the keys of HELM's `schema.json`; unknown ones are ignored.
  ///   - source: where it is from.
  /// - Throws: `MagnetError` when it is not a schema.
  package init(_ json: JSONValue, source: String) throws {
    guard case .object = json, case .array? = json["run_groups"] else {
      throw MagnetError(.invalidData, "not a HELM schema: it has no list run_groups", at: source)
    }
    func items(_ key: String) -> [JSONValue] {
      (json[key]?.elements ?? []).filter { $0["name"]?.string != nil }
    }
    self.source = source
    metrics = items("metrics").map(Field.init)
    perturbations = items("perturbations").map(Field.init)
    metricGroups = items("metric_groups").map(MetricGroup.init)
    runGroups = items("run_groups").map(RunGroup.init)
    models = items("models").map(Field.init)
    modelFacts = Dictionary(
      items("models").map { ($0["name"]?.string ?? "", ModelFacts($0)) }, uniquingKeysWith: { $1 })
    // A name that stands twice means its last, as in HELM.
    metricPlaces = Self.places(metrics.map(\.name))
    groupPlaces = Self.places(runGroups.map(\.name))
    metricGroupPlaces = Self.places(metricGroups.map(\.field.name))
  }

  private static func places(_ names: [String]) -> [String: Int] {
    Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 })
  }

  /// The metric called `name`; nil when the schema does not define it.
  package func metric(_ name: String) -> Field? { metricPlaces[name].map { metrics[$0] } }

  /// The run group called `name`.
  package func group(_ name: String) -> RunGroup? { groupPlaces[name].map { runGroups[$0] } }

  /// The metric group called `name`.
  package func metricGroup(_ name: String) -> MetricGroup? {
    metricGroupPlaces[name].map { metricGroups[$0] }
  }

  /// The perturbation called `name`.
  package func perturbation(_ name: String) -> Field? { perturbations.last { $0.name == name } }

  /// A group, then its subgroups, theirs, and so on, depth first and each once. Subgroups that the schema does not
  /// define are left out.
  package func expanded(_ group: RunGroup) -> [RunGroup] {
    var seen: Set<String> = []
    var found: [RunGroup] = []
    var waiting = [group]
    while let next = waiting.popLast() {
      guard seen.insert(next.name).inserted else { continue }
      found.append(next)
      waiting += next.subgroups.reversed().compactMap { self.group($0) }
    }
    return found
  }
}

extension Schema.Matcher {
  /// The matcher with the variables of a run group filled in.
  /// - Throws: `MagnetError` that names a variable the environment does not have.
  func filled(_ environment: [String: String]) throws -> Schema.Matcher {
    func filled(_ text: String) throws -> String {
      var out = ""
      var rest = text[...]
      while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
        let name = rest[start.upperBound..<end].filter { $0 != " " }
        guard let value = environment[name] else {
          throw MagnetError(.invalidData, "the schema's run group does not define ${\(name)}")
        }
        out += rest[..<start.lowerBound] + value
        rest = rest[rest.index(after: end)...]
      }
      return out + rest
    }
    // As in HELM, a sub-split does not survive.
    return Schema.Matcher(
      name: try filled(name), split: try filled(split), perturbation: try perturbation.map(filled))
  }
}

extension Schema.Field {
  fileprivate init(_ json: JSONValue) {
    name = json["name"]?.string ?? ""
    displayName = json["display_name"]?.string
    shortDisplayName = json["short_display_name"]?.string
    description = json["description"]?.string
    if case .bool(let value)? = json["lower_is_better"] { lowerIsBetter = value } else { lowerIsBetter = nil }
  }
}

extension Schema.MetricGroup {
  fileprivate init(_ json: JSONValue) {
    field = Schema.Field(json)
    matchers = (json["metrics"]?.elements ?? []).compactMap { item in
      guard let name = item["name"]?.string, let split = item["split"]?.string else { return nil }
      return Schema.Matcher(
        name: name, split: split, subSplit: item["sub_split"]?.string,
        perturbation: item["perturbation_name"]?.string)
    }
    if case .array(let list)? = json["aggregation_strategies"] {
      aggregations = list.compactMap(\.string)
    } else {
      aggregations = json["hide_win_rates"] == .bool(true) ? [] : ["win_rate"]
    }
  }
}

extension Schema.RunGroup {
  fileprivate init(_ json: JSONValue) {
    func names(_ key: String) -> [String] { (json[key]?.elements ?? []).compactMap(\.string) }
    field = Schema.Field(json)
    metricGroups = names("metric_groups")
    subgroups = names("subgroups")
    subSplits = names("sub_splits")
    isShownByGroup = json["subgroup_display_mode"]?.string == "by_group"
    hiddenMetricGroups = names("subgroup_metric_groups_hidden")
    var environment: [String: String] = [:]
    if case .object(let members)? = json["environment"] {
      for member in members { environment[member.key] = member.value.string }
    }
    self.environment = environment
    category = json["category"]?.string ?? "Scenarios"
    visibility = json["visibility"]?.string.flatMap(Visibility.init) ?? .everywhere
    shortDescription = json["short_description"]?.string
    let keys = names("adapter_keys_shown")
    adapterKeys = keys.isEmpty ? ["model_deployment", "model"] : keys
  }
}
