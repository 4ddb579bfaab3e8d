// Unsafe code, on these invariants:
// - A statement lives as long as its file's connection: both go in `deinit`, statements first.
// - Texts and blobs are copied by SQLite when they are bound (SQLITE_TRANSIENT), and read before the statement steps on.
// - The descriptor of the lock is closed after the connection: closing one earlier would drop SQLite's own locks.

import CSQLite

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A SQLite file of magnet's own: results that are kept, added to and read again. Its owner keeps it in a lock: no two
/// calls may run at once. (It is marked Sendable so that a `Mutex` can hand it to closures.)
@safe package final class SQLiteFile: @unchecked Sendable {
  /// The path as it was given.
  package let path: String
  private var database: OpaquePointer?
  private var statements: [String: OpaquePointer] = unsafe [:]
  private var lock: Int32 = -1

  /// A value of a column.
  package enum Value: Hashable {
    case null
    case int(Int64)
    case double(Double)
    case text(String)
    case blob([UInt8])

    package var int: Int64? { if case .int(let value) = self { value } else { nil } }
    package var text: String? { if case .text(let value) = self { value } else { nil } }
    package var blob: [UInt8]? { if case .blob(let value) = self { value } else { nil } }
    package var double: Double? {
      switch self {
      case .double(let value): value
      case .int(let value): Double(value)
      default: nil
      }
    }
  }

  /// Opens a file of the kind that `application` marks.
  /// - Parameters:
  ///   - application: the number in the header of such files.
  ///   - schema: the statements that make its tables.
  ///   - writing: whether to make the file if it is absent, and be the only one that writes; otherwise it is only read.
  /// - Throws: `MagnetError` when the file is not of this kind, is damaged, or is being written by another process. Such
  ///   a file is not changed.
  package init(_ path: String, application: Int32, kind: String, schema: String, writing: Bool) throws {
    self.path = path
    if try Self.check(path, application, kind, writing: writing) {
      try Self.create(path, application: application, schema: schema)
    }
    if writing { lock = try Self.locked(path) }
    // Where its folder cannot be written, SQLite cannot make the files that it reads a journal by; without a log there is
    // nothing in them.
    let isFixed = unsafe !writing && access(Files.folder(of: path), W_OK) != 0 && Self.hasNoLog(path)
    let mode = writing ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY
    let name = isFixed ? Self.address(path, isFixed: true) : path
    let flags = mode | SQLITE_OPEN_NOMUTEX | (isFixed ? SQLITE_OPEN_URI : 0)
    guard unsafe sqlite3_open_v2(name, &database, flags, nil) == SQLITE_OK else { throw failure() }
    unsafe sqlite3_busy_timeout(database, 2000)
    try isSound()
    if writing { try run("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000") }
  }

  /// Whether nothing of a file stands only in its log of changes.
  static func hasNoLog(_ path: String) -> Bool { (Files.status(path + "-wal")?.size ?? 0) == 0 }

  /// The address by which SQLite only reads a file.
  /// - Parameter isFixed: whether nothing changes it, so that SQLite needs no files of its own beside it.
  static func address(_ path: String, isFixed: Bool) -> String {
    "file:"
      + path.utf8.map { byte in
        plain.contains(byte)
          ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }.joined() + "?mode=ro" + (isFixed ? "&immutable=1" : "")
  }

  private static let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_.".utf8)

  /// A file that is only being made.
  private init(making path: String) throws {
    self.path = path
    let access = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
    guard unsafe sqlite3_open_v2(path, &database, access, nil) == SQLITE_OK else { throw failure() }
  }

  /// Makes a file under another name, which then gets its own: there is never a half-made one.
  private static func create(_ path: String, application: Int32, schema: String) throws {
    if unsafe access(Files.folder(of: path), W_OK) != 0 {
      throw MagnetError(.system, unsafe "cannot be written: \(String(cString: strerror(errno)))", at: path)
    }
    let part = "\(path).\(getpid()).part"
    unsafe unlink(part)
    defer { unsafe unlink(part) }
    do {
      let file = try SQLiteFile(making: part)
      try file.run("PRAGMA application_id = \(application)")
      try file.run(schema)
      try file.run("PRAGMA journal_mode = WAL")
    }
    // Another process may have been quicker; an empty file is replaced.
    if unsafe link(part, path) == 0 { return }
    guard errno == EEXIST else {
      throw MagnetError(.system, unsafe "cannot be written: \(String(cString: strerror(errno)))", at: path)
    }
    var info = stat()
    if unsafe stat(path, &info) == 0, info.st_size == 0 { unsafe rename(part, path) }
  }

  deinit {
    unsafe statements.values.forEach { unsafe sqlite3_finalize($0) }
    unsafe sqlite3_close_v2(database)
    if lock >= 0 { close(lock) }
  }

  /// Looks at the header, before SQLite does.
  /// - Returns: whether the file is absent or empty.
  private static func check(_ path: String, _ application: Int32, _ kind: String, writing: Bool) throws
    -> Bool
  {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT, writing { return true }
      throw MagnetError(
        errno == ENOENT ? .notFound : .system, unsafe "cannot be read: \(String(cString: strerror(errno)))",
        at: path
      )
    }
    defer { close(descriptor) }
    var header = [UInt8](repeating: 0, count: 100)
    let count = unsafe read(descriptor, &header, header.count)
    if count == 0, writing { return true }
    let refusal = MagnetError(.invalidData, "is not \(kind)", at: path, advice: "give another file")
    guard count == 100, header.starts(with: Array("SQLite format 3\0".utf8)) else { throw refusal }
    let number = header[68..<72].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard number == UInt32(bitPattern: application) else { throw refusal }
    return false
  }

  private static func locked(_ path: String) throws -> Int32 {
    let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw MagnetError(.system, unsafe "cannot be written: \(String(cString: strerror(errno)))", at: path)
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw MagnetError(
        .alreadyExists, "another magnet is writing it", at: path,
        advice: "wait for its end, or give another file")
    }
    return descriptor
  }

  private func isSound() throws {
    var problem: String?
    do {
      try rows("PRAGMA quick_check(1)") { row in if let text = row[0].text, text != "ok" { problem = text } }
    } catch {
      if unsafe sqlite3_errcode(database) & 0xFF == SQLITE_CANTOPEN {
        throw MagnetError(
          .system, "cannot be read where its folder cannot be written, as its log is not empty", at: path,
          advice: "copy it, and \(path)-wal with it, to another folder")
      }
      problem = "\(error)"
    }
    if let problem {
      throw MagnetError(.invalidData, "is damaged: \(problem)", at: path, advice: "give another file")
    }
  }

  private func failure() -> MagnetError {
    let message = unsafe sqlite3_errmsg(database).map { unsafe String(cString: $0) } ?? "out of memory"
    return MagnetError(.system, "SQLite: \(message)", at: path)
  }

  /// Runs statements without values.
  package func run(_ text: String) throws {
    if unsafe sqlite3_exec(database, text, nil, nil, nil) != SQLITE_OK { throw failure() }
  }

  /// Whether a transaction is open.
  package var isInTransaction: Bool { unsafe sqlite3_get_autocommit(database) == 0 }

  /// Runs one statement that gives no rows. Statements are kept for the next time.
  package func write(_ text: String, _ values: [Value]) throws {
    try rows(text, values) { _ in }
  }

  /// The rows changed by the last statement.
  package var changes: Int { unsafe Int(sqlite3_changes(database)) }

  /// Calls `body` with each row of a statement's answer.
  package func rows(_ text: String, _ values: [Value] = [], _ body: ([Value]) throws -> Void) throws {
    let statement = try unsafe prepared(text)
    defer {
      unsafe sqlite3_reset(statement)
      unsafe sqlite3_clear_bindings(statement)
    }
    for (index, value) in values.enumerated() { unsafe bind(value, to: statement, Int32(index + 1)) }
    let width = unsafe sqlite3_column_count(statement)
    // One array for all rows, unless the body keeps it.
    var row = Array(repeating: Value.null, count: Int(width))
    while true {
      switch unsafe sqlite3_step(statement) {
      case SQLITE_ROW:
        for column in 0..<width { row[Int(column)] = unsafe Self.value(statement, column) }
        try body(row)
      case SQLITE_DONE: return
      default: throw failure()
      }
    }
  }

  private func prepared(_ text: String) throws -> OpaquePointer {
    if let statement = unsafe statements[text] { return unsafe statement }
    var statement: OpaquePointer?
    guard unsafe sqlite3_prepare_v2(database, text, -1, &statement, nil) == SQLITE_OK,
      let statement = unsafe statement
    else {
      throw failure()
    }
    unsafe statements[text] = unsafe statement
    return unsafe statement
  }

  private func bind(_ value: Value, to statement: OpaquePointer, _ place: Int32) {
    // SQLITE_TRANSIENT, a cast in C.
    let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    switch value {
    case .null: unsafe sqlite3_bind_null(statement, place)
    case .int(let value): unsafe sqlite3_bind_int64(statement, place, value)
    case .double(let value): unsafe sqlite3_bind_double(statement, place, value)
    case .text(let value):
      // With the length, as a text may have a zero byte in it.
      _ = unsafe value.withCString {
        unsafe sqlite3_bind_text(statement, place, $0, Int32(clamping: value.utf8.count), copied)
      }
    case .blob(let value) where value.isEmpty: unsafe sqlite3_bind_zeroblob(statement, place, 0)
    case .blob(let value):
      _ = unsafe value.withUnsafeBytes {
        unsafe sqlite3_bind_blob64(statement, place, $0.baseAddress, sqlite3_uint64($0.count), copied)
      }
    }
  }

  private static func value(_ statement: OpaquePointer, _ column: Int32) -> Value {
    switch unsafe sqlite3_column_type(statement, column) {
    case SQLITE_INTEGER: return unsafe .int(sqlite3_column_int64(statement, column))
    case SQLITE_FLOAT: return unsafe .double(sqlite3_column_double(statement, column))
    case SQLITE_NULL: return .null
    case SQLITE_BLOB:
      let bytes = unsafe UnsafeRawBufferPointer(
        start: sqlite3_column_blob(statement, column), count: Int(sqlite3_column_bytes(statement, column)))
      return unsafe .blob(Array(bytes))
    default:
      let bytes = unsafe UnsafeRawBufferPointer(
        start: sqlite3_column_text(statement, column), count: Int(sqlite3_column_bytes(statement, column)))
      return unsafe .text(String(decoding: bytes, as: UTF8.self))
    }
  }
}
