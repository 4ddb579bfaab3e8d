import Magnet

/// A folder of evaluations in the tree of GENIES: `evaluations/INTERVENTION/MODELNAME/ID.json`, where MODELNAME is the
/// base model's name or, of a model trained on a distribution, `MODEL-SOURCE`.
///
/// magnet keeps a record beside each evaluation that it makes, `ID.magnet.json`, with digests of all that it depends on.
public struct EvaluationStore: Sendable {
  /// The folder that holds `evaluations`.
  public let folder: String

  /// The store at a folder: a folder that holds `evaluations`, or one whose folder `results` does.
  public init(_ folder: String) {
    let full = Files.absolute(folder)
    let inner = full + "/results"
    self.folder =
      !Files.isFolder(full + "/evaluations") && Files.isFolder(inner + "/evaluations") ? inner : full
  }

  /// The file of an evaluation.
  public func file(_ intervention: String, _ model: String, _ distribution: String) -> String {
    "\(folder)/evaluations/\(intervention)/\(model)/\(distribution).json"
  }

  func recordFile(_ intervention: String, _ model: String, _ distribution: String) -> String {
    "\(folder)/evaluations/\(intervention)/\(model)/\(distribution).magnet.json"
  }

  /// The folder of a trained model.
  func modelFolder(_ intervention: String, _ model: String, source: String) -> String {
    "\(folder)/models/\(intervention)/\(model)-\(source)"
  }

  /// The record beside an evaluation; nil where there is none, as in trees that magnet did not write.
  func record(_ intervention: String, _ model: String, _ distribution: String) -> EvaluationRecord? {
    let file = recordFile(intervention, model, distribution)
    guard Files.exists(file), let value = try? readJSON(file, atMost: 1 << 20) else { return nil }
    return EvaluationRecord(value)
  }

  /// An evaluation; nil where there is none.
  /// - Parameters:
  ///   - intervention: the name of the intervention.
  ///   - model: the base model's name, or `MODEL-SOURCE`.
  ///   - distribution: the name of the distribution that the model was evaluated on.
  ///   - readsProbabilities: whether the probabilities are read, not only counted.
  /// - Throws: `DataFault` where its file cannot be read.
  public func evaluation(
    _ intervention: String, _ model: String, _ distribution: String, readsProbabilities: Bool = false
  ) throws -> Evaluation? {
    let file = file(intervention, model, distribution)
    guard Files.exists(file) else { return nil }
    let bytes = try Disk.read(file, atMost: 256 << 20)
    var evaluation = try Evaluation(
      bytes, distribution: distribution, file: file, readsProbabilities: readsProbabilities)
    if readsProbabilities { evaluation.origin = record(intervention, model, distribution)?.origin }
    return evaluation
  }

  /// The interventions with evaluations, in order.
  public var interventions: [String] {
    Disk.names(in: folder + "/evaluations").filter { Files.isFolder("\(folder)/evaluations/\($0)") }
  }

  /// The base models for which an intervention has an evaluation of one of the shifts, in order.
  public func models(of intervention: String, on shifts: [DistributionShift]) -> [String] {
    let targets = Dictionary(grouping: shifts, by: \.source).mapValues { Set($0.map(\.target)) }
    let path = "\(folder)/evaluations/\(intervention)"
    var found: Set<String> = []
    for name in Disk.names(in: path) {
      for (source, targets) in targets
      where name.hasSuffix("-" + source) && name.utf8.count > source.utf8.count + 1 {
        let model = String(name.dropLast(source.count + 1))
        if found.contains(model) { continue }
        if targets.contains(where: { Files.exists("\(path)/\(name)/\($0).json") }) { found.insert(model) }
      }
    }
    return found.sorted()
  }

  /// The capability of a target as published in `target_tuned_capability/MODEL/TARGET.json`; nil where there is none.
  func publishedCapability(_ model: String, target: String) throws -> (
    accuracy: Double, intervention: String
  )? {
    let file = "\(folder)/target_tuned_capability/\(model)/\(target).json"
    guard Files.exists(file) else { return nil }
    let value = try readJSON(file, atMost: 1 << 20)
    guard let accuracy = value["best_intervention_accuracy"]?.double, (0...1).contains(accuracy) else {
      throw DataFault(file, "best_intervention_accuracy", "expected a number from 0 to 1")
    }
    guard let name = value["best_intervention"]?.string else {
      throw DataFault(file, "best_intervention", "expected a string")
    }
    return (accuracy, name)
  }
}
