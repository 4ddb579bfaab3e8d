/// A `schema.json` that `helm-summarize` wrote beside runs, as it stands in the file.
package struct SchemaDocument: Sendable {
  /// The path of the file.
  package let file: String
  /// The release it belongs to; nil for the schema of a single suite.
  package let release: String?
  /// The paths of the suites whose runs it describes.
  package let suites: [String]
  package let json: JSONValue

  /// A schema file.
  package init(file: String, release: String?, suites: [String], json: JSONValue) {
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

extension SchemaDocument {
  /// The schemas as JSON, for a file beside tables whose runs they describe.
  package static func json(_ documents: [SchemaDocument]) -> JSONValue {
    .array(
      documents.map { document in
        .object([
          .init(key: "file", value: .string(document.file)),
          .init(key: "release", value: document.release.map(JSONValue.string) ?? .null),
          .init(key: "suites", value: .array(document.suites.map(JSONValue.string))),
          .init(key: "schema", value: document.json),
        ])
      })
  }

  /// The schemas in such JSON; nil when it is something else.
  package static func documents(in json: JSONValue) -> [SchemaDocument]? {
    guard case .array(let elements) = json else { return nil }
    var documents: [SchemaDocument] = []
    for element in elements {
      guard let file = element["file"]?.string, let suites = element["suites"]?.elements,
        let schema = element["schema"]
      else { return nil }
      documents.append(
        SchemaDocument(
          file: file, release: element["release"]?.string, suites: suites.compactMap(\.string), json: schema))
    }
    return documents
  }
}

/// The schemas found beside runs.
public struct SchemaDocuments: Sendable {
  package let documents: [SchemaDocument]
  /// Faults of schema files that could not be read.
  package let faults: [DataFault]

  /// Some schemas.
  package init(documents: [SchemaDocument] = [], faults: [DataFault] = []) {
    self.documents = documents
    self.faults = faults
  }
}

extension RunSource {
  /// The schemas beside the runs; none, unless a source knows of some.
  package func schemas() async throws -> SchemaDocuments { SchemaDocuments() }
}
