/// What `magnet card new` writes.
enum CardTemplate {
  private static func header(_ name: String) -> String {
    """
    title: \(name)
    description: Every model answers some questions right
    version: 1.0
    organizations: []
    submitter: {name: your name, email: you@example.com}
    tags: []
    links: []

    """
  }

  static func sql(_ name: String) -> String {
    header(name) + """
      claim:
        expr: score > bound                       # an expression of SQL: 1 holds, 0 does not, NULL is inconclusive
        message: "{model}: {score:.3f} is not above {bound}"
      claim_aggregation_strategy: {type: all}     # or any, or {type: fraction, parameters: {threshold: 0.8}}
      symbols:
        bound: {type: float, value: 0.0}
        model:                                    # one setting per model
          type: str
          sweep: {sql: "SELECT DISTINCT model FROM runs WHERE model IS NOT NULL ORDER BY model"}
        score:
          type: float
          depends_on: [model]
          sql: |
            SELECT avg(mean) FROM scores
            WHERE metric = 'exact_match' AND perturbation IS NULL AND model = :model
          metadata:
            kind: metric
            display: true
            display_name: Mean exact match
            define_metric: {objective: maximize, aggregation_strategy: {type: mean}}

      """
  }

  static func python(_ name: String) -> String {
    header(name) + """
      claim:
        python: |
          low = {model: score for model, score in by_model.items() if not score > bound}
          assert not low, f"{len(low)} of {len(by_model)} models are not above {bound}: {low}"
      symbols:
        bound: {type: float, value: 0.0}
        means:                                    # SQL and Python may be mixed
          type: table
          sql: |
            SELECT model, avg(mean) FROM scores
            WHERE metric = 'exact_match' AND perturbation IS NULL GROUP BY model ORDER BY model
        by_model:
          type: Dict[str, float]
          depends_on: [means]
          python: |
            by_model = {model: mean for model, mean in means}

      """
  }
}
