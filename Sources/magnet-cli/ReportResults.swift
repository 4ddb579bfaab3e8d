import ArgumentParser
import Cards
import Judges
import Magnet
import MagnetCommand
import Shifts

/// Results of cards, judges and shifts that a report shows as sections.
struct ReportResultOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Show this card. May be repeated.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var card: [String] = []
  @Option(
    help: ArgumentHelp(
      "Take the cards' values and status from evaluations in this folder.", valueName: "folder"),
    completion: .directory)
  var cardResults: String?
  @Option(
    help: ArgumentHelp(
      "Rank the examinees in this store of magnet judge run. May be repeated.", valueName: "file"),
    completion: .file())
  var judge: [String] = []
  @Option(
    help: ArgumentHelp(
      "Show the shifts of this specification; goes with --shift-results.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var shift: [String] = []
  @Option(
    help: ArgumentHelp("The folder that holds the evaluations of shifts.", valueName: "folder"),
    completion: .directory)
  var shiftResults: String?

  func validate() throws {
    if shift.isEmpty != (shiftResults == nil) {
      throw ValidationError("--shift and --shift-results go together.")
    }
    if card.isEmpty, cardResults != nil { throw ValidationError("--card-results goes with --card.") }
  }

  /// The sections of what was asked for. What is missing from them is said.
  func sections() throws -> [RunReport.ResultSection] {
    try cards() + judges() + shifts()
  }

  private func cards() throws -> [RunReport.ResultSection] {
    if card.isEmpty { return [] }
    var rows: [[Cell]] = []
    var settings: [(caption: String, table: Table)] = []
    for path in card {
      let card = try EvaluationCard(path)
      if let cardResults { try card.restore(from: cardResults) }
      CardText.say(card.faults.filter { $0.severity == .error })
      rows.append([
        .string(card.title), .string(card.status.rawValue), .string(card.claim), .string(card.details),
        .string(path),
      ])
      if card.settings.isEmpty { continue }
      let names = card.symbolNames
      settings.append(
        (
          "Settings of \(card.title): \(card.settings.count)",
          Table(
            columnNames: names + ["status"],
            rows: card.settings.map { setting in
              let values = Dictionary(
                setting.symbols.map { ($0.name, $0.value.plainText) }, uniquingKeysWith: { $1 })
              return names.map { values[$0].map(Cell.string) ?? .null } + [.string(setting.status.rawValue)]
            })
        ))
    }
    let table = Table(columnNames: ["card", "status", "claim", "description", "file"], rows: rows)
    return [.init(id: "cards", title: "Cards", tables: [("Cards: \(rows.count)", table)] + settings)]
  }

  private func judges() throws -> [RunReport.ResultSection] {
    if judge.isEmpty { return [] }
    let pairs = ProgressGymFile.numbered(try judge.flatMap { try JudgeFile.pairs(in: $0) })
    if pairs.isEmpty { throw MagnetError(.insufficientData, "there are no results in the files of --judge") }
    let board = Leaderboard(pairs)
    for warning in board.warnings { Terminal.say(warning, as: .warning) }
    let tables = board.sections.map { (Leaderboard.title(of: $0), board.table(of: $0)) }
    return [.init(id: "judges", title: "Judges", tables: tables)]
  }

  private func shifts() throws -> [RunReport.ResultSection] {
    guard let shiftResults else { return [] }
    let rules = try MetricsOptions.parse([])
    let sets = try shiftSets(shift, near: shiftResults)
    let all = try rules.metrics(
      EvaluationReader(EvaluationStore(shiftResults)), sets.flatMap(\.rows), models: [], interventions: [])
    let scores = ShiftScores(all)
    for note in scores.unequalCounts { Terminal.say(note, as: .warning) }
    _ = say(all)
    return [
      .init(
        id: "shifts", title: "Shifts",
        tables: [
          (
            "Differential elicitation by model and intervention: means over shifts, 95% intervals",
            scores.table(by: .all, measure: .de)
          )
        ], maps: [scores.heatMap(.de)])
    ]
  }
}
