import Synchronization

/// How far a download has come; read from any thread while it continues. To end the download early, cancel its task: what
/// was finished stays, what was begun is resumed by the next one.
package final class DownloadProgress: Sendable {
  /// A moment of a download.
  package struct State: Sendable {
    /// Stored bytes that came, of those planned. Bytes fetched again count again only in `received`.
    package let bytes, totalBytes: Int
    package let files, totalFiles: Int
    /// Everything that came over the network.
    package let received: Int
    package let requests, retries, failures: Int
    /// Whether more files may be planned: the listing goes on.
    package let isListing: Bool
  }

  private let bytes = Atomic(0)
  private let totalBytes = Atomic(0)
  private let files = Atomic(0)
  private let totalFiles = Atomic(0)
  private let received = Atomic(0)
  private let requests = Atomic(0)
  private let retries = Atomic(0)
  private let failures = Atomic(0)
  private let isListing = Atomic(false)

  /// Nothing done yet.
  package init() {}

  /// How far it is.
  package var state: State {
    State(
      bytes: bytes.load(ordering: .relaxed), totalBytes: totalBytes.load(ordering: .relaxed),
      files: files.load(ordering: .relaxed), totalFiles: totalFiles.load(ordering: .relaxed),
      received: received.load(ordering: .relaxed), requests: requests.load(ordering: .relaxed),
      retries: retries.load(ordering: .relaxed), failures: failures.load(ordering: .relaxed),
      isListing: isListing.load(ordering: .relaxed))
  }

  func setListing(_ isGoingOn: Bool) { isListing.store(isGoingOn, ordering: .relaxed) }
  func expect(files: Int, bytes: Int) {
    totalFiles.wrappingAdd(files, ordering: .relaxed)
    totalBytes.wrappingAdd(bytes, ordering: .relaxed)
  }
  func count(bytes: Int) { self.bytes.wrappingAdd(bytes, ordering: .relaxed) }
  func countReceived(_ bytes: Int) { received.wrappingAdd(bytes, ordering: .relaxed) }
  func countFile() { files.wrappingAdd(1, ordering: .relaxed) }
  func countRequest() { requests.wrappingAdd(1, ordering: .relaxed) }
  func countRetry() { retries.wrappingAdd(1, ordering: .relaxed) }
  func countFailure() { failures.wrappingAdd(1, ordering: .relaxed) }
}

/// What several threads hand to one.
final class Inbox<Item: Sendable>: Sendable {
  private let items = Mutex<[Item]>([])

  func put(_ item: Item) { items.withLock { $0.append(item) } }

  func takeAll() -> [Item] {
    items.withLock { items in
      defer { items = [] }
      return items
    }
  }
}
