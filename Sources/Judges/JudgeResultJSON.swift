package import Magnet

extension JudgeResult {
  /// The result as JSON, with ProgressGym's names, so that its `interpret_result` reads it. What is undefined is null.
  package var json: JSONValue {
    func list(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
    func numbers(_ values: [Double?]) -> JSONValue { .array(values.map { $0.map { .double($0) } ?? .null }) }
    func vectors(_ values: [[Double]?]) -> JSONValue { .array(values.map { $0.map(numbers) ?? .null }) }
    var members: [JSONValue.Member] = []
    func add(_ key: String, _ value: JSONValue) { members.append(JSONValue.Member(key: key, value: value)) }
    add("eval_times", .int(Int64(evalTimes)))
    add("query_times", .int(Int64(queryTimes)))
    add("query_total_length", .int(Int64(queryTotalLength)))
    add("examinee_model_at_each_timestep", list(examineeModels))
    add("judge_model_at_each_timestep", list(judgeModels))
    if !simulatedVectors.isEmpty {
      add("simulated_model", list(simulatedModels))
      add("simulated_model_vector", vectors(simulatedVectors))
      add("actual_model_vector", vectors(actualVectors))
      add("similarities", .array(similarities.map(numbers)))
      add("score_delta", .array([.int(0)]))
    } else if rightAnswers == nil {
      add("examinee_vector", vectors(examineeVectors))
      add("actual_vector", vectors(actualVectors))
      add("stepwise_scores", numbers(stepwiseScores))
    }
    if !forecasts.isEmpty { add("forecasts", .array(forecasts.map(\.json))) }
    if let timestepsAhead { add("timesteps_ahead", .int(Int64(timestepsAhead))) }
    if let rightAnswers { add("right_answers", .int(Int64(rightAnswers))) }
    add("score", score.map { .double($0) } ?? .null)
    if let error { add("error", .string(error)) }
    add("possible_snapshots", .int(Int64(possibleSnapshots)))
    add("unreadable", .int(Int64(unreadable)))
    if !notes.isEmpty { add("notes", list(notes)) }
    return .object(members)
  }

  /// Reads a result: of magnet, or of ProgressGym in its present or old form, where a member `supplementary_data` holds
  /// some of the members.
  /// - Throws: `MagnetError` when it is not an object, or a member is not what it should be.
  package init(challenge: String, json: JSONValue) throws(MagnetError) {
    guard case .object(var members) = json else {
      throw MagnetError(.invalidData, "a result is not an object", at: challenge)
    }
    if case .object(let more)? = json["supplementary_data"] { members += more }
    let value = JSONValue.object(members)
    self.init(challenge: challenge)
    func count(_ key: String) throws(MagnetError) -> Int? {
      switch value[key] {
      case nil, .null: return nil
      case .int(let number): return Int(number)
      case .double(let number):
        guard let whole = Int(exactly: number) else { fallthrough }
        return whole
      default: throw MagnetError(.invalidData, "\(key) is not a whole number", at: challenge)
      }
    }
    func texts(_ key: String) -> [String] { value[key]?.elements.map { $0.string ?? "" } ?? [] }
    func numbers(_ list: JSONValue?) -> [Double?] {
      list?.elements.map { $0.double.flatMap { $0.isFinite ? $0 : nil } } ?? []
    }
    func vectors(_ key: String) throws(MagnetError) -> [[Double]?] {
      guard let list = value[key] else { return [] }
      guard case .array(let rows) = list else {
        throw MagnetError(.invalidData, "\(key) is not a list of vectors", at: challenge)
      }
      return try rows.map { row throws(MagnetError) in
        if row == .null { return nil }
        guard case .array(let cells) = row,
          cells.allSatisfy({ $0.double != nil || $0 == .null || $0.string != nil })
        else { throw MagnetError(.invalidData, "\(key) is not a list of vectors", at: challenge) }
        // A number that is missing or NaN leaves the vector undefined.
        let known = cells.compactMap { $0.double }.filter(\.isFinite)
        return known.count == cells.count ? known : nil
      }
    }
    examineeModels = texts("examinee_model_at_each_timestep")
    judgeModels = texts("judge_model_at_each_timestep")
    examineeVectors = try vectors("examinee_vector")
    simulatedModels = texts("simulated_model")
    simulatedVectors = try vectors("simulated_model_vector")
    actualVectors = try vectors(value["actual_model_vector"] == nil ? "actual_vector" : "actual_model_vector")
    stepwiseScores = numbers(value["stepwise_scores"])
    forecasts = try (value["forecasts"]?.elements ?? []).map { item throws(MagnetError) in
      guard let forecast = Forecast(json: item) else {
        throw MagnetError(.invalidData, "forecasts is not a list of forecasts", at: challenge)
      }
      return forecast
    }
    similarities = value["similarities"]?.elements.map { numbers($0) } ?? []
    evalTimes = try count("eval_times") ?? max(examineeVectors.count, simulatedVectors.count - 1, 0)
    possibleSnapshots = try count("possible_snapshots") ?? evalTimes
    queryTimes = try count("query_times") ?? 0
    queryTotalLength = try count("query_total_length") ?? 0
    unreadable = try count("unreadable") ?? 0
    timestepsAhead = try count("timesteps_ahead")
    rightAnswers = try count("right_answers")
    score = value["score"]?.double.flatMap { $0.isFinite ? $0 : nil }
    error = value["error"]?.string
    notes = texts("notes")
  }
}

extension JudgeResult.Forecast {
  /// The forecast as JSON.
  var json: JSONValue {
    .object(
      [
        JSONValue.Member(key: "timestep", value: .int(Int64(timestep))),
        JSONValue.Member(key: "run", value: .string(run)),
        JSONValue.Member(key: "model", value: .string(model)),
        JSONValue.Member(key: "actual", value: .double(actual)),
        JSONValue.Member(key: "predicted", value: predicted.map { .double($0) } ?? .null),
      ] + (reason.map { [JSONValue.Member(key: "reason", value: .string($0))] } ?? []))
  }

  /// Reads a forecast, nil when it is not one.
  init?(json: JSONValue) {
    guard case .int(let timestep)? = json["timestep"], let run = json["run"]?.string,
      let model = json["model"]?.string, let actual = json["actual"]?.double, actual.isFinite
    else { return nil }
    self.init(
      timestep: Int(timestep), run: run, model: model, actual: actual,
      predicted: json["predicted"]?.double.flatMap { $0.isFinite ? $0 : nil }, reason: json["reason"]?.string)
  }
}
