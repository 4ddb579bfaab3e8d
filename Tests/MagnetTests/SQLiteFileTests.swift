import Foundation
import TestSupport
import Testing

@testable import Magnet

/// Files of magnet's own in SQLite: values come back as they went in, and other files stay as they are.
@Suite struct SQLiteFileTests {
  private static let schema = "CREATE TABLE t (place INTEGER PRIMARY KEY, value ANY) STRICT;"

  private static func open(_ path: String, application: Int32 = 77, writing: Bool = true) throws
    -> SQLiteFile
  {
    try SQLiteFile(
      path, application: application, kind: "a file of tests", schema: schema, writing: writing)
  }

  private static func rows(_ file: SQLiteFile, _ text: String, _ values: [SQLiteFile.Value] = [])
    throws
    -> [[SQLiteFile.Value]]
  {
    var rows: [[SQLiteFile.Value]] = []
    try file.rows(text, values) { rows.append($0) }
    return rows
  }

  private static let values: [SQLiteFile.Value] = [
    .null, .int(0), .int(.min), .int(.max), .double(0.1), .double(-1e300), .double(.infinity),
    .double(.leastNonzeroMagnitude), .text(""), .text("a\u{0}b"), .text("é e\u{301} \u{1F600}"),
    .text("'; DROP TABLE t; --"),
    .blob([]), .blob([0, 255, 0]), .blob(Array(repeating: 7, count: 100_000)), .text("1"),
    .double(2),
  ]

