import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Files of chosen instances for `helm-run`, against a plain selection; and how they are named.
@Suite struct ChosenInstancesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private struct Instance {
    var number: Int
    var split: String
    /// The id in the list of all instances, where that has ids.
    var id: String?

    /// - Parameter text: what is added to the text.
    func json(_ more: String = "", text: String = "") -> String {
      "{\"input\": {\"text\": \"Question \(number)\(text)\"}, \"split\": \"\(split)\"\(more)}"
    }
  }

  /// Writes a run that asked some instances, each under an id.
  private func writeRun(
    _ asked: [(id: String, instance: Instance)], arguments: String = "{}", adapter: String = "{}",
    scenario: String = "{\"name\": \"trivia\"}"
  ) throws -> String {
    try folder.write(
      "{\"scenario_spec\": {\"args\": \(arguments)}, \"adapter_spec\": \(adapter)}", to: "run/run_spec.json")
    try folder.write(scenario, to: "run/scenario.json")
    let states = asked.map { id, instance in
      "{\"instance\": \(instance.json(", \"id\": \"\(id)\""))}"
    }
    // A perturbed instance has the id of its original, and another text.
    let perturbed = asked.prefix(1).map { id, instance in
      "{\"instance\": \(instance.json(", \"id\": \"\(id)\", \"perturbation\": {\"name\": \"p\"}", text: "?!"))}"
    }
    try folder.write(
      "{\"request_states\": [\((states + perturbed).joined(separator: ",\n"))]}",
      to: "run/scenario_state.json")
    return folder.path + "/run"
  }

  private static func instances(_ random: inout PythonRandom, hasIDs: Bool) -> [Instance] {
    (0..<4 + random.below(12)).map { number in
      Instance(
        number: number, split: random.choice(["train", "valid", "test"]),
        id: hasIDs ? "x\(number * 7 % 31)" : nil)
    }
  }

  private static func summary(_ chosen: ChosenInstances) throws -> [String] {
    try JSONValue(parsing: String(decoding: chosen.bytes, as: UTF8.self)).elements.map {
      "\($0["id"]?.string ?? "none") \($0["input"]?["text"]?.string ?? "")"
    }
  }

  @Test(arguments: 1...12) func listsHoldTheChosenAndTheExamples(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let hasIDs = random.below(2) == 0
    let all = Self.instances(&random, hasIDs: hasIDs)
    func id(_ instance: Instance) -> String { instance.id ?? "id\(instance.number)" }
    let splits = random.choice([nil, ["test"], ["train", "valid"]])
    let evaluated = all.filter { (splits ?? ["valid", "test"]).contains($0.split) }
    let adapter = splits.map {
      "{\"max_train_instances\": 3, \"eval_splits\": [\($0.map { "\"\($0)\"" }.joined(separator: ","))]}"
    }
    let run = try writeRun(evaluated.map { (id($0), $0) }, adapter: adapter ?? "{\"max_train_instances\": 3}")
    let texts = all.map { $0.json($0.id.map { ", \"id\": \"\($0)\"" } ?? "") }
    try folder.write(
      "[\(texts.joined(separator: ",\n"))]", to: "listed/scenario_instances/trivia/input_instances.json")
    let listed = folder.path + "/listed"
    let count = random.below(evaluated.count + 1)
    let wanted = random.sample(count, below: evaluated.count).map { id(evaluated[$0]) }
    let chosen = try ChosenInstances(wanted, ofRun: run, listed: listed)
    // In the order of the list, whatever the order of the choice.
    let kept = all.filter { instance in
      wanted.contains(id(instance)) || !evaluated.contains { $0.number == instance.number }
    }
    #expect(try Self.summary(chosen) == kept.map { "\(id($0)) Question \($0.number)" })
    #expect(chosen.count == count && chosen.exampleCount == all.count - evaluated.count)
    #expect(chosen.name == "scenario_instances/trivia/input_instances.json")
    #expect(try ChosenInstances(wanted.reversed(), ofRun: run, listed: listed).bytes == chosen.bytes)
    // What is not there is counted and named.
    let error = #expect(throws: MagnetError.self) {
      try ChosenInstances(["y1"] + wanted + ["y2"], ofRun: run, listed: listed)
    }
    #expect(error?.problem == "2 of the instances chosen are not there, such as y1")
    // The run's prompts have examples, which it does not hold.
    let without = #expect(throws: MagnetError.self) { try ChosenInstances(wanted, ofRun: run, listed: nil) }
    #expect(without?.problem.hasPrefix("its prompts have up to 3 examples") == true)
    // An instance of another text is another instance, if it is chosen.
    guard let first = evaluated.first else { return }
    let other = all.map { instance in
      instance.json(
        instance.id.map { ", \"id\": \"\($0)\"" } ?? "",
        text: instance.number == first.number ? " or not" : "")
    }
    try folder.write(
      "[\(other.joined(separator: ","))]", to: "other/scenario_instances/trivia/input_instances.json")
    if wanted.contains(id(first)) {
      let error = #expect(throws: MagnetError.self) {
        try ChosenInstances(wanted, ofRun: run, listed: folder.path + "/other")
      }
      #expect(error?.problem == "instance \(id(first)) has another text than in \(run)")
    } else {
      #expect(try ChosenInstances(wanted, ofRun: run, listed: folder.path + "/other").bytes == chosen.bytes)
    }
  }

  @Test(arguments: 1...6) func withoutAListTheRunsInstancesAreTaken(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let asked = Self.instances(&random, hasIDs: true)
    let run = try writeRun(asked.map { ($0.id ?? "", $0) }, adapter: "{\"max_train_instances\": 0}")
    let wanted = random.sample(1 + random.below(asked.count), below: asked.count).map { asked[$0] }
    let chosen = try ChosenInstances(wanted.compactMap(\.id), ofRun: run, listed: nil)
    #expect(try Self.summary(chosen) == wanted.map { "\($0.id ?? "") Question \($0.number)" })
    #expect(chosen.count == wanted.count && chosen.exampleCount == 0 && chosen.bytes.last == 0x0A)
    let error = #expect(throws: MagnetError.self) {
      try ChosenInstances(["y1", wanted[0].id ?? ""], ofRun: run, listed: nil)
    }
    #expect(error?.problem == "1 of the instances chosen are not there, such as y1")
  }

  /// Folders are named as Python writes the scenario's arguments, in the order of their names.
  @Test(arguments: [
    ("{}", "trivia"), (#"{"b": 1, "a": "x"}"#, "trivia:a=x,b=1"),
    (#"{"n": null, "t": true, "f": false}"#, "trivia:f=False,n=None,t=True"),
    (#"{"l": [1, "it's", null, [true]]}"#, #"trivia:l=[1, 'it\'s', None, [True]]"#),
    (#"{"o": {"k": "v", "n": [0.5]}}"#, "trivia:o={'k': 'v', 'n': [0.5]}"),
    (#"{"B": 1, "a": 2, "É": 3}"#, "trivia:B=1,a=2,É=3"), (#"{"path": "a/b"}"#, "trivia:path=a/b"),
    (#"{"x": ""}"#, "trivia:x="),
  ])
  func namesAreThoseOfHELM(_ arguments: String, _ name: String) throws {
    let run = try writeRun([], arguments: arguments)
    let chosen = try ChosenInstances([], ofRun: run, listed: nil)
    #expect(chosen.name == "scenario_instances/\(name)/input_instances.json")
    #expect(chosen.count == 0 && chosen.bytes == Array("[]\n".utf8))
  }

  @Test func whatCannotBeUsedIsSaid() throws {
    func problem(_ run: String, listed: String? = nil) -> String {
      do {
        _ = try ChosenInstances([], ofRun: run, listed: listed)
        return "nothing"
      } catch { return "\(error)" }
    }
    for arguments in [#"{"x": "/../y"}"#, #"{"x": "a//b"}"#, #"{"x": "a/./b"}"#] {
      let run = try writeRun([], arguments: arguments)
      #expect(problem(run).contains("are not the name of a folder"), "\(arguments)")
    }
    #expect(problem(try writeRun([], scenario: "{}")).contains("/scenario.json: has no name"))
    let run = try writeRun([])
    #expect(problem(run) == "nothing")
    let list = try folder.write("{}", to: "listed/scenario_instances/trivia/input_instances.json")
    #expect(problem(run, listed: folder.path + "/listed").contains("\(list): expected a list of instances"))
    try folder.write("[{}, 7]", to: "listed/scenario_instances/trivia/input_instances.json")
    #expect(problem(run, listed: folder.path + "/listed").contains("expected an instance at place 1"))
    #expect(problem(run, listed: folder.path + "/none").contains("--cache-instances-only"))
    try folder.write("{\"request_states\": {}}", to: "run/scenario_state.json")
    #expect(problem(run).contains("/scenario_state.json: has no request_states"))
    try folder.write("{", to: "run/run_spec.json")
    #expect(problem(run).hasPrefix("\(run)/run_spec.json: "))
  }
}
