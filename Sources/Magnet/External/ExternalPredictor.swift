/// Predicts statistics of whole runs with a program in any language.
package final class ExternalRunPredictor: RunPredictor {
  private let program: ExternalProgram?
  private let known = WrittenTrain()

  /// A predictor that asks this program.
  package init(_ program: ExternalProgram, exampleRuns: Int = 3, evalSamples: Int = 20, seed: Int = 1) {
    self.program = program
    super.init(exampleRuns: exampleRuns, evalSamples: evalSamples, seed: seed)
  }

  /// A predictor without a program, which cannot predict.
  package required init(exampleRuns: Int = 3, evalSamples: Int = 20, seed: Int = 1) {
    program = nil
    super.init(exampleRuns: exampleRuns, evalSamples: evalSamples, seed: seed)
  }

  package override class var name: String { "exec" }

  package override var disclosure: Disclosure { program?.disclosure ?? .runSpec }

  package override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] {
    let program = try program.required
    try MetricSelector.check(program.metrics.map { try MetricSelector($0) }, among: test.statsAsked)
    let answer = try program.predict(
      ProgramTask(train: train, test: test, seed: seed, isOfInstances: false, metrics: program.metrics),
      known: known)
    let selectors = program.metrics.compactMap { try? MetricSelector($0) }
    if answer.predictions.isEmpty, let run = test.runSpecs[.run].first(where: { _ in true }),
      let asked = test.statsAsked.first(where: { name in
        selectors.isEmpty || selectors.contains { $0.matches(name) }
      })
    {
      let nothing = Stat(asked, mean: nil, count: nil, variance: nil, stddev: nil)
      return [RunPrediction(run: run, stat: nothing, notes: [answer.note, "the program predicted nothing"])]
    }
    return answer.predictions.map {
      RunPrediction(run: $0.run, stat: $0.stat, interval: $0.interval, notes: [answer.note])
    }
  }
}

/// Predicts statistics of single instances with a program in any language.
package final class ExternalInstancePredictor: InstancePredictor {
  private let program: ExternalProgram?
  private let known = WrittenTrain()

  /// A predictor that asks this program.
  package init(_ program: ExternalProgram, exampleRuns: Int = 3, evalSamples: Int = 20, seed: Int = 1) {
    self.program = program
    super.init(exampleRuns: exampleRuns, evalSamples: evalSamples, seed: seed)
  }

  /// A predictor without a program, which cannot predict.
  package required init(exampleRuns: Int = 3, evalSamples: Int = 20, seed: Int = 1) {
    program = nil
    super.init(exampleRuns: exampleRuns, evalSamples: evalSamples, seed: seed)
  }

  package override class var name: String { "exec" }

  package override var disclosure: Disclosure { program?.disclosure ?? .runSpec }

  package override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [InstancePrediction]
  {
    let program = try program.required
    try MetricSelector.check(program.metrics.map { try MetricSelector($0) }, among: test.instanceStatsAsked)
    let answer = try program.predict(
      ProgramTask(train: train, test: test, seed: seed, isOfInstances: true, metrics: program.metrics),
      known: known)
    return answer.predictions.compactMap { prediction in
      prediction.instance.map {
        InstancePrediction(
          run: prediction.run, instance: $0, stat: prediction.stat, interval: prediction.interval,
          notes: [answer.note])
      }
    }
  }
}

extension ExternalProgram? {
  /// - Throws: `MagnetError` where there is none.
  fileprivate var required: ExternalProgram {
    get throws {
      guard let self else {
        throw MagnetError(.unsupported, "no program is given; make the predictor from an ExternalProgram")
      }
      return self
    }
  }
}
