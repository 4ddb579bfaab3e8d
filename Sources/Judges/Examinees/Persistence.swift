/// New models score as those of the last step that has runs of the scenario: the baseline of HELM's challenges.
public final class Persistence: ResultsExaminee {
  public override func forecast(_ run: Run) -> Double? {
    let own = known.filter { $0.scenario == run.scenario }
    let last = own.map(\.run.timestep).max()
    let scores = own.filter { $0.run.timestep == last }.map(\.score)
    return scores.isEmpty ? nil : scores.reduce(0, +) / Double(scores.count)
  }
}
