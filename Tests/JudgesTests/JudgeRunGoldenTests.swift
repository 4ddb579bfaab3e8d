import Magnet
import Synchronization
import TestSupport
import Testing

@testable import Judges

/// Whole tests of ProgressGym's own classes on scripted models, call by call.
@Suite(.enabled(if: Golden.isPresent)) struct JudgeRunGoldenTests {
  @Test(arguments: ["run_follow", "run_predict", "run_coevolve"])
  func wholeTests(file: String) async throws {
    let cases = Golden.cases(file)
    #expect(cases.count >= 6)
    for item in cases { try await check(item, "\(file) \(item.number)") }
  }

  private func check(_ item: GoldenCase, _ name: String) async throws {
    let input = try #require(item["input"])
    let challenge = try #require(input["judge"]?.string)
    let algorithm = try #require(input["examinee"]?.string)
    let log = CallLog()
    let names = Naming()
    let usable = input["usable"]?.elements.compactMap(\.int) ?? []
    let count = try #require(input["queries"]?.int)

    // Eras, examinee's models and simulated humans, with the names and vectors of the case.
    var vectors: [String: [Double]] = [:]
    var eras: [ScriptedModel] = []
    for (time, vector) in (input["model_vectors"]?.vectors ?? []).enumerated() {
      let era = "8B-C0\(13 + time)-instruct"
      vectors[era] = vector
      let unreadable =
        (1...usable.count + 1).contains(time) && time <= usable.count ? count - usable[time - 1] : 0
      let isAsked = challenge != "Coevolve"
      eras.append(
        ScriptedModel(era, log, unreadable: isAsked ? unreadable : 0) { names.next(for: $0) })
    }
    for (index, vector) in (input["examinee_vectors"]?.vectors ?? []).enumerated() {
      vectors["EXAMINEE_\(index + 1)"] = vector
    }
    for (index, vector) in (input["simulated_vectors"]?.vectors ?? []).enumerated() {
      vectors["JUDGE_finetune_model-influence_\(index)th"] = vector
    }
    let coevolve = try #require(input["coevolve_queries"]?.int)
    let setting = JudgeSetting(
      eras: eras, probe: ScriptedProbe(log: log, vectors: vectors),
      questions: (0..<coevolve).map { Request("question \($0)", options: ["yes", "no"]) },
      timestepsAhead: try #require(input["timesteps_ahead"]?.int))

    let judge = try #require(challengeCatalog.named(challenge)?.make())
    let examinee = try #require(algorithmCatalog.named(algorithm)?.make())
    try await judge.reset(setting)
    try await examinee.reset(
      ExamineeSetting(
        challenge: challenge, timesteps: eras.count, timestepsAhead: setting.timestepsAhead,
        extrapolationOrder: try #require(input["order"]?.int),
        independent: input["independent"]?.isTrue == true,
        questions: questions(count, length: input["query_length"]?.int ?? 0)))
    log.clear()
    let result = await judge.test(examinee)

    let expected = try #require(item["expected"]?["result"])
    #expect(result.error == nil, "\(name)")
    #expect(isClose(result.score, expected["score"]?.double), "\(name)")
    #expect(result.evalTimes == expected["eval_times"]?.int, "\(name)")
    #expect(result.evalTimes == result.possibleSnapshots, "\(name)")
    #expect(result.queryTimes == expected["query_times"]?.int, "\(name)")
    #expect(result.queryTotalLength == expected["query_total_length"]?.int, "\(name)")
    #expect(result.timestepsAhead == expected["timesteps_ahead"]?.int, "\(name)")
    func models(_ key: String) -> [String]? {
      expected[key]?.strings.map { String($0.split(separator: "/").last ?? "") }
    }
    #expect(result.examineeModels == models("examinee_model_at_each_timestep"), "\(name)")
    #expect(result.judgeModels == models("judge_model_at_each_timestep"), "\(name)")
    #expect(result.simulatedModels == models("simulated_model") ?? [], "\(name)")
    for (ours, theirs) in zip(result.stepwiseScores, expected["stepwise_scores"]?.elements ?? []) {
      #expect(isClose(ours, theirs.double), "\(name)")
    }
    for (ours, theirs) in zip(result.similarities, expected["similarities"]?.elements ?? []) {
      #expect(ours.count == theirs.elements.count, "\(name)")
      #expect(zip(ours, theirs.elements).allSatisfy { isClose($0, $1.double) }, "\(name)")
    }
    // The number of samples is the case's where readable answers decide it; extrapolation depends on the answers too.
    let countsSamples = !algorithm.hasPrefix("Extrapolative") && challenge != "Coevolve"
    let calls = log.all.map { countsSamples ? $0 : withoutSamples($0) }
    let wanted = (item["expected"]?["log"]?.elements ?? []).compactMap(line)
    #expect(calls == wanted.map { countsSamples ? $0 : withoutSamples($0) }, "\(name)")
  }

  private func withoutSamples(_ line: String) -> String {
    line.hasPrefix("finetune") ? String(line[..<(line.lastIndex(of: " ") ?? line.endIndex)]) : line
  }

  /// A line of the case's log in the form of `CallLog`, nil for other calls.
  private func line(_ call: JSONValue) -> String? {
    let model = call["model"]?.string ?? ""
    switch call["call"]?.string {
    case "Model.inference": return "inference \(model) \(call["requests"]?.int ?? -1)"
    case "Model.evaluate": return "evaluate \(model)"
    case "Model.finetune":
      let epochs = call["epochs"]?.double.map { "\($0)" } ?? "-"
      return "finetune \(model) \(call["stage"]?.string ?? "") \(epochs) \(call["result"]?.string ?? "")"
        + " \(call["samples"]?.int ?? -1)"
    default: return nil
    }
  }

  /// Questions whose requests have `length` characters in all.
  private func questions(_ count: Int, length: Int) -> [PreferenceQuestion] {
    func make(_ padding: Int) -> [PreferenceQuestion] {
      (0..<count).map {
        PreferenceQuestion(
          id: "q\($0)", "q" + String(repeating: "x", count: $0 == 0 ? padding : 0), first: "yes", second: "no"
        )
      }
    }
    let bare = PreferenceElicitation(make(0)).requests.reduce(0) { $0 + $1.length }
    return make(max(0, length - bare))
  }
}

/// Names tuned models as ProgressGym does: by the timestep, and by what the simulated human was tuned on.
private final class Naming: Sendable {
  private let counts = Mutex<[String: Int]>([:])

  func next(for data: TuningData) -> String {
    let kind =
      data.stage != .sft
      ? "EXAMINEE_" : "JUDGE_finetune_" + (data.epochs == 1 ? "ground-truth-history_" : "model-influence_")
    let number = counts.withLock { counts in
      counts[kind, default: 0] += 1
      return counts[kind] ?? 0
    }
    return data.stage != .sft ? "\(kind)\(number)" : "\(kind)\(number - 1)th"
  }
}
