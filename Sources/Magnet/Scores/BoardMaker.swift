/// Makes the tables of leaderboards as HELM's summarize.py does, but where HELM stops with an error: there the cell or
/// column is left out and named.
public struct BoardMaker {
  /// How to count.
  public struct Options: Sendable {
    /// Whether to count a run once for each of the board's subgroups that it is in, as HELM does; otherwise once.
    public var countsRepeated = false
    /// Whether equal rows win against those before them, as in HELM before 0.5.4.
    public var breaksTies = false

    public init() {}
  }

  let schema: Schema
  let runs: [BoardRuns.Run]
  let options: Options
  /// What was left out, and why.
  public private(set) var problems: [String] = []

  private let runsOfGroup: [String: [(adapter: String, runs: [Int])]]
  private let scenariosOfGroup: [String: [(scenario: BoardRuns.Scenario, runs: [Int])]]

  /// A maker of boards of some runs.
  public init(_ schema: Schema, _ runs: BoardRuns, options: Options = Options()) {
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

  /// The tables of a run group's page; none where no run is in it.
  public mutating func boards(of group: Schema.RunGroup) -> [Board] {
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
    if scenario.className.hasSuffix(".MMLUScenario"), let subject = scenario.arguments["subject"]?.text {
      return .string(value.text.replacing(subject.replacing("_", with: " "), with: "___"))
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
  private func isVisible(_ number: Int, on page: Schema.RunGroup) -> Bool {
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
      return board.columns.contains { $0.kind == .metric } ? board : nil
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

  private mutating func table(
    _ page: Schema.RunGroup, name: String, title: String, _ unordered: [Method],
    columns pairs: [(group: Schema.RunGroup, metricGroup: String)], isOfScenario: Bool = false,
    subSplit: String? = nil, aggregations: [String] = []
  ) -> Board {
    let isOfSeveral = Set(pairs.map(\.group.name)).count > 1
    let columns = pairs.flatMap { metricColumns($0.group, $0.metricGroup, isOfSeveral, subSplit) }
    let methods = unordered.enumerated().sorted { a, b in
      let one = (place(a.element.deployment), a.element.deployment)
      let other = (place(b.element.deployment), b.element.deployment)
      if one.0 != other.0 { return one.0 < other.0 }
      if one.1 != other.1 { return one.1.unicodeScalars.lexicographicallyPrecedes(other.1.unicodeScalars) }
      return a.offset < b.offset
    }.map(\.element)
    let infos = Self.distinguishing(methods.map(\.fields))
    var rows: [Board.Row] = []
    for (method, info) in zip(methods, infos) {
      let known = model(method)
      let extra = info.filter { $0.key != "model" && $0.key != "model_deployment" }
      let details = extra.map { "\($0.key): \(BoardRuns.python($0.value))" }.joined(separator: ", ")
      let cells = columns.map { cell(method.runs, $0, table: name, model: known.name) }
      rows.append(
        Board.Row(
          title: known.title + (details.isEmpty ? "" : " [\(details)]"), model: known.name,
          deployment: method.deployment,
          runs: isOfScenario ? method.runs.map { runs[$0].name } : nil, cells: cells))
    }
    var board = Board(
      group: page.name, name: name, title: title, columns: columns, rows: rows,
      scenarioRuns: isOfScenario ? unordered.flatMap { $0.runs.map { runs[$0].name } } : [])
    count(&board)
    aggregate(&board, aggregations)
    markBest(&board)
    return board
  }

  /// The columns that a metric group has of a run group.
  private mutating func metricColumns(
    _ group: Schema.RunGroup, _ name: String, _ isOfSeveral: Bool, _ subSplit: String?
  ) -> [Board.Column] {
    guard group.metricGroups.contains(name.replacing("_detailed", with: "")),
      let metricGroup = schema.metricGroup(name)
    else { return [] }
    var columns: [Board.Column] = []
    for unfilled in metricGroup.matchers {
      var matcher: Schema.Matcher
      do { matcher = try unfilled.filled(group.environment) } catch {
        note("\(group.name): column \(unfilled.name) left out: \(error)")
        continue
      }
      if let subSplit { matcher.subSplit = subSplit }
      guard let field = schema.metric(matcher.name) else {
        note("\(group.name): column \(matcher.name) left out: the schema does not define this metric")
        continue
      }
      var title = field.shortTitle
      var metadata = [
        (key: "metric", value: field.shortTitle), (key: "run_group", value: group.field.shortTitle),
      ]
      var description = group.field.description.map { $0 + "\n\n" } ?? ""
      description += "\(field.displayName ?? field.name): \(field.description ?? "")"
      if let name = matcher.perturbation {
        guard let perturbation = schema.perturbation(name) else {
          note(
            "\(group.name): column \(matcher.name) left out: the schema does not define the perturbation \(name)"
          )
          continue
        }
        title += " (\(perturbation.shortTitle))"
        description +=
          "\n- Perturbation \(perturbation.displayName ?? name): \(perturbation.description ?? "???")"
        metadata.append((key: "perturbation", value: perturbation.shortTitle))
      }
      columns.append(
        Board.Column(
          kind: .metric, group: group.name, matcher: matcher,
          title: isOfSeveral ? "\(group.field.shortTitle) - \(title)" : title, description: description,
          lowerIsBetter: field.lowerIsBetter, metadata: metadata))
    }
    return columns
  }

  private mutating func note(_ problem: String) {
    if !problems.contains(problem) { problems.append(problem) }
  }

  /// The cell of some runs in a column: the statistic of each, merged.
  private mutating func cell(
    _ all: [Int], _ column: Board.Column, table: String, model: String
  ) -> Board.Cell {
    var cell = Board.Cell()
    guard let matcher = column.matcher else { return cell }
    var members = all.filter { runs[$0].groups.contains(column.group) }
    // Of bAbI, boards show the runs of all tasks together.
    if column.group.contains("babi"), !table.contains("task:") {
      members = members.filter { runs[$0].name.contains("task=all") }
    }
    if !options.countsRepeated { members = members.unique() }
    cell.runCount = Set(members.map { runs[$0].task }).count
    if members.isEmpty {
      cell.note = "No matching runs"
      return cell
    }
    var merged: MergedStat?
    for number in members {
      switch runs[number].stats.match(matcher) {
      case .none: continue
      case .several(let names):
        note(
          "\(runs[number].name): left out of the column \(column.title): \(names.count) statistics match "
            + "\(matcher.name)")
      case .one(_, let stat, _):
        if merged == nil { merged = stat } else { merged? += stat }
        if !cell.paths.contains(runs[number].path) {
          cell.runs.append(runs[number].name)
          cell.paths.append(runs[number].path)
        }
      }
    }
    cell.runs = cell.runs.unique()
    guard let merged else {
      cell.note = "\(members.count) matching runs, but no matching metrics"
      return cell
    }
    cell.stat = merged
    if Self.logProbabilityModels.contains(model), Self.logProbabilityMetrics.contains(matcher.name) {
      cell.note = "hidden: log probabilities of this model are unreliable"
    } else {
      cell.value = merged.mean
      if cell.value == nil { cell.note = "the statistic is over no values" }
    }
    return cell
  }

  /// Counts, for each column, the different scenarios that any row has a value from.
  private func count(_ board: inout Board) {
    let tasks = Dictionary(runs.map { ($0.path, $0.task) }, uniquingKeysWith: { first, _ in first })
    for column in board.columns.indices {
      let all = Set(board.rows.flatMap { $0.cells[column].paths.compactMap { tasks[$0] } }).count
      for row in board.rows.indices { board.rows[row].cells[column].expectedCount = all }
    }
  }

  private mutating func aggregate(_ board: inout Board, _ names: [String]) {
    var made: [(column: Board.Column, values: [Double?])] = []
    let columns = board.columns.indices.map { column in
      (values: board.rows.map { $0.cells[column].value }, lowerIsBetter: board.columns[column].lowerIsBetter)
    }
    for name in names {
      switch name {
      case "win_rate":
        let rates = BoardAggregate.winRates(
          columns, rowCount: board.rows.count, breaksTies: options.breaksTies)
        made.append(
          (
            Board.Column(
              kind: .winRate, group: "", matcher: nil, title: "Mean win rate",
              description: "How many models this model outperforms on average (over columns).",
              lowerIsBetter: false, metadata: []), rates
          ))
      case "mean":
        guard Set(columns.map(\.lowerIsBetter)).count == 1 else {
          note("\(board.group) \(board.name): no mean score: its columns have different directions")
          continue
        }
        made.append(
          (
            Board.Column(
              kind: .mean, group: "", matcher: nil, title: "Mean score",
              description: "The mean of the scores from all columns.", lowerIsBetter: nil, metadata: []),
            BoardAggregate.means(columns.map(\.values), rowCount: board.rows.count)
          ))
      default: note("\(board.group) \(board.name): unknown aggregation strategy \(name)")
      }
    }
    board.columns.insert(contentsOf: made.map(\.column), at: 0)
    for row in board.rows.indices {
      board.rows[row].cells.insert(
        contentsOf: made.map { Board.Cell(value: $0.values[row]) }, at: 0)
    }
  }

  private func markBest(_ board: inout Board) {
    for (number, column) in board.columns.enumerated() {
      guard let isReversed = column.lowerIsBetter else { continue }
      let values = board.rows.compactMap { $0.cells[number].value }
      guard let best = isReversed ? values.min() : values.max() else { continue }
      for row in board.rows.indices where board.rows[row].cells[number].value == best {
        board.rows[row].cells[number].isBest = true
      }
    }
  }

  /// The place of a deployment among HELM's models, by the models' names; -1 for what is not a model's name.
  private func place(_ deployment: String) -> Int {
    if let place = schema.models.firstIndex(where: { $0.name == deployment }) { return place }
    return schema.models.isEmpty ? BuiltInSchemas.models[deployment]?.place ?? -1 : -1
  }

  /// A row's model and its title.
  private func model(_ method: Method) -> (name: String, title: String) {
    let deployments = BuiltInSchemas.modelOfDeployment
    for name in [method.model, deployments[method.deployment], deployments[method.model]].compactMap(\.self) {
      if let known = schema.models.last(where: { $0.name == name }) {
        return (name, known.displayName ?? name)
      }
      if let known = BuiltInSchemas.models[name] { return (name, known.title) }
    }
    return (method.model, method.model)
  }

  /// The fewest fields that tell rows apart: `unique_simplification` of HELM.
  static func distinguishing(_ items: [[(key: String, value: Cell)]]) -> [[(key: String, value: Cell)]] {
    guard items.count > 1 else { return items.map { _ in [] } }
    func value(_ item: [(key: String, value: Cell)], _ key: String) -> Cell {
      item.first { $0.key == key }?.value ?? .null
    }
    let varying = items.map { item in
      item.filter { field in items.contains { value($0, field.key) != field.value } }
    }
    return varying.map { item in
      let first = ["model_deployment", "model"].filter { key in item.contains { $0.key == key } }
      let keys = first + item.map(\.key).filter { !first.contains($0) }
      for count in 1...max(1, keys.count) {
        let few = keys.prefix(count)
        let same = varying.count { other in few.allSatisfy { value(other, $0) == value(item, $0) } }
        if same == 1 { return few.map { ($0, value(item, $0)) } }
      }
      return item
    }
  }

  private static let logProbabilityModels: Set = [
    "anthropic/stanford-online-all-v4-s3", "meta/llama-7b", "meta/llama-13b", "meta/llama-30b",
    "meta/llama-65b",
    "meta/llama-2-7b", "meta/llama-2-13b", "meta/llama-2-70b",
  ]
  private static let logProbabilityMetrics: Set = [
    "NDCG@10", "RR@10", "NDCG@20", "RR@20", "ece_1_bin", "ece_10_bin", "platt_ece_1_bin", "platt_ece_10_bin",
    "platt_coef", "platt_intercept", "selective_cov_acc_area", "selective_acc@10",
  ]
}
