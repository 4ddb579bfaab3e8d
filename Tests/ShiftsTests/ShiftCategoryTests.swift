import Magnet
import TestSupport
import Testing

@testable import Shifts

/// Shift specifications in random trees of categories, and what lists of shifts say of their distributions.
@Suite struct ShiftCategoryTests {
  private static let ids = ["a", "b", "c"]

  private static func rows(_ random: inout PythonRandom, isLabelled: Bool) -> [DistributionShift] {
    (0..<random.below(6)).map { _ in
      DistributionShift(
        source: random.choice(ids), target: random.choice(ids),
        targetReference: random.below(3) == 0 ? random.choice(ids) : nil,
        label: isLabelled && random.below(3) == 0 ? "own" : nil,
        category: isLabelled && random.below(3) == 0 ? "mine" : nil)
    }
  }

  /// A specification in which what is not known is left out or null.
  private static func text(_ rows: [DistributionShift], _ random: inout PythonRandom) -> String {
    let objects = rows.map { row in
      let members = [
        ("source", row.source), ("target", row.target),
        ("target_reference", row.targetReference == row.target ? nil : row.targetReference),
        ("label", row.label), ("category", row.category),
      ].compactMap { key, value -> String? in
        guard let value else { return random.below(2) == 0 ? nil : "\"\(key)\": null" }
        return "\"\(key)\": \"\(value)\""
      }
      return "{" + members.joined(separator: ", ") + "}"
    }
    return "[" + objects.joined(separator: ",\n") + "]"
  }

