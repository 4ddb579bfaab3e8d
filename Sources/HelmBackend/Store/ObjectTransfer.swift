import Magnet

/// A small object on its way into memory: its stored bytes are checked and inflated.
final class ObjectTransfer: HTTPTransfer {
  /// The most stored bytes, and the most that they may inflate to.
  static let sizeLimit = 256 << 20

  private let object: StoredObject
  private let store: any ObjectStore
  private let progress: WorkProgress
  private var retries: HTTPRetries
  private var stored: [UInt8] = []
  /// The file's bytes, once they have come.
  private(set) var bytes: [UInt8]?

  init(_ object: StoredObject, in store: any ObjectStore, retries: Int, progress: WorkProgress) {
    self.object = object
    self.store = store
    self.progress = progress
    self.retries = HTTPRetries(limit: retries)
  }

  func request() -> HTTPRequest {
    stored = []
    return store.content(of: object.name, object.content, from: 0)
  }

  func begin(_ response: HTTPResponse) {}

  func receive(_ bytes: UnsafeRawBufferPointer) throws {
    guard stored.count + bytes.count <= min(object.content.size, Self.sizeLimit) else {
      throw HTTPFault(kind: .transient, problem: "the server sends more than the bytes listed")
    }
    unsafe stored.append(contentsOf: bytes)
  }

  func end(_ outcome: Result<HTTPResponse, any Error>) throws -> Double? {
    try Task.checkCancellation()
    var answer: HTTPResponse?
    let problem: String
    var kind = HTTPFault.Kind.transient
    switch outcome {
    case .success(let response) where response.isSuccess:
      if let bytes = checked() {
        self.bytes = bytes
        return nil
      }
      problem = "the bytes are not those listed"
    case .success(let response):
      answer = response
      problem = response.problem
      if !response.isTransient { kind = .permanent }
    case .failure(let error):
      problem = sentence(error)
      kind = (error as? HTTPFault)?.kind ?? .permanent
    }
    let place = "\(store.endpoint)/\(store.name)/\(object.name)"
    if kind == .permanent { throw MagnetError(.network, problem, at: place) }
    guard let delay = retries.delay(after: answer, isUnreachable: kind == .unreachable) else {
      throw MagnetError(
        .network, "\(problem), \(retries.count) times; check the network and try again", at: place)
    }
    progress.count { $0.retries += 1 }
    return delay
  }

  /// The file's bytes when those that came are the ones listed.
  private func checked() -> [UInt8]? {
    var sum = CRC32C()
    unsafe stored.withUnsafeBytes { unsafe sum.add($0) }
    let content = object.content
    guard stored.count == content.size, content.crc32c ?? sum.value == sum.value else { return nil }
    return content.isGzip ? inflated(gzip: stored, atMost: Self.sizeLimit) : stored
  }
}

/// What one member of gzip inflates to; nil when it is damaged or inflates to more than a limit.
func inflated(gzip bytes: [UInt8], atMost limit: Int) -> [UInt8]? {
  var inflater = Inflater(.gzip)
  var result: [UInt8] = []
  var at = 0
  let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  defer { unsafe piece.deallocate() }
  while true {
    let step = unsafe bytes.withUnsafeBytes { input in
      try? unsafe inflater.inflate(UnsafeRawBufferPointer(rebasing: input[at...]), to: piece)
    }
    guard let step, result.count + step.written <= limit else { return nil }
    at += step.read
    unsafe result.append(contentsOf: piece[..<step.written])
    if step.isAtEnd { return result }
    if step.read == 0, step.written == 0 { return nil }
  }
}
