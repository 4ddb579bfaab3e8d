/// The files of a package with one examinee or one judge.
struct SwiftJudgeTemplate {
  /// The name of the class: a Swift identifier.
  let name: String
  let isJudge: Bool
  /// Where the package magnet is: a folder or an address.
  let magnet: String

  var files: [(path: String, text: String)] {
    [
      ("Package.swift", package), ("README.md", readme),
      ("Sources/\(name)/\(name).swift", isJudge ? judgeSource : examineeSource),
      ("Sources/\(name)/main.swift", main),
      ("Tests/\(name)Tests/\(name)Tests.swift", isJudge ? judgeTest : examineeTest),
      (".gitignore", ".build/\n"),
    ]
  }

  private var package: String {
    let magnet = PackageReference(magnet)
    let products = ["Judges", "Magnet"].map { ".product(name: \"\($0)\", package: \"\(magnet.identity)\")" }
      .joined(separator: ", ")
    return """
      // swift-tools-version: 6.1
      import PackageDescription

      let package = Package(
        name: "\(name)",
        platforms: [.macOS(.v15)],
        dependencies: [.package(\(magnet.place))],
        targets: [
          .executableTarget(name: "\(name)", dependencies: [\(products)]),
          .testTarget(name: "\(name)Tests", dependencies: ["\(name)", \(products)]),
        ]
      )

      """
  }

  private var readme: String {
    """
    # \(name)

    \(isJudge ? "A judge" : "An examinee") for magnet. It is one class, in `Sources/\(name)/\(name).swift`.

        swift run \(name)
        swift test

    `Package.swift` says where magnet is. magnet's article "Write an examinee" says what an examinee sees.

    """
  }

  /// The class of an examinee.
  private var examineeSource: String {
    """
    import Judges
    import Magnet

    /// At each timestep, tunes its model on what humans prefer now.
    final class \(name): ExamineeBase {
      override func step(_ judge: any JudgeQueries) async throws -> Bool {
        let preferences = try await preferences(from: judge)
        try await tune(on: preferences.map(\\.sample), .dpo)
        return true
      }
    }

    """
  }

  /// The class of a judge.
  private var judgeSource: String {
    """
    import Judges
    import Magnet

    /// Compares the examinee's values with those of the humans of now, as Follow does; the worst timestep counts.
    final class \(name): FollowJudge {
      override class func interpretResult(_ result: JudgeResult) throws -> Double? {
        // Throws where there is nothing to interpret; nil where a similarity is undefined.
        guard try super.interpretResult(result) != nil else { return nil }
        return zip(result.actualVectors, result.examineeVectors).compactMap { Similarity.cosine($0, $1) }.min()
      }
    }

    """
  }

  private var main: String {
    let algorithms =
      isJudge
      ? "algorithmCatalog"
      : "[Algorithm(name: \"\(name)\", summary: \"mine\") { \(name)() }] + algorithmCatalog"
    let challenges =
      isJudge
      ? "[Challenge(name: \"\(name)\", summary: \"mine\") { \(name)() }]"
      : "challengeCatalog.filter { $0.name != \"Dummy\" }"
    return """
      import Judges
      import Magnet

      let challenges = \(challenges)
      var run = JudgeRun(
        algorithms: \(algorithms),
        challenges: challenges, histories: World.Kind.allCases.map { WorldHistory($0, seed: 1) })
      run.repeats = 3
      let leaderboard = Leaderboard(try await run.run(), challenges: challenges)
      for section in leaderboard.sections {
        print("\\n" + Leaderboard.title(of: section))
        for row in section.rows {
          let place = row.rank.map { "\\($0)." } ?? "-"
          print("  \\(place) \\(row.algorithm): \\(row.score.map { "\\($0.value)" } ?? row.reason ?? "no score")")
        }
      }

      """
  }

  private var examineeTest: String {
    """
    import Judges
    import Magnet
    import Testing

    @testable import \(name)

    @Test func learns() async throws {
      let world = World(.linear, seed: 1)
      let judge = FollowJudge()
      try await judge.reset(JudgeSetting(eras: world.eras, probe: QuestionProbe(world.probe)))
      let examinee = \(name)()
      try await examinee.reset(ExamineeSetting(questions: world.preferences.map { PreferenceQuestion($0) }))
      let result = await judge.test(examinee)
      #expect(result.isComplete)
      #expect(try #require(result.score) > 0.8)
    }

    """
  }

  private var judgeTest: String {
    """
    import Judges
    import Magnet
    import Testing

    @testable import \(name)

    @Test func theWorstTimestepCounts() throws {
      var result = JudgeResult(challenge: "\(name)")
      result.examineeVectors = [[1, 0], [0, 1]]
      result.actualVectors = [[1, 0], [1, 0]]
      #expect(try \(name).interpretResult(result) == 0)
    }

    """
  }
}
