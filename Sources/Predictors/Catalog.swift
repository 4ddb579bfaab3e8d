public import Magnet

/// The predictors that ship with magnet. Their names, summaries and initializers are the types'.
public let predictorCatalog: [Predictor.Type] = [
  RandomPredictor.self,
  RandomInstancePredictor.self,
  PerturbationPredictor.self,
  TrainMeanPredictor.self,
  ScenarioMeanPredictor.self,
  FamilyMeanPredictor.self,
  ItemMeanPredictor.self,
  SampleMeanPredictor.self,
  CleanScorePredictor.self,
  ControlVariatePredictor.self,
  AIPWPredictor.self,
  RaschPredictor.self,
  TwoParameterPredictor.self,
  AutoPredictor.self,
  RidgeOnOthersPredictor.self,
  RankOneLogitPredictor.self,
  PerturbationDifferencePredictor.self,
  NearestModelsPredictor.self,
  SampleRidgePredictor.self,
  DKPSPredictor.self,
]
