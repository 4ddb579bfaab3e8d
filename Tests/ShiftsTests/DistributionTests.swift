import Foundation
import Magnet
import TestSupport
import Testing

@testable import Shifts

@Suite struct DistributionTests {
  private func fault(_ test: String, folder: TemporaryFolder) throws -> String {
    let path = try folder.writeDistribution("d", train: [example("q", best: "a", worse: "b")], test: [])
    try folder.write(test, to: "distributions/d/test.json")
    var found: (any Error)?
    do { _ = try Distribution(folder: path).test() } catch { found = error }
    let text = "\(try #require(found))"
    #expect(text.hasPrefix(path + "/test.json"), "\(text)")
    return String(text.dropFirst((path + "/test.json").count))
  }

  @Test(arguments: [
    (#"[{"prompt": "q", "responses": {"a": 1, "b": 1}}]"#, ": [0].responses: two best answers"),
    (#"[{"prompt": "q", "responses": {"a": 0, "b": 0}}]"#, ": [0].responses: no best answer"),
    (#"[{"prompt": "q", "responses": {"a": 1}}]"#, ": [0].responses: no worse answer"),
    (#"[{"prompt": "q", "responses": {}}]"#, ": [0].responses: no best answer"),
    (
      #"[{"prompt": "q", "responses": {"a": 1, "b": 0.5}}]"#,
      ": [0].responses: 'b': expected 0 or 1, found 0.5"
    ),
    (
      #"[{"prompt": "q", "responses": {"a": 1, "b": "0"}}]"#,
      ": [0].responses: 'b': expected 0 or 1, found a string"
    ),
    (
      #"[{"prompt": "q", "responses": {"a": 1, "b": NaN}}]"#,
      ": [0].responses: 'b': expected 0 or 1, found nan"
    ),
    (#"[{"responses": {"a": 1, "b": 0}}]"#, ": [0]: has no 'prompt'"),
    (#"[{"prompt": 3, "responses": {"a": 1, "b": 0}}]"#, ": [0].prompt: expected a string, found a number"),
    (#"[{"prompt": "q"}]"#, ": [0]: has no 'responses'"),
    (#"[{"prompt": "q", "responses": ["a"]}]"#, ": [0].responses: expected an object"),
    (#"[{"prompt": "q", "responses": {"a": 1, "a": 0}}]"#, ": [0].responses: 'a' is there twice"),
    (
      #"[{"prompt": "q", "responses": {"a": 1, "b": 0}}, {"prompt": "q", "responses": {"a": 1, "b": 0, "c": 0}}]"#,
      ": [1].responses: has 3 answers, the file's first example 2"
    ),
    (#"[{"prompt": "q", "responses": {"a": 1, "b": 0}}, 7]"#, ": [1]: expected an object, found a number"),
    (#"[{"prompt": "q", "responses": {"a": 1, "b": 0}}, ]"#, ": byte 49: expected an example before this"),
    (#"[{"prompt": "q", "responses": {"a": 1, "b""#, ": [0]: unexpected end of file (truncated)"),
    (#"[{"prompt": "q", "responses": {"a": 1 "b": 0}}]"#, ": [0]: byte 38"),
    (#"{"prompt": "q"}"#, ": byte 0: expected a list of examples"),
    ("[] 3", ": byte 3: more text follows"),
    ("", ": is empty"),
    (" \n", ": contains only white space"),
  ])
  func everyFaultNamesFileIndexAndMember(_ text: String, _ expected: String) throws {
    let found = try fault(text, folder: try TemporaryFolder())
    #expect(found.hasPrefix(expected), "\(found)")
  }

  @Test func whatIsMissingIsNamed() throws {
    let folder = try TemporaryFolder()
    #expect(throws: DataFault.self) { try Distribution(folder: folder.path + "/none") }
    try folder.write("[]", to: "half/train.json")
    let error = #expect(throws: DataFault.self) { try Distribution(folder: folder.path + "/half/") }
    #expect(error?.file == folder.path + "/half/test.json")
  }

  @Test func answersKeepTheirOrderAndEscapesAreOneCharacter() throws {
    let folder = try TemporaryFolder()
    let path = try folder.writeDistribution(
      "d", train: [],
      test: [
        #"{"prompt": "", "responses": {"z": 0.0, "\ud83d\udd36": 1.0, "a": 0}, "level": 3, "x": {"y": [1]}}"#
      ])
    let distribution = try Distribution(folder: path + "//")
    #expect(distribution.id == "d" && distribution.folder == path)
    let half = try distribution.test()
    #expect(half.pairCount == 2)
    #expect(half.examples[0].responses.map(\.text) == ["z", "🔶", "a"])
    #expect(half.examples[0].responses.map(\.isBest) == [false, true, false])
    #expect(half.examples[0].pairs.map(\.worse) == ["z", "a"])
    #expect(try distribution.train().examples.isEmpty)
    #expect(try distribution.metadata()?["id"] == .string("d"))
    var others: [JSONValue.Member] = []
    try PreferenceExample.forEach(in: path + "/test.json", keepsOthers: true) { others = $0.others }
    #expect(others.map(\.key) == ["level", "x"])
    #expect(others.map(\.value.text) == ["3", #"{"y":[1]}"#])
  }

  /// Blocks of the file end anywhere: inside strings, escapes and characters.
  @Test func windowsOfAnySizeGiveTheSameExamples() throws {
    let folder = try TemporaryFolder()
    let examples = (0..<40).map { n in
      #"{"prompt": "q]}\"\\\#(n) é🔶", "responses": {"a,[{\#(n)": 1.0, "b\u00e9": 0.0}}"#
    }
    let path = try folder.writeDistribution("d", train: examples, test: [examples[0]])
    let whole = try Distribution(folder: path).train().examples
    #expect(whole.count == 40 && whole[3].prompt == #"q]}"\3 é🔶"#)
    for size in [1, 2, 3, 7, 64, 1000] {
      var found: [PreferenceExample] = []
      try ArrayElements.forEach(in: path + "/train.json", blockSize: size) { number, bytes, _ in
        _ = try TolerantParser.parse(bytes)
        found.append(whole[number])
      }
      #expect(found == whole)
    }
  }

  /// Time and memory grow with the file, not with its square.
  @Test func aLargeFileIsReadInWindows() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/large.json"
    try folder.write("", to: "large.json")
    let file = try #require(FileHandle(forWritingAtPath: path))
    let text = String(repeating: "words of a long answer ", count: 40)
    let line = Data((example("question", best: text + "a", worse: text + "b") + ",\n").utf8)
    file.write(Data("[".utf8))
    for _ in 0..<3000 { file.write(line) }
    file.write(Data((example("question", best: "a", worse: "b") + "]").utf8))
    try file.close()
    #expect(try PreferenceExample.forEach(in: path) { _ in } == 3001)
  }

  /// Time grows with the number of answers, not with its square; answers that differ only in how their characters are
  /// composed are two.
  @Test func anExampleMayHaveManyAnswers() throws {
    let folder = try TemporaryFolder()
    func text(_ more: String) -> String {
      let answers = (0..<100_000).map { "\"r\($0)\": \($0 == 7 ? 1 : 0)" }.joined(separator: ", ")
      return "[{\"prompt\": \"q\", \"responses\": {\(answers)\(more)}}]"
    }
    let path = try folder.write(text(", \"\u{E9}\": 0, \"e\u{301}\": 0"), to: "many.json")
    var count = 0
    try PreferenceExample.forEach(in: path) { count = $0.pairs.count }
    #expect(count == 100_001)
    let twice = try folder.write(text(", \"r50000\": 0"), to: "twice.json")
    let error = #expect(throws: DataFault.self) { try PreferenceExample.forEach(in: twice) { _ in } }
    #expect(error?.problem == "'r50000' is there twice")
  }

  @Test func checksNameWhatGivesLabelsAway() throws {
    let folder = try TemporaryFolder()
    let first = [example("p", best: "a", worse: "b"), example("q", best: "c", worse: "d")]
    let last = [
      example("p", best: "a", worse: "b", bestFirst: false),
      example("r", best: "c", worse: "d", bestFirst: false),
    ]
    for (id, test) in [("one", first), ("two", first), ("three", last)] {
      try folder.writeDistribution(id, train: [example("p", best: "x \(id)", worse: "y")], test: test)
    }
    let shifts = try folder.write(
      #"[{"source": "one", "target": "two"}, {"source": "one", "target": "three"}, {"source": "one", "target": "four"}]"#,
      to: "shifts.json")
    let list = ShiftList(try ShiftSet(file: shifts), distributions: folder.path + "/distributions")
    #expect(list.faults.count == 1 && list.faults[0].contains("four"))
    #expect(
      list.warnings.contains("one: the best answer is always the first one in test.json (2 of 2 examples)"))
    #expect(
      list.warnings.contains("three: the best answer is always the last one in test.json (2 of 2 examples)"))
    #expect(list.warnings.contains("two: 1 of 2 test prompts are training prompts, too"))
    #expect(list.warnings.contains("test.json is the same in one and two"))
    #expect(list.table[row: 0, column: 6] == .int(1))
  }
}

@Suite struct ShiftSetTests {
  @Test(arguments: [
    (#"{"source": "a"}"#, "shifts.json: expected a list of shifts, found an object"),
    (#"[3]"#, "shifts.json: [0]: expected an object, found a number"),
    (#"[{"target": "b"}]"#, "shifts.json: [0]: has no 'source'"),
    (#"[{"source": "a", "target": "b"}, {"source": "a"}]"#, "shifts.json: [1]: has no 'target'"),
    (#"[{"source": "a", "target": 3}]"#, "shifts.json: [0].target: expected a string, found a number"),
    (
      #"[{"source": "../a", "target": "b"}]"#,
      "shifts.json: [0].source: '../a' is not the name of a distribution"
    ),
    (#"[{"source": "", "target": "b"}]"#, "shifts.json: [0].source: '' is not the name of a distribution"),
    (
      #"[{"source": "a", "target": "b", "label": []}]"#,
      "shifts.json: [0].label: expected a string, found a list"
    ),
    (#"[{"source": "a" "target": "b"}]"#, "shifts.json: byte 16: "),
  ])
  func faultsHaveAnAddress(_ text: String, _ expected: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(text, to: "shifts.json")
    let error = #expect(throws: DataFault.self) { try ShiftSet(file: file) }
    #expect("\(try #require(error))".hasPrefix(folder.path + "/" + expected), "\(String(describing: error))")
  }

  @Test func rowsKeepTheirOrderAndRepeats() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      #"[{"source": "a", "target": "b", "more": 1}, {"source": "a", "target": "c", "target_reference": "r"}, {"source": "a", "target": "b"}]"#,
      to: "s.json")
    let set = try ShiftSet(file: file)
    #expect(set.name == "s" && set.rows.map(\.target) == ["b", "c", "b"])
    #expect(set.rows.map(\.targetReference) == ["b", "r", "b"])
    #expect(set.distinct.count == 2)
    #expect(try ShiftSet(file: folder.write("[]", to: "none.json")).rows.isEmpty)
  }

  @Test(.enabled(if: published != nil)) func thePublishedSetHas56DistinctShifts() throws {
    let root = try #require(published) + "/distribution_shifts/"
    let all = try ShiftSet(file: root + "all.json")
    #expect(all.rows.count == 69 && all.distinct.count == 56)
    let counts = Dictionary(grouping: all.distinct, by: { $0.category ?? "" }).mapValues(\.count)
    #expect(
      counts == [
        "context": 8, "difficulty": 6, "encoding": 4, "pretraining_similarity": 4, "quality": 3, "skill": 12,
        "spurious_cues": 6, "unwanted_personas": 13,
      ])
    // A label of the row itself counts, whatever folder the category's file lies in.
    let benchmark = try ShiftSet(file: root + "GENIES.json")
    #expect(benchmark.rows[9].label == "extreme" && benchmark.rows[9].category == "spurious_cues")
    #expect(try ShiftSet(file: root + "extreme/skill.json").rows.allSatisfy { $0.category == "skill" })
  }
}
