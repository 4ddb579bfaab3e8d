/// The predictions of a backtest, from the score file that it wrote, as sections of a page.
///
/// A point of a learning curve is the mean absolute error over targets, each target's error being the mean over its
/// repetitions; a score's point in the plot of predicted against actual is the mean of its predictions.
package struct BacktestPage: Sendable {
  struct Prediction {
    let target: Int64
    let run: String
    let model: String
    let task: String
    let observed: Int?
    let predicted: Double
    let actual: Double
    /// The 95% interval; nil without one.
    let interval: Interval?
    /// Whether the intervals of `levels` hold the actual score; nil without an interval.
    let isCovered: [Bool?]
  }

  /// The predictions of one predictor from one number of instances.
  struct Group {
    let predictor: String
    let observed: Int?
    var predictions: [Prediction] = []
  }

  /// A prediction that was not made.
  struct Failure {
    let run: String
    let predictor: String
    let reason: String
  }

  /// What intervals are to hold, in percent, as the file names them.
  static let levels = [50, 80, 95]

  let header: JSONValue
  let groups: [Group]
  let failures: [Failure]
  /// What was left out of the file.
  package let notes: [String]

  /// Reads a score file.
  /// - Throws: `MagnetError` when it cannot be read or is not a score file.
  package init(file path: String) throws {
    let bytes: [UInt8]
    do { bytes = try Files.read(path, atMost: 1 << 30) } catch {
      throw MagnetError(.notFound, "cannot be read: \(error)", at: path)
    }
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    guard let first = lines.first,
      let header = try? JSONValue(parsing: String(decoding: first, as: UTF8.self)),
      header["magnet_backtest"] != nil
    else {
      throw MagnetError(
        .invalidData, "is not a score file", at: path, advice: "magnet backtest --scores FILE writes one")
    }
    guard header["magnet_backtest"] == .int(3) else {
      throw MagnetError(.unsupported, "was written by another version of magnet", at: path)
    }
    self.header = header
    var groups: [Group] = []
    var places: [String: Int] = [:]
    var targets: [Int64: (run: String, model: String, task: String, actual: [Double?])] = [:]
    var leftOut = 0
    var failures: [Failure] = []
    for line in lines.dropFirst() {
      guard let value = try? JSONValue(parsing: String(decoding: line, as: UTF8.self)),
        let number = value["target"]?.double, let target = Int64(exactly: number)
      else {
        leftOut += 1
        continue
      }
      if let run = value["run"]?.string {
        let single: [Double?]? = value["actual"]?.double.map { [$0] }
        let actual = single ?? (value["actual"]?.elements ?? []).map(\.double)
        targets[target] = (run, value["model"]?.string ?? run, value["task"]?.string ?? run, actual)
        continue
      }
      if let reason = value["failure"]?.string {
        failures.append(
          Failure(
            run: targets[target]?.run ?? "target \(target)", predictor: value["predictor"]?.string ?? "",
            reason: reason))
      }
      guard let predictor = value["predictor"]?.string, let list = value["predicted"],
        let known = targets[target]
      else { continue }
      let observed = value["observed"]?.double.flatMap { Int(exactly: $0) }
      let key = predictor + "\u{1F}" + (observed.map { "\($0)" } ?? "")
      let place = places[key] ?? groups.count
      if place == groups.count {
        places[key] = place
        groups.append(Group(predictor: predictor, observed: observed))
      }
      for (item, element) in list.elements.enumerated() {
        // Of a run all repetitions predict one score, of instances each its own.
        let actual =
          known.actual.count == 1 ? known.actual[0] : item < known.actual.count ? known.actual[item] : nil
        guard let predicted = element.double, let actual, predicted.isFinite, actual.isFinite else {
          continue
        }
        func interval(_ level: Int) -> Interval? {
          guard let low = value["lower\(level)"]?[item]?.double,
            let high = value["upper\(level)"]?[item]?.double, low <= high
          else { return nil }
          return Interval(lower: low, upper: high)
        }
        groups[place].predictions.append(
          Prediction(
            target: target, run: known.run, model: known.model, task: known.task, observed: observed,
            predicted: predicted, actual: actual, interval: interval(95),
            isCovered: Self.levels.map { level in
              interval(level).map { ($0.lower...$0.upper).contains(actual) }
            }))
      }
    }
    self.groups = groups.filter { !$0.predictions.isEmpty }
    self.failures = failures
    notes =
      (leftOut == 0 ? [] : ["\(path): \(leftOut) lines that are not those of a score file left out"])
      + (failures.isEmpty ? [] : ["\(path): \(failures.count) predictions failed and are left out"])
  }
}
