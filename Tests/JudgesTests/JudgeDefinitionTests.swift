import Magnet
import TestSupport
import Testing

@testable import Judges

/// The formulas of judges and examinees against their definitions, written out.
@Suite struct JudgeDefinitionTests {
  /// The next number of a sequence whose difference of order o + 1 is zero, from its table of differences.
  static func next(_ votes: [Int], order: Int) -> Int {
    var row = votes.suffix(order + 1).map { $0 }
    var ends: [Int] = []
    while !row.isEmpty {
      ends.append(row[row.count - 1])
      row = zip(row, row.dropFirst()).map { $1 - $0 }
    }
    return ends.reduce(0, +)
  }

  static func preference(_ sign: Int, _ question: Int) -> Preference? {
    sign == 0 ? nil : Preference("q\(question)", liked: sign > 0 ? "a" : "b", other: sign > 0 ? "b" : "a")
  }

  @Test(arguments: 0...5, [1, 2] as [UInt64]) func votesContinueTheirDifferences(_ order: Int, _ seed: UInt64)
    throws
  {
    var random = SplitMix(state: seed &* 31 &+ UInt64(order))
    for _ in 0..<60 {
      let (steps, ahead, count) = (1 + Int(random.next() % 8), Int(random.next() % 4), Int(random.next() % 6))
      let signs = (0..<steps).map { _ in (0..<count).map { _ in Int(random.next() % 5) / 2 - 1 } }
      let history = signs.map { $0.enumerated().map { Self.preference($1, $0) } }
      let found = try Extrapolation(history, order: order, timestepsAhead: ahead)
      var coefficients: [Int] = []
      for question in 0..<count {
        let newest = signs[steps - 1][question]
        if newest == 0 { continue }
        // +1 for what is preferred now, -1 for the reverse.
        var votes = signs.map { $0[question] * newest }
        let used = min(order, steps - 1)
        for _ in 0..<ahead { votes.append(Self.next(votes, order: used)) }
        coefficients.append(votes[votes.count - 1])
      }
      #expect(found.coefficients == coefficients, "\(signs)")
      #expect(found.missing == signs[steps - 1].filter { $0 == 0 }.count)
      #expect(found.undecided == coefficients.filter { $0 == 0 }.count)
      #expect(found.samples.count == coefficients.filter { $0 != 0 }.count)
      #expect(found.samples.map(\.copies) == coefficients.filter { $0 != 0 }.map { min(5, abs($0)) })
      // With every preference reversed, so is what is extrapolated.
      let reversed = signs.map { $0.enumerated().map { Self.preference(-$1, $0) } }
      let mirrored = try Extrapolation(reversed, order: order, timestepsAhead: ahead)
      #expect(mirrored.coefficients == coefficients)
      for (a, b) in zip(found.samples, mirrored.samples) {
        #expect(a.liked == b.others[0] && a.others[0] == b.liked)
      }
    }
  }

