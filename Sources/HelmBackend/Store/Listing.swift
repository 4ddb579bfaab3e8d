import Magnet

/// A listing of the objects or the folders whose names begin with a prefix, page by page until there is no next one.
final class ListingTransfer: HTTPTransfer {
  /// What comes of it.
  enum Event {
    case page([StoredObject])
    case failed(MagnetError)
  }

  /// More than any page of a thousand objects.
  private static let pageLimit = 64 << 20
  /// Longer than any page takes, however slowly it comes.
  private static let timeLimit = Duration.seconds(180)

  let prefix: String
  private let address: StoreAddress
  private let isOfFolders: Bool
  private let progress: DownloadProgress
  private let tell: (ListingTransfer, Event) throws -> Bool
  private var retries: HTTPRetries
  private var token: String?
  private var body: [UInt8] = []
  private var start = ContinuousClock.now
  /// Whether every page came.
  private(set) var isComplete = false
  /// Full names, with the slash at the end.
  private(set) var folders: Set<String> = []

  /// - Parameter tell: called with every page. Returns whether the next one is asked for now; else, when the listing is
  ///   not complete, it goes on when it is begun again.
  init(
    _ address: StoreAddress, prefix: String, folders: Bool, retries: Int, progress: DownloadProgress,
    tell: @escaping (ListingTransfer, Event) throws -> Bool
  ) {
    self.address = address
    self.prefix = prefix
    isOfFolders = folders
    self.retries = HTTPRetries(limit: retries)
    self.progress = progress
    self.tell = tell
  }

  func request() -> (url: String, headers: [String]) {
    progress.countRequest()
    start = .now
    return (
      address.listing(prefix: prefix, delimiter: isOfFolders, token: token), ["Accept: application/json"]
    )
  }

  func begin(_ response: HTTPResponse) { body = [] }

  func receive(_ bytes: UnsafeRawBufferPointer) throws {
    guard body.count + bytes.count <= Self.pageLimit else {
      throw HTTPFault(kind: .lasting, problem: "a page of the listing does not end")
    }
    guard ContinuousClock.now - start < Self.timeLimit else {
      throw HTTPFault(kind: .passing, problem: "a page of the listing took more than 3 minutes")
    }
    body.append(contentsOf: bytes)
  }

  func end(_ outcome: Result<HTTPResponse, any Error>) throws -> Double? {
    if progress.wasStopped { throw DownloadStopped() }
    var answer: HTTPResponse?
    let problem: String
    switch outcome {
    case .success(let response) where response.isSuccess:
      do {
        let (objects, next) = try read(try JSONValue(parsing: String(decoding: body, as: UTF8.self)))
        body = []
        if let next, next == token { return try fail("every page of the listing names the same next one") }
        token = next
        isComplete = next == nil
        retries.reset()
        return try tell(self, .page(objects)) && !isComplete ? 0 : nil
      } catch let garbage as JSONFault {
        problem = "the listing is not JSON (\(garbage)); is \(address.endpoint) a store?"
      } catch let garbage as HTTPFault {
        problem = garbage.problem
      }
    case .success(let response):
      answer = response
      problem = response.problem
      guard response.isPassing else {
        let advice =
          switch response.status {
          case 401, 403: "; it is not public"
          case 404: "; there is no such bucket"
          default: ""
          }
        return try fail(problem + advice)
      }
    case .failure(let error):
      problem = sentence(error)
      if (error as? HTTPFault)?.kind != .passing { return try fail(problem) }
    }
    body = []
    guard let delay = retries.delay(after: answer) else {
      return try fail("\(problem), \(retries.limit) times; check the network and try again")
    }
    progress.countRetry()
    return delay
  }

  private func fail(_ problem: String) throws -> Double? {
    let place = "\(address.endpoint)/\(address.bucket)/\(prefix)"
    _ = try tell(self, .failed(MagnetError(.network, "\(place): cannot be listed: \(problem)")))
    return nil
  }

  /// - Returns: the page's objects, and the token of the next page.
  private func read(_ page: JSONValue) throws -> ([StoredObject], String?) {
    guard case .object = page else {
      throw HTTPFault(kind: .passing, problem: "the listing is no object of JSON")
    }
    var objects: [StoredObject] = []
    for item in page["items"]?.elements ?? [] {
      guard let name = item["name"]?.string,
        let generation = item["generation"]?.string.flatMap({ UInt64($0) }),
        let size = item["size"]?.string.flatMap({ Int($0) }), size >= 0
      else {
        throw HTTPFault(kind: .passing, problem: "an object in the listing has no name, size or generation")
      }
      // What was not asked for has no place in the answer.
      guard name.utf8.starts(with: prefix.utf8) else { continue }
      let content = StoredContent(
        generation: generation, size: size,
        checksum: StatedChecksum(crc32c: item["crc32c"]?.string, md5: item["md5Hash"]?.string),
        isGzip: item["contentEncoding"]?.string?.lowercased() == "gzip")
      objects.append(StoredObject(name: name, content: content))
    }
    for folder in page["prefixes"]?.elements ?? [] {
      if let name = folder.string, name.utf8.starts(with: prefix.utf8) { folders.insert(name) }
    }
    guard let token = page["nextPageToken"]?.string, !token.isEmpty else { return (objects, nil) }
    return (objects, token)
  }
}

/// The user asked to stop.
struct DownloadStopped: Error {}

/// A fixed list of transfers.
final class TransferList: HTTPWork {
  private var waiting: [any HTTPTransfer]
  private let progress: DownloadProgress

  init(_ transfers: [any HTTPTransfer], progress: DownloadProgress) {
    waiting = transfers.reversed()
    self.progress = progress
  }

  var isEmpty: Bool { waiting.isEmpty }

  func next() -> (any HTTPTransfer)? { waiting.popLast() }

  func turn() throws -> Bool {
    if progress.wasStopped { throw DownloadStopped() }
    return false
  }
}
