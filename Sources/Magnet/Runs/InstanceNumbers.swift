extension RunTables {
  /// The tables with `magnet.instance_predict_id`: in `scenarioStates` the row's number, in `perInstanceStats` that
  /// of the request a statistic is of. Statistics of no request drop out; one of several requests stands once for
  /// each.
  ///
  /// A statistic belongs to a request when they agree in run, instance, split, train trial and all fields of the
  /// perturbation, null equal to null. MAGNET leaves out the trial, and with several trials pairs each request with
  /// the statistics of all.
  func numberingInstances() -> RunTables {
    var out = self
    out.scenarioStates = scenarioStates.prepending(
      Table.instancePredictID, (0..<scenarioStates.rowCount).map { .int(Int64($0)) })
    let fields = ["computed_on", "fairness", "name", "prob", "robustness"]
    var on = [
      ("run_spec.name", "run_spec.name"),
      ("per_instance_stats.instance_id", "scenario_state.request_states.instance.id"),
      ("per_instance_stats.stats.name.split", "scenario_state.request_states.instance.split"),
      ("per_instance_stats.train_trial_index", "scenario_state.request_states.train_trial_index"),
    ]
    on += fields.map {
      (
        "per_instance_stats.stats.name.perturbation." + $0,
        "scenario_state.request_states.instance.perturbation." + $0
      )
    }
    let pairs = perInstanceStats.joinRows(with: scenarioStates, on: on)
    out.perInstanceStats = perInstanceStats.rows(at: pairs.map(\.here)).prepending(
      Table.instancePredictID, pairs.map { .int(Int64($0.there)) })
    return out
  }
}
