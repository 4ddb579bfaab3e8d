import Foundation
import Magnet
import TestSupport
import Testing

/// `magnet select` and `magnet plan`, and what `magnet predict` and `magnet backtest` make of the first.
@Suite struct SelectCommandTests {
  private let plain = Project.fixture("benchmark_output/runs/plain-v1")

  @Test func whatIsChosenIsPredictedFrom() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/chosen.ndjson"
    let outcome = try Tool.run(
      "select", plain, "--scenario", "trivia:subject=capitals", "-k", "4", "-o", file)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.messages.contains {
        $0.contains("trivia:subject=capitals: expected width of the 95% interval 0.")
      })
    let rows = try Project.text(file).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    #expect(rows.count == 4 && rows.map { $0["order"]?.double } == [1, 2, 3, 4])
    let ids = rows.compactMap { $0["instance"]?.string }
    let predict = try Tool.run(
      "predict", "random-instance", plain, "--runs", "trivia:subject=capitals,*", "--instances", file,
      "--errors",
      "--format", "csv")
    #expect(predict.status == 0, "\(predict.errors)")
    let table = parseCSV(predict.output).map { $0.map(\.field) }
    let column = try #require(table[0].firstIndex(of: "instance_id"))
    #expect(Set(table.dropFirst().map { $0[column] }) == Set(ids))
    // Ids line by line are the same; one that is not there is said, none at all is an error.
    let lines = try folder.write(ids.joined(separator: "\n") + "\nnowhere\n", to: "ids.txt")
    let same = try Tool.run(
      "predict", "random-instance", plain, "--runs", "trivia:subject=capitals,*", "--instances", lines,
      "--errors",
      "--format", "csv")
    #expect(same.output == predict.output)
    #expect(same.messages.contains { $0.hasSuffix("it has 4 of the 5 instances asked for") })
    let other = try folder.write("nowhere\n", to: "other.txt")
    let none = try Tool.run("predict", "random", plain, "--instances", other)
    #expect(none.status == 2 && none.errors.contains("it has none of the 1 instances asked for"))
    let odd = try folder.write("{\"id\": 1}\n", to: "odd.ndjson")
    let wrong = try Tool.run("predict", "random", plain, "--instances", odd)
    #expect(
      wrong.status == 2
        && wrong.errors.contains("odd.ndjson: line 1: is not an object with a text 'instance'"))
  }

  /// A run that is named is predicted from all runs of other models.
  @Test func aRunCanBeNamed() throws {
    func predict(_ pattern: String) throws -> Tool.Outcome {
      try Tool.run(
        "predict", "auto", plain, "--target-run", pattern, "--observed", "5", "--errors", "--format",
        "csv")
    }
    let outcome = try predict("trivia:subject=capitals,model=acme_base")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let table = parseCSV(outcome.output).map { $0.map(\.field) }
    #expect(table.count == 2 && table[1].contains("trivia:subject=capitals,model=acme_base"))
    let many = try predict("*acme_base")
    #expect(many.status != 0 && many.errors.contains("3 runs match '*acme_base'"), "\(many.errors)")
    let none = try predict("trivia:subject=capitals,model=acme_bose")
    #expect(none.status != 0 && none.errors.contains("did you mean trivia:subject=capitals,model=acme_base"))
  }

  @Test(arguments: ["random", "stratified", "adaptive", "anchors"]) func eachMethodChoosesTheSameAgain(
    _ method: String
  )
    throws
  {
    func select(_ seed: String) throws -> [[String]] {
      let outcome = try Tool.run(
        "select", plain, "-k", "5", "--method", method, "--seed", seed, "--format", "csv", "--model",
        "acme/base")
      #expect(outcome.status == 0, "\(outcome.errors)")
      return parseCSV(outcome.output).map { $0.map(\.field) }
    }
    let table = try select("3")
    let whole = try Tool.run("select", plain, "--method", method, "--model", "acme/base", "--format", "csv")
    #expect(whole.status == 0 && parseCSV(whole.output).count == 1)
    #expect(whole.errors.contains("trivia:subject=capitals: nothing to choose: all 8 instances are known"))
    #expect(table[0] == ["task", "order", "instance", "mean", "difficulty", "discrimination"])
    #expect(try select("3") == table)
    let wrong = try Tool.run("select", plain, "--scenario", "trivia:subject=capitols")
    #expect(wrong.status == 2 && wrong.errors.contains("did you mean trivia:subject=capitals?"))
    #expect(try Tool.run("select", plain, "-k", "0").status == 64)
  }

  @Test func samplesOfABacktestMayBeChosen() throws {
    func rows(_ method: String) throws -> String {
      let outcome = try Tool.run(
        "backtest", "2pl", plain, "--hold-out", "model", "--observed", "3", "--repeats", "4", "--sample",
        method,
        "--format", "csv")
      #expect(outcome.status == 0, "\(outcome.errors)")
      return outcome.output
    }
    let random = try rows("random")
    #expect(try rows("adaptive") != random && rows("stratified") != random)
    #expect(try rows("adaptive") == rows("adaptive") && rows("anchors") == rows("anchors"))
  }

  /// What helm-run --cache-instances-only lists, with the examples, comes out with the chosen instances alone.
  @Test func instancesAreWrittenForHelm() throws {
    let folder = try TemporaryFolder()
    let scenario = "trivia:subject=capitals"
    let state = try Project.json("\(plain)/\(scenario),model=acme_base/scenario_state.json")
    var instances = try #require(state["request_states"]).elements.compactMap { $0["instance"] }
    // As HELM lists them: without ids, which it numbers. The run's are those of 4 examples and 8 others.
    func listed(_ instances: [JSONValue]) -> String {
      let numbers = instances.map { Int($0["id"]!.string!.dropFirst(2))! }
      let texts = (0...(numbers.max() ?? 0)).map { number -> String in
        guard let place = numbers.firstIndex(of: number), case .object(let members) = instances[place] else {
          return #"{"input":{"text":"an example"},"references":[],"split":"train"}"#
        }
        return JSONValue.object(members.filter { $0.key != "id" }).text
      }
      return "[\(texts.joined(separator: ","))]"
    }
    let place = "scenario_instances/\(scenario)/input_instances.json"
    try folder.write(listed(instances), to: "listed/\(place)")
    func select(_ more: String...) throws -> Tool.Outcome {
      try Tool.run(
        command: Tool.binary,
        [
          "select", plain, "--scenario", scenario, "-k", "3", "--helm-output", folder.path + "/next", "-o",
          folder.path + "/chosen.ndjson",
        ] + more)
    }
    let outcome = try select("--helm-instances", folder.path + "/listed")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("run them with helm-run --cache-instances --output-path"))
    let chosen = Set(
      try Project.text(folder.path + "/chosen.ndjson").split(separator: "\n")
        .compactMap { try JSONValue(parsing: String($0))["instance"]?.string })
    let written = try Project.json(folder.path + "/next/" + place).elements
    let evaluated = written.filter { $0["split"]?.string == "valid" || $0["split"]?.string == "test" }
    #expect(Set(evaluated.compactMap { $0["id"]?.string }) == chosen && chosen.count == 3)
    #expect(written.count > evaluated.count && written.allSatisfy { $0["id"]?.string != nil })
    for instance in evaluated {
      let own = try #require(instances.first { $0["id"] == instance["id"] })
      #expect(instance["input"] == own["input"] && instance["references"] == own["references"])
    }
    // Another version of the scenario; no list, where prompts have examples; a list that is not there.
    guard case .object(var members)? = instances.first,
      let at = members.firstIndex(where: { $0.key == "input" })
    else {
      return
    }
    for number in instances.indices {
      guard case .object(let all) = instances[number] else { continue }
      members = all
      members[at] = JSONValue.Member(key: "input", value: try JSONValue(parsing: #"{"text":"changed"}"#))
      instances[number] = .object(members)
    }
    try folder.write(listed(instances), to: "other/\(place)")
    let changed = try select("--helm-instances", folder.path + "/other")
    #expect(changed.status != 0 && changed.errors.contains("has another text than in"), "\(changed.errors)")
    let bare = try select()
    #expect(bare.status != 0 && bare.errors.contains("its prompts have up to 2 examples"), "\(bare.errors)")
    let absent = try select("--helm-instances", folder.path + "/none")
    #expect(absent.status != 0 && absent.errors.contains("--cache-instances-only"), "\(absent.errors)")
    #expect(try Tool.run(command: Tool.binary, ["select", plain, "--helm-instances", "x"]).status == 64)
  }

  /// The article's commands run, but for the last, which needs what helm-run lists.
  @Test func theArticlesCommandsRun() throws {
    let folder = try TemporaryFolder()
    try folder.copy(plain, to: "benchmark_output/runs/plain-v1")
    let article = Project.folder.appending(path: "Sources/Magnet/Magnet.docc/WhichPredictor.md").path
    let commands = try Project.text(article).split(separator: "\n").filter { $0.hasPrefix("magnet ") }
    #expect(commands.count == 5 && commands[4].contains("--helm-output"))
    for command in commands.dropLast() {
      let line = "'\(Tool.binary)'" + command.dropFirst("magnet".count)
      let outcome = try Tool.run(command: "/bin/sh", ["-c", line], in: folder.path)
      #expect(outcome.status == 0, "\(command): \(outcome.errors)")
    }
  }

  @Test func aPlanSaysHowManyAreEnough() throws {
    let outcome = try Tool.run(
      "plan", plain, "--error", "0.2", "--predictor", "sample-mean", "--repeats", "5", "--format", "csv")
    let table = parseCSV(outcome.output).map { $0.map(\.field) }
    #expect(
      table[0] == ["task", "instances", "needed", "saved", "mae", "width95", "tokens", "tokens_saved"])
    #expect(table.count > 1)
    for row in table.dropFirst() {
      let instances = try #require(Double(row[1]))
      let needed = try #require(Double(row[2]))
      #expect(needed <= instances && needed >= 1)
      let saved = try #require(Double(row[3]))
      #expect(abs(saved - (1 - needed / instances)) < 1e-9)
      if let tokens = Double(row[6]), let less = Double(row[7]) { #expect(abs(less - tokens * saved) < 1e-6) }
    }
    let far = try Tool.run(
      "plan", plain, "--error", "0.000001", "--predictor", "sample-mean", "--repeats", "2")
    #expect(far.errors.contains("the aim is not reached with 5 instances, the most that were tried"))
    for arguments in [
      [], ["--error", "0"], ["--error", ".1", "--width", ".1"], ["--error", ".1", "--predictor", "random"],
    ] {
      #expect(try Tool.run(command: Tool.binary, ["plan", plain] + arguments).status == 64)
    }
  }
}
