import Magnet

/// Where a bucket is, and how its objects are asked for.
package struct StoreAddress: Sendable {
  /// The JSON interface's host, without a slash at the end.
  package let endpoint: String
  package let bucket: String

  /// The public bucket of HELM's results, or a mirror of it.
  /// - Parameter endpoint: `https://host` or `http://host:port`; nil for STORAGE_EMULATOR_HOST, else Google's.
  /// - Throws: `MagnetError` when it is not such an address.
  package init(endpoint: String? = nil, bucket: String = "crfm-helm-public") throws {
    var text = endpoint ?? Environment.nonEmpty("STORAGE_EMULATOR_HOST") ?? "https://storage.googleapis.com"
    if !text.contains("://") { text = "http://" + text }
    while text.hasSuffix("/") { text.removeLast() }
    try HTTPAddress.checkLibrary()
    guard HTTPAddress.host(text) != nil,
      !text.contains(where: { $0.isWhitespace || $0 == "?" || $0 == "#" })
    else {
      throw MagnetError(
        .usage, "\(text) is not an address of a server; write https://HOST or http://HOST:PORT")
    }
    self.endpoint = text
    self.bucket = bucket
  }
}

/// Google Cloud Storage, over its JSON interface.
struct GoogleStore: ObjectStore {
  let address: StoreAddress

  var name: String { address.bucket }
  var endpoint: String { address.endpoint }

  private var objects: String { "\(endpoint)/storage/v1/b/\(HTTPAddress.encoded(address.bucket))/o" }

  func listing(of prefix: String, folders: Bool, page: String?) -> HTTPRequest {
    let item = "items(name,size,crc32c,generation,contentEncoding)"
    let fields = folders ? "prefixes,nextPageToken" : "\(item),nextPageToken"
    var url = "\(objects)?maxResults=1000&projection=noAcl"
    url += "&fields=\(HTTPAddress.encoded(fields))&prefix=\(HTTPAddress.encoded(prefix))"
    if folders { url += "&delimiter=%2F" }
    if let page { url += "&pageToken=\(HTTPAddress.encoded(page))" }
    var request = HTTPRequest(url)
    request.headers = [("Accept", "application/json")]
    return request
  }

  func page(_ body: [UInt8]) throws -> ObjectPage {
    let json: JSONValue
    do { json = try JSONValue(parsing: String(decoding: body, as: UTF8.self)) } catch {
      throw HTTPFault(
        kind: .transient, problem: "the listing is not JSON (\(error)); is \(endpoint) a store?")
    }
    guard case .object = json else {
      throw HTTPFault(kind: .transient, problem: "the listing is not a JSON object")
    }
    var page = ObjectPage()
    for item in json["items"]?.elements ?? [] { page.objects.append(try object(item)) }
    page.folders = (json["prefixes"]?.elements ?? []).compactMap(\.string)
    if let token = json["nextPageToken"]?.string, !token.isEmpty { page.next = token }
    return page
  }

  private func object(_ item: JSONValue) throws -> StoredObject {
    guard let name = item["name"]?.string,
      let generation = item["generation"]?.string.flatMap({ UInt64($0) }),
      let size = item["size"]?.string.flatMap(Self.size)
    else {
      throw HTTPFault(
        kind: .transient, problem: "an object in the listing has no name, size or generation")
    }
    let content = StoredContent(
      version: generation, size: size,
      crc32c: item["crc32c"]?.string.flatMap { CRC32C.value(base64: $0) },
      isGzip: item["contentEncoding"]?.string?.lowercased() == "gzip")
    return StoredObject(name: name, content: content)
  }

  /// A size as the listing writes it. One that no Int holds becomes the largest, which is refused where it is used.
  private static func size(_ text: String) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text) ?? .max
  }

  /// The stored bytes come as they are when the client takes gzip; else the server inflates and nothing can be checked.
  func content(of name: String, _ content: StoredContent, from offset: Int) -> HTTPRequest {
    var request = HTTPRequest(
      "\(objects)/\(HTTPAddress.encoded(name))?alt=media&generation=\(content.version)")
    request.headers = [("Accept-Encoding", "gzip"), ("Accept", "")]
    if offset > 0 { request.headers.append(("Range", "bytes=\(offset)-")) }
    request.keptHeaders = ["content-length", "content-encoding", "content-range", "x-goog-generation"]
    return request
  }

  func version(of response: HTTPResponse) -> UInt64? {
    response.headers["x-goog-generation"].map { UInt64($0) ?? 0 }
  }
}
