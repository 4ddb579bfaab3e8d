// Unsafe code, on one invariant: what is copied lies in an array that lives during the call, and fits where it is copied to.

import Magnet

/// Runs in a store of objects, `gs://BUCKET/FOLDER`: listed once, a request for each thousand objects; a file is fetched, and
/// checked against the store's checksum, when its first byte is read. Nothing is written to the disk. The server is
/// Google's, or that of STORAGE_EMULATOR_HOST.
struct BucketTree: FileTree {
  static let scheme = "gs://"

  let limits: InflateLimits
  /// Deeper than on the disk: a folder in a bucket may be far above the runs.
  let depthLimit = 20
  /// The path as it was given, without slashes at its end.
  let top: String
  fileprivate let store: BucketObjects
  private let objects: [String: StoredObject]
  private let folders: [String: [Files.Entry]]

  /// Lists what is in a folder of a bucket.
  init(_ path: String, limits: InflateLimits) throws(DataFault) {
    self.limits = limits
    var trimmed = path
    while trimmed.hasSuffix("/") { trimmed.removeLast() }
    top = trimmed
    let parts = trimmed.dropFirst(Self.scheme.count).split(separator: "/", omittingEmptySubsequences: false)
    guard let bucket = parts.first, !bucket.isEmpty, !parts.contains("") else {
      throw DataFault(
        file: path, problem: "it names no bucket",
        advice: "write gs://BUCKET/FOLDER, such as "
          + "gs://crfm-helm-public/lite/benchmark_output/runs/v1.0.0")
    }
    let prefix = parts.dropFirst().joined(separator: "/")
    let found: [StoredObject]
    do {
      store = BucketObjects(try StoreAddress(bucket: String(bucket)))
      found = try store.objects(below: prefix.isEmpty ? "" : prefix + "/")
    } catch { throw DataFault(file: path, problem: sentence(error)) }
    if found.isEmpty {
      throw DataFault(
        file: path, problem: "the bucket has no objects below it", advice: "check the path's spelling")
    }
    var objects: [String: StoredObject] = [:]
    var folders: [String: [String: Bool]] = [:]
    for object in found where !object.name.hasSuffix("/") {
      let path = "\(Self.scheme)\(bucket)/\(object.name)"
      objects[path] = object
      // The file in its folder, that in the one above, and so on up to the top.
      var rest = path[...]
      var isFolder = false
      while rest.count > trimmed.count, let slash = rest.lastIndex(of: "/") {
        let name = String(rest[rest.index(after: slash)...])
        rest = rest[..<slash]
        let isKnown = folders[String(rest), default: [:]].updateValue(isFolder, forKey: name) != nil
        if isFolder, isKnown { break }
        isFolder = true
      }
    }
    self.objects = objects
    self.folders = folders.mapValues { names in
      names.map { Files.Entry(name: $0, isFolder: $1, isLink: false) }.sorted {
        codePointOrder($0.name, $1.name)
      }
    }
  }

  func entries(_ folder: String) -> [Files.Entry]? { folders[folder] }

  func identity(_ folder: String) -> FileStatus.Identity? {
    folders[folder] == nil ? nil : FileStatus.Identity(device: 0, inode: 0, inside: folder)
  }

  func stored(_ path: String) throws(DataFault) -> (any ByteStream)? {
    objects[path].map { BucketFile($0, path: path, in: store) }
  }

  func isListedWhole(_ path: String) -> Bool {
    (objects[path] ?? objects[path + ".gz"]).map { $0.content.size > 0 } ?? false
  }
}

/// The objects of a bucket. A driver lives for one request: it stays on its thread.
private struct BucketObjects: Sendable {
  private let store: any ObjectStore
  private static let attempts = 8
  /// Small files, by their objects' names: a run spec is read for the list of runs and for its table.
  private let kept = Locked<(files: [String: [UInt8]], bytes: Int)>(([:], 0))
  private static let keptSize = 1 << 16
  private static let keptLimit = 1 << 26

  init(_ address: StoreAddress) { store = GoogleStore(address: address) }

  private var options: HTTPOptions {
    var options = HTTPOptions()
    options.attempts = Self.attempts
    options.allowsPlainLoopback = HTTPAddress.isLoopback(store.endpoint)
    return options
  }

  func objects(below prefix: String) throws -> [StoredObject] {
    var found: [StoredObject] = []
    let listing = ListingTransfer(
      store, prefix: prefix, folders: false, retries: Self.attempts, progress: WorkProgress()
    ) { _, event in
      switch event {
      case .page(let objects): found += objects
      case .failed(let error): throw error
      }
      return true
    }
    try HTTPDriver.onThisThread(options) { try $0.run(TransferList([listing])) }
    return found
  }

  /// The bytes of an object's file.
  func bytes(of object: StoredObject) throws -> [UInt8]? {
    if let known = kept.withLock({ $0.files[object.name] }) { return known }
    let transfer = ObjectTransfer(object, in: store, retries: Self.attempts, progress: WorkProgress())
    try HTTPDriver.onThisThread(options) { try $0.run(TransferList([transfer])) }
    if let bytes = transfer.bytes, bytes.count <= Self.keptSize {
      kept.withLock { kept in
        guard kept.bytes + bytes.count <= Self.keptLimit else { return }
        kept.files[object.name] = bytes
        kept.bytes += bytes.count
      }
    }
    return transfer.bytes
  }
}

/// An object's file, fetched when it is read.
private final class BucketFile: ByteStream {
  let path: String
  private let object: StoredObject
  private let store: BucketObjects
  private var bytes: [UInt8]?
  private var done = 0

  init(_ object: StoredObject, path: String, in store: BucketObjects) {
    self.object = object
    self.path = path
    self.store = store
  }

  /// What an object stored as gzip inflates to shows at its end.
  var size: Int? { object.content.isGzip ? nil : object.content.size }
  var storedSize: Int { object.content.size }

  private func fetched() throws(DataFault) -> [UInt8] {
    if let bytes { return bytes }
    guard object.content.size <= ObjectTransfer.sizeLimit else {
      throw DataFault(
        file: path, problem: "the object has more than \(ObjectTransfer.sizeLimit >> 20) MB",
        advice: "download the runs with magnet download helm")
    }
    let found: [UInt8]?
    do { found = try store.bytes(of: object) } catch { throw DataFault(file: path, problem: sentence(error)) }
    guard let found else { throw DataFault(file: path, problem: "the object did not come") }
    bytes = found
    return found
  }

  func read(_ memory: UnsafeMutableRawPointer, _ count: Int) throws(DataFault) -> Int {
    let bytes = try fetched()
    let taken = min(count, bytes.count - done)
    let start = done
    unsafe bytes.withUnsafeBytes { bytes in
      guard taken > 0, let base = bytes.baseAddress else { return }
      unsafe memory.copyMemory(from: base + start, byteCount: taken)
    }
    done += taken
    return taken
  }
}
