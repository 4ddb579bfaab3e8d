import Magnet

/// A file of JSON lines, such as a backtest's scores, as a table: a column for each key of any line.
struct LinesTable {
  private static let sizeLimit = 256 << 20
  private static let columnLimit = 2000

  private(set) var columns: [String] = []
  private(set) var rows: [[Cell]] = []

  /// - Throws: `MagnetError` for a file that cannot be read, or a line that is not an object.
  init(_ path: String) throws {
    let bytes: [UInt8]
    do throws(SystemError) { bytes = try CardFiles.read(path, limit: Self.sizeLimit) } catch {
      throw MagnetError(.system, "cannot be read: \(error)")
    }
    if bytes.count > Self.sizeLimit {
      throw MagnetError(
        .unsupported, "has more than \(Self.sizeLimit >> 20) MB", advice: "attach a SQLite file")
    }
    var places: [String: Int] = [:]
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated()
    where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) {
      guard let json = try? JSONValue(parsing: String(decoding: line, as: UTF8.self)),
        case .object(let members) = json
      else { throw MagnetError(.invalidData, "line \(number + 1) is not a JSON object") }
      var row = [Cell](repeating: .null, count: columns.count)
      for member in members {
        if let place = places[member.key] {
          row[place] = Self.cell(member.value)
        } else {
          // SQLite does not tell apart names in upper and lower case.
          let isTaken = columns.contains { $0.lowercased() == member.key.lowercased() }
          if columns.count == Self.columnLimit || isTaken || member.key.isEmpty { continue }
          places[member.key] = columns.count
          columns.append(member.key)
          row.append(Self.cell(member.value))
        }
      }
      rows.append(row)
    }
    if columns.isEmpty { throw MagnetError(.invalidData, "has no rows") }
    for number in rows.indices {
      rows[number] += [Cell](repeating: .null, count: columns.count - rows[number].count)
    }
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
