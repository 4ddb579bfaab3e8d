/// A kind of store of objects behind HTTP: how they are listed, addressed, checked and told from one another.
///
/// A new kind is one file with a type of this protocol; `GoogleStore` is the one to read and copy.
protocol ObjectStore: Sendable {
  /// The store's name for messages: its bucket.
  var name: String { get }
  /// The server's address, without a slash at the end.
  var endpoint: String { get }

  /// Asks for a page of the objects whose names begin with a prefix, in the order of their names' bytes.
  /// - Parameters:
  ///   - folders: whether only the names up to the next slash behind the prefix are asked for.
  ///   - page: what the page before said of this one; nil for the first.
  func listing(of prefix: String, folders: Bool, page: String?) -> HTTPRequest

  /// Reads a page of a listing.
  /// - Throws: `HTTPFault` when it is not one.
  func page(_ body: [UInt8]) throws -> ObjectPage

  /// Asks for the stored bytes of one version of an object, from an offset.
  func content(of name: String, _ content: StoredContent, from offset: Int) -> HTTPRequest

  /// Which version of an object a response to `content` brings; nil when it does not say.
  func version(of response: HTTPResponse) -> UInt64?
}

/// A page of a listing.
struct ObjectPage {
  var objects: [StoredObject] = []
  /// Full names, each with the slash at its end.
  var folders: [String] = []
  /// What to ask the next page with; nil for the last one.
  var next: String?
}
