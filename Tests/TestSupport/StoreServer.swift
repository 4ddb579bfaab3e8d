import Foundation
import Magnet
import Synchronization

/// A small Google Cloud Storage on 127.0.0.1 with the faults that tests ask for: pages with items and prefixes counted
/// together, generations, ranges, gzip objects both ways, and whatever `Faults` say.
public final class StoreServer: Sendable {
  /// An object: its stored bytes and what the listing says of it.
  public struct Object: Sendable {
    public var bytes: [UInt8]
    /// The bytes of the file; other than `bytes` when those are gzip.
    public var plain: [UInt8]
    public var generation = 1_700_000_000_000_001
    public var isGzip: Bool
    public var crc32c: String
    /// What the listing says of its size; nil for the truth.
    public var listedSize: Int?

    public init(_ bytes: [UInt8], plain: [UInt8]? = nil, crc32c: String) {
      self.bytes = bytes
      self.plain = plain ?? bytes
      isGzip = plain != nil
      self.crc32c = crc32c
    }
  }

  /// What goes wrong. Fractions are of the attempts at objects, drawn by a hash of name and attempt.
  public struct Faults: Sendable {
    public var pageSize = 1000
    public var delay = 0.0
    public var unavailable = 0.0
    public var tooMany = 0.0
    public var retryAfter: String?
    public var cut = 0.0
    public var flip = 0.0
    public var stall = 0.0
    public var wrongLength = 0.0
    /// Bytes a second of each connection; 0 for no limit.
    public var rate = 0
    public var ignoresRange = false
    public var inflates = false
    /// The first listings answered with this instead, with status 200.
    public var garbageListings = 0
    /// Listings answered 503 first.
    public var unavailableListings = 0
    public var redirect: String?
    /// Faults happen at an object's first so many attempts only; nil for all.
    public var attemptLimit: Int?
    /// Whether each page begins with the last object of the one before.
    public var repeatsLast = false
    /// Called before and after each page of a listing with its number.
    public var beforePage: (@Sendable (StoreServer, Int) -> Void)?
    public var afterPage: (@Sendable (StoreServer, Int) -> Void)?
    /// Called before each answer to a request for an object, with its name and the number of the attempt at it.
    public var beforeMedia: (@Sendable (StoreServer, String, Int) -> Void)?

    public init() {}
  }

  /// What was asked for.
  public struct Counts: Sendable {
    public var listings = 0
    public var media = 0
    public var ranges = 0
    /// Bytes of objects sent.
    public var sent = 0
    public var attempts: [String: Int] = [:]
  }

  private struct State {
    var objects: [String: Object] = [:]
    var names: [String]?
    var faults = Faults()
    var counts = Counts()
  }

  private let state = Mutex(State())
  private let server: LoopbackServer
  public var port: Int { server.port }
  public var endpoint: String { server.endpoint }

  public init() throws {
    let weak = WeakServer()
    server = try LoopbackServer { request, connection in
      weak.value.withLock { $0.server }?.answer(request.target, request.headers, connection) ?? false
    }
    weak.value.withLock { $0.server = self }
  }

  private final class WeakServer: Sendable {
    struct Reference { weak var server: StoreServer? }
    let value = Mutex(Reference())
  }

  public var faults: Faults {
    get { state.withLock { $0.faults } }
    set { state.withLock { $0.faults = newValue } }
  }

  public var counts: Counts { state.withLock { $0.counts } }

  /// Waits until what was asked for is so; at most a minute.
  /// - Returns: whether it is.
  public func waits(until isSo: (Counts) -> Bool) -> Bool {
    for _ in 0..<12000 {
      if isSo(counts) { return true }
      Thread.sleep(forTimeInterval: 0.005)
    }
    return false
  }

  public func resetCounts() { state.withLock { $0.counts = Counts() } }

  public subscript(name: String) -> Object? {
    get { state.withLock { $0.objects[name] } }
    set {
      state.withLock {
        $0.objects[name] = newValue
        $0.names = nil
      }
    }
  }

  public var objects: [String: Object] { state.withLock { $0.objects } }

