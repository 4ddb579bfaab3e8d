import Foundation
import HelmBackend
import Magnet
import TestSupport

@testable import Judges

/// Runs in HELM's form: eight models, two in each quarter of a year, on three scenarios, of which `rare` has none from
/// the third quarter on.
struct HelmFiles {
  static let models = ["a/1", "b/1", "a/2", "c/1", "b/2", "d/1", "a/3", "d/2"]
  static let dates = Dictionary(
    uniqueKeysWithValues: models.enumerated().map { ($1, "2024-\(["02", "05", "08", "11"][$0 / 2])-15") })
  static let instanceCount = 40

  let folder: TemporaryFolder
  let runs: HelmRuns

  /// - Parameter undated: a model more, of which no date is known.
  init(undated: String? = nil) throws {
    folder = try TemporaryFolder()
    for (number, model) in (Self.models + (undated.map { [$0] } ?? [])).enumerated() {
      for (place, scenario) in ["chess", "law", "rare"].enumerated() where place < 2 || number < 4 {
        let right = (0..<Self.instanceCount).map { item in
          // Later models are better, with noise of their own.
          (item * 7919 + number * 104_729 + place * 31) % 101 < 20 + 6 * number + 5 * place
        }
        try Self.write(right, model, scenario, in: folder)
      }
    }
    runs = try HelmRuns(paths: [folder.path])
  }

  private static func write(_ right: [Bool], _ model: String, _ scenario: String, in folder: TemporaryFolder)
    throws
  {
    let name = "\(scenario):model=\(model)"
    let root = "benchmark_output/runs/v1/" + name.replacing("/", with: "_") + "/"
    func stat(_ value: Double) -> String {
      """
      {"name": {"name": "exact_match", "split": "test"}, "count": 1, "sum": \(value), "sum_squared": \(value * value),
      "min": \(value), "max": \(value), "mean": \(value), "variance": 0.0, "stddev": 0.0}
      """
    }
    try folder.write(
      """
      {"name": "\(name)", "scenario_spec": {"class_name": "x.\(scenario)", "args": {}},
      "adapter_spec": {"method": "generation", "model": "\(model)"}, "metric_specs": [], "groups": ["\(scenario)"]}
      """, to: root + "run_spec.json")
    try folder.write(
      "{\"name\": \"\(scenario)\", \"description\": \"\", \"tags\": []}", to: root + "scenario.json")
    let mean = Double(right.count { $0 }) / Double(right.count)
    try folder.write("[\(stat(mean))]", to: root + "stats.json")
    let items = right.enumerated().map { item, isRight in
      "{\"instance_id\": \"id\(item)\", \"train_trial_index\": 0, \"stats\": [\(stat(isRight ? 1 : 0))]}"
    }
    try folder.write("[\(items.joined(separator: ","))]", to: root + "per_instance_stats.json")
    let states = right.indices.map { item in
      """
      {"instance": {"input": {"text": "\(scenario) \(item)?"}, "references": [], "split": "test", "id": "id\(item)"},
      "train_trial_index": 0, "request": {"model": "\(model)", "prompt": "\(scenario) \(item)?"},
      "result": {"success": true, "cached": false, "completions": [{"text": "x", "logprob": 0, "tokens": []}]}}
      """
    }
    try folder.write(
      "{\"adapter_spec\": {\"method\": \"generation\", \"model\": \"\(model)\"}, \"request_states\": [\(states.joined(separator: ","))]}",
      to: root + "scenario_state.json")
  }

  /// The results in quarters.
  func results(observed: Int?, seed: Int = 1) async throws -> HelmResults {
    let scores = try await ScoreCollection.read(runs)
    return try HelmResults(
      scores, timeline: ModelTimeline(dates: Self.dates), observed: observed, seed: seed)
  }

  func history(observed: Int?) async throws -> HelmHistory {
    HelmHistory(try await results(observed: observed), source: runs)
  }
}
