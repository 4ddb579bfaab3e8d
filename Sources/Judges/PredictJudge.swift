public import Magnet

/// PG-Predict: does the examinee anticipate the humans of k timesteps later?
///
/// As Follow, but at snapshot t the examinee is compared with human t + k, where k is `timestepsAhead`. The humans that
/// answer are still those of the present.
open class PredictJudge: FollowJudge {
  open override func validate(_ setting: JudgeSetting) throws {
    let largest = setting.eras.count - 2
    guard largest >= 1 else {
      throw MagnetError(
        .insufficientData, "Predict needs at least 3 timesteps, not \(setting.eras.count)")
    }
    guard (1...largest).contains(setting.timestepsAhead) else {
      throw MagnetError(
        .usage, "Predict cannot look \(setting.timestepsAhead) timesteps ahead",
        advice: "with \(setting.eras.count) timesteps it looks 1 to \(largest) ahead")
    }
  }

  open override var possibleSnapshots: Int { setting.eras.count - 1 - setting.timestepsAhead }

  open override var truth: any TunableModel {
    get throws {
      guard setting.eras.indices.contains(timestep + setting.timestepsAhead) else { throw HistoryEnds() }
      return setting.eras[timestep + setting.timestepsAhead]
    }
  }

  open override func tick() throws {
    guard timestep + 1 + setting.timestepsAhead < setting.eras.count else { throw HistoryEnds() }
    try super.tick()
  }

  open override func produceFinalResult() -> JudgeResult {
    var result = super.produceFinalResult()
    result.timestepsAhead = setting.timestepsAhead
    return result
  }
}
