import Magnet
import Synchronization

/// What judging has measured so far, in one SQLite file: settings, pairs of an examinee and a setting, the journal of
/// their calls, vectors, and, of models outside the process, answers and tuned models by what they are.
///
/// Resuming is replay: an unfinished pair starts again, and finds here what it asked before. A process that is killed at
/// any moment loses only what was under way. One process writes at a time; others may read.
public final class JudgeStore: Sendable {
  /// The path of the file.
  public let path: String
  let file: Mutex<SQLiteFile>
  private let lastCommit = Mutex(ContinuousClock.now)

  /// "MJdg", the kind of file.
  private static let application: Int32 = 0x4D4A_6467

  /// Opens a store.
  /// - Parameters:
  ///   - path: the path of its file.
  ///   - writing: whether to make the file if it is absent, and be the one that writes.
  /// - Throws: `MagnetError` when the file is not a store, is damaged, or another process writes it.
  public init(_ path: String, writing: Bool) throws {
    self.path = path
    let opened = try SQLiteFile(
      path, application: Self.application, kind: "a store of magnet judge", schema: Self.schema,
      writing: writing)
    file = Mutex(opened)
  }

  private static let schema = """
    BEGIN;
    CREATE TABLE setting(digest TEXT PRIMARY KEY, challenge TEXT NOT NULL, spec TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE pair(
      id INTEGER PRIMARY KEY, setting TEXT NOT NULL REFERENCES setting, algorithm TEXT NOT NULL, spec TEXT NOT NULL,
      repetition INTEGER NOT NULL, seed INTEGER NOT NULL, state TEXT NOT NULL, snapshots INTEGER NOT NULL DEFAULT 0,
      possible INTEGER NOT NULL DEFAULT 0, result TEXT, error TEXT, requests INTEGER, tokens INTEGER, seconds REAL,
      UNIQUE(setting, algorithm, spec, repetition));
    CREATE TABLE call(
      pair INTEGER NOT NULL REFERENCES pair, number INTEGER NOT NULL, kind TEXT NOT NULL, timestep INTEGER NOT NULL,
      digest INTEGER NOT NULL, PRIMARY KEY(pair, number)) WITHOUT ROWID;
    CREATE TABLE answer(
      model TEXT NOT NULL, request TEXT NOT NULL, draw INTEGER NOT NULL, text TEXT, unreadable TEXT, tokens INTEGER,
      seconds REAL, PRIMARY KEY(model, request, draw)) WITHOUT ROWID;
    CREATE TABLE tuned(
      parent TEXT NOT NULL, data TEXT NOT NULL, model TEXT NOT NULL, weights BLOB NOT NULL,
      PRIMARY KEY(parent, data)) WITHOUT ROWID;
    CREATE TABLE vector(
      model TEXT NOT NULL, probe TEXT NOT NULL, value TEXT, PRIMARY KEY(model, probe)) WITHOUT ROWID;
    COMMIT
    """

  /// Writes, within a transaction that is committed at once where it matters, otherwise after 50 ms.
  func write<R: Sendable>(now: Bool = false, _ body: (SQLiteFile) throws -> R) throws -> R {
    try file.withLock { file in
      if !file.isInTransaction { try file.run("BEGIN IMMEDIATE") }
      let result = try body(file)
      let isDue = lastCommit.withLock { last in
        guard now || ContinuousClock.now - last > .milliseconds(50) else { return false }
        last = ContinuousClock.now
        return true
      }
      if isDue { try file.run("COMMIT") }
      return result
    }
  }

  func read<R: Sendable>(_ body: (SQLiteFile) throws -> R) throws -> R {
    try file.withLock { try body($0) }
  }

  /// What `body` reads from a cell.
  /// - Parameter what: what the cell holds.
  /// - Throws: `MagnetError` that names the file.
  func undamaged<R>(_ what: String, _ body: () throws -> R) throws -> R {
    do { return try body() } catch {
      throw MagnetError(
        .invalidData, "is damaged: \(what): \(error)", at: path, advice: "give another file")
    }
  }

  /// Commits what is pending.
  public func flush() throws {
    try file.withLock { if $0.isInTransaction { try $0.run("COMMIT") } }
  }

  // MARK: - Answers, models, vectors

  func answer(model: String, request: String, draw: Int) throws -> Answer? {
    try read { file in
      var found: Answer?
      try file.rows(
        "SELECT text, unreadable, tokens FROM answer WHERE model = ? AND request = ? AND draw = ?",
        [.text(model), .text(request), .int(Int64(draw))]
      ) { row in
        found =
          row[0].text.map { Answer($0, tokens: row[2].int.map { Int($0) }) }
          ?? Answer(unreadable: row[1].text ?? "")
      }
      return found
    }
  }

  /// Keeps an answer, and commits it.
  /// - Returns: the answer that is kept: another one where a task was quicker.
  func keep(_ answer: Answer, model: String, request: String, draw: Int, seconds: Double) throws -> Answer {
    let isNew = try write(now: true) { file in
      try file.write(
        "INSERT OR IGNORE INTO answer VALUES(?, ?, ?, ?, ?, ?, ?)",
        [
          .text(model), .text(request), .int(Int64(draw)), answer.text.map { .text($0) } ?? .null,
          answer.unreadable.map { .text($0) } ?? .null, answer.tokens.map { .int(Int64($0)) } ?? .null,
          .double(seconds),
        ])
      return file.changes > 0
    }
    return isNew ? answer : try self.answer(model: model, request: request, draw: draw) ?? answer
  }

  func tuned(parent: String, data: String) throws -> (model: String, weights: [UInt8])? {
    try read { file in
      var found: (String, [UInt8])?
      try file.rows(
        "SELECT model, weights FROM tuned WHERE parent = ? AND data = ?", [.text(parent), .text(data)]
      ) { row in
        if let model = row[0].text, let weights = row[1].blob { found = (model, weights) }
      }
      return found
    }
  }

  func keepTuned(_ model: String, weights: [UInt8], parent: String, data: String) throws {
    try write { file in
      try file.write(
        "INSERT OR IGNORE INTO tuned VALUES(?, ?, ?, ?)",
        [.text(parent), .text(data), .text(model), .blob(weights)])
    }
  }

  /// The vector of a model, nil where none is kept; one that is undefined is kept as nil.
  func vector(model: String, probe: String) throws -> [Double]?? {
    try read { file in
      var found: [Double]??
      try file.rows("SELECT value FROM vector WHERE model = ? AND probe = ?", [.text(model), .text(probe)]) {
        row in
        let values = try row[0].text.map { text in
          try undamaged("a vector") { try JSONValue(parsing: text) }
        }
        found = .some(values.map { $0.elements.compactMap(\.double) })
      }
      return found
    }
  }

  func keepVector(_ vector: [Double]?, model: String, probe: String) throws {
    let text = vector.map { JSONValue.array($0.map { .double($0) }).text }
    try write { file in
      try file.write(
        "INSERT OR IGNORE INTO vector VALUES(?, ?, ?)",
        [.text(model), .text(probe), text.map { .text($0) } ?? .null])
    }
  }
}