  @Test func valuesComeBackAsTheyWentIn() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a b%?#é.db"
    do {
      let file = try Self.open(path)
      for (place, value) in Self.values.enumerated() {
        try file.write("INSERT INTO t VALUES (?1, ?2)", [.int(Int64(place)), value])
        #expect(file.changes == 1 && !file.isInTransaction)
      }
    }
    for writing in [true, false] {
      let file = try Self.open(path, writing: writing)
      let found = try Self.rows(file, "SELECT value FROM t ORDER BY place").map { $0[0] }
      #expect(found == Self.values)
      // A statement that is kept forgets the values it had.
      #expect(
        try Self.rows(file, "SELECT ?1 IS NULL, ?2", [.int(1), .text("x")]) == [
          [.int(0), .text("x")]
        ])
      #expect(try Self.rows(file, "SELECT ?1 IS NULL, ?2") == [[.int(1), .null]])
    }
    #expect(SQLiteFile.Value.int(3).double == 3 && SQLiteFile.Value.text("3").double == nil)
    #expect(SQLiteFile.Value.double(3).int == nil && SQLiteFile.Value.blob([1]).text == nil)
  }

  @Test func transactionsAreWholeOrNothing() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/t.db"
    let file = try Self.open(path)
    try file.run("BEGIN")
    #expect(file.isInTransaction)
    try file.write("INSERT INTO t VALUES (1, 'a')", [])
    try file.run("ROLLBACK")
    #expect(try Self.rows(file, "SELECT * FROM t").isEmpty && !file.isInTransaction)
    try file.run("BEGIN; INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (2, 'b'); COMMIT")
    // Readers see what was written, while the writer is open.
    let reader = try Self.open(path, writing: false)
    #expect(try Self.rows(reader, "SELECT count(*) FROM t") == [[.int(2)]])
    #expect(throws: MagnetError.self) { try reader.write("DELETE FROM t", []) }
    #expect {
      try file.write("INSERT INTO t VALUES (1, 'again')", [])
    } throws: {
      "\($0)" == "\(path): SQLite: UNIQUE constraint failed: t.place"
        && ($0 as? MagnetError)?.code == .system
    }
    #expect(throws: MagnetError.self) { try file.run("SELECT FROM") }
    struct Stop: Error {}
    #expect(throws: Stop.self) { try file.rows("SELECT * FROM t") { _ in throw Stop() } }
    #expect(try Self.rows(file, "SELECT * FROM t").count == 2, "from the first row again")
  }

  @Test func oneWritesAtATime() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/t.db"
    do {
      let first = try Self.open(path)
      #expect {
        _ = try Self.open(path)
      } throws: {
        "\($0)" == "\(path): another magnet is writing it; wait for its end, or give another file"
          && ($0 as? MagnetError)?.code == .alreadyExists
      }
      _ = try Self.open(path, writing: false)
      try first.write("INSERT INTO t VALUES (1, 1)", [])
    }
    #expect(try Self.rows(Self.open(path), "SELECT count(*) FROM t") == [[.int(1)]])
  }

  @Test func otherFilesStayAsTheyAre() throws {
    let folder = try TemporaryFolder()
    let database = folder.path + "/other.db"
    _ = try Self.open(database, application: 5)
    var contents: [String: Data] = [:]
    contents[database] = FileManager.default.contents(atPath: database)
    for (name, bytes) in [
      ("text.db", Data("hello".utf8)), ("long.db", Data(repeating: 65, count: 4096)),
      ("head.db", Data("SQLite format 3\0".utf8)),
    ] {
      let path = folder.path + "/" + name
      #expect(FileManager.default.createFile(atPath: path, contents: bytes))
      contents[path] = bytes
    }
    for (path, bytes) in contents {
      for writing in [true, false] {
        #expect {
          _ = try Self.open(path, writing: writing)
        } throws: {
          "\($0)" == "\(path): is not a file of tests; give another file"
            && ($0 as? MagnetError)?.code == .invalidData
        }
      }
      #expect(FileManager.default.contents(atPath: path) == bytes)
    }
    // An absent file is made by a writer alone, an empty one is replaced.
    let absent = folder.path + "/absent.db"
    #expect {
      _ = try Self.open(absent, writing: false)
    } throws: {
      "\($0)" == "\(absent): cannot be read: No such file or directory"
        && ($0 as? MagnetError)?.code == .notFound
    }
    #expect(!FileManager.default.fileExists(atPath: absent))
    #expect(FileManager.default.createFile(atPath: absent, contents: Data()))
    #expect(try Self.rows(Self.open(absent), "SELECT * FROM t").isEmpty)
    #expect(throws: MagnetError.self) { try Self.open(folder.path + "/none/t.db") }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.hasSuffix(".part")
    }
    #expect(left.isEmpty)
  }

  /// Whatever is broken in a file, it is said to be damaged or its rows come back; nothing else happens.
  @Test(arguments: 1...12) func damageIsSaid(_ seed: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/t.db"
    do {
      let file = try Self.open(path)
      for place in 0..<200 {
        try file.write(
          "INSERT INTO t VALUES (?1, ?2)",
          [.int(Int64(place)), .text(String(repeating: "x", count: place))])
      }
      try file.run("PRAGMA wal_checkpoint(TRUNCATE)")
    }
    var bytes = try #require(FileManager.default.contents(atPath: path))
    var random = PythonRandom(seed: seed)
    if seed % 3 == 0 { bytes.removeLast(1 + random.below(bytes.count - 200)) }
    for _ in 0..<(seed % 3 == 0 ? 0 : 40) {
      bytes[100 + random.below(bytes.count - 100)] = UInt8(random.below(256))
    }
    try bytes.write(to: URL(fileURLWithPath: path))
    do {
      let file = try Self.open(path, writing: seed % 2 == 0)
      let count = try Self.rows(file, "SELECT count(*) FROM t")
      #expect(count.count == 1)
    } catch let error as MagnetError {
      #expect(
        [.invalidData, .system].contains(error.code) && "\(error)".hasPrefix(path + ": "),
        "\(error)")
    }
  }

  @Test func addressesAreOfThatFileAlone() {
    #expect(SQLiteFile.address("/a/b.db", isFixed: false) == "file:/a/b.db?mode=ro")
    #expect(
      SQLiteFile.address("x?mode=rw#%é", isFixed: true)
        == "file:x%3fmode%3drw%23%25%c3%a9?mode=ro&immutable=1")
    #expect(SQLiteFile.address("\u{1}", isFixed: false) == "file:%01?mode=ro")
  }
}
