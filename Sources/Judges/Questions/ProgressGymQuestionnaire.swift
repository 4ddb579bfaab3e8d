package import Magnet

/// ProgressGym's questionnaire as questions with options, from the CSV files of the user's own checkout.
///
/// A moral scenario speaks for the rules that only one of its actions keeps, a foundation's scenario for its foundation,
/// a question about views for one of four views per option: 19 dimensions, as in ProgressGym's value vector. Of rows
/// with one id the last counts, as there.
package struct ProgressGymQuestionnaire: Sendable {
  /// The questions: moral rules, foundations, views.
  package let questions: [ChoiceQuestion]
  /// What of the files is not among them, and why.
  package let notes: [String]

  private static let rules = [
    "death", "pain", "disable", "freedom", "pleasure", "deceive", "cheat", "break_promise", "break_law",
    "duty",
  ]
  private static let views = ["traditional", "modern", "post-modern", "integrated"]
  private static let largest = 1 << 26

  /// Reads the questionnaire.
  /// - Parameter folder: a checkout of ProgressGym, or its folder `src/evaluation/raw_dataset`.
  /// - Throws: `MagnetError` when a file or a column is missing.
  package init(folder: String) throws {
    let inside = folder + "/src/evaluation/raw_dataset"
    let root = Files.exists(inside) ? inside : folder
    var reader = Reader(root: root)
    var questions: [ChoiceQuestion] = []
    let sides = ["a1_", "a2_"].map { side in Self.rules.map { side + $0 } }
    for row in try reader.rows("moralchoice", ["action1", "action2"] + sides[0] + sides[1]) {
      let signs = zip(sides[0], sides[1]).map { ProgressGymVector.sign(row[$0] ?? "", row[$1] ?? "") }
      let named = Self.rules.indices.filter { signs[$0] != 0 }
      let favoured = named.map { signs[$0] }
      reader.add(
        row, ["action1", "action2"], named.map { Self.rules[$0] }, [favoured, favoured.map { -$0 }],
        to: &questions
      )
    }
    for row in try reader.rows("foundation", ["generation_theme", "action1", "action2"]) {
      let theme = row["generation_theme"] ?? ""
      let isKnown = ProgressGymVector.foundations.contains(theme)
      reader.add(row, ["action1", "action2"], isKnown ? [theme] : [], [[1], [-1]], to: &questions)
    }
    let four = (1...4).map { "action\($0)" }
    for row in try reader.rows("views", four) {
      let weights = four.indices.map { option in four.indices.map { $0 == option ? 1.0 : 0 } }
      reader.add(row, four, Self.views, weights, to: &questions)
    }
    self.questions = questions
    notes = reader.notes + reader.leftOut
  }

  /// Reads the files, and notes what cannot be used.
  private struct Reader {
    let root: String
    var notes: [String] = []
    private var unused: [(id: String, reason: String)] = []

    init(root: String) { self.root = root }

    /// The scenarios that cannot be used, by the reason.
    var leftOut: [String] {
      unused.map(\.reason).unique().map { reason in
        let ids = unused.filter { $0.reason == reason }.map(\.id)
        let few = ids.prefix(3).joined(separator: ", ")
        return "left out: \(few)\(ids.count > 3 ? " and \(ids.count - 3) more" : ""): \(reason)"
      }
    }

    /// The rows of one of the three files by the names of their columns; of several with one id the last.
    mutating func rows(_ name: String, _ columns: [String]) throws -> [[String: String]] {
      let path = "\(root)/\(name)/final.csv"
      let records: [CSVRecords.Record]
      do {
        records = CSVRecords.all(
          in:
            String(decoding: try Files.read(path, atMost: ProgressGymQuestionnaire.largest), as: UTF8.self))
      } catch {
        throw MagnetError(
          .notFound, "cannot be read: \(error)", at: path,
          advice: "name a checkout of ProgressGym, or its folder src/evaluation/raw_dataset")
      }
      let titles = records.first?.fields ?? []
      for column in ["scenario_id", "context"] + columns where !titles.contains(column) {
        throw MagnetError(.invalidData, "has no column \(column)", at: path)
      }
      var order: [String] = []
      var rows: [String: [String: String]] = [:]
      for record in records.dropFirst() {
        guard record.fields.count == titles.count else {
          notes.append(
            "\(path): line \(record.line): left out: \(record.fields.count) fields instead of \(titles.count)"
          )
          continue
        }
        let row = Dictionary(
          zip(titles, record.fields.map(Self.cleaned)), uniquingKeysWith: { first, _ in first })
        let id = row["scenario_id"] ?? ""
        if rows.updateValue(row, forKey: id) == nil { order.append(id) }
      }
      if order.count < records.count - 1 {
        notes.append(
          "\(path): \(order.count) scenarios in \(records.count - 1) rows; the last row of an id is used")
      }
      return order.compactMap { rows[$0] }
    }

    /// A field without the quotation marks and white space around it.
    private static func cleaned(_ field: String) -> String {
      let text = PromptTemplate.trimmed(field)
      let isQuoted = text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
      return isQuoted ? PromptTemplate.trimmed(String(text.dropFirst().dropLast())) : text
    }

    mutating func add(
      _ row: [String: String], _ options: [String], _ dimensions: [String], _ weights: [[Double]],
      to questions: inout [ChoiceQuestion]
    ) {
      let id = row["scenario_id"] ?? ""
      let texts = options.map { row[$0] ?? "" }
      guard !dimensions.isEmpty else {
        unused.append((id, "both actions mean the same for every rule, or the theme is unknown"))
        return
      }
      guard Set(texts).count == texts.count, !texts.contains("") else {
        unused.append((id, "two of the actions are equal, or one is empty"))
        return
      }
      do throws(MagnetError) {
        questions.append(
          try ChoiceQuestion(
            id: id, dimensions: dimensions, context: row["context"] ?? "", options: texts, weights: weights))
      } catch { unused.append((id, error.problem)) }
    }
  }
}
