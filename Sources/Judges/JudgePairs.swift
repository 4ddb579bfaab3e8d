import Magnet
import Synchronization

/// How far a pair has come.
public enum PairState: String, Sendable, Hashable {
  /// Not at its end yet: it starts again at the next run.
  case running
  /// Tested to the end of history.
  case done
  /// Ended by an error; what was measured before is kept.
  case failed
  /// Ended by the examinee, before the end of history.
  case incomplete
}

/// One test: an examinee, a setting and a repetition, and what came of it.
public struct JudgePair: Sendable, Hashable {
  /// The digest of the setting.
  public var setting: String
  /// The name of the challenge.
  public var challenge: String
  /// The setting as JSON: challenge, history, questions, sampling.
  public var settingSpec: String
  /// The name of the algorithm.
  public var algorithm: String
  /// Its options as JSON.
  public var spec: String
  /// From 1.
  public var repetition: Int
  /// The seed of the examinee.
  public var seed: UInt64
  /// How far it has come.
  public var state: PairState
  /// What was measured, nil before the end.
  public var result: JudgeResult?
  /// The requests that models answered, those included that a store knew.
  public var requests = 0
  /// The tokens of those, where models count them.
  public var tokens = 0
  /// How long it took, nil before the end.
  public var seconds: Double?
}

extension JudgeStore {
  /// Makes sure that the pairs are in the store, in this order, and returns each with its number and what came of it.
  func register(_ pairs: [JudgePair]) throws -> [(id: Int64, pair: JudgePair)] {
    // Damage is noticed before anything is changed.
    _ = try all()
    try write(now: true) { file in
      for pair in pairs {
        try file.write(
          "INSERT OR IGNORE INTO setting VALUES(?, ?, ?)",
          [.text(pair.setting), .text(pair.challenge), .text(pair.settingSpec)])
        try file.write(
          "INSERT OR IGNORE INTO pair(setting, algorithm, spec, repetition, seed, state) VALUES(?, ?, ?, ?, ?, ?)",
          [
            .text(pair.setting), .text(pair.algorithm), .text(pair.spec), .int(Int64(pair.repetition)),
            .int(Int64(bitPattern: pair.seed)), .text(PairState.running.rawValue),
          ])
      }
    }
    let known = Dictionary(
      try all().map { (Key($0.pair), $0) }, uniquingKeysWith: { first, _ in first })
    return try pairs.map { pair in
      guard let found = known[Key(pair)] else {
        throw MagnetError(.invalidData, "a pair was lost", at: path)
      }
      return found
    }
  }

  private struct Key: Hashable {
    let setting: String
    let algorithm: String
    let spec: String
    let repetition: Int

    init(_ pair: JudgePair) {
      setting = pair.setting
      algorithm = pair.algorithm
      spec = pair.spec
      repetition = pair.repetition
    }
  }

  /// Keeps what came of a pair.
  func finish(_ id: Int64, _ pair: JudgePair) throws {
    try write(now: true) { file in
      try file.write(
        """
        UPDATE pair SET state = ?, snapshots = ?, possible = ?, result = ?, error = ?, requests = ?, tokens = ?,
        seconds = ? WHERE id = ?
        """,
        [
          .text(pair.state.rawValue), .int(Int64(pair.result?.evalTimes ?? 0)),
          .int(Int64(pair.result?.possibleSnapshots ?? 0)), pair.result.map { .text($0.json.text) } ?? .null,
          pair.result?.error.map { .text($0) } ?? .null, .int(Int64(pair.requests)), .int(Int64(pair.tokens)),
          pair.seconds.map { .double($0) } ?? .null, .int(id),
        ])
    }
  }

  /// All pairs, in the order in which they were first run, with their numbers.
  public func all() throws -> [(id: Int64, pair: JudgePair)] {
    try read { file in
      var pairs: [(Int64, JudgePair)] = []
      try file.rows(
        """
        SELECT pair.id, setting, challenge, setting.spec, algorithm, pair.spec, repetition, seed, state, result,
        requests, tokens, seconds FROM pair JOIN setting ON digest = setting ORDER BY pair.id
        """
      ) { row in
        let challenge = row[2].text ?? ""
        var pair = JudgePair(
          setting: row[1].text ?? "", challenge: challenge, settingSpec: row[3].text ?? "",
          algorithm: row[4].text ?? "", spec: row[5].text ?? "", repetition: Int(row[6].int ?? 0),
          seed: UInt64(bitPattern: row[7].int ?? 0),
          state: row[8].text.flatMap { PairState(rawValue: $0) } ?? .running)
        if let text = row[9].text {
          pair.result = try undamaged("the result of pair \(row[0].int ?? 0)") {
            try JudgeResult(challenge: challenge, json: JSONValue(parsing: text))
          }
        }
        pair.requests = Int(row[10].int ?? 0)
        pair.tokens = Int(row[11].int ?? 0)
        pair.seconds = row[12].double
        pairs.append((row[0].int ?? 0, pair))
      }
      return pairs
    }
  }

  // MARK: - The journal

  func journal(of id: Int64) throws -> [Int64] {
    try read { file in
      var digests: [Int64] = []
      try file.rows("SELECT digest FROM call WHERE pair = ? ORDER BY number", [.int(id)]) {
        digests.append($0[0].int ?? 0)
      }
      return digests
    }
  }

  func cutJournal(of id: Int64, at number: Int) throws {
    try write { file in
      try file.write("DELETE FROM call WHERE pair = ? AND number >= ?", [.int(id), .int(Int64(number))])
    }
  }

  func addCall(_ number: Int, of id: Int64, kind: String, timestep: Int, digest: Int64) throws {
    try write { file in
      try file.write(
        "INSERT OR REPLACE INTO call VALUES(?, ?, ?, ?, ?)",
        [.int(id), .int(Int64(number)), .text(kind), .int(Int64(timestep)), .int(digest)])
    }
  }

  /// One call of a pair, as the journal has it.
  public struct Call: Sendable {
    /// The number of the pair.
    public var pair: Int64
    /// The number of the call in its pair.
    public var number: Int
    /// `respond`, `chances`, `tune` or `evaluate`.
    public var kind: String
    /// The timestep in which it was made.
    public var timestep: Int
    /// What distinguishes the call: of the model and the request.
    public var digest: UInt64
  }

  /// Calls `body` with every call in order.
  public func forEachCall(_ body: (Call) throws -> Void) throws {
    try file.withLock { file in
      try file.rows("SELECT pair, number, kind, timestep, digest FROM call ORDER BY pair, number") { row in
        try body(
          Call(
            pair: row[0].int ?? 0, number: Int(row[1].int ?? 0), kind: row[2].text ?? "",
            timestep: Int(row[3].int ?? 0), digest: UInt64(bitPattern: row[4].int ?? 0)))
      }
    }
  }
}
