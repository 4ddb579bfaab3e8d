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
    func here<Value>(_ key: ColumnKey<Value>) -> (String, String) {
      (key.name(in: .perInstanceStats), key.name(in: .scenarioStates))
    }
    let on = [
      here(.run), here(.instance), here(.split), here(.trial), here(.computedOn), here(.fairness),
      here(.perturbation), here(.prob), here(.robustness),
    ]
    let pairs = perInstanceStats.joinRows(with: scenarioStates, on: on)
    out.perInstanceStats = perInstanceStats.rows(at: pairs.map(\.here)).prepending(
      Table.instancePredictID, pairs.map { .int(Int64($0.there)) })
    return out
  }
}
