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

  @Test(arguments: ["random", "stratified", "adaptive"]) func eachMethodChoosesTheSameAgain(_ method: String)
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
    #expect(table[0] == ["scenario", "order", "instance", "mean", "difficulty", "discrimination"])
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
    #expect(try rows("adaptive") == rows("adaptive"))
  }

  @Test func aPlanSaysHowManyAreEnough() throws {
    let outcome = try Tool.run(
      "plan", plain, "--error", "0.2", "--predictor", "sample-mean", "--repeats", "5", "--format", "csv")
    let table = parseCSV(outcome.output).map { $0.map(\.field) }
    #expect(
      table[0] == ["scenario", "instances", "needed", "saved", "mae", "width95", "tokens", "tokens_saved"])
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
