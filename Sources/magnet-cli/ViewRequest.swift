import Magnet

/// What a browser asks: the first line of an HTTP/1.1 request and its headers (RFC 9112). A body is not read.
struct ViewRequest {
  let method: String
  /// As it was sent, without the query.
  let path: String
  /// The values of the query, which is a form as browsers send it.
  let query: [String: String]
  /// By lower-case name. A name that occurs twice has both values, as one text with a comma between them.
  let headers: [String: String]

  /// More bytes than a browser sends before the body.
  static let largestSize = 1 << 16

  /// The request in `bytes`, which end with the empty line after the headers; nil when they are not one.
  init?(_ bytes: some Collection<UInt8>) {
    let lines = String(decoding: bytes, as: UTF8.self).split(
      separator: "\r\n", omittingEmptySubsequences: false)
    let words = lines[0].split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, words[2].hasPrefix("HTTP/1."), !words[0].isEmpty else { return nil }
    method = String(words[0])
    let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = String(target[0])
    query = target.count > 1 ? Self.values(target[1]) : [:]
    var headers: [String: String] = [:]
    for line in lines.dropFirst() where !line.isEmpty {
      guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { return nil }
      let name = line[..<colon].lowercased()
      let value = trimmed(line[line.index(after: colon)...])
      headers[name] = headers[name].map { $0 + "," + value } ?? value
    }
    self.headers = headers
  }

  /// Reads a request up to the empty line after its headers.
  /// - Returns: nil when the other side ends, waits too long, or sends more than `largestSize` bytes.
  static func read(from connection: borrowing LocalConnection, before deadline: ContinuousClock.Instant)
    -> [UInt8]?
  {
    let end = Array("\r\n\r\n".utf8)
    var bytes: [UInt8] = []
    while bytes.count <= largestSize, let more = connection.receive(before: deadline) {
      let searched = max(0, bytes.count - end.count)
      bytes += more
      if let found = bytes[searched...].firstRange(of: end) { return Array(bytes[..<found.upperBound]) }
    }
    return nil
  }

  private static func values(_ form: Substring) -> [String: String] {
    var values: [String: String] = [:]
    for part in form.split(separator: "&") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(decoded)
      values[pair[0]] = pair.count > 1 ? pair[1] : ""
    }
    return values
  }

  /// A text of a form: `+` is a space, and `%41` the byte 0x41 of its UTF-8 form. What is not such stays as it is.
  private static func decoded(_ text: Substring) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var place = 0
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "%"), place + 2 < bytes.count,
        let high = Character(UnicodeScalar(bytes[place + 1])).hexDigitValue,
        let low = Character(UnicodeScalar(bytes[place + 2])).hexDigitValue
      {
        result.append(UInt8(high << 4 | low))
        place += 3
      } else {
        result.append(bytes[place] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[place])
        place += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
