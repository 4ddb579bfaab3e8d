import Foundation
import Magnet
import TestSupport
import Testing

@testable import Shifts

@Suite struct PairScoresTests {
  @Test func thePublishedFormulaDrawsItsLabelsAsPythonDoes() {
    var random = PythonRandom(seed: 42)
    #expect((0..<10).map { _ in random.choice([0, 1]) } == [0, 0, 1, 0, 0, 0, 0, 0, 1, 0])
    random = PythonRandom(seed: 42)
    var ones = 0
    for _ in 0..<750 { ones += random.choice([0, 1]) }
    #expect(Double(ones) / 750 == 0.49866666666666665)
    // q is 1 for labels 1, which is in no bin; the zeros are in the first.
    #expect(PairScores.publishedCalibrationError(Array(repeating: 1, count: 250)) == 0.432)
    #expect(PairScores.publishedCalibrationError(Array(repeating: 0.3, count: 19)) == nil)
    #expect(PairScores.publishedCalibrationError([]) == nil)
    #expect(PairScores.publishedBin(0.6) == 2 && PairScores.publishedBin(0.6000000000000001) == 3)
    #expect(PairScores.publishedBin(1) == nil && PairScores.publishedBin(0) == 0)
  }

  @Test func aModelAsRightAsItSaysHasNoCalibrationError() throws {
    let p = Array(repeating: 0.9, count: 90) + Array(repeating: 0.1, count: 10)
    let error = try #require(PairScores.calibrationError(p))
    #expect(error < 1e-12)
    #expect(PairScores.calibrationError([1, 1]) == 0)
    #expect(PairScores.calibrationError([0, 0]) == 1)
    #expect(PairScores.calibrationError([]) == nil)
    #expect(PairScores.accuracy([0.5, 0.7, 0.2, 0.5]) == 0.5)
    #expect(PairScores.accuracy([]) == nil)
    let brier = try #require(PairScores.brier([0.9, 0.5]))
    #expect(abs(brier - 0.13) < 1e-12)
  }
}

