/// How the inputs of a run were changed, as HELM's `PerturbationDescription` says it.
///
/// ```swift
/// let typos = Perturbation(
///   name: "misspellings", computedOn: "perturbed", robustness: true, parameters: ["prob": .double(0.1)])
/// ```
public struct Perturbation: Sendable, Hashable {
  /// What was done: `misspellings`, `dialect`, `robustness` (the worst case of several) ...
  public var name: String?
  /// Whether it counts for robustness.
  public var robustness: Bool?
  /// Whether it counts for fairness.
  public var fairness: Bool?
  /// Which inputs the statistic is over: `perturbed`, `original` or `worst`.
  public var computedOn: String?
  /// The fields of this kind of perturbation, such as `prob`, the strength of misspellings.
  public var parameters: [String: Cell]

  /// A perturbation; nil where HELM's row has nothing.
  public init(
    name: String?, computedOn: String?, robustness: Bool? = nil, fairness: Bool? = nil,
    parameters: [String: Cell] = [:]
  ) {
    self.name = name
    self.computedOn = computedOn
    self.robustness = robustness
    self.fairness = fairness
    self.parameters = parameters
  }

  /// The fields under HELM's names, absent ones left out.
  var fields: [String: Cell] {
    var fields = parameters
    fields["name"] = name.map(Cell.string)
    fields["computed_on"] = computedOn.map(Cell.string)
    fields["robustness"] = robustness.map(Cell.bool)
    fields["fairness"] = fairness.map(Cell.bool)
    return fields
  }

  /// The perturbation in a row of statistics, nil when none of its fields is there.
  /// - Parameter prefix: the columns' common beginning, up to `perturbation.`.
  init?(row: Row, prefix: String) {
    var fields: [String: Cell] = [:]
    for name in row.table.columnNames where name.hasPrefix(prefix) {
      let cell = row[name]
      if cell != .null { fields[String(name.dropFirst(prefix.count))] = cell }
    }
    if fields.isEmpty { return nil }
    self.init(
      name: fields.removeValue(forKey: "name")?.text,
      computedOn: fields.removeValue(forKey: "computed_on")?.text,
      robustness: fields.removeValue(forKey: "robustness").map { $0 == .bool(true) },
      fairness: fields.removeValue(forKey: "fairness").map { $0 == .bool(true) },
      parameters: fields)
  }
}