  /// Answers one request: the head, then the body in pieces; nil for the head to cut the connection.
  func answer(_ target: String, _ headers: [String: String], _ connection: LoopbackConnection) -> Bool {
    let faults = faults
    if faults.delay > 0 { Thread.sleep(forTimeInterval: faults.delay) }
    let halves = target.split(separator: "?", maxSplits: 1).map(String.init)
    var query: [String: String] = [:]
    for pair in (halves.count > 1 ? halves[1] : "").split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1).map { String($0).removingPercentEncoding ?? "" }
      query[parts[0]] = parts.count > 1 ? parts[1] : ""
    }
    let marker = "/storage/v1/b/crfm-helm-public/o"
    guard halves[0].hasPrefix(marker) else { return connection.sendError(404, "no such bucket") }
    let rest = halves[0].dropFirst(marker.count)
    if rest.isEmpty { return list(query, faults, connection) }
    let name = String(rest.dropFirst()).removingPercentEncoding ?? ""
    return media(name, query, headers, faults, connection)
  }

  private func list(_ query: [String: String], _ faults: Faults, _ connection: LoopbackConnection) -> Bool {
    let number = state.withLock { state in
      state.counts.listings += 1
      return state.counts.listings
    }
    faults.beforePage?(self, number)
    if number <= faults.unavailableListings { return connection.sendError(503, "busy") }
    if number <= faults.unavailableListings + faults.garbageListings {
      return connection.send(200, [:], Array("<html>captive portal</html>".utf8))
    }
    let prefix = query["prefix"] ?? ""
    let limit = min(faults.pageSize, Int(query["maxResults"] ?? "") ?? 1000, 1000)
    var after = ""
    if let token = query["pageToken"] {
      guard let data = Data(base64Encoded: token) else {
        return connection.sendError(400, "Invalid page token")
      }
      after = String(decoding: data, as: UTF8.self)
    }
    let (names, objects) = state.withLock { state in
      let names = state.names ?? state.objects.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      state.names = names
      return (names, state.objects)
    }
    var items: [JSONValue] = []
    var prefixes: [JSONValue] = []
    var last = after
    var hasMore = false
    for name in names where name.hasPrefix(prefix) && name.utf8.count > 0 {
      let isRepeated = faults.repeatsLast && name == after
      guard after.isEmpty || isRepeated || after.utf8.lexicographicallyPrecedes(name.utf8) else { continue }
      if query["delimiter"] == "/", let slash = name.dropFirst(prefix.count).firstIndex(of: "/") {
        let folder = String(name[...slash])
        // Everything in a folder is behind its mark.
        if last == folder + "\u{10FFFF}" { continue }
        if !after.isEmpty, after == folder + "\u{10FFFF}" { continue }
        if items.count + prefixes.count == limit {
          hasMore = true
          break
        }
        prefixes.append(.string(folder))
        last = folder + "\u{10FFFF}"
        continue
      }
      if items.count + prefixes.count == limit {
        hasMore = true
        break
      }
      items.append(Self.item(name, objects[name]!))
      last = name
    }
    var page: [JSONValue.Member] = [.init(key: "kind", value: .string("storage#objects"))]
    if !items.isEmpty { page.append(.init(key: "items", value: .array(items))) }
    if !prefixes.isEmpty { page.append(.init(key: "prefixes", value: .array(prefixes))) }
    if hasMore, query["fields"]?.contains("nextPageToken") ?? true {
      page.append(.init(key: "nextPageToken", value: .string(Data(last.utf8).base64EncodedString())))
    }
    let isSent = connection.send(
      200, ["Content-Type": "application/json"], Array(JSONValue.object(page).text.utf8))
    faults.afterPage?(self, number)
    return isSent
  }

  private static func item(_ name: String, _ object: Object) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init(key: "name", value: .string(name)),
      .init(key: "size", value: .string("\(object.listedSize ?? object.bytes.count)")),
      .init(key: "generation", value: .string("\(object.generation)")),
    ]
    if !object.crc32c.isEmpty { members.append(.init(key: "crc32c", value: .string(object.crc32c))) }
    if object.isGzip { members.append(.init(key: "contentEncoding", value: .string("gzip"))) }
    return .object(members)
  }

  private func media(
    _ name: String, _ query: [String: String], _ headers: [String: String], _ faults: Faults,
    _ connection: LoopbackConnection
  ) -> Bool {
    let attempt = state.withLock { state in
      state.counts.media += 1
      if headers["range"] != nil { state.counts.ranges += 1 }
      state.counts.attempts[name, default: 0] += 1
      return state.counts.attempts[name]!
    }
    faults.beforeMedia?(self, name, attempt)
    guard let object = self[name], query["generation"].map({ $0 == "\(object.generation)" }) ?? true else {
      return connection.sendError(404, "No such object: crfm-helm-public/\(name)")
    }
    if let target = faults.redirect { return connection.send(302, ["Location": target], []) }
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in "\(attempt) \(name)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
    var draw = Double(hash >> 11) / Double(1 << 53)
    if let limit = faults.attemptLimit, attempt > limit { draw = 2 }
    func happens(_ fraction: Double) -> Bool {
      defer { draw -= fraction }
      return draw >= 0 && draw < fraction
    }
    let retryAfter = faults.retryAfter.map { ["Retry-After": $0] } ?? [:]
    if happens(faults.unavailable) { return connection.sendError(503, "busy", retryAfter) }
    if happens(faults.tooMany) { return connection.sendError(429, "slow down", retryAfter) }

    let isRaw = headers["accept-encoding"]?.contains("gzip") ?? false
    var extra = ["x-goog-generation": "\(object.generation)"]
    var bytes = object.bytes
    var status = 200
    var hasLength = true
    if object.isGzip, !isRaw || faults.inflates {
      bytes = object.plain
      hasLength = false
    } else {
      if object.isGzip { extra["Content-Encoding"] = "gzip" }
      if let range = headers["range"], !faults.ignoresRange,
        let start = Int(range.dropFirst("bytes=".count).prefix { $0 != "-" })
      {
        guard start < bytes.count else { return connection.sendError(416, "not satisfiable") }
        extra["Content-Range"] = "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"
        bytes = Array(bytes[start...])
        status = 206
      }
    }
    var end = LoopbackConnection.End.whole
    if happens(faults.cut) { end = .cut(bytes.count / 2) }
    if happens(faults.stall) { end = .stalled(bytes.count / 2) }
    if happens(faults.flip), !bytes.isEmpty { bytes[bytes.count / 2] ^= 0x10 }
    var length: Int? = hasLength ? bytes.count : nil
    if happens(faults.wrongLength) { length = bytes.count + 7 }
    let sent = bytes.count
    state.withLock { $0.counts.sent += sent }
    return connection.send(status, extra, bytes, length: length, end: end, rate: faults.rate)
  }
}
