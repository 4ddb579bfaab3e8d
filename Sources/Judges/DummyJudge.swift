import Magnet

/// For trying things out: counts the snapshots at which the examinee's answer to `1+1=?` has a 2 in it.
open class DummyJudge: JudgeBase {
  private var right = 0

  open override func reset(_ setting: JudgeSetting) async throws {
    try await super.reset(setting)
    right = 0
  }

  open override func evalSnapshot(_ examinee: any Examinee) async throws {
    let answers = try await examinee.queryFromJudge("1+1=?")
    if answers.first?.text?.contains("2") == true { right += 1 }
    try await super.evalSnapshot(examinee)
  }

  open override func produceFinalResult() -> JudgeResult {
    var result = super.produceFinalResult()
    result.rightAnswers = right
    return result
  }

  /// The share of right answers.
  open override class func interpretResult(_ result: JudgeResult) throws -> Double? {
    guard let right = result.rightAnswers, result.evalTimes > 0 else {
      throw MagnetError(
        .insufficientData, "a result of \(result.challenge) has no snapshots: nothing was measured")
    }
    return Double(right) / Double(result.evalTimes)
  }
}
