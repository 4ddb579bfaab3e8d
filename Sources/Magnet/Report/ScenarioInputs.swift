extension ScoreCollection {
  /// The inputs of each scenario's instances by their ids, unperturbed: as the run with the most instances has them.
  /// Instances of other runs, and those whose requests cannot be read, have none.
  package func inputs(in source: some RunSource) async throws -> [[String: String]] {
    let chosen = scenarios.map { scenario in
      scenario.runs.map { runs[$0] }.max { $0.instances.count < $1.instances.count }?.name
    }
    var inputs = [[String: String]](repeating: [:], count: scenarios.count)
    let database = Database(source)
    let numbered = chosen.enumerated().filter { $0.element != nil }
    // SQLite has 32,766 parameters at most.
    for start in stride(from: 0, to: numbered.count, by: 1000) {
      let part = numbered[start..<min(start + 1000, numbered.count)]
      let names = part.map { ":r\($0.offset)" }.joined(separator: ", ")
      let values = part.map { ("r\($0.offset)", $0.element.map(Cell.string) ?? .null) }
      let answer = try await database.query(
        """
        SELECT run, instance, input FROM instances
        WHERE perturbation IS NULL AND is_latest AND run IN (\(names))
        """, parameters: Dictionary(values, uniquingKeysWith: { first, _ in first }))
      let scenarios = Dictionary(
        part.map { ($0.element ?? "", $0.offset) }, uniquingKeysWith: { first, _ in first })
      for row in answer.table.rows {
        guard let scenario = scenarios[row[0].text], row[2] != .null else { continue }
        inputs[scenario][row[1].text] = row[2].text
      }
    }
    return inputs
  }
}
