import Magnet

/// An object of the store, as a listing describes it: size and checksum are those of the stored bytes.
struct StoredObject: Sendable {
  let name: String
  let generation: String
  let size: Int
  let checksum: StatedChecksum?
  /// Whether the stored bytes are gzip of the file's.
  let isGzip: Bool
}

/// A listing of the objects or the folders whose names begin with a prefix, page by page until there is no next one.
final class ListingTransfer: HTTPTransfer {
  /// More than any page of a thousand objects.
  private static let pageLimit = 64 << 20
  /// Longer than any page takes, however slowly it comes.
  private static let timeLimit = Duration.seconds(180)

  private let address: StoreAddress
  private let prefix: String
  private let isOfFolders: Bool
  private let progress: DownloadProgress
  private let each: (StoredObject) -> Void
  private var retries: HTTPRetries
  private var token: String?
  private var body: [UInt8] = []
  private var start = ContinuousClock.now
  /// Full names, with the slash at the end.
  private(set) var folders: Set<String> = []

  /// - Parameter each: called with every object of a listing of objects, in no order that holds.
  init(
    _ address: StoreAddress, prefix: String, folders: Bool, retries: Int, progress: DownloadProgress,
    each: @escaping (StoredObject) -> Void = { _ in }
  ) {
    self.address = address
    self.prefix = prefix
    isOfFolders = folders
    self.retries = HTTPRetries(limit: retries)
    self.progress = progress
    self.each = each
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
        let next = try read(try JSONValue(parsing: String(decoding: body, as: UTF8.self)))
        body = []
        guard let next else { return nil }
        guard next != token else { throw fault("every page of the listing names the same next one") }
        token = next
        retries.reset()
        return 0
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
        throw fault(problem + advice)
      }
    case .failure(let error):
      problem = sentence(error)
      if (error as? HTTPFault)?.kind != .passing { throw fault(problem) }
    }
    guard let delay = retries.delay(after: answer) else {
      throw fault("\(problem), \(retries.limit) times; check the network and try again")
    }
    progress.countRetry()
    return delay
  }

  private func fault(_ problem: String) -> DownloadError {
    DownloadError("\(address.endpoint)/\(address.bucket)/\(prefix): cannot be listed: \(problem)")
  }

  /// - Returns: the token of the next page.
  private func read(_ page: JSONValue) throws -> String? {
    guard case .object = page else {
      throw HTTPFault(kind: .passing, problem: "the listing is no object of JSON")
    }
    var objects: [StoredObject] = []
    for item in page["items"]?.elements ?? [] {
      guard let name = item["name"]?.string, let generation = item["generation"]?.string,
        generation.allSatisfy({ $0.isASCII && $0.isNumber }), !generation.isEmpty,
        let size = item["size"]?.string.flatMap({ Int($0) }), size >= 0
      else {
        throw HTTPFault(kind: .passing, problem: "an object in the listing has no name, size or generation")
      }
      // What was not asked for has no place in the answer.
      guard name.utf8.starts(with: prefix.utf8) else { continue }
      objects.append(
        StoredObject(
          name: name, generation: generation, size: size,
          checksum: item["crc32c"]?.string.map { .crc32c($0) } ?? item["md5Hash"]?.string.map { .md5($0) },
          isGzip: item["contentEncoding"]?.string?.lowercased() == "gzip"))
    }
    for folder in page["prefixes"]?.elements ?? [] {
      if let name = folder.string, name.utf8.starts(with: prefix.utf8) { folders.insert(name) }
    }
    objects.forEach(each)
    guard let token = page["nextPageToken"]?.string, !token.isEmpty else { return nil }
    return token
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
