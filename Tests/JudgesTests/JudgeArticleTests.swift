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
