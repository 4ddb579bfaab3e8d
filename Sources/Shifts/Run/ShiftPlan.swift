import Magnet

/// One model of an intervention: how it is trained, and what it is evaluated on.
struct ShiftWork: Sendable {
  let intervention: any Intervention
  /// The distribution it is trained on; nil for the base model.
  let source: String?
  /// The name in the tree of results.
  let modelName: String
  /// The distributions it is evaluated on, each once, in order.
  var targets: [String]
  /// Why it is trained; nil where that is done, or nothing is to be trained.
  var trainingReason: String?
  /// What training depends on; nil where nothing is trained.
  var trainingFingerprint: Fingerprint?
  /// The evaluations to be made, and why.
  var pending: [(target: String, reason: String)] = []
  /// What each target's evaluation depends on.
  var fingerprints: [String: Fingerprint] = [:]
  /// Why targets cannot be evaluated.
  var failures: [String: String] = [:]
  /// Evaluations without a record, which are taken as they are.
  var foreign: [String] = []
}

/// A step of a run: a training or an evaluation, and why it is needed.
public struct ShiftStep: Sendable, Hashable {
  /// The kinds of steps.
  public enum Kind: String, Sendable {
    /// A model is trained.
    case train, evaluate
  }

  /// What is done.
  public let kind: Kind
  /// The name of the intervention.
  public let intervention: String
  /// The name in the tree of results.
  public let model: String
  /// The distribution to train or evaluate on.
  public let distribution: String
  /// Why it is done: what is missing or stale.
  public let reason: String
}

/// Everything that a run needs, compared with what is there.
struct ShiftPlan {
  let works: [ShiftWork]

  var steps: [ShiftStep] {
    works.flatMap { work in
      let training = work.trainingReason.map { reason in
        [
          ShiftStep(
            kind: .train, intervention: work.intervention.name, model: work.modelName,
            distribution: work.source ?? "", reason: reason)
        ]
      }
      return (training ?? [])
        + work.pending.map {
          ShiftStep(
            kind: .evaluate, intervention: work.intervention.name, model: work.modelName,
            distribution: $0.target,
            reason: $0.reason)
        }
    }
  }

  init(_ run: ShiftRun, _ distributions: KnownDistributions) throws {
    works = try Self.needs(run).map { try Self.compared($0, run, distributions) }
  }

  /// The models and their targets: the baseline first, then capabilities, then interventions. A model that two of them
  /// need is there once.
  private static func needs(_ run: ShiftRun) -> [ShiftWork] {
    var works: [ShiftWork] = []
    var numbers: [String: Int] = [:]
    func add(_ intervention: any Intervention, source: String?, targets: [String]) {
      let modelName = source.map { "\(run.model.name)-\($0)" } ?? run.model.name
      let key = "\(intervention.name)/\(modelName)"
      if let number = numbers[key] {
        works[number].targets = (works[number].targets + targets).unique()
      } else {
        numbers[key] = works.count
        works.append(
          ShiftWork(
            intervention: intervention, source: source, modelName: modelName, targets: targets.unique()))
      }
    }
    let shifts = run.shifts.rows
    add(run.baseline, source: nil, targets: shifts.map(\.target))
    let capabilities = run.capabilities.isEmpty ? run.interventions : run.capabilities
    for intervention in capabilities {
      for reference in shifts.map(\.targetReference).unique() {
        add(intervention, source: reference, targets: [reference])
      }
    }
    for intervention in run.interventions {
      for source in shifts.map(\.source).unique() {
        let targets = run.isMatrix ? shifts : shifts.filter { $0.source == source }
        add(intervention, source: source, targets: targets.map(\.target) + [source])
      }
    }
    return works
  }

  /// A model's work, without what is there already.
  private static func compared(
    _ work: ShiftWork, _ run: ShiftRun, _ distributions: KnownDistributions
  ) throws -> ShiftWork {
    var work = work
    let name = work.intervention.name
    let program = work.intervention as? any PartlyFailingIntervention
    let model: String
    if work.intervention.isTrained, let source = work.source {
      do {
        let fingerprint = Fingerprint([
          ("the training half of \(source)", try distributions.trainDigest(source)),
          ("the training program", try work.intervention.trainingFingerprint),
          ("the base model", run.model.digest), ("the seed", "\(run.seed)"),
          ("--train-kwargs", program?.options.training ?? ""),
        ])
        work.trainingFingerprint = fingerprint
        model = fingerprint.digest
      } catch {
        for target in work.targets { work.failures[target] = "\(error)" }
        return work
      }
    } else {
      model = run.model.digest
    }
    let isRetrained = run.retrains && work.trainingFingerprint != nil
    for target in work.targets {
      do {
        var parts = [
          ("the test half of \(target)", try distributions.testDigest(target)),
          ("the evaluation program", try work.intervention.fingerprint),
          (work.trainingFingerprint == nil ? "the base model" : "the trained model", model),
          ("the seed", "\(run.seed)"), ("--eval-kwargs", program?.options.evaluation ?? ""),
        ]
        if program?.showsTrainingHalves == true {
          parts.append(("the training half of \(target)", try distributions.trainDigest(target)))
        }
        let fingerprint = Fingerprint(parts.map { (name: $0.0, value: $0.1) })
        work.fingerprints[target] = fingerprint
        switch try run.store.state(name, work.modelName, target, fingerprint) {
        case .missing: work.pending.append((target, "missing"))
        case .stale(let reason): work.pending.append((target, reason))
        case .foreign where run.isFresh: work.pending.append((target, "not made by magnet"))
        case _ where isRetrained: work.pending.append((target, "its model is trained again"))
        case .foreign: work.foreign.append(target)
        case .current: break
        }
      } catch { work.failures[target] = "\(error)" }
    }
    try compareTraining(&work, run, isRetrained: isRetrained)
    return work
  }

