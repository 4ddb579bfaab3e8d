import Magnet

/// What the widths of intervals are to be multiplied by, so that they hold what they say: the model's variance is right
/// only where instances follow one ability.
///
/// For an estimate ŷ of variance v of a training run whose score is y, z = |ŷ - y| / √(v y(1 - y) / (ŷ(1 - ŷ))): Wilson's
/// interval holds y where its quantile t is at least z. The factor of a coverage c is the ⌈c (m + 1)⌉-th smallest of m
/// such z, divided by t: conformal prediction (Vovk, Gammerman and Shafer 2005) with runs whose scores are known.
struct IntervalFactors: Sendable, Hashable {
  /// What runs the trials are of.
  enum Source {
    /// Runs learned from, which the model fits better than others, and samples of so many instances: on score matrices of
    /// HELM Lite and five other benchmarks the factors of runs left out were larger by 7% for 10 instances, 5% for 25, 3% for
    /// 50 and 2% for 100, which is 1 + 0.2/√n; so much more of it as the item response model has a share in the estimates,
    /// the rest of which is made as if the run were not learned from.
    case trainingRuns(Int, share: Double)
    /// The same, with what other scenarios say of each run as if it were not learned from.
    case trainingRunsElsewhere(Int, share: Double)
    /// The same, on the instances of a chosen sample, of which the training runs say less: all are seen on the instances
    /// chosen for another. 0.5/√n more is added; then 95% intervals cover .92 to .95 of HELM Lite's held-out models.
    case chosenSample(Int)
    /// Runs stronger than those learned from.
    case strongerRuns
  }

  /// In the order of `Estimate.coverages`.
  let values: [Double]
  private let most: Double

  /// As the model says.
  static let none = IntervalFactors(values: Estimate.coverages.map { _ in 1 }, most: mostOfRandom)

  /// A model is not trusted to err less than so much of what it says.
  private static let least = 0.75
  private static let leastOfChosen = 0.95
  /// Beyond, the training runs say that the model does not hold, and errors on other runs may be of any size.
  private static let mostOfRandom = 1.75
  /// For chosen samples, which say little but what the model makes of them, and are judged by the same instances of the training
  /// runs.
  private static let mostOfChosen = 3.0

  private init(values: [Double], most: Double) {
    self.values = values
    self.most = most
  }

  /// - Parameters:
  ///   - trials: estimate, variance and score.
  ///   - instances: how many the scores are over.
  ///   - degrees: those of t.
  init(
    _ trials: [(estimate: Double, variance: Double, actual: Double)], instances: Int, degrees: Int,
    _ source: Source
  ) {
    most =
      switch source {
      case .chosenSample: Self.mostOfChosen
      case .trainingRunsElsewhere: .infinity
      case .trainingRuns, .strongerRuns: Self.mostOfRandom
      }
    let margin = 0.5 / Double(max(1, instances))
    let sizes = trials.map { trial -> Double in
      let estimate = min(1 - margin, max(margin, trial.estimate))
      let actual = min(1 - margin, max(margin, trial.actual))
      let ratio = actual * (1 - actual) / (estimate * (1 - estimate))
      return abs(trial.estimate - trial.actual) / max(1e-12, trial.variance * ratio).squareRoot()
    }.sorted()
    values = Estimate.coverages.map { coverage in
      let rank = Int((coverage * Double(sizes.count + 1)).rounded(.up))
      let size = sizes[min(rank, sizes.count) - 1]
      let factor = size / StudentT.quantile(0.5 + coverage / 2, degrees: Double(degrees))
      return switch source {
      case .trainingRuns(let count, let share), .trainingRunsElsewhere(let count, let share):
        max(Self.least, Self.growth(count, 0.2 * share) * factor)
      case .chosenSample(let count): max(Self.leastOfChosen, Self.growth(count, 0.5) * factor)
      case .strongerRuns: factor
      }
    }
  }

  /// How much larger the factors of runs left out are than those of runs learned from, for so many instances.
  /// - Parameter ofOne: how much of them is to be added for a single instance.
  private static func growth(_ count: Int, _ ofOne: Double) -> Double {
    1 + ofOne / Double(max(1, count)).squareRoot()
  }

  /// The larger of both factors, for a run that may be stronger than the training runs.
  /// - Parameter share: how likely it is; the factors are so far on the way to the larger ones.
  func widened(by others: IntervalFactors, share: Double = 1) -> IntervalFactors {
    IntervalFactors(
      values: zip(values, others.values).map { $0 + share * max(0, $1 - $0) }, most: most)
  }

  /// That of the widest interval.
  var last: Double { values.last ?? 1 }

  /// Why there is no interval; nil where there is one.
  var reason: String? {
    last <= most
      ? nil
      : "no interval: on the training runs the model errs \((last * 10).rounded() / 10) times as much as it says, as "
        + "instances do not follow one ability"
  }
}
