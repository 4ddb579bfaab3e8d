import Magnet

/// JSON objects as a table, with a column for each key of any of them: a file of JSON lines, such as a backtest's scores;
/// a JSON file with a list of objects; or a folder of JSON files, such as the evaluations of distribution shifts.
///
/// Of a folder, each file is a row with its path in `file`, the folders on the way in `folder_1`, `folder_2` and so on,
/// and its name without the ending in `name`; what is not an object is in `value`. Links are not followed, and neither
/// hidden files nor the records that magnet keeps beside evaluations are read.
struct LinesTable {
  static let columnLimit = 2000
  private static let sizeLimit = 256 << 20
  private static let fileLimit = 200_000
  private static let seenLimit = 1_000_000
  private static let depthLimit = 32

  private(set) var columns: [String] = []
  private(set) var rows: [[Cell]] = []
  private var places: [String: Int] = [:]
  /// SQLite does not tell apart names in upper and lower case.
  private var taken: Set<String> = []
  private var size = 0

  /// Whether a path is one of those, not a database.
  static func reads(_ path: String) -> Bool {
    [".ndjson", ".jsonl", ".json"].contains(where: path.hasSuffix) || Files.isFolder(path)
  }

  /// - Throws: `MagnetError` for a file that cannot be read, or holds anything else.
  init(_ path: String) throws {
    if Files.isFolder(path) {
      var files: [String] = []
      var seen = 0
      try Self.find(in: path, "", &files, &seen)
      for file in files { try addFile(file, in: path) }
      if rows.isEmpty { throw MagnetError(.invalidData, "has no JSON files") }
    } else if path.hasSuffix(".json") {
      guard case .array(let elements) = try Self.json(try read(path), "") else {
        throw MagnetError(.invalidData, "is not a list of JSON objects")
      }
      for (number, element) in elements.enumerated() {
        guard case .object(let members) = element else {
          throw MagnetError(.invalidData, "[\(number)] is not a JSON object")
        }
        add(members)
      }
    } else {
      try addLines(try read(path))
    }
    if columns.isEmpty { throw MagnetError(.invalidData, "has no rows") }
    for number in rows.indices {
      rows[number] += [Cell](repeating: .null, count: columns.count - rows[number].count)
    }
  }

  private mutating func addLines(_ bytes: [UInt8]) throws {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated()
    where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) {
      guard let json = try? JSONValue(parsing: String(decoding: line, as: UTF8.self)),
        case .object(let members) = json
      else { throw MagnetError(.invalidData, "line \(number + 1) is not a JSON object") }
      add(members)
    }
  }

  private static func find(
    in top: String, _ part: String, _ files: inout [String], _ seen: inout Int, depth: Int = 0
  ) throws {
    let entries: [Files.Entry]
    do { entries = try Files.entries(part.isEmpty ? top : top + "/" + part) } catch {
      throw MagnetError(.system, "\(part) cannot be read: \(error)")
    }
    seen += entries.count
    if seen > seenLimit {
      throw MagnetError(
        .unsupported, "holds more than \(seenLimit) files and folders", advice: "attach a part of it")
    }
    for entry in entries where !entry.isLink && !entry.name.hasPrefix(".") {
      let path = part.isEmpty ? entry.name : part + "/" + entry.name
      if entry.isFolder {
        if depth < depthLimit { try find(in: top, path, &files, &seen, depth: depth + 1) }
      } else if entry.name.hasSuffix(".json"), !entry.name.hasSuffix(".magnet.json") {
        files.append(path)
        if files.count > fileLimit {
          throw MagnetError(
            .unsupported, "has more than \(fileLimit) JSON files", advice: "attach a part of it")
        }
      }
    }
  }

  private mutating func addFile(_ file: String, in folder: String) throws {
    let parts = file.split(separator: "/").map(String.init)
    var members = [JSONValue.Member(key: "file", value: .string(file))]
    for (number, name) in parts.dropLast().enumerated() {
      members.append(.init(key: "folder_\(number + 1)", value: .string(name)))
    }
    members.append(.init(key: "name", value: .string(String((parts.last ?? file).dropLast(".json".count)))))
    switch try Self.json(try read(folder + "/" + file), file + " ") {
    case .object(let found):
      let own = Set(members.map(\.key))
      members += found.filter { !own.contains($0.key) }
    case let other: members.append(.init(key: "value", value: other))
    }
    add(members)
  }

  private mutating func read(_ path: String) throws -> [UInt8] {
    let bytes: [UInt8]
    do throws(CardFiles.Unreadable) {
      bytes = try CardFiles.readNamed(path, limit: Self.sizeLimit - size)
    } catch {
      throw MagnetError(.system, "cannot be read: \(error)")
    }
    size += bytes.count
    if size > Self.sizeLimit {
      throw MagnetError(
        .unsupported, "has more than \(Self.sizeLimit >> 20) MB", advice: "attach a SQLite file, or a part")
    }
    return bytes
  }

  private static func json(_ bytes: [UInt8], _ place: String) throws -> JSONValue {
    do { return try JSONValue(parsing: String(decoding: bytes, as: UTF8.self)) } catch {
      throw MagnetError(.invalidData, "\(place)is not JSON: \(error)")
    }
  }

  private mutating func add(_ members: [JSONValue.Member]) {
    var row = [Cell](repeating: .null, count: columns.count)
    for member in members {
      if let place = places[member.key] {
        row[place] = Self.cell(member.value)
      } else {
        if columns.count == Self.columnLimit || member.key.isEmpty { continue }
        guard taken.insert(member.key.lowercased()).inserted else { continue }
        places[member.key] = columns.count
        columns.append(member.key)
        row.append(Self.cell(member.value))
      }
    }
    rows.append(row)
  }

  private static func cell(_ json: JSONValue) -> Cell {
    switch json {
    case .null: .null
    case .bool(let value): .int(value ? 1 : 0)
    case .int(let value): .int(value)
    case .double(let value): .double(value)
    case .string(let text): .string(text)
    case .array, .object: .json(json.text)
    }
  }
}
