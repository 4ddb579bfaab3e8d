import Magnet

/// One file on its way: the stored bytes go to a part file beside its place, named with the version they are of, so
/// that a later attempt, of this process or another, resumes where it ends.
final class FileTransfer: HTTPTransfer {
  /// What becomes of it, told once.
  enum End {
    /// All stored bytes are in the part file. Their checksum, if all came in one go.
    case whole(CRC32C?)
    /// The store has another version than listed, or none.
    case changed
    case failed(String)
  }

  /// All bytes were there before a request was made.
  private struct AlreadyWhole: Error {}
  /// Another version comes.
  private struct Changed: Error {}

  let file: PlannedFile
  /// Tells it from others of the same download.
  let number: Int
  /// The object's name.
  let name: String
  /// The file's place.
  let path: String
  private let store: any ObjectStore
  private let progress: WorkProgress
  private let tell: (FileTransfer, End) throws -> Void
  private var retries: HTTPRetries
  private var part: FileDescriptor?
  private let stage: WriteStage
  private var offset = 0
  private var startOffset = 0
  /// The checksum of what came, while it began at the beginning.
  private var sum: CRC32C?

  init(
    _ file: PlannedFile, number: Int, name: String, path: String, store: HelmStore, stage: WriteStage,
    progress: WorkProgress, tell: @escaping (FileTransfer, End) throws -> Void
  ) {
    self.file = file
    self.number = number
    self.name = name
    self.path = path
    self.store = store.objects
    self.stage = stage
    self.progress = progress
    self.tell = tell
    retries = HTTPRetries(limit: store.attempts)
  }

  var partPath: String { PartName.path(of: path, version: file.content.version) }

  func request() throws -> HTTPRequest {
    let size = file.content.size
    let before = offset
    offset = Files.stamp(partPath)?.size ?? 0
    if offset > size { offset = 0 }
    progress.count { $0.bytes += offset - before }
    startOffset = offset
    sum = nil
    // An object without bytes still needs its file.
    if offset == size, size > 0 { throw AlreadyWhole() }
    return store.content(of: name, file.content, from: offset)
  }

  func begin(_ response: HTTPResponse) throws {
    if let version = store.version(of: response), version != file.content.version { throw Changed() }
    if offset > 0, response.status != 206 {
      // The range was passed over: this is the whole.
      progress.count { $0.bytes -= offset }
      offset = 0
      startOffset = 0
    } else if response.status == 206 {
      guard response.headers["content-range"]?.lowercased().hasPrefix("bytes \(offset)-") == true else {
        Files.remove(partPath)
        throw HTTPFault(kind: .transient, problem: "the server sends another range than asked for")
      }
    }
    let expected = file.content.size - offset
    if let length = response.headers["content-length"].flatMap({ Int($0) }), length != expected {
      let isPlain = response.headers["content-encoding"] == nil && file.content.isGzip
      throw HTTPFault(
        kind: .transient,
        problem: isPlain
          ? "the server inflated the object, so it cannot be checked"
          : "the server announces \(length) bytes, not \(expected) as listed")
    }
    if offset == 0 { sum = CRC32C() }
    part = try opened(offset == 0 ? .truncate : .append)
  }

  /// The part file; the folders it lies in are made when they are not there.
  private func opened(_ mode: FileDescriptor.Mode) throws -> FileDescriptor {
    do { return try FileDescriptor(partPath, mode) } catch {
      guard error.isMissing, let slash = path.lastIndex(of: "/") else { throw error }
      try Files.makeFolder(String(path[..<slash]))
      return try FileDescriptor(partPath, mode)
    }
  }

  func receive(_ bytes: UnsafeRawBufferPointer) throws {
    guard offset + bytes.count <= file.content.size else {
      part = nil
      Files.remove(partPath)
      throw HTTPFault(
        kind: .transient, problem: "the server sends more than the \(file.content.size) bytes listed")
    }
    try unsafe stage.add(bytes, of: self)
    unsafe sum?.add(bytes)
    offset += bytes.count
    progress.count {
      $0.bytes += bytes.count
      $0.received += bytes.count
    }
  }

