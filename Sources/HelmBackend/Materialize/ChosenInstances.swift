import Magnet

/// Instances that were chosen, as a file that `helm-run --cache-instances` takes instead of asking the scenario: HELM's
/// `scenario_instances/<scenario>:<arguments>/input_instances.json`, with the ids that the instances have in runs.
///
/// The file needs the instances that prompts take their examples from, which runs do not hold. HELM lists all of a
/// scenario's instances with
///
///     helm-run --cache-instances --cache-instances-only --output-path LISTED …
///
/// Without such a list, the instances are taken from the run; prompts must then have no examples.
package struct ChosenInstances: Sendable {
  /// The file's name below the output folder of `helm-run`.
  package let name: String
  /// The file's bytes.
  package let bytes: [UInt8]
  /// How many instances are to be run, and how many are there for prompts to take examples from.
  package let count: Int
  package let exampleCount: Int

  private static let sizeLimit = 2 << 30
  private static let evaluatedSplits = ["valid", "test"]

  /// - Parameters:
  ///   - ids: the instances chosen.
  ///   - run: the folder of a run of the scenario.
  ///   - listed: the output folder in which HELM listed the scenario's instances; nil to take those of the run.
  /// - Throws: `MagnetError` where a file cannot be read, an instance is missing or has another text than in the run,
  ///   or the run's prompts have examples and `listed` is nil.
  package init(_ ids: [String], ofRun run: String, listed: String?) throws {
    let spec = try Self.json(run + "/run_spec.json")
    let name = try Self.name(try Self.json(run + "/scenario.json"), spec, run)
    self.name = name
    let known = try Self.instances(ofRun: run)
    let wanted = Set(ids)
    guard let listed else {
      if let most = spec["adapter_spec"]?["max_train_instances"]?.double, most > 0 {
        throw MagnetError(
          .insufficientData, "its prompts have up to \(Int(most)) examples, whose instances runs do not hold",
          at: run,
          advice:
            "have HELM list all: helm-run --cache-instances --cache-instances-only --output-path LISTED, then give LISTED with --helm-instances"
        )
      }
      let chosen = ids.compactMap { known[$0] }
      guard chosen.count == ids.count else { throw Self.missing(ids.filter { known[$0] == nil }, from: run) }
      (count, exampleCount) = (chosen.count, 0)
      bytes = Array((JSONValue.array(chosen).text + "\n").utf8)
      return
    }
    let path = "\(listed)/\(name)"
    guard
      case .array(let all) = try Self.json(
        path,
        advice:
          "have HELM list the scenario's instances there: helm-run --cache-instances --cache-instances-only --output-path \(listed)"
      )
    else { throw MagnetError(.invalidData, "expected a list of instances", at: path) }
    // HELM numbers all instances unless each has an id.
    let isNumbered = all.contains { $0["id"]?.string == nil }
    var splits = Self.evaluatedSplits
    if case .array(let named)? = spec["adapter_spec"]?["eval_splits"] { splits = named.compactMap(\.string) }
    var kept: [JSONValue] = []
    var found = Set<String>()
    for (number, instance) in all.enumerated() {
      guard case .object(var members) = instance else {
        throw MagnetError(.invalidData, "expected an instance at place \(number)", at: path)
      }
      let id = isNumbered ? "id\(number)" : instance["id"]?.string ?? ""
      if let split = instance["split"]?.string, splits.contains(split) {
        guard wanted.contains(id) else { continue }
        if let text = known[id]?["input"]?["text"], text != instance["input"]?["text"] {
          throw MagnetError(
            .invalidData, "instance \(id) has another text than in \(run)", at: path,
            advice: "list the instances with the version of HELM that made the runs")
        }
        found.insert(id)
      }
      members.removeAll { $0.key == "id" }
      members.append(JSONValue.Member(key: "id", value: .string(id)))
      kept.append(.object(members))
    }
    guard found.count == wanted.count else {
      throw Self.missing(ids.filter { !found.contains($0) }, from: path)
    }
    (count, exampleCount) = (found.count, kept.count - found.count)
    bytes = Array((JSONValue.array(kept).text + "\n").utf8)
  }

  private static func missing(_ ids: [String], from path: String) -> MagnetError {
    MagnetError(
      .notFound, "\(ids.count) of the instances chosen are not there, such as \(ids.first ?? "")", at: path,
      advice: "list the instances with the version of HELM that made the runs")
  }

  /// As HELM names the file: the scenario's name, and its arguments in the order of their names.
  private static func name(_ scenario: JSONValue, _ spec: JSONValue, _ run: String) throws -> String {
    guard let title = scenario["name"]?.string else {
      throw MagnetError(.invalidData, "has no name", at: run + "/scenario.json")
    }
    var folder = title
    if case .object(let arguments)? = spec["scenario_spec"]?["args"], !arguments.isEmpty {
      let parts = arguments.sorted { codePointOrder($0.key, $1.key) }.map {
        "\($0.key)=\(pythonText($0.value))"
      }
      folder += ":" + parts.joined(separator: ",")
    }
    // HELM makes folders of names with a slash; none may lead elsewhere.
    guard Files.parts(of: folder).allSatisfy(Files.isName) else {
      throw MagnetError(
        .invalidData, "the scenario's name and arguments are not the name of a folder", at: run)
    }
    return "scenario_instances/\(folder)/input_instances.json"
  }

  /// As Python's `str` writes a value.
  private static func pythonText(_ value: JSONValue, isInside: Bool = false) -> String {
    switch value {
    case .null: "None"
    case .bool(let isTrue): isTrue ? "True" : "False"
    case .string(let text):
      isInside ? "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'" : text
    case .array(let values): "[" + values.map { pythonText($0, isInside: true) }.joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.map { "'\($0.key)': \(pythonText($0.value, isInside: true))" }.joined(separator: ", ")
        + "}"
    case .int, .double: value.text
    }
  }

  /// The run's instances as they were asked, without perturbation, by their ids.
  private static func instances(ofRun run: String) throws -> [String: JSONValue] {
    guard case .array(let states)? = try json(run + "/scenario_state.json")["request_states"] else {
      throw MagnetError(.invalidData, "has no request_states", at: run + "/scenario_state.json")
    }
    var instances: [String: JSONValue] = [:]
    for state in states {
      guard let instance = state["instance"], let id = instance["id"]?.string,
        instance["perturbation"] ?? .null == .null
      else { continue }
      instances[id] = instance
    }
    return instances
  }

  private static func json(_ path: String, advice: String? = nil) throws -> JSONValue {
    let bytes: [UInt8]
    do { bytes = try Files.read(path, atMost: sizeLimit) } catch {
      throw MagnetError(
        .notFound, "\(error)", at: path,
        advice: advice ?? "HELM's instances are read from a folder of a run on the disk")
    }
    do { return try JSONValue(parsing: String(decoding: bytes, as: UTF8.self)) } catch {
      throw MagnetError(.invalidData, "\(error)", at: path)
    }
  }
}
