import Magnet
import TestSupport
import Testing

@testable import Judges

@Suite struct JudgeGoldenTests {
  @Test func scoresOfFollowAndPredict() throws {
    #expect(!Golden.cases("follow").isEmpty && !Golden.cases("extrapolate").isEmpty)
    for (file, judge) in [("follow", FollowJudge.self), ("predict", PredictJudge.self)] {
      let cases = Golden.cases(file)
      #expect(cases.count >= (Golden.isPresent ? 40 : 0))
      for item in cases {
        var result = JudgeResult(challenge: file)
        result.examineeVectors = item["input"]?["examinee_vector"]?.vectors ?? []
        result.actualVectors = item["input"]?["actual_vector"]?.vectors ?? []
        let score = try judge.interpretResult(result)
        #expect(isClose(score, item["expected"]?["score"]?.double), "\(file) \(item.number)")
        let stepwise = zip(result.actualVectors, result.examineeVectors).map { Similarity.cosine($0, $1) }
        for (ours, theirs) in zip(stepwise, item["expected"]?["stepwise"]?.elements ?? []) {
          #expect(isClose(ours, theirs.double), "\(file) \(item.number)")
        }
      }
    }
  }

  @Test func scoresOfCoevolve() throws {
    let cases = Golden.cases("coevolve")
    #expect(cases.count >= (Golden.isPresent ? 40 : 0))
    for item in cases {
      var result = JudgeResult(challenge: "Coevolve")
      result.simulatedVectors = item["input"]?["simulated_model_vector"]?.vectors ?? []
      result.actualVectors = item["input"]?["actual_model_vector"]?.vectors ?? []
      let score = try CoevolveJudge.interpretResult(result)
      #expect(isClose(score, item["expected"]?["score"]?.double), "\(item.number)")
    }
  }

  @Test func extrapolations() throws {
    let cases = Golden.cases("extrapolate")
    #expect(cases.count >= (Golden.isPresent ? 30 : 0))
    for item in cases {
      let input = try #require(item["input"])
      let history = (input["history"]?.elements ?? []).map { $0.elements.map(preference) }
      let result = try Extrapolation(
        history, order: #require(input["order"]?.int), timestepsAhead: #require(input["timesteps_ahead"]?.int)
      )
      let expected = try #require(item["expected"])
      #expect((result.undecided > 0) == (expected["error"]?.string == "zero"), "\(item.number)")
      guard result.undecided == 0 else { continue }
      #expect(result.missing == expected["missing"]?.int, "\(item.number)")
      #expect(result.coefficients == expected["coefficients"]?.elements.compactMap(\.int), "\(item.number)")
      let data = result.samples.flatMap { [TuningSample](repeating: $0, count: $0.copies) }
      let wanted = expected["data"]?.elements ?? []
      #expect(data.count == wanted.count, "\(item.number)")
      for (ours, theirs) in zip(data, wanted) {
        #expect(ours.instruction == theirs["instruction"]?.string)
        #expect(ours.input == theirs["input"]?.string)
        #expect([ours.liked] + ours.others == theirs["output"]?.strings, "\(item.number)")
      }
    }
  }

  private func preference(_ value: JSONValue) -> Preference? {
    guard let output = value["output"]?.strings, output.count == 2 else { return nil }
    return Preference(
      value["instruction"]?.string ?? "", input: value["input"]?.string ?? "", liked: output[0],
      other: output[1])
  }

  /// Read otherwise than by ProgressGym: single letters, where the options themselves are the letters in reverse.
  @Test func answers() throws {
    let cases = Golden.cases("status")
    #expect(cases.count >= (Golden.isPresent ? 105 : 0))
    for item in cases {
      let input = try #require(item["input"])
      let answer = try #require(input["answer"]?.string)
      let options = [input["choice1"]?.string ?? "", input["choice2"]?.string ?? ""]
      let status = AnswerReading.status(answer, first: options[0], second: options[1])
      let isLetter = ["a", "b"].contains(answer.lowercased().filter { $0.isLetter || $0.isNumber })
      if isLetter, options == ["B", "A"] {
        #expect(status == item["expected"]?["status"]?.int.map { 3 - $0 }, "\(answer) of \(options)")
      } else {
        #expect(status == item["expected"]?["status"]?.int, "\(answer) of \(options)")
      }
    }
  }

