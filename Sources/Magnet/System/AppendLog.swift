/// A file of lines that only grows, so that long work can be interrupted at any moment and resumed.
///
/// The first line, the header, is the fingerprint of the work: what its results depend on. Each later line is a record.
/// One process at a time writes the file. A last line without an end was torn by an interruption and is dropped.
///
///     let log = try AppendLog("trial.jsonl", of: "trial", header: header, mismatch: { _ in "holds another trial" }) {
///       line, number in records.append(try parsed(line))
///     }
///     try log.append(Array("\(record)\n".utf8))
package final class AppendLog: Sendable {
  private let path: String
  private let file: FileDescriptor

  /// Opens a log, and makes it when it does not exist. The records it holds are handed to `read`, in order.
  /// - Parameters:
  ///   - work: what writes such files, for messages: "backtest".
  ///   - header: the first line, without its end.
  ///   - mismatch: what is wrong with another first line: "holds the predictions of another backtest: …".
  ///   - read: takes a record and its line's number, from 2, and returns the number of the group it belongs to. Where
  ///     it returns numbers, the records of the last group are taken to be incomplete and are dropped from the file;
  ///     where it returns nil, each record stands for itself.
  /// - Throws: `MagnetError` when the file cannot be read or written, another process is writing it, or it holds
  ///   something else; what `read` throws.
  package init(
    _ path: String, of work: String, header: String, mismatch: (_ other: String) -> String,
    _ read: (_ record: String, _ line: Int) throws -> Int?
  ) throws {
    self.path = path
    do { file = try FileDescriptor(path, .update) } catch { throw error.writing(path) }
    guard file.lock() else {
      throw MagnetError(
        .alreadyExists, "another \(work) is writing it", at: path,
        advice: "wait for its end, or give another file")
    }
    var lineNumber = 0
    var end = 0
    var last: (group: Int, start: Int)?
    try Self.forEachLine(of: file, path) { line, lineEnd in
      lineNumber += 1
      if lineNumber == 1 {
        guard line == header else {
          throw MagnetError(
            .alreadyExists, mismatch(line), at: path, advice: "give another file, or remove this one")
        }
      } else if let group = try read(line, lineNumber), last?.group != group {
        last = (group, end)
      }
      end = lineEnd
    }
    let keptSize = lineNumber == 0 ? 0 : last?.start ?? end
    do throws(SystemError) {
      try file.truncate(at: keptSize)
      if lineNumber == 0 { try file.write(Array((header + "\n").utf8)) }
    } catch { throw error.writing(path) }
  }

  /// Appends records: whole lines.
  package func append(_ lines: [UInt8]) throws {
    do { try file.write(lines) } catch { throw error.writing(path) }
  }

  /// Calls `body` with each whole line and the place where it ends.
  private static func forEachLine(
    of file: borrowing FileDescriptor, _ path: String, _ body: (_ line: String, _ end: Int) throws -> Void
  ) throws {
    var rest: [UInt8] = []
    var end = 0
    do {
      try unsafe file.forEachPiece { piece in
        var searched = rest.count
        var start = 0
        unsafe rest += piece
        while let newline = rest[searched...].firstIndex(of: UInt8(ascii: "\n")) {
          end += newline + 1 - start
          try body(String(decoding: rest[start..<newline], as: UTF8.self), end)
          start = newline + 1
          searched = start
        }
        rest.removeFirst(start)
      }
    } catch let error as SystemError { throw error.reading(path) }
  }
}
