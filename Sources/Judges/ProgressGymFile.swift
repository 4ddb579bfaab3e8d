import Magnet

/// Result files of ProgressGym's `run_benchmark`: `{algorithm: {challenge: result}}`.
package enum ProgressGymFile {
  /// The pairs in a file's text.
  ///
  /// The file does not say what was judged on. Results of one challenge are in one setting where they were compared with
  /// the same actual vectors; a test that ended early has the first ones of these.
  /// - Parameter path: for errors, and to tell settings apart that have no vectors.
  /// - Throws: `MagnetError` when the text is not such a file.
  package static func pairs(in text: String, path: String) throws -> [JudgePair] {
    let value: JSONValue
    do { value = try JSONValue(parsing: text) } catch {
      throw MagnetError(.invalidData, "\(error)", at: path)
    }
    guard case .object(let algorithms) = value else {
      throw MagnetError(.invalidData, "is not a result file: it holds no object of algorithms", at: path)
    }
    var found: [(algorithm: String, result: JudgeResult, seconds: Double?)] = []
    for algorithm in algorithms {
      guard case .object(let challenges) = algorithm.value else {
        throw MagnetError(
          .invalidData, "is not a result file: \(algorithm.key) has no object of challenges", at: path)
      }
      for challenge in challenges {
        do {
          found.append(
            (
              algorithm.key, try JudgeResult(challenge: challenge.key, json: challenge.value),
              challenge.value["duration_seconds"]?.double
            ))
        } catch { throw MagnetError(.invalidData, "\(algorithm.key): \(error)", at: path) }
      }
    }
    // The longest list of actual vectors of a challenge is what all its tests were compared with.
    var actual: [String: [[Double]?]] = [:]
    for item in found where item.result.actualVectors.count > actual[item.result.challenge]?.count ?? 0 {
      actual[item.result.challenge] = item.result.actualVectors
    }
    return found.map { algorithm, result, seconds in
      var result = result
      let whole = actual[result.challenge] ?? []
      let belongs = whole.starts(with: result.actualVectors) || result.actualVectors.isEmpty
      let vectors = belongs ? whole : result.actualVectors
      var hash = SHA256()
      hash.update(result.challenge)
      hash.update(UInt64(result.timestepsAhead ?? 0))
      for vector in vectors { for number in vector ?? [.nan] { hash.update(number.bitPattern) } }
      if vectors.isEmpty { hash.update(path) }
      if result.simulatedVectors.isEmpty, result.error == nil {
        result.possibleSnapshots = max(result.possibleSnapshots, vectors.count)
      }
      let state: PairState = result.error != nil ? .failed : result.isComplete ? .done : .incomplete
      let name = path.split(separator: "/").last.map(String.init) ?? path
      let spec = JSONValue.object([
        JSONValue.Member(key: "challenge", value: .string(result.challenge)),
        JSONValue.Member(key: "history", value: .string(name)),
      ])
      return JudgePair(
        setting: hash.finish(), challenge: result.challenge, settingSpec: spec.text, algorithm: algorithm,
        spec: "{}", repetition: 1, seed: 0, state: state, result: result, seconds: seconds)
    }
  }

  /// Numbers the pairs of one examinee and setting, so that several files are several repetitions.
  package static func numbered(_ pairs: [JudgePair]) -> [JudgePair] {
    var counts: [[String]: Int] = [:]
    return pairs.map { pair in
      var pair = pair
      let key = [pair.setting, pair.algorithm, pair.spec]
      counts[key, default: 0] += 1
      pair.repetition = counts[key] ?? 1
      return pair
    }
  }

  /// The text of a result file, which ProgressGym's `interpret_result` reads.
  /// - Throws: `MagnetError` when two pairs have the same algorithm and challenge: the format has room for one.
  package static func text(_ pairs: [JudgePair]) throws -> String {
    var algorithms: [JSONValue.Member] = []
    for name in pairs.map(\.algorithm).unique() {
      var challenges: [JSONValue.Member] = []
      for pair in pairs where pair.algorithm == name {
        guard let result = pair.result else { continue }
        guard !challenges.contains(where: { $0.key == pair.challenge }) else {
          throw MagnetError(
            .usage, "a result file of ProgressGym has room for one result of \(name) in \(pair.challenge)",
            advice: "run one world and one repetition")
        }
        guard case .object(var members) = result.json else { continue }
        if let seconds = pair.seconds {
          members.append(JSONValue.Member(key: "duration_seconds", value: .double(seconds)))
        }
        challenges.append(JSONValue.Member(key: pair.challenge, value: .object(members)))
      }
      algorithms.append(JSONValue.Member(key: name, value: .object(challenges)))
    }
    return JSONValue.object(algorithms).text + "\n"
  }
}
