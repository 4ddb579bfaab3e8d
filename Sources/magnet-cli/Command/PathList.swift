import Magnet

/// A list of paths in a file, as `--paths-from` takes it: more than fit into a command's arguments.
package enum PathList {
  /// Reads paths separated by NUL where there is one, else lines of JSON where the first begins with a brace, else one
  /// path per line.
  /// - Parameter file: the file, `-` for standard input, or `FILE#N`: the line of `magnet partitions` with the part N.
  /// - Throws: `MagnetError` when it cannot be read, a line is not what it should be, or there is no such part.
  package static func read(_ file: String) throws -> [String] {
    var name = file
    var part: Int?
    if !Files.exists(file), let mark = file.lastIndex(of: "#"),
      let number = Int(file[file.index(after: mark)...])
    {
      name = String(file[..<mark])
      part = number
    }
    return try paths(try text(name), part: part, of: name)
  }

  private static func text(_ file: String) throws -> String {
    if file == "-" {
      var text = ""
      while let line = readLine(strippingNewline: false) { text += line }
      return text
    }
    do throws(SystemError) {
      return String(decoding: try Files.read(file, atMost: 1 << 32), as: UTF8.self)
    } catch {
      throw MagnetError(.notFound, "cannot be read: \(error)", at: file)
    }
  }

  static func paths(_ text: String, part: Int?, of file: String) throws -> [String] {
    let found: [String]
    if text.utf8.contains(0) {
      found = text.utf8.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    } else {
      let lines = text.split(whereSeparator: \.isNewline).map(String.init)
      found =
        lines.first?.hasPrefix("{") == true
        ? try lines.enumerated().flatMap { try runs($1, part: part, at: "\(file): line \($0 + 1)") } : lines
    }
    if found.isEmpty {
      let what = part.map { "it has no part \($0)" } ?? "no path is in it"
      throw MagnetError(.insufficientData, what, at: file, advice: "magnet partitions writes such files")
    }
    return found
  }

  /// The runs of a line of `magnet partitions`; none where another part is asked for.
  private static func runs(_ line: String, part: Int?, at place: String) throws -> [String] {
    guard let value = try? JSONValue(parsing: line), case .array(let runs)? = value["runs"] else {
      throw MagnetError(.invalidData, "is not an object with a list of runs", at: place)
    }
    if let part, value["part"] != .int(Int64(part)) { return [] }
    return try runs.map { run in
      guard case .string(let path) = run else {
        throw MagnetError(.invalidData, "a run is not a path", at: place)
      }
      return path
    }
  }
}