  @Test func questionsDrawn() throws {
    let cases = Golden.cases("sample")
    #expect(cases.count >= (Golden.isPresent ? 7 : 0))
    for item in cases {
      let rows = try #require(item["input"]?["rows"]?.int)
      let drawn = PreferenceElicitation.draw(rows)
      #expect(drawn.count == min(5000, rows))
      let all = item["expected"]
      let expected = try #require(all ?? item["expected_first_ten"])
      let shown = all == nil ? Array(drawn.prefix(10)) : drawn
      #expect(shown.map(\.index) == expected["indices"]?.elements.compactMap(\.int), "\(rows)")
      #expect(
        shown.map { $0.showsFirstFirst ? 0 : 1 } == expected["first"]?.elements.compactMap(\.int), "\(rows)")
    }
  }

  @Test func prompts() throws {
    let cases = Golden.cases("prompts")
    #expect(cases.count >= (Golden.isPresent ? 45 : 0))
    for item in cases {
      let input = try #require(item["input"])
      if input["op"]?.string == "alpaca" {
        let prompt = PromptTemplate.alpaca(
          instruction: input["instruction"]?.string ?? "", input: input["input"]?.string ?? "")
        #expect(prompt == item["expected"]?["prompt"]?.string, "\(item.number)")
        continue
      }
      let asked = try #require(input["request"])
      var request = Request(
        asked["instruction"]?.string ?? "", input: asked["input"]?.string ?? "",
        system: asked["system"]?.string,
        history: (asked["history"]?.elements ?? []).map {
          Request.Turn(user: $0[0]?.string ?? "", assistant: $0[1]?.string ?? "")
        })
      // For log probabilities, the text to be rated is what the answer is to be.
      request.output = (input["purpose"]?.string == "logprobs" ? asked["predict"] : asked["output"])?.string
      let messages = PromptTemplate.messages(request)
      let expected = item["expected"]?["messages"]?.elements ?? []
      #expect(messages.map(\.role) == expected.map { $0["role"]?.string }, "\(item.number) \(input)")
      #expect(messages.map(\.content) == expected.map { $0["content"]?.string }, "\(item.number) \(input)")
    }
  }

  @Test func tallies() throws {
    let cases = Golden.cases("collect")
    #expect(cases.count >= (Golden.isPresent ? 4 : 0))
    for item in cases {
      let entries = (item["input"]?["entries"]?.elements ?? []).map { entry in
        ProgressGymVector.Entry(
          scenario: entry["scenario_id"]?.string ?? "", form: entry["question_type"]?.string ?? "",
          mapping: entry["mapping"]?.elements.compactMap(\.int) ?? [],
          logProbabilities: entry["logprob"].flatMap { $0.isNull ? nil : $0.vector })
      }
      let tallies = ProgressGymVector.collect(entries)
      #expect(differences(tallies, try #require(item["demapped"]?["raw"])) == 0, "\(item.number)")
      #expect(differences(tallies, try #require(item["expected"]?["raw"])) > 0, "\(item.number)")
    }
  }

  private func differences(_ tallies: ProgressGymVector.Tallies, _ expected: JSONValue) -> Int {
    var count = 0
    for scenario in expected.members {
      for form in scenario.value.members {
        let ours = tallies[scenario.key]?[form.key] ?? []
        let theirs = form.value.vector
        if ours.count != theirs.count || !zip(ours, theirs).allSatisfy({ isClose($0, $1) }) { count += 1 }
      }
    }
    return count
  }

  @Test func valueVectors() throws {
    let cases = Golden.cases("value_vector")
    #expect(cases.count >= (Golden.isPresent ? 8 : 0))
    for item in cases {
      let input = try #require(item["input"])
      var tallies: ProgressGymVector.Tallies = [:]
      for scenario in input["raw"]?.members ?? [] {
        for form in scenario.value.members {
          tallies[scenario.key, default: [:]][form.key] = form.value.vector
        }
      }
      var rules: [String: ProgressGymVector.Rules] = [:]
      for row in input["moralchoice"]?.elements ?? [] {
        rules[row["id"]?.string ?? ""] = ProgressGymVector.Rules(
          first: row["a1"]?.strings ?? [], second: row["a2"]?.strings ?? [])
      }
      var themes: [String: String] = [:]
      for theme in input["foundation"]?.members ?? [] { themes[theme.key] = theme.value.string }
      let vector = ProgressGymVector.vector(tallies, rules: rules, themes: themes)
      let expected = item["expected"]?["vector"]?.vector ?? []
      // Where it is undefined, ProgressGym has zeros.
      let ours = vector ?? [Double](repeating: 0, count: 19)
      #expect(ours.count == expected.count)
      #expect(zip(ours, expected).allSatisfy { isClose($0, $1) }, "\(item.number)")
    }
  }
}
