import HelmBackend
import Magnet
import Predictors
import TestSupport
import Testing

/// Splits and predictions equal to those of aiq-magnet 0.1.0 (Fixtures/expected/perturbation.json).
@Suite struct PerturbationParityTests {
  @Test(arguments: try! ExpectedCase.all("perturbation.json"))
  func splitAndPredictionEqualPython(_ expected: ExpectedCase) async throws {
    let predictor = PerturbationPredictor(
      exampleRuns: Int(expected["example_runs"]!.double!),
      evalSamples: Int(expected["eval_samples"]!.double!),
      seed: Int(expected["seed"]!.double!))
    let split = try await predictor.split(HelmRuns(Project.sweep))
    #expect(split.trainRuns == expected["train_runs"]!.elements.map { $0.string! })
    #expect(split.testRun == expected["eval_run"]!.string!)
    #expect(
      Set(split.test.scenarioStates[.instance].map { $0! })
        == Set(expected["eval_instance_ids"]!.elements.map { $0.string! }))
    let rows = expected["rows"]!
    #expect(split.train.runSpecs.rowCount == Int(rows["train"]!["run_specs"]!.double!))
    #expect(split.train.scenarioStates.rowCount == Int(rows["train"]!["scenario_state"]!.double!))
    #expect(split.train.stats.rowCount == Int(rows["train"]!["stats"]!.double!))
    #expect(split.train.perInstanceStats.rowCount == Int(rows["train"]!["per_instance_stats"]!.double!))
    #expect(split.test.scenarioStates.rowCount == Int(rows["eval"]!["scenario_state"]!.double!))
    #expect(split.test.stats.rowCount == Int(rows["eval"]!["stats"]!.double!))
    #expect(split.test.perInstanceStats.rowCount == Int(rows["eval"]!["per_instance_stats"]!.double!))

    if expected["error"] != nil {
      await #expect(throws: MagnetError.self) { try await predictor.evaluate(split) }
      return
    }
    let comparison = try await predictor.evaluate(split)
    let predicted = comparison.pairs.map(\.predicted) + comparison.unmatched.map(\.stat)
    #expect(predicted.count == expected["predicted"]!.elements.count && !predicted.isEmpty)
    for (stat, wanted) in zip(predicted, expected["predicted"]!.elements) {
      #expect(abs(stat.mean! - wanted["stats.mean"]!.double!) < 1e-9)
      #expect(stat.name.name == wanted["stats.name.name"]!.string!)
      #expect(stat.count == Int(wanted["stats.count"]!.double!))
      #expect(
        stat.name.perturbation?.parameters["prob"]?.number == wanted["stats.name.perturbation.prob"]!.double!)
    }
    let pairs = expected["comparison"]!.elements
    #expect(comparison.pairs.count == pairs.count)
    for (pair, wanted) in zip(comparison.pairs, pairs) {
      #expect(pair.run == wanted["run_spec"]!.string!)
      #expect(abs(pair.predicted.mean! - wanted["predicted_mean"]!.double!) < 1e-9)
      #expect(pair.actual.mean == wanted["actual_mean"]!.double!)
    }
  }
}

/// The numbers of requests equal those of aiq-magnet (Fixtures/expected/instance_predict_id.json).
@Suite struct InstanceNumberParityTests {
  @Test(arguments: try! ExpectedCase.all("instance_predict_id.json"))
  func numbersEqualPython(_ expected: ExpectedCase) async throws {
    let predictor = RandomInstancePredictor(
      exampleRuns: Int(expected["example_runs"]!.double!),
      evalSamples: Int(expected["eval_samples"]!.double!),
      seed: Int(expected["seed"]!.double!))
    let suite = Project.fixture("benchmark_output/runs/" + expected["suite"]!.string!)
    let split = try await predictor.split(HelmRuns(suite))
    #expect(split.testRun == expected["eval_run"]!.string!)
    #expect(split.train.perInstanceStats.rowCount == Int(expected["rows"]!["train"]!.double!))
    #expect(
      split.test.perInstanceStats.columnNames.first == "magnet.instance_predict_id"
        && split.test.scenarioStates.columnNames.first == "magnet.instance_predict_id")

    let requests = split.test.scenarioStates.rows.map {
      [text($0[.instancePredictID]), $0[.instance], $0[.split], $0[.perturbation]]
    }
    #expect(requests == expected["requests"]!.elements.map { $0.elements.map(text) })
    let stats = split.test.perInstanceStats.rows.map {
      [
        text($0[.instancePredictID]), $0[.instance], $0[.metric], $0[.perturbation],
        $0[.mean].map { "\($0)" },
      ]
    }
    #expect(
      stats
        == expected["stats"]!.elements.map { row in
          row.elements.dropLast().map(text) + [row.elements.last!.double.map { "\($0)" }]
        })
  }

  private func text(_ number: Int?) -> String? { number.map(String.init) }

  private func text(_ value: JSONValue) -> String? {
    if case .null = value { nil } else { value.string ?? value.double.map { String(Int($0)) } }
  }
}
