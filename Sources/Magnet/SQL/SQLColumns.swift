/// The types of columns in SQL, by which SQLite compares texts with numbers and other programs choose their own types.
enum SQLType: String, Sendable {
  case text = "TEXT"
  case real = "REAL"
  case integer = "INTEGER"

  /// The type of a table's column.
  var columnType: ColumnType {
    switch self {
    case .text: .string
    case .real: .double
    case .integer: .int
    }
  }

  private static let reals: Set = [
    "mean", "min", "max", "sum", "sum_squared", "variance", "stddev", "prob", "logprob", "request_time",
  ]
  private static let integers: Set = ["count", "train_trial_index", "prediction_id", MainRows.name]
  private static let texts: Set = [
    "name", "split", "sub_split", "computed_on", "instance_id", "id", "text", "input", "prompt",
    "completions",
    "references", "model", "model_deployment", "method", "class_name",
  ]

  /// The type of a column that HELM defines, by its flattened name; nil for others, whose type their cells decide.
  init?(of name: String) {
    let last = String(name.split(separator: ".").last ?? "")
    if Self.reals.contains(last) {
      self = .real
    } else if Self.integers.contains(last) {
      self = .integer
    } else if Self.texts.contains(last) {
      self = .text
    } else {
      return nil
    }
  }
}

/// Names for the columns of one SQLite table, which compares names without regard to the case of ASCII letters and ends
/// them at a NUL.
struct SQLColumnNames {
  private let kept: Set<String>
  private var taken: Set<ExactText>

  /// - Parameter kept: names that columns keep, so that others which SQLite takes for the same get a number: HELM's own.
  init(keeping kept: some Sequence<String> = EmptyCollection()) {
    self.kept = Set(kept)
    taken = Set(self.kept.map(Self.folded))
  }

  /// The name itself where it is free, otherwise one with a number behind it.
  mutating func name(for column: String) -> String {
    if kept.contains(column) { return column }
    let plain = column.replacing("\0", with: "\u{2400}")
    var name = plain
    var number = 2
    while !taken.insert(Self.folded(name)).inserted {
      name = "\(plain)_\(number)"
      number += 1
    }
    return name
  }

  /// Two of some names that SQLite cannot tell apart; nil where it can tell all.
  static func clash(in names: [String]) -> (String, String)? {
    var known: [ExactText: String] = [:]
    for name in names {
      if let other = known.updateValue(name, forKey: folded(name)), other != name { return (other, name) }
    }
    return nil
  }

  private static func folded(_ name: String) -> ExactText {
    ExactText(String(decoding: name.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }, as: UTF8.self))
  }
}
