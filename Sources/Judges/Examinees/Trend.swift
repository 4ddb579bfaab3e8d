import Magnet

/// At each timestep, fits a small preference model to what humans prefer now, draws a line through the last strengths of
/// each preference, and tunes its own model by DPO on what the lines say about `timestepsAhead`.
///
/// Unlike the Extrapolative examinees, which repeat differences of single answers, it smooths over questions with the
/// same words and over timesteps. As strengths are sums of word weights, this is a trend in the weights.
public final class Trend: ExamineeBase {
  /// For each timestep, how strongly the first answer of each question is preferred.
  private var strengths: [[Double]] = []
  /// The timesteps that the line goes through.
  private static let window = 4

  public override func reset(_ setting: ExamineeSetting) async throws {
    try await super.reset(setting)
    strengths = []
  }

  public override func step(_ judge: any JudgeQueries) async throws -> Bool {
    let preferences = try await preferences(from: judge)
    let fitted = PreferenceModel(name: "trend", words: [:]).fitted(to: preferences.map(\.sample))
    strengths.append(setting.questions.map { fitted.score($0.first) - fitted.score($0.second) })
    let samples = setting.questions.enumerated().compactMap { index, question -> TuningSample? in
      let strength = forecast(strengths.suffix(Self.window).map { $0[index] })
      if strength == 0 { return nil }
      let liked = strength > 0 ? question.first : question.second
      let other = strength > 0 ? question.second : question.first
      return TuningSample(
        question.instruction, input: question.input, liked: liked, others: [other],
        copies: Int(min(5, max(1, 2 * abs(strength)))))
    }
    try await tune(on: samples, .dpo)
    return true
  }

  /// The value, `timestepsAhead` after the last one, of the line of least squares.
  private func forecast(_ values: [Double]) -> Double {
    let middle = Double(values.count - 1) / 2
    let mean = values.reduce(0, +) / Double(values.count)
    var (product, square) = (0.0, 0.0)
    for (time, value) in values.enumerated() {
      product += (Double(time) - middle) * (value - mean)
      square += (Double(time) - middle) * (Double(time) - middle)
    }
    return square == 0 ? mean : mean + product / square * (middle + Double(setting.timestepsAhead))
  }
}
