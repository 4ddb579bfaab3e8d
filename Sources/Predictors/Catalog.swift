public import Magnet

/// A predictor that ships with magnet, by the name it is called on the command line.
public struct CatalogEntry: Sendable {
  public let name: String
  /// What it predicts, in one line.
  public let summary: String
  /// Whether it is one that others are to beat: what is known without a method.
  public let isNull: Bool
  /// Makes a new predictor.
  public let make: @Sendable (_ exampleRuns: Int, _ evalSamples: Int, _ seed: Int) -> Predictor

  init(
    name: String, summary: String, isNull: Bool = false,
    make: @escaping @Sendable (Int, Int, Int) -> Predictor
  ) {
    self.name = name
    self.summary = summary
    self.isNull = isNull
    self.make = make
  }
}

/// The predictors that ship with magnet.
public let predictorCatalog: [CatalogEntry] = [
  CatalogEntry(name: "random", summary: "a run's exact match: a random number from 0 to 1") {
    RandomPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(name: "random-instance", summary: "an instance's exact match: 0 or 1 at random") {
    RandomInstancePredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "perturbation", summary: "a run's exact match under misspellings: a line through the example runs"
  ) {
    PerturbationPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(name: "train-mean", summary: "a run's score: the mean of all known scores", isNull: true) {
    TrainMeanPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "scenario-mean", summary: "a run's score: the mean over models on the same scenario", isNull: true
  ) {
    ScenarioMeanPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "family-mean", summary: "a run's score: the mean over models of the same family on the scenario",
    isNull: true
  ) {
    FamilyMeanPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "item-mean", summary: "a run's score: the mean of its instances' mean scores over models",
    isNull: true
  ) {
    ItemMeanPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(name: "sample-mean", summary: "a run's score: the mean of the instances seen", isNull: true) {
    SampleMeanPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "clean-score", summary: "a score under a perturbation: the model's score without it", isNull: true
  ) {
    CleanScorePredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "control-variate",
    summary: "a run's score: its sample's mean, corrected for the difficulty of the sample"
  ) {
    ControlVariatePredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "aipw", summary: "a run's score: its sample's mean, corrected by a regression on the other runs"
  ) {
    AIPWPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "rasch", summary: "a run's score: from its model's ability, instances differing in difficulty"
  ) {
    RaschPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "2pl",
    summary: "a run's score: from its model's ability, instances differing in difficulty and discrimination"
  ) {
    TwoParameterPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(name: "auto", summary: "a run's score: the mean of control-variate and 2pl, the one to use") {
    AutoPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "ridge-on-others",
    summary: "a run's score: from its model's scores on other scenarios, by regression"
  ) {
    RidgeOnOthersPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "rank-1-logit",
    summary: "a run's score: from the table of models and scenarios, by its levels and a factor"
  ) {
    RankOneLogitPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "perturbation-difference",
    summary: "a score under a perturbation: the model's score without it, less what others lose"
  ) {
    PerturbationDifferencePredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "nearest-models", summary: "a run's score: that of the models most like it on the sample"
  ) {
    NearestModelsPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(name: "ridge", summary: "a run's score: from its sample, by regression over the other runs") {
    SampleRidgePredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
  CatalogEntry(
    name: "dkps", summary: "a run's score: from what its model answers, by its place among the others"
  ) {
    DKPSPredictor(exampleRuns: $0, evalSamples: $1, seed: $2)
  },
]
