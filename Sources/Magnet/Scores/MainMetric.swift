/// Which metric a scenario's score is: the one by which HELM's own leaderboards rank models.
enum MainMetric {
  /// By the beginning of a scenario's name; after HELM's `schema_classic.yaml`, `schema_lite.yaml` and
  /// `schema_capabilities.yaml`, for scenarios whose runs also have metrics of `general`.
  private static let named: [(scenario: String, metric: String)] = [
    ("boolq", "quasi_exact_match"), ("civil_comments", "quasi_exact_match"), ("imdb", "quasi_exact_match"),
    ("legalbench", "quasi_exact_match"), ("legal_support", "quasi_exact_match"),
    ("med_qa", "quasi_exact_match"), ("raft", "quasi_exact_match"), ("narrative_qa", "f1_score"),
    ("natural_qa", "f1_score"), ("quac", "f1_score"), ("summarization", "rouge_2"), ("wmt_14", "bleu_4"),
  ]

  /// The most telling first.
  private static let general = [
    "math_equiv_chain_of_thought", "math_equiv", "final_number_exact_match", "chain_of_thought_correctness",
    "ifeval_strict_accuracy", "omni_math_accuracy", "wildbench_score_rescaled", "exact_match",
    "quasi_exact_match", "f1_score", "rouge_l", "bleu_4",
  ]

  /// Every metric that may be one.
  static let all = Set(named.map(\.metric) + general)

  /// The metric of a scenario whose runs have `available` ones; nil when none of them is known.
  static func of(scenario: String, available: Set<String>) -> String? {
    let own = named.first { scenario.hasPrefix($0.scenario) && available.contains($0.metric) }
    return own?.metric ?? general.first(where: available.contains)
  }
}
