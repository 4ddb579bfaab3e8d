/// Reads comma-separated values (RFC 4180).
package enum CSVRecords {
  /// One record of the text.
  package struct Record: Sendable {
    /// The line on which it begins, from 1.
    package let line: Int
    package let fields: [String]
  }

  /// The records in order. Lines end with LF, CR or both; quoted fields may hold line ends, commas and, doubled, quotes;
  /// empty lines and a byte order mark are passed over. A quote that is never closed takes in the rest of the text.
  package static func all(in text: String) -> [Record] {
    var records: [Record] = []
    var fields: [String] = []
    var field: [UInt8] = []
    var (line, first) = (1, 1)
    var isQuoted = false
    var wasQuoted = false
    func decoded(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    func end() {
      if !fields.isEmpty || !field.isEmpty || wasQuoted {
        records.append(Record(line: first, fields: fields + [decoded(field)]))
      }
      fields = []
      field = []
      wasQuoted = false
    }
    var bytes = Array(text.utf8)[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    var place = bytes.startIndex
    while place < bytes.endIndex {
      let byte = bytes[place]
      let next = place + 1 < bytes.endIndex ? bytes[place + 1] : nil
      place += 1
      if byte == UInt8(ascii: "\n") || (byte == UInt8(ascii: "\r") && next != UInt8(ascii: "\n")) {
        line += 1
      }
      switch byte {
      case UInt8(ascii: "\"") where isQuoted && next == UInt8(ascii: "\""):
        field.append(byte)
        place += 1
      case UInt8(ascii: "\"") where isQuoted: isQuoted = false
      case UInt8(ascii: "\"") where field.isEmpty && !wasQuoted: (isQuoted, wasQuoted) = (true, true)
      case _ where isQuoted: field.append(byte)
      case UInt8(ascii: ","):
        fields.append(decoded(field))
        field = []
        wasQuoted = false
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        end()
        first = line
      default: field.append(byte)
      }
    }
    end()
    return records
  }
}
