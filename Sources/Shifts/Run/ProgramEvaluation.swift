import Magnet

extension ProgramIntervention {
  package func evaluate(_ model: EvaluatedModel, on halves: [TestHalf], seed: Int) throws -> [Evaluation] {
    try evaluateEach(model, on: halves, seed: seed).map { try $0.get() }
  }

  func evaluateEach(
    _ model: EvaluatedModel, on halves: [TestHalf], seed: Int
  ) throws -> [Result<Evaluation, any Error>] {
    do { return try evaluateTogether(model, on: halves, seed: seed) } catch let error as MagnetError
      where error.code == .programFailed && halves.count > 1
    {
      // One of them may be to blame: each by itself.
      return halves.map { half in
        do { return try evaluateTogether(model, on: [half], seed: seed)[0] } catch { return .failure(error) }
      }
    }
  }

  private func evaluateTogether(
    _ model: EvaluatedModel, on halves: [TestHalf], seed: Int
  ) throws -> [Result<Evaluation, any Error>] {
    let task = try ProgramFolder(scratch: scratch)
    defer { task.remove() }
    for half in halves {
      let source = Disk.parent(of: half.file)
      if isBlind {
        try task.addBlindDistribution(half, seed: seed)
      } else {
        try task.addDistribution(half.id, from: source, train: source + "/train.json", test: half.file)
      }
    }
    var launch = launch(evalCommand, seed: seed)
    let place =
      if let folder = model.trainedFolder { try task.place(ofFolder: folder, in: &launch) } else {
        try task.place(of: model.base, in: &launch, hasNetwork: hasNetwork)
      }
    func file(_ half: TestHalf) -> String { "\(half.id).json" }
    let run = try launch.run(
      in: task.path, watching: ("\(task.path)/\(file(halves[0]))", Self.outputLimit, "evaluation")
    ) { home in
      let folders = halves.map { "\(home)/distributions/\($0.id)" }
      return [
        "--model_dir", place(home), "--distribution_dirs", Self.list(folders), "--output_paths",
        Self.list(halves.map { "\(home)/\(file($0))" }),
      ] + Self.words(evalKeywords)
    }
    do { try run.check() } catch let error as MagnetError { throw run.failure(error) }
    return halves.map { half in
      do {
        let bytes = try ProgramLaunch.output(
          "\(task.path)/\(file(half))", named: file(half), atMost: Self.outputLimit, of: "evaluation")
        var evaluation = try isBlind ? scored(bytes, half, seed: seed) : reported(bytes, half)
        evaluation.note = run.note
        return .success(evaluation)
      } catch let fault as DataFault {
        return .failure(run.failure(MagnetError(.programFailed, "\(fault)")))
      } catch let error as MagnetError { return .failure(run.failure(error)) } catch {
        return .failure(error)
      }
    }
  }

  /// An evaluation as the program reported it, with warnings where its numbers do not agree.
  private func reported(_ bytes: [UInt8], _ half: TestHalf) throws -> Evaluation {
    var evaluation = try Evaluation(
      bytes, distribution: half.id, file: "\(half.id).json", readsProbabilities: true)
    evaluation.origin = .program
    evaluation.original = bytes
    guard let p = evaluation.probabilities, let range = PairScores.accuracyRange(p) else { return evaluation }
    if p.count != half.pairCount {
      evaluation.warnings.append(
        "\(half.id): eval_probabilities has \(p.count) numbers for \(half.pairCount) pairs")
    }
    if evaluation.accuracy < range.lowerBound - 1e-3 || evaluation.accuracy > range.upperBound + 1e-3 {
      let said =
        range.lowerBound == range.upperBound
        ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      evaluation.warnings.append(
        "\(half.id): eval_accuracy is \(evaluation.accuracy), but eval_probabilities say \(said)")
    }
    return evaluation
  }

  /// An evaluation that magnet computes from the rewards a program gave without seeing labels.
  private func scored(_ bytes: [UInt8], _ half: TestHalf, seed: Int) throws -> Evaluation {
    let file = "\(half.id).json"
    let value = try parseJSON(bytes, file)
    guard case .array(let lists)? = value["eval_rewards"] else {
      throw DataFault(file, "", "has no list 'eval_rewards'")
    }
    guard lists.count == half.examples.count else {
      throw DataFault(file, "eval_rewards", "has \(lists.count) lists for \(half.examples.count) examples")
    }
    var probabilities: [Double] = []
    for (number, (example, list)) in zip(half.examples, lists).enumerated() {
      let order = BlindOrder.order(of: example, in: half.id, seed: seed)
      guard case .array(let elements) = list, elements.count == order.count else {
        throw DataFault(
          file, "eval_rewards[\(number)]", "expected a list of \(order.count) rewards, found \(list.text)")
      }
      var rewards = Array(repeating: 0.0, count: order.count)
      for (place, element) in zip(order, elements) {
        guard let reward = element.double, reward.isFinite else {
          throw DataFault(file, "eval_rewards[\(number)]", "expected numbers, found \(element.text)")
        }
        rewards[place] = reward
      }
      guard let best = example.responses.firstIndex(where: \.isBest) else { continue }
      for place in rewards.indices where place != best {
        probabilities.append(sigmoid(rewards[best] - rewards[place]))
      }
    }
    guard let evaluation = Evaluation(distribution: half.id, probabilities: probabilities) else {
      throw MagnetError(.insufficientData, "has no pairs to evaluate", at: half.file)
    }
    return evaluation
  }
}
