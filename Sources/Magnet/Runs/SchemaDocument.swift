/// A `schema.json` that `helm-summarize` wrote beside runs, as it stands in the file.
public struct SchemaDocument: Sendable {
  /// The path of the file.
  public let file: String
  /// The release it belongs to; nil for the schema of a single suite.
  public let release: String?
  /// The paths of the suites whose runs it describes.
  public let suites: [String]
  public let json: JSONValue

  /// A schema file.
  public init(file: String, release: String?, suites: [String], json: JSONValue) {
    self.file = file
    self.release = release
    self.suites = suites
    self.json = json
  }

  /// Whether a run lies in one of the suites.
  func describes(_ path: String) -> Bool {
    guard let slash = path.lastIndex(of: "/") else { return suites.contains("") }
    return suites.contains(String(path[..<slash]))
  }
}

/// The schemas found beside runs.
public struct SchemaDocuments: Sendable {
  public let documents: [SchemaDocument]
  /// Faults of schema files that could not be read.
  public let faults: [DataFault]

  /// Some schemas.
  public init(documents: [SchemaDocument] = [], faults: [DataFault] = []) {
    self.documents = documents
    self.faults = faults
  }
}

extension RunSource {
  /// The schemas beside the runs; none, unless a source knows of some.
  public func schemas() async throws -> SchemaDocuments { SchemaDocuments() }
}
