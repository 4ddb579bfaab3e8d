/// New models score as all before, on average: the second baseline of HELM's challenges.
public final class MeanOfAll: ResultsExaminee {
  public override func forecast(_ run: Run) -> Double? {
    let scores = known.filter { $0.scenario == run.scenario }.map(\.score)
    return scores.isEmpty ? nil : scores.reduce(0, +) / Double(scores.count)
  }
}