  @Test(arguments: 1...12) func categoriesAreThoseOfTheFirstFile(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let folder = try TemporaryFolder()
    var known: [(label: String, category: String, rows: [DistributionShift])] = []
    for label in ["extreme", "probing"] {
      // In the order of their names; the file of all names no category, and one that is damaged none either.
      for category in ["all", "context", "damaged", "quality", "skill"] where random.below(4) > 0 {
        let rows = Self.rows(&random, isLabelled: false)
        let text = category == "damaged" ? "[{" : Self.text(rows, &random)
        try folder.write(text, to: "\(label)/\(category).json")
        if category != "all" && category != "damaged" { known.append((label, category, rows)) }
      }
    }
    try folder.write("not a specification", to: "extreme/notes.txt")
    for place in ["set.json", "extreme/set.json", "probing/set.json"] {
      let own = Self.rows(&random, isLabelled: true)
      let file = try folder.write(Self.text(own, &random), to: place)
      let set = try ShiftSet(file: file)
      #expect(set.name == "set" && set.rows.count == own.count)
      // A set in a folder of categories is one itself.
      var all = known
      if place != "set.json" {
        let label = String(place.prefix { $0 != "/" })
        let before = known.firstIndex { $0.label > label || $0.label == label && $0.category > "set" }
        all.insert((label, "set", own), at: before ?? known.count)
      }
      for (row, found) in zip(own, set.rows) {
        #expect(
          [found.source, found.target, found.targetReference] == [
            row.source, row.target, row.targetReference,
          ])
        let first = all.first { $0.rows.contains { $0.key == row.key } }
        #expect(found.label == row.label ?? first?.label, "\(place)")
        #expect(found.category == row.category ?? first?.category, "\(place)")
        #expect(found.name == "\(row.source) → \(row.target)")
      }
      var distinct: [DistributionShift] = []
      for row in set.rows where !distinct.contains(where: { $0.key == row.key }) { distinct.append(row) }
      #expect(set.distinct == distinct)
      Disk.remove(file)
    }
  }

  // MARK: - What distributions hold

  private struct Half {
    var prompts: [String] = []
    /// The place of the best answer of each example.
    var best: [Int] = []

    init(_ random: inout PythonRandom, answers: Int) {
      for _ in 0..<random.below(5) {
        prompts.append(random.choice(["p", "q", "r", "s", "é\u{1F536}"]))
        best.append(random.below(answers))
      }
      if random.below(3) == 0, let first = best.first { best = best.map { _ in first } }
    }

    func examples(answers: Int) -> [String] {
      zip(prompts, best).map { prompt, best in
        let texts = (0..<answers).map { "\"answer \($0)\": \($0 == best ? 1 : 0)" }
        return "{\"prompt\": \"\(prompt)\", \"responses\": {\(texts.joined(separator: ", "))}}"
      }
    }
  }

  @Test(arguments: 1...12) func listsSayWhatDistributionsHold(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let folder = try TemporaryFolder()
    var counts: [String: [Int?]] = [:]
    var warnings: [String: [String]] = [:]
    var texts: [String: [String]] = [:]
    for id in Self.ids where random.below(5) > 0 {
      let answers = 2 + random.below(3)
      let (train, test) = (Half(&random, answers: answers), Half(&random, answers: answers))
      texts[id] = [train, test].map { $0.examples(answers: answers).joined(separator: ",\n") }
      try folder.writeDistribution(
        id, train: train.examples(answers: answers), test: test.examples(answers: answers))
      let pairs = test.prompts.count * (answers - 1)
      counts[id] = [train.prompts.count, test.prompts.count, test.prompts.isEmpty ? 0 : answers, pairs]
      var own: [String] = []
      if train.prompts.isEmpty { own.append("train.json holds no examples") }
      if test.prompts.isEmpty { own.append("test.json holds no examples") }
      let count = test.best.count
      for (place, name) in [(0, "first"), (answers - 1, "last")]
      where count > 1 && test.best.allSatisfy({ $0 == place }) {
        own.append("the best answer is always the \(name) one in test.json (\(count) of \(count) examples)")
      }
      let shared = test.prompts.filter(train.prompts.contains).count
      if shared > 0 { own.append("\(shared) of \(count) test prompts are training prompts, too") }
      if pairs > 0 && pairs < 20 { own.append("a calibration error needs 20 pairs, test.json has \(pairs)") }
      warnings[id] = own.map { "\(id): \($0)" }
      // The halves as they are read.
      let distribution = try Distribution(folder: folder.path + "/distributions/" + id)
      let half = try distribution.test()
      #expect(half.pairCount == pairs && half.examples.map(\.prompt) == test.prompts)
      #expect(half.examples.map { $0.responses.firstIndex(where: \.isBest) } == test.best)
      #expect(
        try distribution.train().pairs.map(\.example)
          == train.prompts.indices.flatMap { number in
            [Int](repeating: number, count: answers - 1)
          })
      for pair in try distribution.train().pairs {
        #expect(pair.best == "answer \(train.best[pair.example])" && pair.worse != pair.best)
      }
    }
    var rows = Self.rows(&random, isLabelled: true)
    rows += rows.prefix(2) + rows.prefix(1)
    let list = ShiftList(ShiftSet(name: "s", rows: rows), distributions: folder.path + "/distributions")
    for (place, row) in rows.enumerated() {
      let cells = list.table.rows[place]
      #expect(
        [cells["source"].text, cells["target"].text, cells["target_reference"].text]
          == [row.source, row.target, row.targetReference])
      #expect(cells["repeat"] == .int(Int64(rows[..<place].count { $0.key == row.key })))
      let found = ["train", "test", "responses", "pairs"].map { cells[$0] }
      let (source, target) = (counts[row.source], counts[row.target])
      let wanted = [source?[0], target?[1], target?[2], target?[3]].map { Cell($0 ?? nil) }
      #expect(found == wanted)
    }
    // Each distribution once, in the order in which the rows name them.
    let named = rows.flatMap { [$0.source, $0.target, $0.targetReference] }.unique()
    #expect(list.faults.count == named.count { counts[$0] == nil })
    var expected = named.flatMap { warnings[$0] ?? [] }
    for (half, name) in ["train.json", "test.json"].enumerated() {
      let groups = Dictionary(grouping: named.filter { texts[$0] != nil }, by: { texts[$0]?[half] })
      for group in groups.values.filter({ $0.count > 1 }).map({ $0.sorted() }).sorted(by: { $0[0] < $1[0] }) {
        expected.append("\(name) is the same in \(group.joined(separator: " and "))")
      }
    }
    #expect(list.warnings == expected)
    // Without the distributions, nothing of them is said.
    let bare = ShiftList(ShiftSet(name: "s", rows: rows), distributions: nil)
    #expect(bare.faults.isEmpty && bare.warnings.isEmpty)
    #expect(bare.table.columnNames == Array(list.table.columnNames.prefix(6)))
  }

  /// A half that ends anywhere before its end is refused with the number of the example that is not whole.
  @Test func halvesThatEndEarlyAreRefusedAtEachByte() throws {
    let folder = try TemporaryFolder()
    let examples = [example("p]\u{e9}", best: "a,", worse: "b{"), example("q", best: "c", worse: "d}")]
    let text = Array("[\(examples.joined(separator: ", "))]".utf8)
    let ends = [1 + examples[0].utf8.count, text.count - 1]
    for length in 0..<text.count {
      let file = try folder.write(Array(text[..<length]), to: "cut.json")
      var seen = 0
      let error = #expect(throws: DataFault.self) {
        try PreferenceExample.forEach(in: file) { _ in seen += 1 }
      }
      // The comma or bracket behind an example ends it.
      let whole = ends.count { $0 < length }
      #expect(seen == whole, "\(length)")
      #expect(error?.place == (length == 0 ? nil : "[\(whole)]"), "\(length)")
      #expect(
        error?.problem == (length == 0 ? "is empty" : "unexpected end of file (truncated)"), "\(length)")
    }
  }
}
