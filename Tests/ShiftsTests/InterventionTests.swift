import Foundation
import Magnet
import TestSupport
import Testing

@testable import Shifts

@Suite struct InterventionTests {
  /// What scikit-learn gave; `Fixtures/generate/write_interventions.py` writes it.
  private static func expected() throws -> (
    train: TrainingHalf, test: TestHalf, value: JSONValue, TemporaryFolder
  ) {
    let value = try Project.json(Project.fixture("expected/interventions.json"))
    let folder = try TemporaryFolder()
    for half in ["train", "test"] {
      try folder.write(try #require(value[half]).text, to: "d/\(half).json")
    }
    let distribution = try Distribution(folder: folder.path + "/d")
    return (try distribution.train(), try distribution.test(), value, folder)
  }

  @Test(arguments: ["bag-of-words", "mass-mean"]) func rewardModelsGiveWhatScikitLearnGives(_ name: String)
    throws
  {
    let (train, test, value, folder) = try Self.expected()
    let intervention = try #require(interventionCatalog.first { $0.name == name })
    let output = try folder.write("", to: "model/x").dropLast(2)
    try intervention.train(on: train, from: .none, into: String(output), seed: 1)
    let model = EvaluatedModel(base: .none, trainedFolder: String(output), name: "base-d")
    let evaluation = try intervention.evaluate(model, on: [test], seed: 1)[0]
    let found = try #require(value[name])
    #expect(evaluation.accuracy == found["accuracy"]?.double)
    let p = try #require(evaluation.probabilities)
    let expected = try #require(found["probabilities"]).elements.compactMap(\.double)
    #expect(p.count == expected.count && p.count == 160)
    for (a, b) in zip(p, expected) { #expect(abs(a - b) < 1e-5) }
    // Answers of the same words are ties, to the last bit.
    #expect(p[0] == 0.5)
    // A model is the same when it is trained again.
    let text = try Project.text(output + "/reward.json")
    try intervention.train(on: train, from: .none, into: String(output), seed: 2)
    #expect(try Project.text(output + "/reward.json") == text)
  }

  @Test func chanceIsRightInHalfOfAllPairs() throws {
    let (_, test, _, _) = try Self.expected()
    let model = EvaluatedModel(base: .none, trainedFolder: nil, name: "base")
    let chance = try Chance().evaluate(model, on: [test], seed: 1)[0]
    #expect(chance.accuracy == 0.5 && chance.probabilities == Array(repeating: 0.5, count: 160))
    #expect(
      chance.publishedCalibrationError != nil && PairScores.calibrationError(chance.probabilities ?? []) == 0)
    let longest = try Longest().evaluate(model, on: [test], seed: 1)[0]
    let shortest = try Shortest().evaluate(model, on: [test], seed: 1)[0]
    #expect(longest.accuracy + shortest.accuracy == 1 && longest.accuracy != 0.5)
    #expect(longest.probabilities?[0] == 0.5 && longest.publishedCalibrationError == nil)
    #expect(!Longest().isTrained && BagOfWords().isTrained)
  }

  @Test func wordsAreThoseOfTheDefinition() {
    func slots(_ text: String) -> [Int] { WordFeatures.of(text).map(\.slot) }
    func slot(_ word: String) -> Int {
      Int(word.utf8.reduce(UInt32(0x811C_9DC5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 } & 0xFFFF)
    }
    #expect(
      slots("A-b é🔶\t東京9")
        == [slot("a"), slot("-"), slot("b"), slot("é"), slot("🔶"), slot("東"), slot("京"), slot("9")].sorted())
    #expect(slots(" \n\u{B}\u{C}").isEmpty)
    // A blank that is not ASCII is a word.
    #expect(slots("\u{A0}") == [slot("\u{A0}")])
    let twice = WordFeatures.of("x X y")
    #expect(twice.first { $0.slot == slot("x") }?.value == Elementary.logOnePlus(2))
    #expect(
      WordFeatures.differences([PreferencePair(example: 0, prompt: "", best: "a b", worse: "b a")]) == [[]])
  }

  @Test func nothingToTrainOnIsSaid() throws {
    let folder = try TemporaryFolder()
    #expect(throws: MagnetError.self) {
      try BagOfWords().train(on: TrainingHalf(id: "d", examples: []), from: .none, into: folder.path, seed: 1)
    }
    try folder.write(#"{"70000": 1}"#, to: "reward.json")
    let (_, test, _, _) = try Self.expected()
    let model = EvaluatedModel(base: .none, trainedFolder: folder.path, name: "x")
    #expect(throws: MagnetError.self) { try BagOfWords().evaluate(model, on: [test], seed: 1) }
    try folder.write("{", to: "reward.json")
    #expect(throws: DataFault.self) { try BagOfWords().evaluate(model, on: [test], seed: 1) }
  }
}
