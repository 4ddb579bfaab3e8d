import Magnet
import TestSupport
import Testing

/// Draws equal to those CPython printed (Fixtures/expected/python_random.json).
@Suite struct PythonRandomTests {
  static let expected = try! Project.json(Project.fixture("expected/python_random.json"))

  @Test func drawsRunsAndInstancesAsPython() throws {
    var count = 0
    for sample in Self.expected["samples"]!.elements {
      guard let seed = Int(sample["seed"]!.string!) else { continue }
      let exampleRuns = Int(sample["k"]!.double!) - 1
      let names = sample["names"]!.elements.map { Int($0.double!) }
      let ids = sample["ids"]!.elements.map { Int($0.double!) }
      let draw = try #require(
        SplitDraw(population: Int(sample["n"]!.double!), exampleRuns: exampleRuns, seed: seed))
      #expect(draw.train + [draw.test] == names, "seed \(seed)")
      #expect(
        draw.instances(of: Int(sample["m"]!.double!), samples: Int(sample["s"]!.double!)) == ids,
        "seed \(seed)")
      count += 1
    }
    #expect(count >= 60)
  }

  @Test func streamsAsPython() {
    for stream in Self.expected["streams"]!.elements {
      guard let seed = Int(stream["seed"]!.string!) else { continue }
      var random = PythonRandom(seed: seed)
      #expect(stream["random"]!.elements.map { $0.double! } == (0..<5).map { _ in random.random() })
      random = PythonRandom(seed: seed)
      #expect(
        stream["getrandbits32"]!.elements.map { UInt32($0.double!) } == (0..<5).map { _ in random.nextWord() }
      )
      random = PythonRandom(seed: seed)
      #expect(
        stream["randrange101"]!.elements.map { Int($0.double!) }
          == (0..<5).map { _ in random.choice(0...100) })
    }
  }

  @Test func tooFewRunsDrawNothing() {
    #expect(SplitDraw(population: 3, exampleRuns: 3, seed: 1) == nil)
    #expect(SplitDraw(population: 0, exampleRuns: 0, seed: 1) == nil)
    #expect(SplitDraw(population: 4, exampleRuns: 3, seed: 1)?.train.count == 3)
  }
}