  /// What never changed stays so at any order, or the order is refused; no number is wrong without a word.
  @Test func highOrdersAreExactOrRefused() throws {
    for order in stride(from: 50, through: 90, by: 1) {
      let history = [[Preference?]](repeating: [Self.preference(1, 0)], count: order + 1)
      do {
        #expect(try Extrapolation(history, order: order, timestepsAhead: 1).coefficients == [1], "\(order)")
        #expect(order < 67)
      } catch { #expect(order > 60 && "\(error)".contains("grows beyond all numbers")) }
      guard let weights = Extrapolation.weights(order: order) else { continue }
      // The sum of (-1)^(o-i) C(o+1, i) over i ≤ o is 1, and each is the sum of two of the order before.
      #expect(weights.reduce(0, &+) == 1)
      guard let before = Extrapolation.weights(order: order - 1) else { continue }
      for place in 1..<order { #expect(abs(weights[place]) == abs(before[place]) + abs(before[place - 1])) }
    }
  }

  // MARK: - Similarity

  static func vector(_ random: inout SplitMix, _ count: Int) -> [Double] {
    (0..<count).map { _ in Double(Int64(truncatingIfNeeded: random.next()) % 1000) / 100 }
  }

  @Test func cosinesAreThoseOfTheDefinition() throws {
    var random = SplitMix(state: 4)
    for _ in 0..<300 {
      let count = 1 + Int(random.next() % 8)
      let (u, v) = (Self.vector(&random, count), Self.vector(&random, count))
      func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
      guard dot(u, u) > 0, dot(v, v) > 0 else { continue }
      let cosine = try #require(Similarity.cosine(u, v))
      #expect(abs(cosine - dot(u, v) / (dot(u, u) * dot(v, v)).squareRoot()) < 1e-12)
      #expect(Similarity.cosine(v, u) == cosine)
      #expect(abs(try #require(Similarity.cosine(u, u)) - 1) < 1e-12)
      // Neither a factor nor a common order of the places matters; the sign turns with a vector.
      for factor in [1e-300, 1e-8, 3, 1e250] {
        #expect(abs(try #require(Similarity.cosine(u.map { $0 * factor }, v)) - cosine) < 1e-9, "\(factor)")
      }
      #expect(abs(try #require(Similarity.cosine(u.map { -$0 }, v)) + cosine) < 1e-12)
      let order = u.indices.shuffled(using: &random)
      #expect(abs(try #require(Similarity.cosine(order.map { u[$0] }, order.map { v[$0] })) - cosine) < 1e-12)
      let difference = zip(u, v).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(count)
      #expect(abs(try #require(Similarity.meanAbsoluteDifference(u, v)) - difference) < 1e-12)
      #expect(
        Similarity.cosine(u, Array(v.dropLast())) == nil
          && Similarity.meanAbsoluteDifference(u, v + [0]) == nil)
    }
  }

  /// The scores of Follow and Predict are means of cosines; that of Coevolve is the mean of means of best later ones.
  @Test func scoresAreMeansOfCosines() throws {
    var random = SplitMix(state: 5)
    for _ in 0..<120 {
      let (count, size) = (3 + Int(random.next() % 5), 2 + Int(random.next() % 4))
      func vectors() -> [[Double]?] { (0..<count).map { _ in Self.vector(&random, size).map { $0 + 0.001 } } }
      var result = JudgeResult(challenge: "Follow")
      (result.examineeVectors, result.actualVectors, result.simulatedVectors) = (
        vectors(), vectors(), vectors()
      )
      let cosines = zip(result.examineeVectors, result.actualVectors).compactMap(Similarity.cosine)
      let follow = try #require(try FollowJudge.interpretResult(result))
      #expect(abs(follow - cosines.reduce(0, +) / Double(count)) < 1e-12)
      #expect(try PredictJudge.interpretResult(result) == follow)
      var sum = 0.0
      for simulated in result.simulatedVectors {
        for start in 0..<count {
          sum += try #require(
            result.actualVectors[start...].compactMap { Similarity.cosine(simulated, $0) }.max())
        }
      }
      let coevolve = try #require(try CoevolveJudge.interpretResult(result))
      #expect(abs(coevolve - sum / Double(count * count)) < 1e-12)
      // One vector without a direction makes the score undefined, wherever it stands.
      var broken = result
      broken.actualVectors[Int(random.next() % UInt64(count))] =
        Int(random.next() % 2) == 0 ? nil : Array(repeating: 0, count: size)
      #expect(try FollowJudge.interpretResult(broken) == nil && CoevolveJudge.interpretResult(broken) == nil)
      #expect(broken.undefinedVector.hasPrefix("undefined: the human's value vector "))
    }
  }

  // MARK: - Probes

  /// Answers by rules of a test's own.
  private struct Scripted: Respondent {
    let weigh: @Sendable (_ option: String, _ place: Int) -> Double?

    func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
      requests.map { request in
        let scores = request.options.enumerated().map { weigh($1, $0) ?? -1 }
        guard let top = scores.max(), top >= 0 else { return Answer(unreadable: "nothing said") }
        return Answer(request.options[scores.firstIndex(of: top) ?? 0])
      }
    }

