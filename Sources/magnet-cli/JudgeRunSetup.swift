import ArgumentParser
import Judges
import Magnet
import MagnetCommand
import Predictors

extension JudgeRunCommand {
  /// The names that --algorithms takes on a command line.
  static func algorithms(_ words: [String]) -> [String] {
    words.contains("--helm")
      ? predictorCatalog.map(\.name) + helmAlgorithmCatalog.map(\.name) : algorithmCatalog.map(\.name)
  }

  /// The names that --challenges takes on a command line.
  static func challenges(_ words: [String]) -> [String] {
    (words.contains("--helm") ? helmChallengeCatalog : challengeCatalog).map(\.name)
  }

  /// The names in a list.
  /// - Throws: `ValidationError` for an unknown one.
  private func chosen(_ list: String, among names: [String], _ kind: String) throws -> [String] {
    let chosen = list.split(separator: ",").map { $0.trimmingPrefix(while: { $0 == " " }) }.map(String.init)
    if chosen.isEmpty { throw ValidationError("name at least one \(kind)") }
    for name in chosen where !names.contains(name) {
      if helm.helm.isEmpty, helmChallengeCatalog.named(name) != nil || helmAlgorithmCatalog.named(name) != nil
      {
        throw ValidationError("\(name) needs runs of HELM: --helm PATH")
      }
      let near = nearestNames(to: name, among: names, count: 2).joined(separator: " or ")
      throw ValidationError("unknown \(kind) '\(name)'; did you mean \(near)? (see: magnet judge list)")
    }
    return chosen.unique()
  }

  /// The challenges asked for; by default all but Dummy.
  func chosenChallenges() throws -> [Challenge] {
    let catalog = helm.helm.isEmpty ? challengeCatalog : helmChallengeCatalog
    let all = catalog.map(\.name).filter { $0 != "Dummy" }.joined(separator: ",")
    return try chosen(challenges ?? all, among: catalog.map(\.name), "challenge").compactMap(catalog.named)
  }

  /// The names of the algorithms asked for. By default, where no program takes part, all of them, and of predictors
  /// of HELM's scores `auto`.
  func chosenAlgorithms() throws -> [String] {
    let known =
      helm.helm.isEmpty
      ? algorithmCatalog.map(\.name) : predictorCatalog.map(\.name) + helmAlgorithmCatalog.map(\.name)
    if let algorithms { return try chosen(algorithms, among: known, "algorithm") }
    if external.exec != nil { return [] }
    return helm.helm.isEmpty ? algorithmCatalog.filter { !$0.isBaseline }.map(\.name) : ["auto"]
  }

  func chosenWorlds() throws -> [World.Kind] {
    try chosen(world ?? "linear", among: World.Kind.allCases.map(\.rawValue), "world")
      .compactMap { World.Kind(rawValue: $0) }
  }

  /// The run that the options describe, without its numbers.
  func setUp() async throws -> (run: JudgeRun, faultCount: Int) {
    let challenges = try chosenChallenges()
    let names = try chosenAlgorithms()
    guard helm.helm.isEmpty else {
      let timeline = try await helm.timeline(challenges, seed: seed)
      var examinees = helm.examinees(names, timeline)
      if let exec = external.exec {
        examinees.append(
          try helm.examinee(exec, external, timeline, hiding: hiddenFiles, detail: try detail(of: exec)))
      }
      return (
        JudgeRun(algorithms: examinees, challenges: challenges, histories: timeline.histories),
        timeline.faultCount
      )
    }
    var examinees = names.compactMap(algorithmCatalog.named)
    if let exec = external.exec {
      let program = try external.program.program(exec, hiding: hiddenFiles + [server.eras].compactMap(\.self))
      examinees.append(
        Algorithm(name: "exec", summary: exec, detail: try detail(of: exec)) { ExternalExaminee(program) })
    }
    return (JudgeRun(algorithms: examinees, challenges: challenges, histories: try histories()), 0)
  }

  /// What a program is not to see.
  private var hiddenFiles: [String] { results.map { [$0, $0 + "-wal", $0 + "-shm"] } ?? [] }

  /// A program's command and text: another text is another examinee.
  private func detail(of exec: String) throws -> String {
    let texts = try CommandWords(parsing: exec).words.compactMap { try? Files.read($0, atMost: 1 << 24) }
    let digest = ModelIdentity(name: "", parts: [exec] + texts.map { String(decoding: $0, as: UTF8.self) })
      .digest
    return "\(exec) \(digest.prefix(12))"
  }

  private func histories() throws -> [any HistorySource] {
    let own = try Int(questions) == nil ? QuestionFile(path: questions) : nil
    let count = Int(questions) ?? 0
    if erasFrom != nil || server.endpoint != nil {
      let asked =
        own?.divided(isShared: sharedQuestions)
        ?? QuestionSet(World(.linear, seed: seed, questions: count), isShared: sharedQuestions)
      if let erasFrom { return [try TextEras.history(in: erasFrom, questions: asked)] }
      return try server.history(asked).map { [$0] } ?? []
    }
    return try chosenWorlds().map {
      WorldHistory(
        $0, seed: seed, timesteps: timesteps, questions: count, sharesQuestions: sharedQuestions,
        ownQuestions: own)
    }
  }
}
