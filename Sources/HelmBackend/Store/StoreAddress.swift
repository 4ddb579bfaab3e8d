import Magnet

/// Where a bucket is, and how its objects are asked for.
public struct StoreAddress: Sendable {
  /// The JSON interface's host, without a slash at the end.
  public let endpoint: String
  public let bucket: String

  /// The public bucket of HELM's results, or a mirror of it.
  /// - Parameter endpoint: `https://host` or `http://host:port`; nil for STORAGE_EMULATOR_HOST, else Google's.
  /// - Throws: `MagnetError` when it is no such address.
  public init(endpoint: String? = nil, bucket: String = "crfm-helm-public") throws {
    var text = endpoint ?? DiskFile.environment("STORAGE_EMULATOR_HOST") ?? "https://storage.googleapis.com"
    if !text.contains("://") { text = "http://" + text }
    while text.hasSuffix("/") { text.removeLast() }
    let lower = text.lowercased()
    guard lower.hasPrefix("https://") || lower.hasPrefix("http://"), !Self.host(text).isEmpty,
      !text.contains(where: { $0.isWhitespace || $0 == "?" || $0 == "#" })
    else {
      throw MagnetError(.usage, "\(text) is no address of a server; write https://HOST or http://HOST:PORT")
    }
    self.endpoint = text
    self.bucket = bucket
  }

  var isLoopback: Bool { Self.isLoopback(endpoint) }

  /// A page of a listing.
  func listing(prefix: String, delimiter: Bool, token: String?) -> String {
    let item = "items(name,size,md5Hash,crc32c,generation,contentEncoding)"
    let fields = delimiter ? "prefixes,nextPageToken" : "\(item),nextPageToken"
    var url = "\(endpoint)/storage/v1/b/\(Self.encoded(bucket))/o?maxResults=1000&projection=noAcl"
    url += "&fields=\(Self.encoded(fields))&prefix=\(Self.encoded(prefix))"
    if delimiter { url += "&delimiter=%2F" }
    if let token { url += "&pageToken=\(Self.encoded(token))" }
    return url
  }

  /// The bytes of one generation of an object.
  func media(_ name: String, generation: UInt64) -> String {
    "\(endpoint)/storage/v1/b/\(Self.encoded(bucket))/o/\(Self.encoded(name))?alt=media&generation=\(generation)"
  }

  static func isLoopback(_ url: String) -> Bool {
    let host = host(url)
    return host == "localhost" || host == "[::1]"
      || host.hasPrefix("127.") && host.allSatisfy { $0 == "." || $0.isASCII && $0.isNumber }
  }

  /// The host of an address: without user, port, path.
  private static func host(_ url: String) -> String {
    let rest = url.firstRange(of: "//").map { url[$0.upperBound...] } ?? url[...]
    var host = rest.prefix { !"/?#\\".contains($0) }
    if let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
    if host.hasPrefix("[") { return host.prefix { $0 != "]" } + "]" }
    return host.prefix { $0 != ":" }.lowercased()
  }

  /// Percent-encoded: every byte of the UTF-8 form but letters, digits and `-._~`.
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        out.append(byte)
      default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
