package import Magnet

extension HelmShifts {
  /// GENIES' eleven columns with the predictor as intervention before them, and after them n, the interval of G, gap
  /// closed, Spearman's rank correlation, bias and kind.
  package func table(_ rows: [Row], baselineName: String) -> Table {
    Table(
      columnNames: [
        "predictor", "source", "target", "target_reference", "generalization_accuracy", "baseline_accuracy",
        "baseline_intervention", "target_tuned_capability", "target_tuned_capability_intervention",
        "source_ID_accuracy", "RMS_calibration_error", "differential_elicitation", "n", "lower", "upper",
        "gap_closed",
        "spearman", "bias", "kind",
      ],
      rows: rows.map { row -> [Cell] in
        let names = row.shift.names
        var cells: [Cell] = [
          .string(row.predictor), .string(names.source), .string(names.target), .string(names.reference),
        ]
        cells += [
          Cell(row.generalization), Cell(row.baseline), row.baseline == nil ? .null : .string(baselineName),
          Cell(row.capability), Cell(row.capabilityPredictor), Cell(row.source), .null,
          Cell(row.differentialElicitation),
        ]
        cells += [
          Cell(row.count), Cell(row.interval?.lower), Cell(row.interval?.upper), Cell(row.gapClosed),
          Cell(row.spearman),
          Cell(row.bias), .string(row.shift.kind.rawValue),
        ]
        return cells
      })
  }

  /// The differential elicitation of one predictor by source and target.
  package func heatMap(_ rows: [Row], predictor: String) -> HeatMap {
    let own = rows.filter { $0.predictor == predictor }
    let sources = own.map(\.shift.names.source).unique()
    let targets = own.map(\.shift.names.target).unique()
    return HeatMap(
      title: "Differential elicitation of \(predictor): source by target", rows: sources, columns: targets,
      values: sources.map { source in
        targets.map { target in
          own.first { $0.shift.names.source == source && $0.shift.names.target == target }?
            .differentialElicitation
        }
      }, scale: .diverging(about: 0, limit: 0.5))
  }
}
