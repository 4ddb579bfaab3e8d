import Magnet
import MagnetCommand

/// Predicts whether an instance is answered right: the share of the example runs that did.
final class ItemPredictor: InstancePredictor {
  override class var summary: String { "an instance's exact match: the mean over the example runs" }

  override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [InstancePrediction] {
    let exact = train.perInstanceStats.filter { $0[.metric] == "exact_match" && $0[.perturbation] == nil }
    let scores = exact.rows.compactMap { row in row[.mean].map { (row[.instance], $0) } }
    guard !scores.isEmpty else { return [] }
    func mean(_ scores: [Double]) -> Double { scores.reduce(0, +) / Double(scores.count) }
    // What no example run was asked gets the mean over all instances.
    let known = Dictionary(grouping: scores, by: \.0).mapValues { mean($0.map(\.1)) }
    let all = mean(scores.map(\.1))
    return test.scenarioStates.rows.compactMap { request in
      guard let number = request[.instancePredictID] else { return nil }
      return InstancePrediction(
        run: request[.run], instance: number,
        stat: Stat(MetricName("exact_match", split: request[.split]), mean: known[request[.instance]] ?? all))
    }
  }
}

await PredictorCommand<ItemPredictor>.main()
