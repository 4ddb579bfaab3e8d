/// A Parquet file that is read: flat columns of booleans, integers, floating-point numbers and texts, in any of Parquet's
/// encodings but the deprecated BIT_PACKED, uncompressed or compressed with gzip, Snappy, LZ4 or Zstandard.
///
/// ParquetFormat.swift describes the layout. Nothing in the file is trusted: every length, offset, index and count is
/// checked, and what is wrong is a `DataFault` with the file and the place.
package struct ParquetFile: Sendable {
  package struct Column: Sendable {
    package let name: String
    let physicalType: Int
    let isOptional: Bool
    /// Whether its integers have no sign.
    let isUnsigned: Bool
    /// Why the column cannot be read; nil when it can.
    let objection: String?
    /// Whether its texts are JSON, or cells of several kinds.
    let isMixed: Bool
  }

  struct Part: Sendable {
    let codec: Int
    let valueCount: Int
    let bytes: Range<Int>
  }

  struct Group: Sendable {
    let rowCount: Int
    let parts: [Part]
  }

  /// Reads a range of the file's bytes.
  package typealias Read = @Sendable (Range<Int>) throws(DataFault) -> [UInt8]

  package let path: String
  package let columns: [Column]
  package let rowCount: Int
  /// Whether magnet wrote the file, or a program that kept its notes.
  package let isOwn: Bool
  /// What magnet noted beside the table, by the keys of the notes.
  package let notes: [String: [String]]
  let groups: [Group]
  private let read: Read
  private let size: Int
  /// A hash of the footer, which has the sizes and the statistics of all columns.
  private let footerHash: Int

  /// How many rows a file may have for each of its bytes, beyond a million: more would be a bomb, as a run of one value
  /// may claim any number of rows. Tables of runs have two or three, of constants alone a thousand.
  static let rowsPerByte = 2048

  /// Reads the footer of a file.
  /// - Parameter json: the columns whose texts are JSON, or cells of several kinds, where the file itself does not say.
  package init(
    path: String, size: Int, json: Set<String> = [], read: @escaping Read
  ) throws(DataFault) {
    self.path = path
    self.read = read
    self.size = size
    func fault(_ problem: String, at offset: Int? = nil) -> DataFault {
      DataFault(file: path, place: offset.map { "byte \($0)" }, problem: problem)
    }
    let head = try read(0..<min(size, 64))
    guard size >= 12, head.starts(with: "PAR1".utf8) else {
      throw DataFault.gitPointer(path, head) ?? fault("the file does not begin as Parquet does")
    }
    let tail = try read(size - 8..<size)
    guard tail.count == 8, tail.suffix(4) == Array("PAR1".utf8)[...] else {
      throw DataFault(
        file: path, place: "byte \(size)",
        problem: "the file does not end as Parquet does, it may be cut off",
        advice: "copy or write it again")
    }
    let length = Int(UInt32(littleEndian: tail.prefix(4)))
    guard length <= size - 12 else { throw fault("the footer is longer than the file", at: size - 8) }
    let start = size - 8 - length
    let footer = try read(start..<size - 8)
    footerHash = footer.hashValue
    var reader = ThriftReader(footer[...])
    let metadata: ThriftValue
    do throws(ThriftReader.Failure) { metadata = try reader.structure() } catch {
      throw fault(error.problem, at: start + error.offset)
    }
    notes = (metadata[5]?.elements ?? []).reduce(into: [:]) { notes, pair in
      guard let key = pair[1]?.text, key.hasPrefix(ParquetMetadata.prefix) else { return }
      let texts = pair[2]?.text.flatMap { try? JSONValue(parsing: $0) }?.elements ?? []
      notes[key, default: []] += texts.compactMap(\.string)
    }
    let named = notes[ParquetMetadata.mixedColumns].map(Set.init)
    isOwn = named != nil
    guard let schema = metadata[2]?.elements, let root = schema.first, let rows = metadata[3]?.int,
      let groups = metadata[4]?.elements
    else { throw fault("the footer lacks the schema, the rows or the row groups", at: start) }
    columns = try Self.columns(schema.dropFirst(), of: root, named ?? json, fault)
    var checked: [Group] = []
    var total = 0
    for group in groups {
      checked.append(try Self.group(group, columns.count, start, fault))
      total += checked[checked.count - 1].rowCount
      if total > 1 << 20 + size * Self.rowsPerByte {
        throw fault("the footer claims \(total) rows or more in a file of \(size) bytes", at: start)
      }
    }
    self.groups = checked
    guard total == rows else {
      throw fault("the footer counts \(rows) rows, and its row groups others", at: start)
    }
    rowCount = rows
  }

  /// Whether another file is the same but for its name, as far as sizes and statistics tell.
  package func isCopy(of other: ParquetFile) -> Bool {
    size == other.size && footerHash == other.footerHash
  }

  private static func columns(
    _ leaves: ArraySlice<ThriftValue>, of root: ThriftValue, _ mixed: Set<String>,
    _ fault: (String, Int?) -> DataFault
  ) throws(DataFault) -> [Column] {
    var columns: [Column] = []
    for leaf in leaves {
      guard let name = leaf[4]?.text else { throw fault("a column has no name", nil) }
      if leaf[5]?.int ?? 0 > 0 { throw fault("column \(name) is nested; magnet reads flat columns", nil) }
      columns.append(
        Column(
          name: name, physicalType: leaf[1]?.int ?? -1, isOptional: leaf[3]?.int == 1,
          isUnsigned: isUnsigned(leaf), objection: objection(to: leaf),
          isMixed: mixed.contains(name) || isJSON(leaf)))
    }
    if root[5]?.int != leaves.count { throw fault("the schema does not have the columns it counts", nil) }
    var seen: Set<String> = []
    if let twice = columns.first(where: { !seen.insert($0.name).inserted }) {
      throw fault("column \(twice.name) stands there twice", nil)
    }
    return columns
  }

  private static func isUnsigned(_ leaf: ThriftValue) -> Bool {
    if case .bool(false)? = leaf[10]?[10]?[2] { return true }
    return (11...14).contains(leaf[6]?.int ?? 0)
  }

  private static func isJSON(_ leaf: ThriftValue) -> Bool { leaf[6]?.int == 19 || leaf[10]?[12] != nil }

  private static func objection(to leaf: ThriftValue) -> String? {
    if leaf[3]?.int == 2 { return "is a list" }
    guard let type = leaf[1]?.int, [0, 1, 2, 4, 5, 6].contains(type) else {
      return leaf[1]?.int == 3
        ? "holds times of 96 bits" : "holds decimals, halves or other bytes of one length"
    }
    // UTF8, ENUM, integers, JSON; STRING, ENUM, INTEGER, UNKNOWN (nulls alone), JSON.
    let converted = leaf[6]?.int
    let isPlain = converted == nil || [0, 4, 11, 12, 13, 14, 15, 16, 17, 18, 19].contains(converted)
    var logical: Set<Int> = []
    if case .structure(let fields)? = leaf[10] { logical = Set(fields.keys) }
    let isKnown = logical.isSubset(of: [1, 4, 10, 11, 12])
    return isPlain && isKnown ? nil : "holds dates, times, decimals or the like"
  }

  private static func group(
    _ group: ThriftValue, _ columnCount: Int, _ end: Int, _ fault: (String, Int?) -> DataFault
  ) throws(DataFault) -> Group {
    guard let rows = group[3]?.int, (0...1 << 48).contains(rows), let chunks = group[1]?.elements,
      chunks.count == columnCount
    else { throw fault("a row group does not say how many rows it has, or has not every column", end) }
    var parts: [Part] = []
    for chunk in chunks {
      guard let meta = chunk[3], let codec = meta[4]?.int, let count = meta[5]?.int,
        let size = meta[7]?.int, let data = meta[9]?.int
      else { throw fault("a column of a row group is not described", end) }
      let first = meta[11]?.int.map { $0 > 0 ? min($0, data) : data } ?? data
      guard count == rows, first >= 4, size >= 0, first <= end, size <= end - first else {
        throw fault("a column of a row group lies outside of the file", end)
      }
      parts.append(Part(codec: codec, valueCount: count, bytes: first..<first + size))
    }
    return Group(rowCount: rows, parts: parts)
  }

  /// The rows, one chunk per row group.
  /// - Parameters:
  ///   - jobs: how many columns are read at once; the table does not depend on it.
  ///   - isWanted: which columns to read.
  package func table(
    jobs: Int = 1, where isWanted: (String) -> Bool = { _ in true }
  ) throws(DataFault) -> Table {
    let wanted = columns.indices.filter { isWanted(columns[$0].name) }
    for column in wanted.map({ columns[$0] }) {
      if let objection = column.objection {
        throw DataFault(
          file: path, place: "column \(column.name)",
          problem: "the column \(objection), which magnet's tables do not have",
          advice: "leave it out, or write it as numbers or texts")
      }
    }
    let results = Workers.results(groups.count * wanted.count, jobs: jobs) { number in
      Result { () throws(DataFault) in
        let part = groups[number / wanted.count].parts[wanted[number % wanted.count]]
        var reader = ParquetColumnReader(columns[wanted[number % wanted.count]], part, path: path)
        return try reader.cells(try read(part.bytes))
      }
    }
    var cells: [ColumnChunk] = []
    for result in results { cells.append(try result.get()) }
    return Table(
      columnNames: wanted.map { columns[$0].name },
      unifying: groups.enumerated().map { number, group in
        let first = number * wanted.count
        return Table.Chunk(rowCount: group.rowCount, columns: Array(cells[first..<first + wanted.count]))
      })
  }
}

extension UInt32 {
  /// The number in four bytes, the lowest first.
  package init(littleEndian bytes: some Collection<UInt8>) {
    self = bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}
