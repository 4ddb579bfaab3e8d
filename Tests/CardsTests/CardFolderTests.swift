import Foundation
import Magnet
import TestSupport
import Testing

@testable import Cards

/// The folder that an evaluation leaves behind, read back file by file, and the numbers in its names.
@Suite struct CardFolderTests {
  private static func evaluated(_ claim: String, _ symbols: String) async throws -> EvaluationCard {
    let card = try EvaluationCard(
      text: SchemaTests.header + "claim: {expr: \(claim)}\nsymbols: {\(symbols)}\n", path: "c.yaml")
    try await card.evaluate()
    return card
  }

  @Test(arguments: 1...6) func resultsAreReadBack(_ seed: Int) async throws {
    var random = PythonRandom(seed: seed)
    let (a, b) = (
      (0..<(1 + random.below(3))).map { _ in random.below(10) },
      (0..<(1 + random.below(3))).map { _ in random.below(10) }
    )
    let limit = random.below(40)
    let card = try await Self.evaluated(
      "a * b > \(limit)",
      "a: {sweep: \(a)}, b: {sweep: [\(b.map { "\($0).5" }.joined(separator: ", "))]}, "
        + "name: {value: n}, flag: {value: true}, none: {value: null}")
    let outcome = try #require(card.lastOutcome)
    let settings = a.flatMap { a in b.map { (a, Double($0) + 0.5) } }
    let holds = settings.map { Double($0.0) * $0.1 > Double(limit) }
    #expect(outcome.settings.map(\.status) == holds.map { $0 ? .verified : .falsified })
    #expect(outcome.status == (holds.contains(false) ? .falsified : .verified))
    #expect(outcome.count(.verified) == holds.count { $0 } && outcome.count(.inconclusive) == 0)

    let folder = try TemporaryFolder()
    let path = try card.write(to: folder.path + "/out", version: "1.2.3", data: ["runs"])
    let id = MagnetHash.digits(card.definition.value, count: 8)
    #expect(path.hasPrefix("\(folder.path)/out/\(id)_"))
    #expect(try Project.text(path + "/card.yaml") == String(decoding: card.bytes, as: UTF8.self))
    let verdict = try Project.json(path + "/verdict.json")
    #expect(verdict["result"]?.string == outcome.status.rawValue && verdict["magnet"]?.string == "1.2.3")
    #expect(verdict["data"] == .array([.string("runs")]) && verdict["overrides"] == nil)
    let names = (verdict["claims"]?.elements ?? []).compactMap(\.string)
    #expect(names.count == settings.count && Set(names).count == names.count)
    #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/results").sorted() == names.sorted())
    var met: [String: Int] = [:]
    for (number, name) in names.enumerated() {
      let result = try Project.json(path + "/results/\(name)/verdict.json")
      #expect(result["status"]?.string == (holds[number] ? "VERIFIED" : "FALSIFIED"))
      // What is not an int, float, text, mapping or list of ints is not recorded, and does not count for the id.
      #expect(result["symbols"]?["a"]?.double == Double(settings[number].0))
      #expect(result["symbols"]?["b"]?.double == settings[number].1)
      #expect(result["symbols"]?["name"]?.string == "n" && result["symbols"]?["flag"] == nil)
      #expect(result["all_symbols"]?["flag"] == .bool(true) && result["all_symbols"]?["none"] == .null)
      #expect(
        result["timestamp"]?.string != nil && result["seconds"]?.double != nil && result["reprs"] == nil)
      let simple = CardValue.mapping([
        .init(key: .text("a"), value: .int(WholeNumber(settings[number].0))),
        .init(key: .text("b"), value: .float(settings[number].1)),
        .init(key: .text("name"), value: .text("n")),
      ])
      let hash = MagnetHash.digits(simple, count: 12)
      met[hash, default: 0] += 1
      let count = met[hash, default: 1]
      #expect(name == hash + (count > 1 ? "-\(count)" : ""))
    }
    // Written again, nothing is replaced.
    let again = try card.write(to: folder.path + "/out", version: "1.2.3")
    #expect(again != path && Files.exists(path + "/verdict.json") && Files.exists(again + "/verdict.json"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/out").count == 2)
  }

  @Test func overridesAndMetadataAreKept() async throws {
    let card = try await Self.evaluated(
      "x < 3", "x: {type: float, value: 1, metadata: {kind: metric, display_name: X}}, y: {value: 2}")
    let other = try card.overriding([("x", .int(WholeNumber(5)))])
    let folder = try TemporaryFolder()
    let error = #expect(throws: MagnetError.self) { try other.write(to: folder.path + "/out", version: "1") }
    #expect(error?.problem == "the card was not evaluated" && !Files.exists(folder.path + "/out"))
    #expect(try await other.evaluate() == .falsified)
    #expect(card.status == .verified, "the other card's verdict is its own")
    let path = try other.write(to: folder.path + "/out", version: "1")
    let verdict = try Project.json(path + "/verdict.json")
    #expect(verdict["overrides"]?["x"]?.double == 5 && verdict["data"] == nil)
    let metadata = try Project.json(path + "/symbol_metadata.json")
    #expect(metadata["x"]?["display_name"]?.string == "X" && metadata["y"] == nil)
    let summary = other.summarize()
    #expect(
      summary.contains("SYMBOLS:     {'x': 5.0, 'y': 2}\n") && summary.hasSuffix("STATUS:      FALSIFIED\n"))
  }

  @Test func foldersThatCannotBeMadeAreErrors() async throws {
    let card = try await Self.evaluated("x > 0", "x: {value: 1}")
    let folder = try TemporaryFolder()
    try folder.write("a file", to: "out")
    let error = #expect(throws: MagnetError.self) { try card.write(to: folder.path + "/out", version: "1") }
    #expect(
      error?.code == .system && "\(String(describing: error))".contains(folder.path + "/out"),
      "\(String(describing: error))")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
  }

  // MARK: What ids are made of

  /// Whole numbers as bytes, in the fewest that hold their sign.
  @Test func bytesAreThoseOfTheMachine() {
    var random = SplitMix(state: 5)
    let edges: [Int64] = [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, .max, .min]
    for value in edges
      + (0..<400).map({ _ in Int64(truncatingIfNeeded: random.next()) >> (random.next() % 64) })
    {
      let bytes = WholeNumber(value).twosComplement
      let signed = bytes.reduce(into: Int64(bytes[0] >= 0x80 ? -1 : 0)) { $0 = $0 << 8 | Int64($1) }
      let bits = value.magnitude.bitWidth - value.magnitude.leadingZeroBitCount
      #expect(bytes.count == bits / 8 + 1, "\(value)")
      if bytes.count <= 8 { #expect(signed == value) }
      if bytes.count == 9 { #expect(bytes[0] == 0xFF && value == .min) }
    }
  }

  /// Days of the week and of the year, counted one after the other.
  @Test func calendarFieldsAreCounted() {
    var (year, month, day, dayOfYear, weekday) = (1896, 1, 1, 1, 2)
    var wrong: [String] = []
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    while year < 2105 {
      let text = "\(year)-\(two(month))-\(two(day))"
      if CalendarFields(text).timetuple != [year, month, day, 0, 0, 0, weekday, dayOfYear, -1] {
        wrong.append(text)
      }
      if day == 13,
        CalendarFields(text + "T23:05:59").timetuple != [year, month, day, 23, 5, 59, weekday, dayOfYear, -1]
      {
        wrong.append(text + "T")
      }
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      (day, dayOfYear, weekday) = (day + 1, dayOfYear + 1, (weekday + 1) % 7)
      if day > lengths[month - 1] { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month, dayOfYear) = (year + 1, 1, 1) }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(3))")
    // The second of November 2026 is a Monday.
    #expect(CalendarFields("2026-11-02").timetuple[6] == 0)
  }
}
