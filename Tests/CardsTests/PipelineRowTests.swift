import Magnet
import TestSupport
import Testing

@testable import Cards

/// Results of pipelines in folders of a test's own: which rows there are, in which order, and what is wrong with each.
@Suite struct PipelineRowTests {
  static func pipeline(
    _ matrix: String, evidence: String = "",
    outputs: String = "out_paths: {o: out.json}, primary_out_key: o"
  ) throws -> CardDefinition {
    let text = """
      kwdagger:
        result_node: score
        pipeline: {nodes: {score: {\(outputs)}, prepare: {out_paths: {p: p.json}}}}
        matrix: \(matrix)
      \(evidence)
      claim: {expr: '1'}
      symbols: {v: {}, total: {}}
      """
    let card = try EvaluationCard(text: SchemaTests.header + text)
    #expect(card.faults.isEmpty, "\(card.faults)")
    return card.definition
  }

  static func rows(_ card: CardDefinition, _ folder: TemporaryFolder) throws -> PipelineResults {
    try PipelineResults(try #require(card.pipeline), in: folder.path, card: "card.yaml")
  }

  /// One row per point of the matrix, the last parameter varying fastest; those that are missing say so.
  @Test(arguments: 1...4) func rowsAreInTheOrderOfTheMatrix(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let folder = try TemporaryFolder()
    let (vs, ws) = ([3, 1, 2], ["a", "b"])
    var there: Set<String> = []
    var number = 0
    for v in vs {
      for w in ws where random.below(3) > 0 {
        there.insert("\(v)\(w)")
        number += 1
        // Names in another order than the matrix's.
        let process = "score_id_\(random.below(900) + 100)\(number)"
        try folder.write(
          "{\"score.v\": \(v).0, \"score.w\": \"\(w)\"}", to: "score/\(process)/job_config.json")
        try folder.write(
          "{\"result\": {\"metrics\": {\"total\": \(v * 10)}}}", to: "score/\(process)/out.json")
      }
    }
    if there.isEmpty { return }
    let card = try Self.pipeline("{score.v: [3, 1, 2], score.w: [a, b]}")
    let found = try Self.rows(card, folder)
    let expected = vs.flatMap { v in ws.map { "\(v)\($0)" } }
    #expect(found.rows.count == 6 && found.discovered == there.count)
    for (point, row) in zip(expected, found.rows) {
      #expect((row.problem == nil) == there.contains(point))
      if row.problem == nil {
        #expect(row["params.score.w"] == .text(String(point.suffix(1))))
        let total = row["metrics.score.total"]
        #expect(total?.number == 10 * (Double(String(point.prefix(1))) ?? 0))
        #expect(found.values(of: card, in: row).map(\.name) == ["v", "total"])
      } else {
        #expect(
          row.problem
            == "there is no process with score.v=\(point.prefix(1)), score.w=\(point.suffix(1))")
      }
    }
    // What the matrix does not ask for is named, or judged after the rest.
    let fewer = "{score.v: [3], score.w: [a, b]}"
    let others = there.filter { !$0.hasPrefix("3") }.count
    let less = try Self.rows(Self.pipeline(fewer), folder)
    #expect(less.rows.count == 2)
    let note =
      "\(others) result\(others == 1 ? " is" : "s are") not of the card's matrix and not judged; evidence: {scope: all} judges all"
    #expect(less.notes == (others == 0 ? [] : [note]))
    let all = try Self.rows(Self.pipeline(fewer, evidence: "evidence: {scope: all}"), folder)
    #expect(all.rows.count == 2 + others && all.notes.isEmpty)
    #expect(Set(all.rows.prefix(2).map(\.process)) == Set(less.rows.map(\.process)))
    let unknown = try Self.rows(Self.pipeline("{score.v: [3, 1, 2], include: [1]}"), folder)
    #expect(unknown.rows.count == there.count && unknown.notes.count == 1)
  }