  /// Writes bytes at the part file's end.
  func write(_ bytes: UnsafeRawBufferPointer) throws { try unsafe part?.write(bytes) }

  /// Writes what is still to be written and closes the part file.
  private func closePart() throws {
    defer { part = nil }
    try stage.flush(self)
  }

  func end(_ result: Result<HTTPResponse, any Error>) throws -> Double? {
    var outcome = result
    do { try closePart() } catch { outcome = .failure(error) }
    try Task.checkCancellation()
    var answer: HTTPResponse?
    let problem: String
    var kind: HTTPFault.Kind?
    switch outcome {
    case .success(let response) where response.isSuccess:
      if offset == file.content.size { return try conclude(.whole(startOffset == 0 ? sum : nil)) }
      problem = "\(offset) of \(file.content.size) bytes came"
    case .success(let response):
      answer = response
      problem = response.problem
      if response.status == 416 {
        Files.remove(partPath)
      } else if response.status == 404 || response.status == 412 {
        return try conclude(.changed)
      } else if !response.isTransient {
        return try conclude(.failed(problem))
      }
    case .failure(is AlreadyWhole): return try conclude(.whole(nil))
    case .failure(is Changed): return try conclude(.changed)
    case .failure(let error as SystemError):
      if error.isDiskFull { throw DiskFull(path: partPath) }
      return try conclude(.failed("\(partPath) cannot be written: \(error.description)"))
    case .failure(let error):
      problem = sentence(error)
      kind = (error as? HTTPFault)?.kind
      if kind == .permanent { return try conclude(.failed(problem)) }
    }
    // What came is kept: an attempt that brought something, and not too slowly, does not count.
    if offset > startOffset, kind != .slow { retries.reset() }
    if let delay = retries.delay(after: answer, isUnreachable: kind == .unreachable) {
      progress.count { $0.retries += 1 }
      return delay
    }
    return try conclude(.failed("\(problem), \(retries.count) times"))
  }

  /// What came is not wanted: the progress forgets it.
  func forget() {
    progress.count { $0.bytes -= offset }
    offset = 0
  }

  /// The checksum of what came was another than listed: the part file is gone.
  /// - Returns: the seconds after which to try again; nil when that is over.
  func restart() -> Double? {
    forget()
    let delay = retries.delay()
    if delay != nil { progress.count { $0.retries += 1 } }
    return delay
  }

  private func conclude(_ end: End) throws -> Double? {
    try tell(self, end)
    return nil
  }
}

/// Bytes on their way to the part files. libcurl brings them in small pieces, many for a transfer in a row: they are
/// gathered, for one transfer at a time, and written in large ones.
final class WriteStage {
  private static let size = 1 << 18
  private var bytes: [UInt8] = []
  private var owner: FileTransfer?
  /// What went wrong when a transfer's bytes were written while another's came.
  private var faults: [ObjectIdentifier: any Error] = [:]

  init() { bytes.reserveCapacity(Self.size) }

  func add(_ piece: UnsafeRawBufferPointer, of transfer: FileTransfer) throws {
    if owner !== transfer {
      if let owner {
        do { try write() } catch { faults[ObjectIdentifier(owner)] = error }
      }
      owner = transfer
    } else if bytes.count + piece.count > Self.size {
      try write()
    }
    if let fault = faults.removeValue(forKey: ObjectIdentifier(transfer)) { throw fault }
    unsafe bytes.append(contentsOf: piece)
  }

  /// Writes what a transfer still has here.
  func flush(_ transfer: FileTransfer) throws {
    if owner === transfer {
      defer { owner = nil }
      try write()
    }
    if let fault = faults.removeValue(forKey: ObjectIdentifier(transfer)) { throw fault }
  }

  private func write() throws {
    defer { bytes.removeAll(keepingCapacity: true) }
    if let owner, !bytes.isEmpty { try unsafe bytes.withUnsafeBytes { try unsafe owner.write($0) } }
  }
}

/// The disk has no more room.
struct DiskFull: Error {
  let path: String
}
