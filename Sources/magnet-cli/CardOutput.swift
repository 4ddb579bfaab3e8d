import Cards
import Magnet
import MagnetCommand

/// An evaluation on standard output.
struct CardOutput {
  let card: EvaluationCard
  let outcome: CardOutcome

  /// How many outputs of settings are shown.
  private static let shownOutputs = 10
  /// How many rows of the table a terminal shows.
  private static let shownRows = 20

  func print(_ format: CardFormat) throws {
    guard case .rows(let format) = format else { return try Terminal.write(CardText.shown(text)) }
    if !format.isText, Terminal.isOutputTerminal {
      throw MagnetError(
        .usage, "\(format) is not text, which a terminal could show", advice: "redirect it to a file")
    }
    let keys = 1 + outcome.settings.prefix(1).flatMap(\.symbols).count { $0.isSwept }
    let layout = TableLayout(keyCount: keys, width: Terminal.width, isColored: Terminal.isColored)
    let isShortened =
      format == .terminal && Terminal.isOutputTerminal && outcome.settings.count > Self.shownRows
    try TableWriter(format, layout: layout).write(isShortened ? table.prefix(Self.shownRows) : table) {
      try Terminal.write($0)
    }
    if isShortened {
      Terminal.say("\(Self.shownRows) of \(outcome.settings.count) settings; --format csv has all")
    }
  }

  /// The outputs of settings that are not verified, how many settings fared how, the metrics, and the verdict on a line
  /// of its own.
  private var text: String {
    var lines: [String] = []
    let others = outcome.settings.filter { $0.status != .verified }
    lines += others.prefix(Self.shownOutputs).map(\.output)
    if others.count > Self.shownOutputs {
      lines.append("and \(others.count - Self.shownOutputs) more; --format csv has all")
    }
    if outcome.settings.count > 1 {
      let rule = String(repeating: "=", count: 32)
      func share(_ status: CardStatus) -> String {
        DecimalText.fixed(Double(outcome.count(status)) / Double(outcome.settings.count), 2)
      }
      lines += [
        rule, "Settings Evaluated: \(outcome.settings.count)", "  Verified:     \(share(.verified))",
        "  Falsified:    \(share(.falsified))", "  Inconclusive: \(share(.inconclusive))", rule,
      ]
    }
    lines += outcome.metrics.map { "\($0.name): \(Self.metricText($0.value))" }
    lines.append(outcome.status.rawValue)
    return lines.joined(separator: "\n") + "\n"
  }

  /// A metric with three decimals, or three digits where it is small.
  private static func metricText(_ value: CardValue) -> String {
    guard case .float(let number) = value, number.isFinite else { return value.plainText }
    var decimals = 3
    var bound = 0.1
    while number != 0, number.magnitude < bound, decimals < 17 {
      decimals += 1
      bound /= 10
    }
    return DecimalText.fixed(number, decimals)
  }

  /// One row per setting: its number, the swept symbols, the others, status, output and seconds.
  private var table: Table {
    let sweptNames = Set(outcome.settings.first?.symbols.filter(\.isSwept).map(\.name) ?? [])
    let swept = card.symbolNames.filter(sweptNames.contains)
    let others = card.symbolNames.filter { !sweptNames.contains($0) }
    let hasProcesses = outcome.settings.contains { $0.process != nil }
    let rows = outcome.settings.enumerated().map { number, setting in
      let values = Dictionary(setting.symbols.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
      return [.int(Int64(number + 1))] + (hasProcesses ? [setting.process.map(Cell.string) ?? .null] : [])
        + (swept + others).map { values[$0].map(Self.cell) ?? .null }
        + [.string(setting.status.rawValue), .string(setting.output), .double(setting.seconds)]
    }
    return Table(
      columnNames: ["setting"] + (hasProcesses ? ["process"] : []) + swept + others + [
        "status", "output", "seconds",
      ], rows: rows)
  }

  private static func cell(_ value: CardValue) -> Cell {
    switch value {
    case .null: .null
    case .bool(let value): .bool(value)
    case .int(let value): value.int64.map(Cell.int) ?? .string(value.description)
    case .float(let value): .double(value)
    case .text(let text), .date(let text), .opaque(_, let text): .string(text)
    case .list, .tuple, .mapping: .json(value.json)
    }
  }
}
