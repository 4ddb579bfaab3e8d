import Magnet

/// The last steps of a file, done on one of a few threads: its stored bytes are checked, inflated, brought to the disk
/// and given their name.
struct FileFinish: Sendable {
  enum Outcome: Sendable {
    case done(Manifest.Entry)
    /// The bytes are not those listed.
    case wrong
    case diskFull(String)
    case failed(String)

    var isWrong: Bool { if case .wrong = self { true } else { false } }
  }

  let number: Int
  let file: PlannedFile
  let path: String
  let partPath: String
  /// The stored bytes' checksum, when it was made as they came.
  let sum: CRC32C?

  func outcome() -> Outcome {
    do {
      return .done(try finished())
    } catch is WrongBytes {
      Files.remove(partPath)
      return .wrong
    } catch let error as SystemError {
      return error.isDiskFull ? .diskFull(path) : .failed("\(path) cannot be written: \(error.description)")
    } catch let fault as DataFault {
      Files.remove(partPath)
      return .failed("it is stored as gzip but cannot be inflated: \(fault.problem)")
    } catch {
      return .failed("\(error)")
    }
  }

  private struct WrongBytes: Error {}

  private func finished() throws -> Manifest.Entry {
    let content = file.content
    var sum = sum ?? CRC32C()
    if self.sum == nil {
      try unsafe FileDescriptor(partPath, .readNoFollow).forEachPiece { unsafe sum.add($0) }
    }
    guard Files.stamp(partPath)?.size == content.size, content.crc32c ?? sum.value == sum.value else {
      throw WrongBytes()
    }
    let ready: String
    if file.isInflated {
      ready = partPath + ".inflated"
      do {
        sum = try inflate(to: ready)
      } catch {
        Files.remove(ready)
        throw error
      }
    } else {
      ready = partPath
      try FileDescriptor(ready, .readNoFollow).sync()
    }
    try Files.move(ready, to: path)
    guard let local = Files.stamp(path) else { throw SystemError(code: 2) }
    return Manifest.Entry(
      file: file.path, content: content, local: local, localCRC32C: sum.value)
  }

  private func inflate(to path: String) throws -> CRC32C {
    let target = try FileDescriptor(path, .truncate)
    var sum = CRC32C()
    let stored = FilePart(try SharedFile(partPath))
    try unsafe InflatedStream(gzip: stored, limits: .standard).forEachPiece { piece in
      try unsafe target.write(piece)
      unsafe sum.add(piece)
    }
    try target.sync()
    return sum
  }
}
