/// The parts of a run's name.
///
/// HELM names a run `SCENARIO:ARGUMENT=VALUE,...`, the model among the arguments.
package enum RunName {
  /// The scenario: the name up to its first colon, or the last part of the scenario's class name where there is no
  /// colon.
  package static func scenario(_ name: String, _ spec: Row) -> String? {
    if let colon = name.firstIndex(of: ":") { return String(name[..<colon]) }
    return spec[.scenario]?.split(separator: ".").last.map(String.init)
  }

  /// The task, what runs of different models have in common: the name without `model=` and `model_deployment=`. Where
  /// the name contains no model, the scenario's class and arguments.
  package static func task(_ name: String, _ spec: Row) -> String {
    if let colon = name.firstIndex(of: ":") {
      let parts = name[name.index(after: colon)...].split(separator: ",")
      let kept = parts.filter { !$0.hasPrefix("model=") && !$0.hasPrefix("model_deployment=") }
      if kept.count < parts.count {
        return name[..<colon] + (kept.isEmpty ? "" : ":" + kept.joined(separator: ","))
      }
    }
    let prefix = ColumnPrefix.scenarioArguments
    let arguments = spec.table.columnNames.filter { $0.hasPrefix(prefix) && spec[$0] != .null }.sorted()
    let texts = arguments.map { "\($0.dropFirst(prefix.count))=\(spec[$0].text)" }
    let scenario = spec[.scenario]?.split(separator: ".").last.map(String.init) ?? name
    return scenario + (texts.isEmpty ? "" : ":" + texts.joined(separator: ","))
  }
}
