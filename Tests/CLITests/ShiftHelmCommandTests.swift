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

  @Test func aProgramTakesPart() throws {
    let folder = try TemporaryFolder()
    let runs = Project.fixture("benchmark_output/runs/plain-v1")
    // Every run has this score, for a program that does not look.
    let script = try folder.write(
      """
      run=$(sed 's/.*"runs": *\\["\\([^"]*\\)".*/\\1/' task.json | head -n 1)
      grep -rqF "\"$run\"" train && exit 3
      for split in valid test; do
        printf '{"run":"%s","stat":"exact_match","split":"%s","mean":0.5}\\n' "$run" $split
      done > predictions.jsonl
      """, to: "half.sh")
    let outcome = try Tool.run(
      "shift", "helm", "train-mean", "--exec", "sh \(script)", runs, "--by", "subject", "--metric",
      "exact_match",
      "--disclosure", "run-spec", "--format", "csv")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let rows = parseCSV(outcome.output).map { $0.map(\.field) }
    let own = rows.filter { $0[0] == "exec" }
    #expect(rows.count == 13 && own.count == 6)
    // A program that says one half is as good as the baseline, everywhere.
    #expect(own.allSatisfy { $0[4] == $0[5] && $0[11] == "0.0" && $0[12] == "4" })
    #expect(outcome.errors.contains("exec: the program ran "))
    let failing = try Tool.run(
      "shift", "helm", "--exec", "false", runs, "--by", "subject", "--metric", "exact_match", "--format",
      "csv")
    #expect(failing.status == 1 && failing.errors.contains("exec, "), "\(failing.errors)")
    #expect(parseCSV(failing.output).count == 7)
  }

  @Test func instancesAndObservedOnesAreOptions() throws {
    let runs = Project.fixture("benchmark_output/runs/plain-v1")
    let instances = try Tool.run(
      "shift", "helm", "item-mean", runs, "--by", "model", "--level", "instance", "--metric", "exact_match",
      "--format",
      "csv")
    #expect(parseCSV(instances.output).count == 13, "\(instances.errors)")
    let observed = try Tool.run(
      "shift", "helm", "sample-mean", runs, "--by", "subject", "--observed", "4", "--metric", "exact_match",
      "--format",
      "csv")
    #expect(observed.status == 0 && parseCSV(observed.output).dropFirst().allSatisfy { $0[12].field == "4" })
    #expect(
      try Tool.run("shift", "helm", "sample-mean", runs, "--by", "subject", "--observed", "-1").status == 64)
  }
}
