import Foundation
import Magnet
import TestSupport
import Testing

/// `magnet shift helm` on runs of Fixtures.
@Suite struct ShiftHelmCommandTests {
  @Test func theCommandPrintsElevenColumnsAndAHeatMap() throws {
    let folder = try TemporaryFolder()
    let runs = Project.fixture("benchmark_output/runs/plain-v1")
    let outcome = try Tool.run(
      "shift", "helm", "train-mean", runs, "--by", "subject", "--metric", "exact_match", "--format", "csv",
      "--plot",
      folder.path + "/h.svg")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = parseCSV(outcome.output).map { $0.map(\.field) }
    #expect(lines.count == 7 && lines[0].count == 19 && lines[0][4] == "generalization_accuracy")
    #expect(try Project.text(folder.path + "/h.svg").contains("</svg>"))
    let pairs = try folder.write(
      #"[{"source": "*capitals", "target": "*biology"}, {"kind": "models", "source": "acme/*", "target": "zeta/*"}, {"kind": "difficulty", "source": "*capitals"}, {"source": "nothing", "target": "*"}]"#,
      to: "pairs.json")
    let several = try Tool.run(
      "shift", "helm", "train-mean,scenario-mean", runs, "--pairs", pairs, "--metric", "exact_match",
      "--format", "csv")
    #expect(several.status == 1 && parseCSV(several.output).count == 9, "\(several.errors)")
    // What needs runs of the same scenario says so, and the others go on.
    #expect(several.errors.contains("scenario-mean, *capitals → *biology"))
    for (text, problem) in [
      (#"[{"kind": "scenarios", "source": "a", "target": "b"}]"#, "did you mean scenario?"),
      (#"[{"kind": "perturbation", "source": "a"}]"#, "[0].target: expected an object with 'name'"),
      (#"[{"source": 3, "target": "b"}]"#, "[0].source: expected a pattern, found a number"),
      (#"{"source": "a"}"#, "expected a list of shifts"),
    ] {
      let file = try folder.write(text, to: "bad.json")
      let bad = try Tool.run("shift", "helm", "train-mean", runs, "--pairs", file, "--metric", "exact_match")
      #expect(bad.status == 2 && bad.errors.contains(problem), "\(bad.errors)")
    }
    #expect(try Tool.run("shift", "helm", "train-mean", runs).status == 64)
    #expect(try Tool.run("shift", "helm", "train-meen", runs, "--by", "subject").status == 64)
  }
}