  private static func compareTraining(_ work: inout ShiftWork, _ run: ShiftRun, isRetrained: Bool) throws {
    guard let fingerprint = work.trainingFingerprint, let source = work.source else { return }
    if isRetrained {
      work.trainingReason = "--retrain"
      return
    }
    if work.pending.isEmpty { return }
    let folder = run.store.modelFolder(work.intervention.name, run.model.name, source: source)
    guard let mark = TrainedMark.read(folder) else {
      work.trainingReason = Files.exists(folder) ? "was not finished" : "missing"
      try staleAll(&work, run)
      return
    }
    if let difference = fingerprint.difference(from: mark) {
      work.trainingReason = difference
      try staleAll(&work, run)
    }
  }

  /// Another training may give another model: what the one before was evaluated on counts no more.
  private static func staleAll(_ work: inout ShiftWork, _ run: ShiftRun) throws {
    let pending = Set(work.pending.map(\.target))
    let others = work.targets.filter {
      !pending.contains($0) && !work.foreign.contains($0) && work.failures[$0] == nil
    }
    work.pending += others.map { ($0, "its model is trained again") }
    let order = Dictionary(uniqueKeysWithValues: zip(work.targets, 0...))
    work.pending.sort { (order[$0.target] ?? 0) < (order[$1.target] ?? 0) }
  }
}

/// The mark that magnet writes into a trained model's folder last, `magnet-trained.json`.
enum TrainedMark {
  static func read(_ folder: String) -> Fingerprint? {
    let file = folder + "/magnet-trained.json"
    guard Files.exists(file), let value = try? readJSON(file, atMost: 1 << 20),
      value["magnet_trained"] == .int(1)
    else {
      return nil
    }
    return Fingerprint(value["made_from"])
  }

  static func write(_ fingerprint: Fingerprint, to folder: String) throws {
    let mark = JSONValue.object([
      JSONValue.Member(key: "magnet_trained", value: .int(1)),
      JSONValue.Member(key: "made_from", value: fingerprint.json),
    ])
    // A link of that name would lead elsewhere.
    Disk.remove(folder + "/magnet-trained.json")
    try Disk.write(Array((mark.text + "\n").utf8), to: folder + "/magnet-trained.json")
  }
}

/// The distributions of a run and the digests of their halves, each found once.
final class KnownDistributions: Sendable {
  private let folder: String
  private let known = Locked<[String: Result<String, DataFault>]>([:])

  init(_ folder: String) { self.folder = folder }

  func distribution(_ id: String) throws -> Distribution { try Distribution(folder: folder + "/" + id) }

  func trainDigest(_ id: String) throws -> String { try digest(id, \.trainFile) }

  func testDigest(_ id: String) throws -> String { try digest(id, \.testFile) }

  private func digest(_ id: String, _ file: (Distribution) -> String) throws -> String {
    let distribution = try distribution(id)
    let path = file(distribution)
    if let found = known.withLock({ $0[path] }) { return try found.get() }
    let result: Result<String, DataFault>
    do { result = .success(try Digest.of(file: path)) } catch let fault as DataFault {
      result = .failure(fault)
    }
    known.withLock { $0[path] = result }
    return try result.get()
  }
}

extension EvaluationStore {
  /// How an evaluation compares with what it would be made from now.
  enum State {
    case missing
    /// Made from the same.
    case current
    /// Made from something else, which is said.
    case stale(String)
    /// No record: magnet did not make it.
    case foreign
  }

  func state(_ intervention: String, _ model: String, _ distribution: String, _ fingerprint: Fingerprint)
    throws
    -> State
  {
    let file = file(intervention, model, distribution)
    guard Files.exists(file) else { return .missing }
    guard Files.exists(recordFile(intervention, model, distribution)) else { return .foreign }
    guard let record = record(intervention, model, distribution) else {
      return .stale("its record cannot be read")
    }
    if let difference = fingerprint.difference(from: record.fingerprint) { return .stale(difference) }
    return try Digest.of(file: file) == record.evaluation ? .current : .stale("the evaluation's file changed")
  }
}
