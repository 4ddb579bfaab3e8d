import Foundation
import Magnet
import TestSupport
import Testing

@testable import Judges

/// What the article "Write an examinee" shows.
@Suite struct JudgeArticleTests {
  private let article: String

  init() throws {
    article = try Project.text(Project.folder.path + "/Sources/Judges/Judges.docc/WriteAnExaminee.md")
  }

  @Test func theExamineeIsTheOneThatIsCompiledHere() throws {
    let code = try Project.text(Project.folder.path + "/Tests/JudgesTests/Novelty.swift")
    #expect(article.contains("```swift\n" + code + "```"))
  }

  @Test func theForecasterIsTheOneThatIsCompiledHere() async throws {
    let article = try Project.text(Project.folder.path + "/Sources/Judges/Judges.docc/ForecastHELMsScores.md")
    let file = try Project.text(Project.folder.path + "/Tests/JudgesTests/Optimist.swift")
    let code = try #require(file.range(of: "final class"))
    #expect(article.contains("```swift\n" + file[code.lowerBound...] + "```"))
    let files = try HelmFiles()
    let history = try await files.history(observed: nil)
    let optimist = Algorithm(name: "Optimist", summary: "", subject: .scores) { Optimist() }
    let run = JudgeRun(
      algorithms: [optimist], challenges: helmChallengeCatalog.filter(\.looksAhead), histories: [history])
    let pair = try #require(try await run.run().last)
    #expect(pair.algorithm == "Optimist" && pair.state == .done)
    #expect(pair.result?.forecasts.contains { $0.predicted != $0.actual } == true)
  }

  @Test func theExamineeRuns() async throws {
    let world = World(.cycle, seed: 1)
    let questions = world.preferences.map { PreferenceQuestion($0) }
    let judge = PredictJudge()
    try await judge.reset(JudgeSetting(eras: world.eras, probe: QuestionProbe(world.probe)))
    let examinee = Novelty()
    try await examinee.reset(ExamineeSetting(timesteps: 9, questions: questions))
    let result = await judge.test(examinee)
    #expect(result.isComplete)
    let folder = try TemporaryFolder()
    var run = JudgeRun(
      algorithms: [Algorithm(name: "Novelty", summary: "learns what changed") { Novelty() }],
      challenges: challengeCatalog.filter { $0.name == "Predict" },
      histories: [WorldHistory(.cycle, seed: 1)])
    run.repeats = 5
    let pairs = try await run.run(store: JudgeStore(folder.path + "/novelty.judge", writing: true))
    let leaderboard = Leaderboard(pairs)
    #expect(leaderboard.sections[0].rows.map(\.algorithm).contains("Novelty"))
  }
}
