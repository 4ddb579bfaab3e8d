/// One file on its way: the stored bytes go to a part file beside its place, named with the generation they are of, so
/// that a later attempt, of this process or another, goes on where it ends.
final class FileTransfer: HTTPTransfer {
  /// What becomes of it, told once.
  enum End {
    /// All stored bytes are in the part file. Their checksums, if all came in one go.
    case whole(FileSums?)
    case failed(String)
  }

  /// All bytes were there before a request was made.
  private struct AlreadyWhole: Error {}

  let file: PlannedFile
  let number: Int
  /// The file's place.
  let path: String
  private let address: StoreAddress
  private let progress: DownloadProgress
  private let tell: (FileTransfer, End) throws -> Void
  private var retries: HTTPRetries
  private var part: DiskFile?
  /// Bytes that came and are still to be written: libcurl brings them in small pieces.
  private var pending: [UInt8] = []
  private var offset = 0
  private var startOffset = 0
  private var sums: FileSums?

  init(
    _ file: PlannedFile, number: Int, path: String, address: StoreAddress, attempts: Int,
    progress: DownloadProgress, tell: @escaping (FileTransfer, End) throws -> Void
  ) {
    self.file = file
    self.number = number
    self.path = path
    self.address = address
    self.progress = progress
    self.tell = tell
    retries = HTTPRetries(limit: attempts)
  }

  var partPath: String { "\(path).\(file.object.generation).part" }

  func request() throws -> (url: String, headers: [String]) {
    progress.countRequest()
    let size = file.object.size
    let before = offset
    offset = DiskFile.stamp(partPath)?.size ?? 0
    if offset > size { offset = 0 }
    progress.count(bytes: offset - before)
    startOffset = offset
    sums = nil
    // An object without bytes still needs its file.
    if offset == size, size > 0 { throw AlreadyWhole() }
    var headers = ["Accept-Encoding: gzip", "Accept:"]
    if offset > 0 { headers.append("Range: bytes=\(offset)-") }
    return (address.media(file.object.name, generation: file.object.generation), headers)
  }

  func begin(_ response: HTTPResponse) throws {
    if let generation = response.headers["x-goog-generation"], generation != file.object.generation {
      throw HTTPFault(
        kind: .passing, problem: "the server sends generation \(generation), another than listed")
    }
    if offset > 0, response.status != 206 {
      // The range was passed over: this is the whole.
      progress.count(bytes: -offset)
      offset = 0
      startOffset = 0
    } else if response.status == 206 {
      guard response.headers["content-range"]?.lowercased().hasPrefix("bytes \(offset)-") == true else {
        DiskFile.remove(partPath)
        throw HTTPFault(kind: .passing, problem: "the server sends another range than asked for")
      }
    }
    let expected = file.object.size - offset
    if let length = response.headers["content-length"].flatMap({ Int($0) }), length != expected {
      let isPlain = response.headers["content-encoding"] == nil && file.object.isGzip
      throw HTTPFault(
        kind: .passing,
        problem: isPlain
          ? "the server inflated the object, so it cannot be checked"
          : "the server announces \(length) bytes, not \(expected) as listed")
    }
    if offset == 0 { sums = FileSums(for: file.object.checksum) }
    part = try opened(offset == 0 ? .truncate : .append)
  }

  /// The part file; the folders it lies in are made when they are not there.
  private func opened(_ mode: DiskFile.Mode) throws -> DiskFile {
    do { return try DiskFile(partPath, mode) } catch {
      guard error.isMissing, let slash = path.lastIndex(of: "/") else { throw error }
      try DiskFile.makeFolder(String(path[..<slash]))
      return try DiskFile(partPath, mode)
    }
  }

  func receive(_ bytes: UnsafeRawBufferPointer) throws {
    guard offset + bytes.count <= file.object.size else {
      part = nil
      DiskFile.remove(partPath)
      throw HTTPFault(
        kind: .passing, problem: "the server sends more than the \(file.object.size) bytes listed")
    }
    if pending.count + bytes.count > 1 << 16 {
      try writePending()
      if bytes.count >= 1 << 15 { try part?.write(bytes) } else { pending.append(contentsOf: bytes) }
    } else {
      if pending.isEmpty { pending.reserveCapacity(min(1 << 16, file.object.size - offset)) }
      pending.append(contentsOf: bytes)
    }
    sums?.add(bytes)
    offset += bytes.count
    progress.count(bytes: bytes.count)
    progress.countReceived(bytes.count)
  }

  private func writePending() throws {
    defer { pending.removeAll(keepingCapacity: true) }
    if !pending.isEmpty { try pending.withUnsafeBytes { try write($0) } }
  }

  // Untyped: the compiler crashes on a closure that rethrows the typed error.
  private func write(_ bytes: UnsafeRawBufferPointer) throws { try part?.write(bytes) }

  /// Writes what is still to be written and closes the part file.
  private func closePart() throws {
    defer {
      part = nil
      pending = []
    }
    try writePending()
  }

  func end(_ result: Result<HTTPResponse, any Error>) throws -> Double? {
    var outcome = result
    do { try closePart() } catch { outcome = .failure(error) }
    if progress.wasStopped { throw DownloadStopped() }
    var answer: HTTPResponse?
    let problem: String
    switch outcome {
    case .success(let response) where response.isSuccess:
      if offset == file.object.size { return try conclude(.whole(startOffset == 0 ? sums : nil)) }
      problem = "\(offset) of \(file.object.size) bytes came"
    case .success(let response):
      answer = response
      problem = response.problem
      if response.status == 416 {
        DiskFile.remove(partPath)
      } else if response.status == 404 || response.status == 412 {
        return try conclude(.failed("it changed or went since it was listed; run the download again"))
      } else if !response.isPassing {
        return try conclude(.failed(problem))
      }
    case .failure(is AlreadyWhole): return try conclude(.whole(nil))
    case .failure(let error as FileError):
      if error.isDiskFull { throw DiskFull(path: partPath) }
      return try conclude(.failed("\(partPath) cannot be written: \(error.description)"))
    case .failure(let error):
      problem = sentence(error)
      if (error as? HTTPFault)?.kind == .lasting { return try conclude(.failed(problem)) }
    }
    // What came is kept: an attempt that brought something does not count.
    if offset > startOffset { retries.reset() }
    return try delay(problem, after: answer)
  }

  /// The checksum of what came was another than listed: the part file is gone.
  /// - Returns: the seconds after which to try again; nil when that is over.
  func restart() -> Double? {
    progress.count(bytes: -offset)
    offset = 0
    let delay = retries.delay()
    if delay != nil { progress.countRetry() }
    return delay
  }

  private func delay(_ problem: String, after answer: HTTPResponse?) throws -> Double? {
    if let delay = retries.delay(after: answer) {
      progress.countRetry()
      return delay
    }
    return try conclude(.failed("\(problem), \(retries.limit) times"))
  }

  private func conclude(_ end: End) throws -> Double? {
    try tell(self, end)
    return nil
  }
}

/// The disk has no more room.
struct DiskFull: Error {
  let path: String
}
