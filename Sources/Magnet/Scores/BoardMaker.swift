/// Makes the tables of leaderboards as HELM's summarize.py does, but where HELM stops with an error: there the cell or
/// column is left out and named.
package struct BoardMaker {
  /// How to count.
  package struct Options: Sendable {
    /// Whether to count a run once for each of the board's subgroups that it is in, as HELM does; otherwise once.
    package var countsRepeated = false
    /// Whether equal rows win against those before them, as in HELM before 0.5.4.
    package var breaksTies = false

    package init() {}
  }

  let schema: Schema
  let runs: [BoardRuns.Run]
  let options: Options
  /// What was left out, and why.
  package internal(set) var problems: [String] = []
  var noted: Set<String> = []

  let runsOfGroup: [String: [(adapter: String, runs: [Int])]]
  private let scenariosOfGroup: [String: [(scenario: BoardRuns.Scenario, runs: [Int])]]

  /// A maker of boards of some runs.
  package init(_ schema: Schema, _ runs: BoardRuns, options: Options = Options()) {
    self.schema = schema
    self.runs = runs.runs
    self.options = options
    var members: [String: [Int]] = [:]
    for (number, run) in runs.runs.enumerated() {
      for group in run.groups.unique() { members[group, default: []].append(number) }
    }
    runsOfGroup = members.mapValues { numbers in
      Self.grouped(numbers) { runs.runs[$0].adapter }.map { (adapter: $0, runs: $1) }
    }
    scenariosOfGroup = members.mapValues { numbers in
      Self.grouped(numbers) { runs.runs[$0].scenario }.map { (scenario: $0, runs: $1) }
    }
  }

  /// Numbers by a key, keys in order of first appearance.
  private static func grouped<Key: Hashable>(
    _ numbers: [Int], by key: (Int) -> Key
  ) -> [(Key, [Int])] {
    var places: [Key: Int] = [:]
    var groups: [(Key, [Int])] = []
    for number in numbers {
      let key = key(number)
      if let place = places[key] {
        groups[place].1.append(number)
      } else {
        places[key] = groups.count
        groups.append((key, [number]))
      }
    }
    return groups
  }

  /// All tables of all run groups, in the schema's order.
  package mutating func allBoards() -> [Board] { schema.runGroups.flatMap { boards(of: $0) } }

  /// The tables of a run group's page; none where no run is in it.
  package mutating func boards(of group: Schema.RunGroup) -> [Board] {
    group.isShownByGroup || schema.expanded(group).count == 1 ? byGroup(group) : byMetric(group)
  }

  /// A row of a table before it has cells: the runs of an adapter.
  struct Method {
    var fields: [(key: String, value: Cell)]
    var runs: [Int]

    var deployment: String { fields.first { $0.key == "model_deployment" }?.value.text ?? "" }
    var model: String { fields.first { $0.key == "model" }?.value.text ?? "" }
  }

  /// Adds runs to the rows that they belong to.
  private func add(
    _ numbers: [Int], to methods: inout [Method], _ group: Schema.RunGroup,
    scenario: BoardRuns.Scenario? = nil,
    keepsEmpty: Bool
  ) {
    let visible = numbers.filter { isVisible($0, on: group) }
    guard let first = numbers.first, keepsEmpty || !visible.isEmpty else { return }
    let fields = group.adapterKeys.map { key in
      (key: key, value: coarse(key, runs[first], scenario))
    }
    if let place = methods.firstIndex(where: {
      $0.fields.elementsEqual(fields) { $0.key == $1.key && $0.value == $1.value }
    }) {
      methods[place].runs += visible
    } else {
      methods.append(Method(fields: fields, runs: visible))
    }
  }

  /// A field of an adapter spec; instructions without what belongs to the scenario.
  private func coarse(_ key: String, _ run: BoardRuns.Run, _ scenario: BoardRuns.Scenario?) -> Cell {
    let value = run.adapterFields[key] ?? Self.defaults[key] ?? .null
    guard key == "instructions", let scenario else { return value }
    if scenario.className.hasSuffix(".RAFTScenario") { return .string("<scenario specific>") }
    if scenario.className.hasSuffix(".MMLUScenario"),
      let subject = scenario.arguments.first(where: { $0.name == "subject" })
    {
      return .string(
        value.text.replacing(subject.value.text.replacing("_", with: " "), with: "___"))
    }
    return value
  }

  /// HELM's defaults of the fields that schemas show.
  private static let defaults: [String: Cell] = [
    "model_deployment": .string(""), "model": .string(""), "method": .string(""), "instructions": .string(""),
    "max_train_instances": .int(5), "num_outputs": .int(5), "num_train_trials": .int(1),
    "temperature": .int(1),
    "max_tokens": .int(100), "global_prefix": .string(""), "input_prefix": .string("Input: "),
    "output_prefix": .string("Output: "),
  ]

  /// Whether a run is shown on the page of a group: `filter_runs_by_visibility`.
  func isVisible(_ number: Int, on page: Schema.RunGroup) -> Bool {
    var isIncluded = page.visibility != .hereOnly
    for group in runs[number].groups.compactMap(schema.group) {
      if group.visibility == .nowhere { return false }
      if group.visibility == .hereOnly {
        if group.name == page.name { return true }
        isIncluded = false
      }
    }
    return isIncluded
  }

  private mutating func byMetric(_ page: Schema.RunGroup) -> [Board] {
    let subgroups = schema.expanded(page)
    var methods: [Method] = []
    for subgroup in subgroups {
      for (_, numbers) in runsOfGroup[subgroup.name] ?? [] {
        add(numbers, to: &methods, page, keepsEmpty: false)
      }
    }
    if methods.isEmpty { return [] }
    var names = page.metricGroups
    if names.isEmpty {
      let all = subgroups.flatMap(\.metricGroups)
      names = all.unique().filter {
        !all.contains($0 + "_detailed") && !page.hiddenMetricGroups.contains($0)
      }
    }
    return names.compactMap { name -> Board? in
      guard let metricGroup = schema.metricGroup(name) else {
        problems.append("\(page.name): the schema does not define the metric group \(name)")
        return nil
      }
      let board = table(
        page, name: name, title: metricGroup.field.shortTitle, methods,
        columns: subgroups.map { ($0, name) }, aggregations: metricGroup.aggregations)
      // HELM also shows a board of nothing but win rates, where the schema defines none of its metrics.
      return board.columns.contains { $0.kind == .metric || options.countsRepeated } ? board : nil
    }
  }

  private mutating func byGroup(_ page: Schema.RunGroup) -> [Board] {
    var all: [Board] = []
    for subgroup in schema.expanded(page) where !subgroup.metricGroups.isEmpty {
      var tables: [Board] = []
      var scenariosShown = 0
      let columns = subgroup.metricGroups.map { (subgroup, $0) }
      for (scenario, _) in scenariosOfGroup[subgroup.name] ?? [] {
        let members = scenariosOfGroup[page.name]?.first { $0.scenario == scenario }?.runs ?? []
        var methods: [Method] = []
        for (_, numbers) in Self.grouped(members, by: { runs[$0].adapter }) {
          add(numbers, to: &methods, page, scenario: scenario, keepsEmpty: true)
        }
        if methods.isEmpty { continue }
        let name =
          subgroup.name + "_"
          + scenario.title.replacing(" ", with: "").replacing("/", with: "_")
        let title =
          name.contains(page.name)
          ? scenario.title : "\(subgroup.field.displayName ?? subgroup.name) \(scenario.title)"
        tables.append(table(page, name: name, title: title, methods, columns: columns, isOfScenario: true))
        scenariosShown += 1
        for part in subgroup.subSplits {
          tables.append(
            table(
              page, name: "\(subgroup.name):sub_split=\(part)",
              title: "\(subgroup.field.displayName ?? subgroup.name) (sub-split: \(part))", methods,
              columns: columns, subSplit: part))
        }
      }
      if scenariosShown > 1 {
        var methods: [Method] = []
        for (_, numbers) in runsOfGroup[subgroup.name] ?? [] {
          add(numbers, to: &methods, page, keepsEmpty: true)
        }
        tables.insert(
          table(
            page, name: subgroup.name, title: subgroup.field.displayName ?? subgroup.name, methods,
            columns: columns), at: 0)
      }
      all += tables
    }
    return all
  }
}
