import Judges

final class Optimist: ResultsExaminee {
  override func forecast(_ run: Run) -> Double? {
    known.filter { $0.scenario == run.scenario }.map(\.score).max()
  }
}