@Suite(.enabled(if: published != nil)) struct PublishedTableTests {
  static let interventions = [
    "cra", "few_shot", "lat_stim_1", "lora_fine_tuning", "mms", "prompt_tuning", "zero_shot",
  ]
  let root: String
  let store: EvaluationStore

  init() throws {
    root = try #require(published)
    store = EvaluationStore(root)
  }

  private func set(_ name: String) throws -> ShiftSet {
    try ShiftSet(file: "\(root)/distribution_shifts/\(name).json")
  }

  private func metrics(_ set: String, _ intervention: String, capability: MetricsRules.Capability = .standard)
    throws
    -> GeneralizationMetrics
  {
    var rules = MetricsRules()
    rules.source = .published
    rules.capability = capability
    return GeneralizationMetrics(
      store, try self.set(set).rows, model: "llama-7b", intervention: intervention, rules: rules,
      pairs: try self.set("all").rows)
  }

  @Test(arguments: ["GENIES", "all"]) func everyTableHasThePublishedBytes(_ set: String) throws {
    for intervention in Self.interventions {
      let expected = try Project.text(
        "\(root)/results/generalization_metrics/llama-7b/\(intervention)/\(set).csv")
      let computed = try metrics(set, intervention)
      #expect(TableWriter(.csv).text(computed.table) == expected, "\(intervention) \(set)")
      #expect(computed.reasons.isEmpty)
      let derived = try metrics(set, intervention, capability: .best)
      #expect(TableWriter(.csv).text(derived.table) == expected, "\(intervention) \(set), derived capability")
    }
  }

  @Test func withoutTheBaseModelsEvaluationsBaselinesAreEmpty() throws {
    let computed = GeneralizationMetrics(
      store, try set("GENIES").rows, model: "llama-7b", intervention: "mms")
    #expect(computed.rows.allSatisfy { $0.baseline == nil && $0.differentialElicitation == nil })
    #expect(computed.rows.allSatisfy { $0.generalization != nil && $0.capability != nil })
    #expect(computed.reasons.contains("missing: evaluations/zero_shot/llama-7b/us_history_fiction.json"))
    #expect(computed.table[row: 0, column: 4] == .null && computed.table[row: 0, column: 5] == .null)
  }

  @Test func calibrationErrorsFollowFromTheProbabilities() throws {
    var count = 0
    for shift in try set("GENIES").rows {
      for intervention in ["lora_fine_tuning", "mms", "zero_shot"] {
        let found = try #require(
          try store.evaluation(
            intervention, "llama-7b-\(shift.source)", shift.target, readsProbabilities: true))
        let p = try #require(found.probabilities)
        let expected = try #require(found.publishedCalibrationError)
        let computed = try #require(PairScores.publishedCalibrationError(p))
        #expect(abs(computed - expected) < 1e-12)
        #expect(found.pairCount == p.count)
        count += 1
      }
    }
    #expect(count == 45)
  }

  @Test func meansAreOverDistinctShiftsUnlessRepeatsCount() throws {
    let expected: [String: [Double]] = [
      "zero_shot": [0.464000, 0, 0.569314, 0, 0.596261, 0],
      "few_shot": [0.473014, 0.009697, 0.563955, -0.004636, 0.595409, -0.000202],
      "prompt_tuning": [0.493867, 0.031792, 0.566771, -0.004443, 0.583319, -0.015188],
      "cra": [0.464444, -0.000536, 0.512851, -0.058210, 0.544072, -0.054258],
      "lat_stim_1": [0.521867, 0.069323, 0.591771, 0.024786, 0.607503, 0.012755],
      "lora_fine_tuning": [0.520533, 0.063219, 0.623190, 0.058692, 0.646681, 0.054597],
      "mms": [0.557156, 0.106825, 0.612846, 0.049356, 0.632722, 0.042412],
    ]
    for (offset, name, repeats) in [(0, "GENIES", false), (2, "all", true), (4, "all", false)] {
      let all = try Self.interventions.map { try metrics(name, $0) }
      let table = ShiftScores(all, countsRepeats: repeats).table(by: .all, measure: .de)
      for row in table.rows {
        let numbers = try #require(expected[row["intervention"].text])
        let accuracy = try #require(row["G"].number)
        let elicitation = try #require(row["DE"].number)
        #expect(abs(accuracy - numbers[offset]) < 5e-7)
        #expect(abs(elicitation - numbers[offset + 1]) < 5e-7)
        let count = offset == 0 ? 15 : repeats ? 69 : 56
        #expect(row["shifts"] == .int(Int64(count)))
        let lower = try #require(row["lower"].number)
        let upper = try #require(row["upper"].number)
        let measured = try #require(row["de"].number)
        #expect(abs(measured - elicitation) < 1e-12 && lower <= measured && measured <= upper)
        if row["intervention"].text != "zero_shot" { #expect(lower < upper) }
      }
      #expect(table.rowCount == 7)
    }
  }

  @Test func theLongTableAddsItsColumns() throws {
    let computed = GeneralizationMetrics(
      store, try set("GENIES").rows, model: "llama-7b", intervention: "zero_shot", readsProbabilities: true)
    let table = computed.longTable
    #expect(table.columnNames.count == 18)
    #expect(table.rows[0]["category"] == .string("context"))
    // Their probabilities are decisions in all but a few pairs.
    #expect(table.rows[1]["n"] == .int(750))
  }
}

@Suite struct GeneralizationMetricsTests {
  /// A store with the evaluations given as INTERVENTION/MODEL/ID and text.
  private func store(_ files: [String: String], _ folder: TemporaryFolder) throws -> EvaluationStore {
    for (path, text) in files { try folder.write(text, to: "evaluations/\(path).json") }
    return EvaluationStore(folder.path)
  }

  private let shift = DistributionShift(source: "s", target: "t")

  private func row(_ files: [String: String], baseline: String = "b") throws -> GeneralizationMetrics.Row {
    let folder = try TemporaryFolder()
    var rules = MetricsRules()
    rules.baseline = baseline
    let metrics = GeneralizationMetrics(
      try store(files, folder), [shift], model: "m", intervention: "i", rules: rules, readsProbabilities: true
    )
    return metrics.rows[0]
  }

  @Test func eachMetricIsItsDefinition() throws {
    let row = try row([
      "i/m-s/t": #"{"eval_accuracy": 0.75}"#, "i/m-s/s": #"{"eval_accuracy": 1}"#,
      "b/m/t": #"{"eval_accuracy": 0.5}"#, "i/m-t/t": #"{"eval_accuracy": 0.9}"#,
    ])
    #expect([row.generalization, row.source, row.baseline, row.capability] == [0.75, 1, 0.5, 0.9])
    #expect(row.differentialElicitation == 0.25 / 0.9)
    #expect(row.elicitation == 0.75 / 0.9)
    #expect(row.gapClosed == 0.25 / 0.4)
    #expect(row.reasons.isEmpty && row.capabilityIntervention == "i" && row.baselineIntervention == "b")
  }

