/// Predicts statistics of whole runs with a program in any language.
public final class ExternalRunPredictor: RunPredictor {
  private let program: ExternalProgram
  private let known = WrittenTrain()

  /// A predictor that asks this program.
  public init(_ program: ExternalProgram, exampleRuns: Int = 3, evalSamples: Int = 20, seed: Int = 1) {
    self.program = program
    super.init(exampleRuns: exampleRuns, evalSamples: evalSamples, seed: seed)
  }

  public override var disclosure: Disclosure { program.disclosure }

  public override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] {
    let answer = try program.predict(
      ProgramTask(train: train, test: test, seed: seed, isOfInstances: false, metrics: program.metrics),
      known: known)
    warnings.append(answer.note)
    return answer.predictions.map { RunPrediction(run: $0.run, stat: $0.stat, interval: $0.interval) }
  }
}

/// Predicts statistics of single instances with a program in any language.
public final class ExternalInstancePredictor: InstancePredictor {
  private let program: ExternalProgram
  private let known = WrittenTrain()

  /// A predictor that asks this program.
  public init(_ program: ExternalProgram, exampleRuns: Int = 3, evalSamples: Int = 20, seed: Int = 1) {
    self.program = program
    super.init(exampleRuns: exampleRuns, evalSamples: evalSamples, seed: seed)
  }

  public override var disclosure: Disclosure { program.disclosure }

  public override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [InstancePrediction] {
    let answer = try program.predict(
      ProgramTask(train: train, test: test, seed: seed, isOfInstances: true, metrics: program.metrics),
      known: known)
    warnings.append(answer.note)
    return answer.predictions.compactMap { prediction in
      prediction.instance.map {
        InstancePrediction(
          run: prediction.run, instance: $0, stat: prediction.stat, interval: prediction.interval)
      }
    }
  }
}
