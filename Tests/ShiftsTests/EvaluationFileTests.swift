import Magnet
import TestSupport
import Testing

@testable import Shifts

/// Files of evaluations: read at a glance and in full, found by their names, and compared with their records.
@Suite struct EvaluationFileTests {
  /// Values that say nothing about the evaluation, some of which look as if they did.
  private static let others = [
    #""text""#, #""a \" ] } , eval_accuracy""#, "[1, 2]", "{}", "[]", #"{"eval_accuracy": 0.125}"#, "null",
    #"[[{"a": "]"}], "}"]"#, "-1.5e-7", "true", #""\u00e9\\""#,
  ]

  /// The text of an object with random white space between its members.
  private static func object(_ members: [(String, String)], _ random: inout PythonRandom) -> String {
    func space() -> String { random.choice(["", " ", "\n  ", "\t", "\r\n"]) }
    let parts = members.map { space() + "\"\($0.0)\"" + space() + ":" + space() + $0.1 + space() }
    return space() + "{" + (parts.isEmpty ? space() : parts.joined(separator: ",")) + "}" + space()
  }

  @Test(arguments: 1...8) func aGlanceSaysWhatAFullReadingSays(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for _ in 0..<60 {
      let probabilities = (0..<random.below(6)).map { _ in Double(random.below(17)) / 16 }
      let accuracy = Double(random.below(9)) / 8
      var members = [("eval_accuracy", random.choice(["\(accuracy)", "\(accuracy * 10)e-1"]))]
      let calibration = random.choice(["0.25", "null", "NaN", "\"0.25\"", "3e-1"])
      if random.below(2) == 0 { members.append(("eval_rms_calibration_error", calibration)) }
      let hasList = random.below(3) > 0
      if hasList {
        members.append(
          ("eval_probabilities", "[" + probabilities.map { "\($0)" }.joined(separator: " , ") + "]"))
      }
      for number in 0..<random.below(4) { members.append(("other\(number)", random.choice(Self.others))) }
      if random.below(4) == 0 { members.append(("accuracy", "7")) }
      // A key with an escape takes the glance's way away, and changes nothing.
      if random.below(4) == 0 { members.append((#"k\u0065y"#, "1")) }
      let order = random.sample(members.count, below: members.count)
      let text = Self.object(order.map { members[$0] }, &random)
      let readings = try [false, true].map {
        try Evaluation(Array(text.utf8), distribution: "d", file: "f", readsProbabilities: $0)
      }
      for found in readings {
        #expect(abs(found.accuracy - accuracy) < 1e-15, "\(text)")
        #expect(found.pairCount == (hasList ? probabilities.count : nil), "\(text)")
        let hasCalibration = members.contains { $0.0 == "eval_rms_calibration_error" }
        #expect(
          found.publishedCalibrationError
            == (hasCalibration ? ["0.25": 0.25, "3e-1": 0.3][calibration] : nil), "\(text)")
      }
      #expect(
        readings[0].probabilities == nil && readings[1].probabilities == (hasList ? probabilities : nil))
    }
  }

  /// What magnet writes, it reads: every number to the last bit.
  @Test func whatIsWrittenIsRead() throws {
    var random = PythonRandom(seed: 3)
    for _ in 0..<40 {
      let probabilities = (0..<1 + random.below(200)).map { _ in random.random() }
      let made = try #require(Evaluation(distribution: "d", probabilities: probabilities))
      let bytes = Array(made.json.text.utf8)
      let read = try Evaluation(bytes, distribution: "d", file: "f", readsProbabilities: true)
      #expect(read.probabilities == probabilities && read.accuracy == made.accuracy)
      #expect(read.publishedCalibrationError == made.publishedCalibrationError)
      #expect(read.pairCount == probabilities.count && read.origin == nil)
      let mean = try #require(made.json["eval_average_probability"]?.double)
      #expect(abs(mean - probabilities.reduce(0, +) / Double(probabilities.count)) < 1e-12)
      let brier = try #require(made.json["eval_brier_score"]?.double)
      let squares = probabilities.map { 1 - 2 * $0 + $0 * $0 }
      #expect(abs(brier - squares.reduce(0, +) / Double(squares.count)) < 1e-12)
      #expect(made.json["distribution_id"] == .string("d"))
    }
    #expect(Evaluation(distribution: "d", probabilities: []) == nil)
    // Decisions say nothing about confidence, so no calibration error is written.
    let decisions = try #require(
      Evaluation(distribution: "d", probabilities: (0..<80).map { Double($0 % 2) }))
    #expect(decisions.publishedCalibrationError == nil && decisions.json["eval_rms_calibration_error"] == nil)
  }

  // MARK: - The tree

  @Test(arguments: 1...6) func modelsAreThoseOfASearch(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let folder = try TemporaryFolder()
    // Names in which hyphens do not tell where the model ends.
    let (models, ids) = (["m", "m-a", "llama-7b", "-"], ["a", "b-a", "a-a", "b"])
    var files: Set<String> = []
    for _ in 0..<30 {
      let model = random.choice(models) + (random.below(5) == 0 ? "" : "-" + random.choice(ids))
      let path = "\(model)/\(random.choice(ids))"
      if files.insert(path).inserted {
        try folder.write("{\"eval_accuracy\": 1}", to: "evaluations/i/\(path).json")
      }
    }
    let shifts = (0..<random.below(7)).map { _ in
      DistributionShift(source: random.choice(ids), target: random.choice(ids))
    }
    // Whatever stands before a shift's source in the name of a folder with its target.
    var expected: Set<String> = []
    for file in files {
      let parts = file.split(separator: "/").map(String.init)
      for shift in shifts where shift.target == parts[1] {
        for length in 1..<max(2, parts[0].count) where parts[0].dropFirst(length) == "-" + shift.source {
          expected.insert(String(parts[0].prefix(length)))
        }
      }
    }
    let store = EvaluationStore(folder.path)
    #expect(store.models(of: "i", on: shifts) == expected.sorted())
    #expect(store.models(of: "other", on: shifts) == [] && store.interventions == ["i"])
    #expect(store.models(of: "i", on: []) == [])
  }

