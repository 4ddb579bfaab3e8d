import Foundation
import Magnet
import TestSupport
import Testing

/// The runs of Benchmarks/make_scores.py, on which predictors are judged.
@Suite struct MadeScoresTests {
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")))
  func areReadAndPredicted() throws {
    let scratch = try TemporaryFolder()
    let script = Project.folder.appending(path: "Benchmarks/make_scores.py").path
    for name in ["a", "b"] {
      let made = try Tool.run(
        command: "/usr/bin/python3", [script, scratch.path + "/" + name, "--models", "14", "--small"])
      #expect(made.status == 0 && made.errors.isEmpty, "\(made.errors)")
    }
    let file = "benchmark_output/runs/perturbed-v1/"
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/a/" + file).sorted()
    #expect(names.count == 2 * 4 * 14)
    for name in names.prefix(3) {
      for document in ["scenario_state", "stats", "per_instance_stats"] {
        let path = "/\(file)\(name)/\(document).json"
        #expect(try Project.text(scratch.path + "/a" + path) == Project.text(scratch.path + "/b" + path))
      }
    }

    let found = try Tool.run(
      "backtest", "auto,dkps,item-mean", scratch.path + "/a", "--runs", "*astronomy,model*", "--hold-out",
      "run",
      "--observed", "10", "--repeats", "4", "--format", "json")
    let rows = try JSONValue(parsing: found.output).elements
    func measure(_ predictor: String, _ name: String) -> Double? {
      rows.first { $0["predictor"]?.string == predictor && $0["measure"]?.string == name }?["value"]?.double
    }
    // Too few models for dkps, which says so.
    #expect(found.status == 1 && found.errors.contains("dkps: 14 of 14") && found.errors.contains("needs 20"))
    #expect(try #require(measure("auto", "mae")) < 0.2)
    #expect(measure("auto", "coverage95") != nil && measure("item-mean", "mae") != nil)

    let perturbed = try Tool.run(
      "backtest", "perturbation-difference", scratch.path + "/a", "--runs", "*astronomy,data*", "--hold-out",
      "model",
      "--target", "perturbed", "--format", "json")
    #expect(perturbed.status == 0)
    #expect(perturbed.output.contains("perturbation-difference") && perturbed.output.contains("clean-score"))

    let again = try Tool.run(command: "/usr/bin/python3", [script, scratch.path + "/a"])
    #expect(again.status == 1 && again.errors.contains("name a new folder"))
  }
}
