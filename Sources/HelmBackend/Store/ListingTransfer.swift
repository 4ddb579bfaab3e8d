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
  /// More pages in a row than a store needs to come to the next name.
  private static let stillLimit = 200
  /// Longer than any page takes, however slowly it comes.
  private static let timeLimit = Duration.seconds(180)

  let prefix: String
  private let store: any ObjectStore
  private let isOfFolders: Bool
  private let progress: WorkProgress
  private let tell: (ListingTransfer, Event) throws -> Bool
  private var retries: HTTPRetries
  private var token: String?
  private var body: [UInt8] = []
  /// The greatest name so far, and how many pages since then brought no greater one.
  private var last: String?
  private var stillCount = 0
  private var start = ContinuousClock.now
  /// Whether every page came.
  private(set) var isComplete = false
  /// Full names, with the slash at the end.
  private(set) var folders: Set<String> = []

  /// - Parameter tell: called with every page. Returns whether the next one is asked for now; else, when the listing is
  ///   not complete, it goes on when it is begun again.
  init(
    _ store: any ObjectStore, prefix: String, folders: Bool, retries: Int, progress: WorkProgress,
    tell: @escaping (ListingTransfer, Event) throws -> Bool
  ) {
    self.store = store
    self.prefix = prefix
    isOfFolders = folders
    self.retries = HTTPRetries(limit: retries)
    self.progress = progress
    self.tell = tell
  }

  func request() -> HTTPRequest {
    start = .now
    return store.listing(of: prefix, folders: isOfFolders, page: token)
  }

  func begin(_ response: HTTPResponse) { body = [] }

  func receive(_ bytes: UnsafeRawBufferPointer) throws {
    guard body.count + bytes.count <= Self.pageLimit else {
      throw HTTPFault(kind: .permanent, problem: "a page of the listing does not end")
    }
    guard ContinuousClock.now - start < Self.timeLimit else {
      throw HTTPFault(kind: .transient, problem: "a page of the listing took more than 3 minutes")
    }
    unsafe body.append(contentsOf: bytes)
  }

  func end(_ outcome: Result<HTTPResponse, any Error>) throws -> Double? {
    try Task.checkCancellation()
    var answer: HTTPResponse?
    let problem: String
    var isUnreachable = false
    switch outcome {
    case .success(let response) where response.isSuccess:
      do {
        let page = try store.page(body)
        body = []
        if let next = page.next, next == token {
          return try fail("every page of the listing names the same next one")
        }
        token = page.next
        isComplete = token == nil
        retries.reset()
        // What was not asked for has no place in the answer.
        let names = page.folders.filter { $0.utf8.starts(with: prefix.utf8) }
        let objects = page.objects.filter { $0.name.utf8.starts(with: prefix.utf8) }
        folders.formUnion(names)
        guard advances(names, objects) else {
          return try fail("\(Self.stillLimit) pages in a row brought nothing new; is it a store?")
        }
        return try tell(self, .page(objects)) && !isComplete ? 0 : nil
      } catch let garbage as HTTPFault {
        problem = garbage.problem
      }
    case .success(let response):
      answer = response
      problem = response.problem
      guard response.isTransient else {
        let advice =
          switch response.status {
          case 401, 403: "; the bucket is not public"
          case 404: "; the bucket does not exist"
          default: ""
          }
        return try fail(problem + advice)
      }
    case .failure(let error):
      problem = sentence(error)
      guard let fault = error as? HTTPFault, fault.kind != .permanent else { return try fail(problem) }
      isUnreachable = fault.kind == .unreachable
    }
    body = []
    guard let delay = retries.delay(after: answer, isUnreachable: isUnreachable) else {
      return try fail("\(problem), \(retries.count) times; check the network and try again")
    }
    progress.count { $0.retries += 1 }
    return delay
  }

  /// Whether the listing still gets somewhere: names come in order, so that each page brings a greater one.
  private func advances(_ names: [String], _ objects: [StoredObject]) -> Bool {
    let greatest = (names + objects.map(\.name)).max { codePointOrder($0, $1) }
    if let greatest, last.map({ codePointOrder($0, greatest) }) ?? true {
      last = greatest
      stillCount = 0
    } else {
      stillCount += 1
    }
    return isComplete || stillCount < Self.stillLimit
  }

  private func fail(_ problem: String) throws -> Double? {
    let place = "\(store.endpoint)/\(store.name)/\(prefix)"
    _ = try tell(self, .failed(MagnetError(.network, "\(place): cannot be listed: \(problem)")))
    return nil
  }
}

/// A fixed list of transfers.
final class TransferList: HTTPWork {
  private var waiting: [any HTTPTransfer]

  init(_ transfers: [any HTTPTransfer]) { waiting = transfers.reversed() }

  var isEmpty: Bool { waiting.isEmpty }

  func next() -> (any HTTPTransfer)? { waiting.popLast() }

  func turn() throws -> Bool {
    try Task.checkCancellation()
    return false
  }
}
