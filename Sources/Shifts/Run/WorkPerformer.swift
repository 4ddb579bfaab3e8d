import Magnet

/// Does one model's work.
struct WorkPerformer {
  let run: ShiftRun
  let work: ShiftWork
  let scratch: Scratch
  let distributions: KnownDistributions
  let log: Locked<ShiftRun.Log>

  private var name: String { work.intervention.name }
  private var store: EvaluationStore { run.store }

  func perform() throws {
    if run.isStrict, let failure = work.targets.compactMap({ work.failures[$0] }).first {
      throw MagnetError(.invalidData, failure)
    }
    if work.pending.isEmpty, work.trainingReason == nil { return }
    // What is stale must not be taken for current by anyone, should its successor fail.
    for (target, _) in work.pending where store.record(name, work.modelName, target) != nil {
      Disk.remove(store.file(name, work.modelName, target))
      Disk.remove(store.recordFile(name, work.modelName, target))
    }
    do { try train() } catch {
      try fail(work.pending.map(\.target), "\(name), training on \(work.source ?? ""): \(error)", error)
      return
    }
    try evaluate()
  }

  private func fail(_ targets: [String], _ reason: String, _ error: any Error) throws {
    if (error as? MagnetError)?.code == .cancelled || run.isStrict { throw error }
    for target in targets { log.withLock { $0.fail(work, target, reason, run) } }
  }

  private func train() throws {
    guard let reason = work.trainingReason, let source = work.source,
      let fingerprint = work.trainingFingerprint
    else {
      return
    }
    run.onStep(
      ShiftStep(kind: .train, intervention: name, model: work.modelName, distribution: source, reason: reason)
    )
    let half = try distributions.distribution(source).train()
    // The trained model's folder gets its name when it is complete.
    let parent = try Scratch.newFolder(in: scratch.folder)
    defer { Disk.remove(parent) }
    let fresh = "\(parent)/\(work.modelName)"
    try Disk.makeFolder(fresh)
    try intervention.train(on: half, from: run.model, into: fresh, seed: run.seed)
    try TrainedMark.write(fingerprint, to: fresh)
    let folder = store.modelFolder(name, run.model.name, source: source)
    try Disk.makeFolder(Disk.parent(of: folder))
    if Files.exists(folder) { try Disk.move(folder, to: "\(parent)/old") }
    try Disk.move(fresh, to: folder)
  }

  /// The intervention, its programs told where to work and when to stop.
  private var intervention: any Intervention {
    guard var program = work.intervention as? ProgramIntervention else { return work.intervention }
    program.scratch = scratch.folder
    program.isStopped = run.isStopped
    program.hiddenFolders += [Files.absolute(run.distributions), store.folder]
    return program
  }

  private func evaluate() throws {
    var halves: [TestHalf] = []
    for (target, reason) in work.pending {
      do {
        halves.append(try distributions.distribution(target).test())
        run.onStep(
          ShiftStep(
            kind: .evaluate, intervention: name, model: work.modelName, distribution: target, reason: reason))
      } catch { try fail([target], "\(error)", error) }
    }
    if halves.isEmpty { return }
    let folder =
      work.trainingFingerprint == nil
      ? nil : work.source.map { store.modelFolder(name, run.model.name, source: $0) }
    let model = EvaluatedModel(base: run.model, trainedFolder: folder, name: work.modelName)
    for (half, result) in zip(halves, try results(model, halves)) {
      do { try store(try result.get(), half.id) } catch {
        try fail([half.id], "\(name), \(work.modelName) on \(half.id): \(error)", error)
      }
    }
  }

  private func results(_ model: EvaluatedModel, _ halves: [TestHalf]) throws -> [Result<
    Evaluation, any Error
  >] {
    let intervention = intervention
    do {
      if let partly = intervention as? any PartlyFailingIntervention {
        return try partly.evaluateEach(model, on: halves, seed: run.seed)
      }
      return try intervention.evaluate(model, on: halves, seed: run.seed).map { .success($0) }
    } catch {
      if halves.count == 1 || (error as? MagnetError)?.code == .cancelled {
        return halves.map { _ in .failure(error) }
      }
      // One of them may be to blame: each by itself.
      return halves.map { half in Result { try intervention.evaluate(model, on: [half], seed: run.seed)[0] } }
    }
  }

  /// Keeps an evaluation: its record first, which is void until the evaluation is there.
  private func store(_ evaluation: Evaluation, _ target: String) throws {
    guard let fingerprint = work.fingerprints[target] else { return }
    let bytes = evaluation.original ?? Array((evaluation.json.text + "\n").utf8)
    let record = EvaluationRecord(
      origin: evaluation.origin ?? work.intervention.origin, fingerprint: fingerprint,
      evaluation: Digest.of(bytes))
    try scratch.write(
      Array((record.json.text + "\n").utf8), to: store.recordFile(name, work.modelName, target))
    try scratch.write(bytes, to: store.file(name, work.modelName, target))
    let file = store.file(name, work.modelName, target)
    log.withLock { log in
      if !evaluation.warnings.isEmpty { log.warnings[file] = evaluation.warnings }
      if let note = evaluation.note { log.notes.insert(note) }
    }
  }
}
