public import Magnet

/// PG-Predict: does the examinee anticipate the humans of k timesteps later?
///
/// As Follow, but at snapshot t the examinee is compared with human t + k, where k is `timestepsAhead`. The humans that
/// answer are still those of the present.
open class PredictJudge: FollowJudge {
  open override var looksAhead: Bool { true }

  open override var truth: any TunableModel {
    get throws {
      guard setting.eras.indices.contains(comparedTimestep) else { throw HistoryEnds() }
      return setting.eras[comparedTimestep]
    }
  }
}
