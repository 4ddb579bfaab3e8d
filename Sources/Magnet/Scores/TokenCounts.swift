extension ScoreCollection {
  private static let promptTokens = "num_prompt_tokens"
  /// HELM's names for what a model wrote, the newer first.
  private static let outputTokens = ["num_output_tokens", "num_completion_tokens"]

  /// The mean number of tokens of an instance, prompt and output together, of each scenario's runs: from the statistics
  /// that HELM keeps of them. Scenarios whose runs have none are left out.
  /// - Throws: what the source throws.
  package func tokens(in source: some RunSource) async throws -> [String: Double] {
    let listing = try await source.list()
    var notes: [String] = []
    var rowOfName: [String: Int] = [:]
    for row in listing.candidates(notes: &notes, where: { _ in true }) {
      rowOfName[listing.runSpecs.rows[row][.run]] = row
    }
    var sums: [String: [Double]] = [:]
    for start in stride(from: 0, to: runs.count, by: 64) {
      let batch = runs[start..<min(start + 64, runs.count)].compactMap { run in
        rowOfName[run.name].map { (run: run, entry: listing.entries[listing.entryOfRow[$0]]) }
      }
      let tables = try await source.load(
        batch.map(\.entry), tables: [.stats], columns: RunStats.columns)
      for (number, item) in batch.enumerated() {
        let scenario = scenarios[item.run.scenario]
        var means: [String: Double] = [:]
        tables.table(.stats, ofRuns: [number]).forEachRow { row in
          guard row[.perturbation] == nil, row[.split] == scenario.metric.split, row[.subSplit] == nil else {
            return
          }
          means[row[.metric]] = row[.mean]
        }
        let output = Self.outputTokens.lazy.compactMap { means[$0] }.first
        guard let prompt = means[Self.promptTokens] else { continue }
        sums[scenario.name, default: []].append(prompt + (output ?? 0))
      }
    }
    return sums.compactMapValues { $0.mean() }
  }
}
