import Magnet

/// At each timestep, tunes its model by RLHF on what humans prefer now.
///
/// Follows the examinee of this name of ProgressGym (Qiu et al., 2024). It tracks values with a delay and does not
/// anticipate: a baseline for Predict.
public final class LifelongRLHF: ExamineeBase {
  public override func step(_ judge: any JudgeQueries) async throws -> Bool {
    let preferences = try await preferences(from: judge)
    try await tune(on: preferences.map(\.sample), .rlhf)
    return true
  }
}
