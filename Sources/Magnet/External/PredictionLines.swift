/// Predictions as a program wrote them: a line of JSON each, checked.
struct PredictionLines {
  struct Prediction {
    let run: String
    /// The request's number; nil for a statistic of a whole run.
    let instance: Int?
    let stat: Stat
    let interval: Interval?
  }

  private(set) var predictions: [Prediction] = []
  private let runs: Set<String>
  private let requests: Requests?

  private static let fields = [
    "run", "instance", "stat", "split", "sub_split", "perturbation", "mean", "lower", "upper", "stddev",
    "trial",
  ]

  /// Reads predictions.
  /// - Throws: `MagnetError` for the first invalid line, with its number, 1 first.
  init(_ bytes: [UInt8], for task: ProgramTask) throws {
    runs = Set(task.test.runSpecs[.run])
    requests = task.isOfInstances ? Requests(task.test.scenarioStates) : nil
    var lineOf: [Key: Int] = [:]
    for (number, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .enumerated()
    {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
      do {
        let prediction = try read(line)
        if let other = lineOf.updateValue(number + 1, forKey: Key(prediction)) {
          throw MagnetError(.invalidData, "predicts what line \(other) predicts")
        }
        predictions.append(prediction)
      } catch let error as MagnetError {
        throw MagnetError(.invalidData, "line \(number + 1) of its predictions \(error)")
      }
    }
  }

  /// What two predictions may not share.
  private struct Key: Hashable {
    let run: String
    let instance: Int?
    /// Of instances the metric alone counts: split and perturbation are the instance's.
    let name: MetricName

    init(_ prediction: Prediction) {
      run = prediction.run
      instance = prediction.instance
      name = instance == nil ? prediction.stat.name : MetricName(prediction.stat.name.name, split: nil)
    }
  }

  private func read(_ line: ArraySlice<UInt8>) throws -> Prediction {
    let value: JSONValue
    do {
      let document = try unsafe Array(line).withUnsafeBufferPointer { try unsafe TolerantParser.parse($0) }
      value = document.withTape { JSONValue($0, at: JSONTape.top) }
    } catch let fault as JSONFault { throw MagnetError(.invalidData, "is not JSON: \(fault)") }
    guard case .object(let members) = value else { throw MagnetError(.invalidData, "is not an object") }
    var seen: Set<String> = []
    for member in members {
      guard Self.fields.contains(member.key) else {
        let nearest = nearestNames(to: String(member.key.prefix(50)), among: Self.fields)
        throw MagnetError(
          .invalidData,
          "has a field '\(shown(member.key))', which there is not; did you mean \(nearest.joined(separator: ", "))?"
        )
      }
      guard seen.insert(member.key).inserted else {
        throw MagnetError(.invalidData, "has '\(shown(member.key))' twice")
      }
    }
    guard let run = value["run"]?.string else {
      throw MagnetError(.invalidData, "has no 'run' that is a text")
    }
    guard runs.contains(run) else {
      throw MagnetError(
        .invalidData,
        "is of a run that is not asked for: \(shown(run)); asked for is "
          + runs.sorted().prefix(3).map { shown($0) }.joined(separator: ", "))
    }
    guard let metric = value["stat"]?.string else {
      throw MagnetError(.invalidData, "has no 'stat' that is a text")
    }
    guard let mean = try number("mean", value) else { throw MagnetError(.invalidData, "has no 'mean'") }
    let deviation = try number("stddev", value)
    if let deviation, deviation < 0 {
      throw MagnetError(.invalidData, "has a negative 'stddev': \(deviation)")
    }
    let name = MetricName(
      metric, split: try text("split", value), subSplit: try text("sub_split", value),
      perturbation: try perturbation(value))
    let interval = try interval(value)
    if let interval, mean < interval.lower || mean > interval.upper {
      throw MagnetError(
        .invalidData,
        "has a 'mean' of \(mean) outside its own interval, \(interval.lower) to \(interval.upper)")
    }
    return Prediction(
      run: run,
      instance: try requests.map { try $0.number(value, run: run, name.perturbation) } ?? noInstance(value),
      stat: Stat(name, mean: mean, variance: deviation.map { $0 * $0 } ?? 0, stddev: deviation ?? 0),
      interval: interval)
  }

  private func noInstance(_ value: JSONValue) throws -> Int? {
    guard value["instance"] ?? .null == .null else {
      throw MagnetError(.invalidData, "has an 'instance', and whole runs are to be predicted")
    }
    return nil
  }

  private func interval(_ value: JSONValue) throws -> Interval? {
    switch (try number("lower", value), try number("upper", value)) {
    case (nil, nil): return nil
    case (let lower?, let upper?):
      guard lower <= upper else {
        throw MagnetError(.invalidData, "has a 'lower' of \(lower) above its 'upper' of \(upper)")
      }
      return Interval(lower: lower, upper: upper)
    case (nil, _): throw MagnetError(.invalidData, "has an 'upper' and no 'lower'")
    case (_, nil): throw MagnetError(.invalidData, "has a 'lower' and no 'upper'")
    }
  }

  private func number(_ field: String, _ value: JSONValue) throws -> Double? {
    guard let given = value[field], given != .null else { return nil }
    guard let number = given.double else {
      throw MagnetError(.invalidData, "has a '\(field)' that is not a number: \(shown(given.text))")
    }
    guard number.isFinite else {
      throw MagnetError(.invalidData, "has a '\(field)' that is not finite: \(Cell.double(number).text)")
    }
    return number
  }

  private func text(_ field: String, _ value: JSONValue) throws -> String? {
    guard let given = value[field], given != .null else { return nil }
    guard let text = given.string else {
      throw MagnetError(.invalidData, "has a '\(field)' that is not a text: \(shown(given.text))")
    }
    return text
  }

  private func perturbation(_ value: JSONValue) throws -> Perturbation? {
    guard let given = value["perturbation"], given != .null else { return nil }
    guard case .object(let members) = given else {
      throw MagnetError(.invalidData, "has a 'perturbation' that is not an object: \(shown(given.text))")
    }
    var fields = Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    func flag(_ name: String) -> Bool? {
      if case .bool(let flag)? = fields.removeValue(forKey: name) { flag } else { nil }
    }
    return Perturbation(
      name: fields.removeValue(forKey: "name")?.string,
      computedOn: fields.removeValue(forKey: "computed_on")?.string,
      robustness: flag("robustness"), fairness: flag("fairness"),
      parameters: fields.filter { $0.value != .null }.mapValues { Cell($0) })
  }
}

/// The requests to be predicted, and how predictions refer to them.
private struct Requests {
  private struct Request {
    let number: Int
    let perturbation: String?
    let trial: Int?
  }