  @Test func whatIsUndefinedIsMissingAndSaysWhy() throws {
    let zero = try row([
      "i/m-s/t": #"{"eval_accuracy": 0.25}"#, "i/m-s/s": #"{"eval_accuracy": 1}"#,
      "b/m/t": #"{"eval_accuracy": 0.5}"#, "i/m-t/t": #"{"eval_accuracy": 0.0}"#,
    ])
    #expect(zero.differentialElicitation == nil && zero.elicitation == nil && zero.gapClosed == nil)
    #expect(zero.notes == ["s → t: the capability is 0, so differential elicitation is undefined"])
    let hurt = try row([
      "i/m-s/t": #"{"eval_accuracy": 0.25}"#, "i/m-s/s": #"{"eval_accuracy": 1}"#,
      "b/m/t": #"{"eval_accuracy": 0.5}"#, "i/m-t/t": #"{"eval_accuracy": 0.5}"#,
    ])
    #expect(hurt.differentialElicitation == -0.5 && hurt.gapClosed == nil)
    let bare = try row(["i/m-s/t": #"{"eval_accuracy": 0.25}"#])
    #expect(
      bare.generalization == 0.25 && bare.differentialElicitation == nil && bare.baselineIntervention == nil)
    #expect(bare.reasons.count == 3)
  }

  @Test(arguments: [
    ("{}", "has no 'eval_accuracy'"), (#"{"accuracy": 0.5}"#, "has 'accuracy', not 'eval_accuracy'"),
    (#"{"eval_accuracy": NaN}"#, "eval_accuracy: expected a number from 0 to 1, found NaN"),
    (#"{"eval_accuracy": "0.5"}"#, "eval_accuracy: expected a number from 0 to 1, found a string"),
    (#"{"eval_accuracy": 1.2}"#, "eval_accuracy: expected a number from 0 to 1, found 1.2"),
    (#"{"eval_accuracy": null}"#, "eval_accuracy: expected a number from 0 to 1, found null"),
    ("[0.5]", "expected an object, found a list"), ("", "byte 0"), (#"{"eval_accuracy": 0.5"#, "byte 21"),
    (#"{"eval_accuracy": 0.5} x"#, "byte 23"), (#"{"eval_accuracy": 0.5.1}"#, "byte"),
  ])
  func everyFaultOfAnEvaluationHasItsOwnMessage(_ text: String, _ problem: String) throws {
    let row = try row(["i/m-s/t": text])
    #expect(row.generalization == nil)
    #expect(row.reasons[0].contains("/i/m-s/t.json: \(problem)"), "\(row.reasons[0])")
  }

  @Test func numbersAreThoseOfTheFile() throws {
    // Escaped keys, nested members and repeated keys are read as Python reads them.
    let texts = [
      #"{"eval\u005faccuracy": 0.5}"#, #"{"x": {"eval_accuracy": 0.1}, "eval_accuracy": 0.5}"#,
      #"{"eval_accuracy": 0.1, "eval_accuracy": 0.5}"#,
      #"{"y": "\"eval_accuracy\": 1, {", "eval_accuracy":5e-1 }"#,
      #"{"eval_probabilities": [0.5, 1], "eval_accuracy" : 0.50}"#,
    ]
    for text in texts { #expect(try row(["i/m-s/t": text]).generalization == 0.5, "\(text)") }
    let row = try row([
      "i/m-s/t":
        #"{"eval_accuracy": 0.5, "eval_rms_calibration_error": NaN, "eval_probabilities": [0.25, 0.75]}"#
    ])
    #expect(row.publishedCalibrationError == nil && row.pairCount == 2 && row.calibrationError != nil)
    let decisions = try self.row(["i/m-s/t": #"{"eval_accuracy": 0.5, "eval_probabilities": [0, 1.0]}"#])
    #expect(decisions.calibrationError == nil && decisions.notes.count == 1)
  }

  @Test func numbersAreWrittenAsPythonWritesThem() throws {
    let cells: [(Double, String)] = [
      (0, "0.0"), (1, "1.0"), (0.00020329363980603476, "0.00020329363980603476"), (5e-05, "5e-05"),
      (-0.0, "-0.0"),
      (0.1 + 0.2, "0.30000000000000004"), (1e-10, "1e-10"), (0.0001, "0.0001"),
    ]
    let table = Table(columnNames: ["x"], rows: cells.map { [.double($0.0)] })
    #expect(TableWriter(.csv).text(table) == "x\n" + cells.map { $0.1 + "\n" }.joined())
  }

  @Test func capabilityIsTheBestOfSeveralAndTheFirstOfEquals() throws {
    let folder = try TemporaryFolder()
    let store = try store(
      [
        "a/m-t/t": #"{"eval_accuracy": 0.8}"#, "b/m-t/t": #"{"eval_accuracy": 0.9}"#,
        "c/m-t/t": #"{"eval_accuracy": 0.9}"#, "c/m-s/t": #"{"eval_accuracy": 0.95}"#,
        "i/m-s/t": #"{"eval_accuracy": 0.5}"#,
      ], folder)
    var rules = MetricsRules()
    rules.capability = .interventions(["a", "b", "c"])
    var row = GeneralizationMetrics(store, [shift], model: "m", intervention: "i", rules: rules).rows[0]
    #expect(row.capability == 0.9 && row.capabilityIntervention == "b")
    rules.capability = .best
    row = GeneralizationMetrics(store, [shift], model: "m", intervention: "i", rules: rules).rows[0]
    #expect(row.capability == 0.95 && row.capabilityIntervention == "c")
    #expect(store.models(of: "c", on: [shift]) == ["m"] && store.models(of: "a", on: [shift]).isEmpty)
  }

  /// The best of several is not known while one of them is: it is not printed, and why is said.
  @Test func aCapabilityOfUnknownCandidatesIsNotPrinted() throws {
    let folder = try TemporaryFolder()
    let store = try store(
      [
        "a/m-t/t": #"{"eval_accuracy": 0.8}"#, "b/m-t/t": #"{"eval_accuracy": "0.9"}"#,
        "i/m-s/t": #"{"eval_accuracy": 0.5}"#,
      ], folder)
    for (capability, reason) in [
      (MetricsRules.Capability.best, "eval_accuracy"), (.interventions(["a", "b"]), "eval_accuracy"),
      (.interventions(["a", "c"]), "missing: evaluations/c/m-t/t.json"),
    ] {
      var rules = MetricsRules()
      rules.capability = capability
      let row = GeneralizationMetrics(store, [shift], model: "m", intervention: "i", rules: rules).rows[0]
      #expect(row.capability == nil && row.capabilityIntervention == nil)
      #expect(row.reasons.contains { $0.contains(reason) }, "\(row.reasons)")
    }
  }

  /// A file is read once, by however many tables.
  @Test func evaluationsAreReadOnceForAllTables() throws {
    let folder = try TemporaryFolder()
    let reader = EvaluationReader(
      try store(["i/m-s/t": #"{"eval_accuracy": 0.5}"#, "i/m-s/s": #"{"eval_accuracy": 1}"#], folder))
    func accuracy() -> Double? {
      GeneralizationMetrics(
        reader, [shift], model: "m", intervention: "i", rules: MetricsRules(), pairs: [],
        readsProbabilities: false
      ).rows[0].generalization
    }
    #expect(accuracy() == 0.5)
    try FileManager.default.removeItem(atPath: reader.store.file("i", "m-s", "t"))
    #expect(accuracy() == 0.5)
  }
}

@Suite struct DigestTests {
  /// From the reference implementation's tests (xxhash).
  @Test func digestsAreXXH64() {
    #expect(Digest.of([UInt8]()) == "ef46db3751d8e999")
    #expect(Digest.of(Array("a".utf8)) == "d24ec4f1a98c6e5b")
    #expect(Digest.of(Array("abc".utf8)) == "44bc2cf5ad770999")
    #expect(Digest.of(Array("Nobody inspects the spammish repetition".utf8)) == "fbcea83c8a378bf1")
    let long = (0..<1000).map { UInt8($0 & 255) }
    var pieces = Digest()
    for start in stride(from: 0, to: 1000, by: 7) { pieces.add(long[start..<min(start + 7, 1000)]) }
    #expect(pieces.text == Digest.of(long))
  }
}