  @Test(
    arguments: [
      (
        nil, "{\"result\": {}}",
        "job_config.json is missing; the process failed, is still running, or was copied only partly"
      ),
      (
        "{}", nil,
        "out.json is missing; the process failed, is still running, or was copied only partly"
      ), ("[]", "{}", "job_config.json is not a JSON object"),
      ("{}", "{", "out.json is not JSON"), ("{}", "3", "out.json is not a JSON object"),
    ] as [(String?, String?, String)])
  func rowsSayWhatIsWrong(_ config: String?, _ result: String?, _ problem: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("", to: "score/score_id_1/other.txt")
    if let config { try folder.write(config, to: "score/score_id_1/job_config.json") }
    if let result { try folder.write(result, to: "score/score_id_1/out.json") }
    let found = try Self.rows(Self.pipeline("{}"), folder)
    #expect(
      found.rows.count == 1 && found.rows[0].problem?.hasPrefix(problem) == true, "\(found.rows)")
    #expect(
      found.table.columns.prefix(2) == ["process", "problem"]
        && found.table.rows[0][0] == .text("score_id_1"))
  }

  /// Outputs outside of the process's folder are not read, however the way is written.
  @Test(arguments: [
    "/etc/hostname", "../secret.json", "a/../../secret.json", "..\u{2F}\u{301}x.json",
    "a/..\u{2F}\u{301}/../../secret.json",
  ])
  func outputsOutsideAreNotRead(_ name: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("{\"total\": 666}", to: "score/secret.json")
    try folder.write("{}", to: "score/score_id_1/job_config.json")
    let found = try Self.rows(
      Self.pipeline("{}", outputs: "out_paths: {o: '\(name)'}, primary_out_key: o"), folder)
    #expect(
      found.rows[0].problem
        == "the result \(name) of the node 'score' lies outside of the process's folder")
  }

  /// Fields of the processes that the inputs came from are columns; a circle of inputs ends.
  @Test func earlierNodesAreColumns() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "{\"__input__.x\": {\"source_process_id\": \"prepare_id_1\"}}",
      to: "_kwdagger/score/score_id_1/job_config.json")
    try folder.write(
      "{\"total\": 1, \"deep\": {\"a\": {\"b\": 2}}, \"empty\": {}}",
      to: "_kwdagger/score/score_id_1/out.json")
    try folder.write(
      "{\"__input__.y\": {\"source_process_id\": \"prepare_id_1\"}, \"__input__.z\": {\"source_process_id\": \"/etc_id_1\"}}",
      to: "_kwdagger/prepare/prepare_id_1/job_config.json")
    try folder.write("{\"result\": {\"rows\": 7}}", to: "_kwdagger/prepare/prepare_id_1/p.json")
    let found = try Self.rows(Self.pipeline("{}"), folder)
    let row = found.rows[0]
    #expect(
      row["metrics.score.deep.a.b"] == .int(WholeNumber(2))
        && row["metrics.score.empty"] == .mapping([]))
    #expect(row["metrics.prepare.rows"] == .int(WholeNumber(7)) && row["node"] == .text("score"))
    #expect(row.columns.filter { $0.name == "metrics.prepare.rows" }.count == 1)
    // A table for queries has every column of any row once, whatever its case.
    #expect(Set(found.table.columns.map { $0.lowercased() }).count == found.table.columns.count)
  }

  @Test func foldersWithoutResultsAreFaults() throws {
    let folder = try TemporaryFolder()
    let none = #expect(throws: MagnetError.self) { try Self.rows(Self.pipeline("{}"), folder) }
    #expect(none?.problem == "there are no results of the node 'score'" && none?.code == .notFound)
    let text = "kwdagger: {pipeline: {nodes: {a: {}, b: {}}}}\nclaim: {expr: '1'}\n"
    let card = try EvaluationCard(text: SchemaTests.header + text).definition
    let unsure = #expect(throws: MagnetError.self) { try Self.rows(card, folder) }
    #expect(
      unsure?.problem == "the card does not say which node's results are judged"
        && unsure?.advice == "add result_node to kwdagger")
  }

  /// A symbol is the column of its name, else the first that ends with it; several that differ are named.
  @Test func symbolsTakeTheColumnsOfTheirNames() throws {
    let folder = try TemporaryFolder()
    try folder.write("{\"prepare.v\": 1, \"score.v\": 2}", to: "score/score_id_1/job_config.json")
    try folder.write("{\"total\": 3}", to: "score/score_id_1/out.json")
    let card = try Self.pipeline("{}")
    let found = try Self.rows(card, folder)
    let values = found.values(of: card, in: found.rows[0])
    #expect(values.map(\.value) == [.int(WholeNumber(1)), .int(WholeNumber(3))])
    #expect(
      found.clashes(with: card) == [
        "the symbol 'v' fits params.prepare.v and params.score.v, which differ; it is params.prepare.v"
      ])
    let plan = try CardPlan(card, file: "c", results: found)
    #expect(plan.problem(ofSymbol: "totl") == "no column of the results is called 'totl'")
    #expect(plan.given(0).map(\.name) == ["v", "total"] && plan.numbers == [0])
  }
}