  private var numbers: Set<Int> = []
  private var byID: [String: [String: [Request]]] = [:]

  init(_ states: Table) {
    for row in states.rows {
      guard let number = row[.instancePredictID] else { continue }
      numbers.insert(number)
      guard let id = row[.instance] else { continue }
      byID[row[.run], default: [:]][id, default: []].append(
        Request(number: number, perturbation: row[.perturbation], trial: row[.trial]))
    }
  }

  /// The request a prediction is of: by its number, or by the instance's id, with the perturbation's name and the
  /// trial where an id has several requests.
  func number(_ value: JSONValue, run: String, _ perturbation: Perturbation?) throws -> Int {
    switch value["instance"] {
    case .int(let given)?:
      guard let number = Int(exactly: given), numbers.contains(number) else {
        throw MagnetError(.invalidData, "is of an instance that is not asked for: number \(given)")
      }
      return number
    case .string(let id)?:
      guard var found = byID[run]?[id] else {
        let nearest = nearestNames(to: String(id.prefix(200)), among: (byID[run] ?? [:]).keys.sorted())
        throw MagnetError(
          .invalidData,
          "is of an instance that is not asked for: \(shown(id)); did you mean \(nearest.joined(separator: ", "))?"
        )
      }
      if value["perturbation"] != nil { found = found.filter { $0.perturbation == perturbation?.name } }
      if let trial = value["trial"]?.double { found = found.filter { $0.trial.map(Double.init) == trial } }
      guard let only = found.first else {
        throw MagnetError(
          .invalidData,
          "is of an instance that is not asked for: \(shown(id)) with this perturbation and trial")
      }
      guard found.count == 1 else {
        throw MagnetError(
          .invalidData,
          "is of one of \(found.count) requests of instance \(shown(id)); give its number, prediction_id, as 'instance'"
        )
      }
      return only.number
    default:
      throw MagnetError(
        .invalidData, "has no 'instance' that is a number (prediction_id) or a text (the instance's id)")
    }
  }
}