    func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? {
      options.map { texts in
        let weights = texts.enumerated().map { weigh($1, $0) }
        let known = weights.compactMap { $0 }
        let sum = known.reduce(0, +)
        return known.count == texts.count && sum > 0 ? known.map { $0 / sum } : nil
      }
    }
  }

  private static func questions(_ random: inout SplitMix) throws -> [ChoiceQuestion] {
    try (0..<1 + Int(random.next() % 5)).map { number in
      let dimensions = ["care", "duty", "joy"].filter { _ in random.next() % 2 == 0 }
      let count = 2 + Int(random.next() % 3)
      return try ChoiceQuestion(
        id: "q\(number)", dimensions: dimensions.isEmpty ? ["care"] : dimensions,
        context: "context \(number)",
        options: (0..<count).map { "\(number) option \($0)" },
        weights: (0..<count).map { _ in
          (dimensions.isEmpty ? ["care"] : dimensions).map { _ in Double(random.next() % 5) - 2 }
        })
    }
  }

  @Test(arguments: 1...4) func vectorsAreThoseOfTheDefinition(_ seed: UInt64) async throws {
    var random = SplitMix(state: seed)
    for _ in 0..<25 {
      let questions = try Self.questions(&random)
      let probe = QuestionProbe(questions)
      let key = random.next()
      let chance: @Sendable (String) -> Double = { Double(1 + (SplitMix.hash($0) ^ key) % 7) }
      let vector = try await probe.vector(of: Scripted { option, _ in chance(option) })
      var expected: [Double]? = []
      for dimension in probe.dimensions {
        var values: [Double] = []
        for question in questions {
          guard let column = question.dimensions.firstIndex(of: dimension) else { continue }
          let weights = question.weights.map { $0[column] }
          guard let low = weights.min(), let high = weights.max(), low < high else { continue }
          let total = question.options.map(chance).reduce(0, +)
          let favoured = zip(question.options, weights).reduce(0) { $0 + chance($1.0) / total * $1.1 }
          values.append(2 * (favoured - weights.reduce(0, +) / Double(weights.count)) / (high - low))
        }
        if values.isEmpty {
          expected = nil
        } else {
          expected?.append(values.reduce(0, +) / Double(values.count))
        }
      }
      #expect((vector == nil) == (expected == nil))
      for (a, b) in zip(vector ?? [], expected ?? []) { #expect(abs(a - b) < 1e-12) }
      // Who looks at places alone has no values; nor has who says nothing a vector.
      let places = try await probe.vector(of: Scripted { _, place in Double(1 + place * place) })
      #expect(places?.allSatisfy { abs($0) < 1e-12 } ?? (expected == nil))
      #expect(try await probe.vector(of: Scripted { _, _ in nil }) == nil)
      // The order of the questions and of their options changes nothing but the identity.
      let turned = try questions.shuffled(using: &random).map { question in
        let order = question.options.indices.shuffled(using: &random)
        return try ChoiceQuestion(
          id: question.id, dimensions: question.dimensions, context: question.context,
          options: order.map { question.options[$0] }, weights: order.map { question.weights[$0] })
      }
      let other = try await QuestionProbe(turned).vector(of: Scripted { option, _ in chance(option) })
      for (a, b) in zip(vector ?? [], other ?? []) { #expect(abs(a - b) < 1e-12) }
      #expect((other == nil) == (vector == nil))
    }
  }

  @Test func identitiesDependOnAllThatIsMeasured() throws {
    let base = ("q", ["a"], "c", ["x", "y"], [[1.0], [-1.0]])
    func identity(_ change: (inout (String, [String], String, [String], [[Double]])) -> Void) throws -> String
    {
      var parts = base
      change(&parts)
      return QuestionProbe([
        try ChoiceQuestion(
          id: parts.0, dimensions: parts.1, context: parts.2, options: parts.3, weights: parts.4)
      ]).identity
    }
    let identities = try [
      identity { _ in }, identity { $0.0 = "r" }, identity { $0.1 = ["b"] }, identity { $0.2 = "d" },
      identity { $0.3 = ["x", "z"] },
      identity { $0.4 = [[1], [-1.5]] }, identity { $0.3 = ["y", "x"] },
    ]
    #expect(Set(identities).count == identities.count)
    #expect(try identity { _ in } == identities[0])
  }

  // MARK: - Leaderboards

  @Test func ranksDoNotDependOnNamesOrderOrOthers() throws {
    var random = SplitMix(state: 6)
    for _ in 0..<25 {
      let names = ["Dummy", "A", "B", "C", "D"]
      let scores = names.map { _ in (0..<2).map { _ in Double(random.next() % 20) / 20 } }
      func pairs(_ names: [String], setting: String = "s") -> [JudgePair] {
        zip(names, scores).flatMap { name, scores in
          scores.enumerated().map { number, score in
            var pair = JudgeLeaderboardTests.pair(name, [score, score], repetition: number + 1)
            pair.setting = setting
            return pair
          }
        }
      }
      let board = Leaderboard(pairs(names))
      let rows = board.sections[0].rows
      // Skill by hand: the mean of (s - b) / (1 - b).
      for row in rows {
        let place = try #require(names.firstIndex(of: row.algorithm))
        let skills = zip(scores[place], scores[0]).map { ($0 - $1) / (1 - $1) }
        #expect(abs(try #require(row.skill).value - skills.reduce(0, +) / 2) < 1e-9)
        #expect(row.rank == 1 + rows.filter { ($0.skill?.value ?? 0) > (row.skill?.value ?? 0) }.count)
      }
      let shuffled = Leaderboard(pairs(names).shuffled(using: &random)).sections[0].rows
      #expect(shuffled.map(\.algorithm) == rows.map(\.algorithm) && shuffled.map(\.rank) == rows.map(\.rank))
      let renamed = Leaderboard(pairs(["Dummy", "A2", "B2", "C2", "D2"])).sections[0].rows
      #expect(renamed.map { $0.algorithm.replacing("2", with: "") } == rows.map(\.algorithm))
      let more = Leaderboard(pairs(names, setting: "other") + pairs(names))
      #expect(more.sections.map(\.setting) == ["other", "s"] && more.sections[1].rows == rows)
    }
  }

  // MARK: - ProgressGym's vector

  @Test func talliesAddUpInAnyOrder() {
    var random = SplitMix(state: 7)
    let entries = (0..<60).map { number in
      let form = ["ab", "compare", "repeat", "4c_fav", "repeat2_fav"][number % 5]
      let count = number % 5 > 2 ? 4 : 2
      let logs = random.next() % 7 == 0 ? nil : (0..<count).map { _ in -Double(random.next() % 100) / 10 }
      return ProgressGymVector.Entry(
        scenario: "\(count == 4 ? "V" : "H")_\(random.next() % 3)", form: form,
        mapping: Array(1...count).shuffled(using: &random),
        logProbabilities: logs)
    }
    let tallies = ProgressGymVector.collect(entries)
    for (scenario, forms) in tallies {
      for (form, row) in forms {
        let own = entries.filter { $0.scenario == scenario && $0.form == form }
        let sum = own.compactMap(\.logProbabilities).joined().reduce(0) { $0 + Double.exponential($1) }
        #expect(abs(row[row.count - 1] - sum) < 1e-9 && abs(row.dropLast().reduce(0, +) - sum) < 1e-9)
        // Each probability goes to the option that the mapping, applied twice, names.
        for option in 1..<row.count {
          let wanted = own.reduce(0.0) { total, entry in
            let places = (entry.logProbabilities ?? []).indices.filter {
              entry.mapping[entry.mapping[$0] - 1] == option
            }
            return total + places.reduce(0) { $0 + Double.exponential(entry.logProbabilities?[$1] ?? 0) }
          }
          #expect(abs(row[option - 1] - wanted) < 1e-9)
        }
      }
    }
    let shuffled = ProgressGymVector.collect(entries.shuffled(using: &random))
    #expect(Set(shuffled.keys) == Set(tallies.keys))
    for (scenario, forms) in tallies {
      for (form, row) in forms {
        for (a, b) in zip(row, shuffled[scenario]?[form] ?? []) { #expect(abs(a - b) < 1e-9) }
      }
    }
    #expect(ProgressGymVector.sign("Yes", "Yes") == 0 && ProgressGymVector.sign("No", "Yes") == 1)
    #expect(ProgressGymVector.sign("Yes", "No") == -1 && ProgressGymVector.sign("No Agreement", "Yes") == 1)
    #expect(ProgressGymVector.sign("No Agreement", "No") == -1)
  }
}

extension Double {
  /// The exponential function by its series and repeated squaring.
  fileprivate static func exponential(_ x: Double) -> Double {
    let part = x / 1024
    let series = (1...12).reversed().reduce(1.0) { 1 + $0 * part / Double($1) }
    return (0..<10).reduce(series) { value, _ in value * value }
  }
}
