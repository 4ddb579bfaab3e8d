public import Magnet

/// A way to make a model prefer the best answers: it trains a base model on a distribution, and evaluates the outcome on
/// others.
///
/// Training gets the training half of its distribution and nothing else: `TrainingHalf` has no member for the test half.
/// To write a reward model, conform to `RewardIntervention`, which is simpler.
public protocol Intervention: Sendable {
  /// The folder of its results; for people, too.
  var name: String { get }
  /// Changes whenever evaluations would for other reasons than data, model and seed: a version, or a digest of programs
  /// and settings. Evaluations made under another fingerprint are stale.
  var fingerprint: String { get throws }
  /// The same of training (default: `fingerprint`).
  var trainingFingerprint: String { get throws }
  /// Whether it trains at all. If not, the base model is evaluated as it is.
  var isTrained: Bool { get }
  /// Who computes the numbers of its evaluations.
  var origin: Evaluation.Origin { get }

  /// Trains the base model on a distribution.
  /// - Parameters:
  ///   - half: the examples to train on.
  ///   - model: the base model.
  ///   - folder: an empty folder for the trained model.
  ///   - seed: of everything random.
  func train(on half: TrainingHalf, from model: BaseModel, into folder: String, seed: Int) throws

  /// Evaluates a model on test halves.
  /// - Returns: one evaluation per half, in order.
  func evaluate(_ model: EvaluatedModel, on halves: [TestHalf], seed: Int) throws -> [Evaluation]
}

/// The model that is evaluated: a trained one, or the base model as it is.
public struct EvaluatedModel: Sendable, Hashable {
  /// The base model.
  public let base: BaseModel
  /// The full path of the folder that `train` filled; nil for the base model.
  public let trainedFolder: String?
  /// The name in the tree of results: `MODEL`, or `MODEL-SOURCE`.
  public let name: String

  init(base: BaseModel, trainedFolder: String?, name: String) {
    self.base = base
    self.trainedFolder = trainedFolder
    self.name = name
  }
}

/// An intervention whose evaluations may fail one by one.
protocol PartlyFailingIntervention: Intervention {
  /// Whether evaluation is shown the training halves of the distributions.
  var showsTrainingHalves: Bool { get }
  /// The user's options of training and of evaluation, beside the fingerprints; empty for none.
  var options: (training: String, evaluation: String) { get }
  /// Evaluates a model on test halves: one result per half, in order.
  func evaluateEach(_ model: EvaluatedModel, on halves: [TestHalf], seed: Int) throws -> [Result<
    Evaluation, any Error
  >]
}

/// A reward model: it says how good an answer to a prompt is.
public protocol RewardModel: Sendable {
  /// The reward of an answer; the greater, the better.
  func reward(prompt: String, response: String) -> Double
  /// What `RewardIntervention.load` makes the same model of.
  var json: JSONValue { get }
}

/// An intervention that fits a reward model to pairs. Conform with a name and two functions; magnet makes the pairs,
/// keeps the model in `reward.json`, and scores: p = 1 / (1 + exp(−(reward of the best − reward of the other))).
///
///     struct Politeness: RewardIntervention {
///       let name = "politeness"
///       func fit(_ pairs: [PreferencePair], seed: Int) -> any RewardModel { … }
///       func load(_ value: JSONValue) throws -> any RewardModel { … }
///     }
public protocol RewardIntervention: Intervention {
  /// Whether a comparison of rewards is all there is: probabilities are 1, ½ for equal rewards, and 0.
  var givesDecisions: Bool { get }
  /// Fits a model to pairs, which are in the order of the distribution's file.
  func fit(_ pairs: [PreferencePair], seed: Int) throws -> any RewardModel
  /// A model as `RewardModel.json` had it.
  func load(_ value: JSONValue) throws -> any RewardModel
}

extension Intervention {
  public var trainingFingerprint: String { get throws { try fingerprint } }
  public var isTrained: Bool { true }
  public var origin: Evaluation.Origin { .program }
}

extension RewardIntervention {
  public var fingerprint: String { name + " 1" }
  public var origin: Evaluation.Origin { .magnet }
  public var givesDecisions: Bool { false }

  public func train(on half: TrainingHalf, from model: BaseModel, into folder: String, seed: Int) throws {
    let pairs = half.pairs
    if pairs.isEmpty {
      throw MagnetError(
        .insufficientData, "has no pairs to train on", at: half.file.isEmpty ? half.id : half.file)
    }
    let model = try fit(pairs, seed: seed)
    try Disk.write(Array((model.json.text + "\n").utf8), to: folder + "/reward.json")
  }

  public func evaluate(_ model: EvaluatedModel, on halves: [TestHalf], seed: Int) throws -> [Evaluation] {
    let rewards =
      if let folder = model.trainedFolder { try load(readJSON(folder + "/reward.json")) } else {
        try fit([], seed: seed)
      }
    return try halves.map { half in
      let probabilities = half.examples.flatMap { example in
        // Rewards are of single answers, so neither order nor label can be looked at.
        let values = example.responses.map {
          ($0.isBest, rewards.reward(prompt: example.prompt, response: $0.text))
        }
        let best = values.first(where: \.0)?.1 ?? 0
        return values.filter { !$0.0 }.map { probability(best, $0.1) }
      }
      guard let evaluation = Evaluation(distribution: half.id, probabilities: probabilities) else {
        throw MagnetError(
          .insufficientData, "has no pairs to evaluate", at: half.file.isEmpty ? half.id : half.file)
      }
      return evaluation
    }
  }

  private func probability(_ best: Double, _ other: Double) -> Double {
    if givesDecisions { return best > other ? 1 : best == other ? 0.5 : 0 }
    return sigmoid(best - other)
  }
}