  /// The store is where `evaluations` is: in the folder itself, or else in its `results`.
  @Test(
    arguments: [
      ([], ""), (["evaluations/x"], ""), (["results/evaluations/x"], "/results"), (["results/x"], ""),
      (["evaluations/x", "results/evaluations/x"], ""),
    ] as [([String], String)])
  func storesAreFoundInFolders(_ files: [String], _ inner: String) throws {
    let folder = try TemporaryFolder()
    for file in files { try folder.write("", to: file) }
    #expect(EvaluationStore(folder.path).folder == folder.path + inner)
    #expect(EvaluationStore(folder.path + "/").folder == folder.path + inner)
    #expect(EvaluationStore(folder.path + "/./x/..").folder == folder.path + inner)
  }

  // MARK: - Records

  private static func parts(_ random: inout PythonRandom) -> [(name: String, value: String)] {
    ["data", "program", "model", "seed"].filter { _ in random.below(4) > 0 }.map {
      ($0, random.choice(["", "1", "2"]))
    }
  }

  @Test func fingerprintsTellWhatChanged() throws {
    var random = PythonRandom(seed: 5)
    for _ in 0..<400 {
      let (now, before) = (Fingerprint(Self.parts(&random)), Fingerprint(Self.parts(&random)))
      func value(_ fingerprint: Fingerprint, _ name: String) -> String {
        fingerprint.parts.first { $0.name == name }?.value ?? ""
      }
      let changed = now.parts.map(\.name).filter { value(now, $0) != value(before, $0) }
      #expect(
        now.difference(from: before) == (changed.isEmpty ? nil : changed.joined(separator: ", ") + " changed")
      )
      #expect(now.difference(from: now) == nil)
      // An empty part is as good as none; with that, digests are equal exactly where the parts are.
      let (own, other) = [now, before].map { $0.parts.filter { !$0.value.isEmpty } }.pair
      #expect((now.digest == before.digest) == own.elementsEqual(other) { $0 == $1 })
      #expect(Fingerprint(try JSONValue(parsing: now.json.text)) == now)
    }
    for wrong in ["[]", "1", "null", #"{"a": 1}"#, #"{"a": "x", "b": null}"#] {
      #expect(Fingerprint(try JSONValue(parsing: wrong)) == nil, "\(wrong)")
    }
    #expect(Fingerprint(nil) == nil)
  }

  @Test func evaluationsAreComparedWithTheirRecords() throws {
    let folder = try TemporaryFolder()
    let store = EvaluationStore(folder.path)
    let made = Fingerprint([("data", "1"), ("seed", "7")])
    func state(_ fingerprint: Fingerprint) throws -> String {
      switch try store.state("i", "m-s", "t", fingerprint) {
      case .missing: "missing"
      case .current: "current"
      case .stale(let reason): reason
      case .foreign: "foreign"
      }
    }
    let record = "evaluations/i/m-s/t.magnet.json"
    #expect(try state(made) == "missing")
    // A record alone, as after a run that was killed between the two files.
    let text = "{\"eval_accuracy\": 0.5}"
    let digest = Digest.of(Array(text.utf8))
    let entry = EvaluationRecord(origin: .program, fingerprint: made, evaluation: digest)
    try folder.write(entry.json.text, to: record)
    #expect(try state(made) == "missing")
    let file = try folder.write(text, to: "evaluations/i/m-s/t.json")
    #expect(file == store.file("i", "m-s", "t"))
    #expect(try state(made) == "current" && Digest.of(file: file) == digest)
    #expect(try state(Fingerprint([("seed", "7")])) == "current")
    #expect(try state(Fingerprint([("seed", "8"), ("data", "1")])) == "seed changed")
    #expect(try state(Fingerprint([("data", "2"), ("seed", "8")])) == "data, seed changed")
    #expect(try store.evaluation("i", "m-s", "t", readsProbabilities: true)?.origin == .program)
    #expect(try store.evaluation("i", "m-s", "t")?.origin == nil)
    try folder.write(text + " ", to: "evaluations/i/m-s/t.json")
    #expect(try state(made) == "the evaluation's file changed")
    // What is wrong with a record is that it cannot be read, whatever it lacks.
    let whole = entry.json.text
    for wrong in [
      "", "{", "[]", whole.replacing("\"magnet_evaluation\":1", with: "\"magnet_evaluation\":2"),
      whole.replacing("program", with: "someone"), whole.replacing("made_from", with: "made"),
      whole.replacing("\"evaluation\"", with: "\"digest\""), whole.replacing("\"7\"", with: "7"),
    ] {
      #expect(wrong != whole)
      try folder.write(wrong, to: record)
      #expect(try state(made) == "its record cannot be read", "\(wrong)")
    }
    try folder.write(whole, to: "elsewhere")
    #expect(EvaluationRecord(try JSONValue(parsing: whole))?.fingerprint == made)
    Disk.remove(folder.path + "/" + record)
    #expect(try state(made) == "foreign")
  }
}

extension Array {
  /// The first two elements.
  fileprivate var pair: (Element, Element) { (self[0], self[1]) }
}
