import Magnet
import TestSupport
import Testing

@testable import Cards

/// The theory of a card that names no programs: which entries its links lead to, and what index files add.
@Suite struct TheoryTests {
  static func theory(_ theory: String, _ folder: TemporaryFolder) async throws -> CardValue {
    let text = SchemaTests.header + "claim: {expr: '1'}\nsymbols: {}\ntheory: " + theory
    let card = try EvaluationCard(folder.write(text, to: "card.yaml"))
    try await card.evaluate()
    return try #require(card.lastOutcome?.theory)
  }

  static func faults(_ theory: String, _ folder: TemporaryFolder) throws -> [String] {
    let text = SchemaTests.header + "claim: {expr: '1'}\nsymbols: {}\ntheory: " + theory
    let card = try EvaluationCard(folder.write(text, to: "card.yaml"))
    return card.validate().faults.map { "\($0)".replacing(folder.path + "/", with: "") }
  }

  private static func texts(_ value: CardValue?, _ key: String) -> [String] {
    guard case .list(let items)? = value else { return [] }
    return items.compactMap { $0[key]?.plainText }
  }

  @Test(arguments: 1...4) func entriesAreThoseThatLinksName(_ seed: Int) async throws {
    var random = PythonRandom(seed: seed)
    let folder = try TemporaryFolder()
    for _ in 0..<10 {
      let count = 1 + random.below(4)
      var premises: [[String]] = []
      var entries: [String] = []
      for number in 0..<count {
        let own = (0..<random.below(3)).map { "p\($0)" }
        premises.append(own)
        let list = own.map { "{id: \($0), statement: ' s '}" }.joined(separator: ", ")
        entries.append(
          "{id: E\(number), kind: theorem, statement: s\(number), premises: [\(list)]}")
      }
      let links = (0..<random.below(5)).map { _ in
        (
          relation: random.choice(["tests", "approximates", "motivates"]),
          entry: random.below(count)
        )
      }
      // Half of the entries stand in an index file.
      let indexed = entries.indices.filter { $0 % 2 == 1 }
      try folder.write(
        "schema_version: 1\nformalization: {system: Lean}\nentries: [\(indexed.map { entries[$0] }.joined(separator: ", "))]\n",
        to: "index.yaml")
      let own = entries.indices.filter { $0 % 2 == 0 }.map { entries[$0] }.joined(separator: ", ")
      let linked = links.map { "{relation: \($0.relation), ref: E\($0.entry), note: ' n '}" }
        .joined(separator: ", ")
      let found = try await Self.theory(
        "{links: [\(linked)], entries: [\(own)], indexes: [index.yaml]}", folder)
      #expect(Self.texts(found["statement_links"], "ref") == links.map { "E\($0.entry)" })
      #expect(Self.texts(found["statement_links"], "note") == links.map { _ in "n" })
      var named: [Int] = []
      for link in links where !named.contains(link.entry) { named.append(link.entry) }
      #expect(Self.texts(found["entries"], "id") == named.map { "E\($0)" })
      guard case .list(let listed)? = found["entries"] else { continue }
      for (number, entry) in zip(named, listed) {
        #expect(
          (entry["formalization"] != nil) == (number % 2 == 1),
          "what an index says of all is that of each")
        #expect(entry["statement"] == .text("s\(number)"))
      }
      // Premises count for entries that are tested or approximated; without programs none is accounted for.
      var covered: [Int] = []
      for link in links where link.relation != "motivates" && !covered.contains(link.entry) {
        covered.append(link.entry)
      }
      covered = covered.filter { !premises[$0].isEmpty }
      #expect(Self.texts(found["premise_coverage"], "ref") == covered.map { "E\($0)" })
      guard case .list(let coverage)? = found["premise_coverage"] else { continue }
      for (number, item) in zip(covered, coverage) {
        #expect(
          item["premise_count"] == .int(WholeNumber(premises[number].count))
            && item["accounted_count"] == .int(WholeNumber(0)))
        #expect(
          item["complete"] == .bool(false)
            && item["unaccounted"] == .list(premises[number].map { .text($0) }))
      }
      #expect(found["premise_links"] == .list([]) && found["unattached_premise_links"] == .list([]))
    }
  }

  @Test func whatLeadsNowhereIsAFault() throws {
    let folder = try TemporaryFolder()
    let entry = "{id: Main, kind: theorem, statement: s}"
    #expect(
      try Self.faults("{links: [{relation: tests, ref: Man}], entries: [\(entry)]}", folder) == [
        "card.yaml:10:41: no entry or premise of theory is called 'Man' (did you mean Main?)"
      ])
    #expect(
      try Self.faults("{entries: [\(entry), \(entry)]}", folder) == [
        "card.yaml: the entry of theory 'Main' is there twice"
      ])
    #expect(
      try Self.faults("{indexes: [none.yaml]}", folder).first?.hasPrefix(
        "card.yaml:10:20: the index none.yaml cannot be read: ") == true)
    try folder.write("schema_version: 2\nentries: [\(entry)]\n", to: "i.yaml")
    #expect(
      try Self.faults("{indexes: [i.yaml]}", folder) == [
        "i.yaml:1:17: an index of theory has schema_version: 1"
      ])
    try folder.write("schema_version: 1\nentries: [\(entry), \(entry)]\n", to: "i.yaml")
    #expect(
      try Self.faults("{indexes: [i.yaml]}", folder) == [
        "i.yaml: the entry of theory 'Main' is there twice"
      ])
    try folder.write("schema_version: 1\nentries: [\n", to: "i.yaml")
    #expect(try Self.faults("{indexes: [i.yaml]}", folder).first?.hasPrefix("i.yaml:") == true)
    try folder.write("schema_version: 1\nentrys: []\n", to: "i.yaml")
    #expect(
      try Self.faults("{indexes: [i.yaml]}", folder) == [
        "i.yaml:2:1: unknown key 'entrys' (did you mean entries?) in the index"
      ])
    try folder.write("schema_version: 1\nentries: [\(entry)]\n", to: "i.yaml")
    #expect(
      try Self.faults("{indexes: [i.yaml], entries: [\(entry)]}", folder) == [
        "card.yaml: the entry of theory 'Main' is there twice"
      ])
    #expect(try Self.faults("{indexes: [i.yaml]}", folder) == [])
  }
}
