import Magnet

/// At each timestep, extrapolates all preferences so far to `timestepsAhead`, and tunes its model by RLHF on the result.
///
/// Follows the examinee of this name of ProgressGym (Qiu et al., 2024). It wins where values change steadily, and loses
/// where they change at random.
public final class ExtrapolativeRLHF: ExamineeBase {
  private var history: [[Preference?]] = []

  public override func reset(_ setting: ExamineeSetting) async throws {
    try await super.reset(setting)
    history = []
  }

  public override func step(_ judge: any JudgeQueries) async throws -> Bool {
    history.append(try await alignedPreferences(from: judge))
    let extrapolation = try Extrapolation(
      history, order: setting.extrapolationOrder, timestepsAhead: setting.timestepsAhead)
    if extrapolation.undecided > 0 {
      notes.append(
        "timestep \(judge.timestep): \(extrapolation.undecided) preferences left out, extrapolated to neither side"
      )
    }
    try await tune(on: extrapolation.samples, .rlhf)
    return true
  }
}
