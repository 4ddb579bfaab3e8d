/// When models came out, in steps of time: for backtests that predict the scores of new models from those of older ones
/// (forward chaining).
package struct ModelTimeline: Sendable, Hashable {
  /// How dates become steps.
  package enum Step: String, Sendable, CaseIterable {
    /// One step per quarter of a year, as `2024-Q1`.
    case quarter
    /// One step per month, as `2024-03`.
    case month
    /// One step per date.
    case day
  }

  /// The names of the steps, oldest first. Steps without any model are left out.
  package let names: [String]
  /// The step of each model, from 0. Models without a date have none.
  package let steps: [String: Int]

  /// Steps from names that are sorted by time.
  private init(_ nameOfModel: [String: String], sorted names: [String]) {
    self.names = names
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    steps = nameOfModel.compactMapValues { places[$0] }
  }

  /// Steps from release dates.
  /// - Parameter dates: a date such as `2024-03-14` for each model; what follows the date, such as a time, is ignored.
  /// - Throws: `MagnetError` for what is not a date.
  package init(dates: [String: String], every step: Step = .quarter) throws(MagnetError) {
    var names: [String: String] = [:]
    for (model, text) in dates.sorted(by: { $0.key < $1.key }) {
      let fields = text.prefix(10).split(separator: "-", omittingEmptySubsequences: false)
      let parts = fields.map { Int($0) }
      guard fields.map(\.utf8.count) == [4, 2, 2], let year = parts[0], let month = parts[1],
        let day = parts[2],
        fields.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
        (1900...2999).contains(year), (1...12).contains(month),
        (1...Self.dayCount(month, year)).contains(day)
      else {
        throw MagnetError(
          .invalidData, "'\(text)' is not a date", at: model, advice: "use YYYY-MM-DD, such as 2024-03-14")
      }
      switch step {
      case .quarter: names[model] = "\(year)-Q\((month + 2) / 3)"
      case .month: names[model] = String(text.prefix(7))
      case .day: names[model] = String(text.prefix(10))
      }
    }
    self.init(names, sorted: Set(names.values).sorted())
  }

  /// How many days a month has.
  private static func dayCount(_ month: Int, _ year: Int) -> Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// Steps from the versions of suites: a model came out with the first suite that has a run of it.
  /// - Parameter suites: the suites of each model's runs.
  package init(suites: [String: [String]]) {
    let first = suites.compactMapValues { $0.min { VersionOrder($0) < VersionOrder($1) } }
    self.init(first, sorted: Set(first.values).sorted { VersionOrder($0) < VersionOrder($1) })
  }

  /// The timeline of some of the models alone: steps without any of them are left out.
  package func restricted(to models: [String]) -> ModelTimeline {
    let own = Dictionary(
      models.compactMap { model in steps[model].map { (model, names[$0]) } },
      uniquingKeysWith: { first, _ in first })
    let used = Set(own.values)
    return ModelTimeline(own, sorted: names.filter(used.contains))
  }

  /// Those of the models that have no date, in order.
  package func undated(_ models: [String]) -> [String] { models.filter { steps[$0] == nil } }
}

extension ModelTimeline {
  /// The dates in a CSV text of two columns, model and date; a first line without a date is a header.
  /// - Throws: `MagnetError` for a line that is not a model and a date.
  package static func dates(csv text: String, path: String) throws(MagnetError) -> [String: String] {
    var dates: [String: String] = [:]
    for (number, record) in CSVRecords.all(in: text).enumerated() {
      let cells = record.fields.map { trimmed($0) }
      if cells.allSatisfy(\.isEmpty) { continue }
      guard cells.count >= 2, !cells[0].isEmpty else {
        throw MagnetError(.invalidData, "is not a model and a date", at: "\(path): line \(record.line)")
      }
      do { _ = try ModelTimeline(dates: [cells[0]: cells[1]]) } catch {
        if number == 0 { continue }
        throw MagnetError(.invalidData, "\(error)", at: "\(path): line \(record.line)")
      }
      dates[cells[0]] = cells[1]
    }
    return dates
  }
}
