@_spi(Reading) public import Magnet

extension HelmRuns {
  /// The schema in a `schema.json`.
  /// - Throws: `DataFault` when the file cannot be read or is not JSON, `MagnetError` when it is not a schema.
  package static func schema(inFile path: String) throws -> Schema {
    if path.hasSuffix(".yaml") || path.hasSuffix(".yml") {
      throw DataFault(
        file: path, problem: "YAML schemas are not supported",
        advice:
          "give the schema.json that helm-summarize writes from it, or the name of one of HELM's schemas")
    }
    let file = try DiskTree().open(path)
    let json = try JSONFileReader().withTape(file) { (tape) throws(DataFault) in
      JSONValue(tape, at: JSONTape.top)
    }
    return try Schema(json, source: path)
  }

  /// The `schema.json` files beside the runs: in each suite's folder, and in `releases/RELEASE` of the same
  /// `benchmark_output` for releases whose `summary.json` names a suite; those that `magnet export parquet` put beside
  /// its tables.
  public func schemas() async throws -> SchemaDocuments {
    var documents: [SchemaDocument] = []
    var faults: [DataFault] = []
    let reader = JSONFileReader()

    /// A file's content; nil where it is missing or broken, the latter being a fault.
    func read(_ path: String, in tree: any FileTree) -> JSONValue? {
      do throws(DataFault) {
        guard let names = tree.entries(Self.parent(path))?.map(\.name) else { return nil }
        let name = String(path.split(separator: "/").last ?? "")
        guard names.contains(name) || names.contains(name + ".gz") else { return nil }
        return try reader.withTape(try tree.open(path)) { tape in JSONValue(tape, at: JSONTape.top) }
      } catch {
        faults.append(error)
        return nil
      }
    }

    /// The suites of each folder that holds `runs`, with the tree they are in.
    var outputs: [String: (tree: any FileTree, suites: [(name: String, path: String)])] = [:]
    for (suite, runs) in Dictionary(grouping: folders, by: { Self.parent($0.path) }).sorted(by: {
      $0.key < $1.key
    }) {
      guard let run = runs.first, run.fault == nil else { continue }
      if let json = read(suite + "/schema.json", in: run.tree) {
        documents.append(
          SchemaDocument(file: suite + "/schema.json", release: nil, suites: [suite], json: json))
      }
      let output = Self.parent(Self.parent(suite))
      // An archive may hold a suite without the folders around it.
      if suite.contains("!"), !output.contains("!") { continue }
      outputs[output, default: (run.tree, [])].suites.append((run.names.suite, suite))
    }
    for (output, found) in outputs.sorted(by: { $0.key < $1.key }) {
      for entry in found.tree.entries(output + "/releases") ?? []
      where entry.isFolder && entry.name != "latest" {
        let folder = output + "/releases/" + entry.name
        guard let summary = read(folder + "/summary.json", in: found.tree) else { continue }
        let names = Set((summary["suites"]?.elements ?? []).compactMap(\.string))
        let suites = found.suites.filter { names.contains($0.name) }.map(\.path)
        guard !suites.isEmpty, let json = read(folder + "/schema.json", in: found.tree) else { continue }
        documents.append(
          SchemaDocument(file: folder + "/schema.json", release: entry.name, suites: suites, json: json))
      }
    }
    for path in (lake?.places ?? []).map(\.schemaFile).unique() where Files.isFile(path) {
      do throws(DataFault) {
        let json = try reader.withTape(DiskTree().open(path)) { tape in JSONValue(tape, at: JSONTape.top) }
        guard let known = SchemaDocument.documents(in: json) else {
          throw DataFault(file: path, problem: "is not a list of schemas", advice: "export the runs again")
        }
        documents += known
      } catch { faults.append(error) }
    }
    return SchemaDocuments(documents: documents, faults: faults)
  }

  /// The file for the schemas of runs whose tables are written into a folder of Parquet files.
  package static func schemaFile(inLake folder: String) -> String { ParquetPlace.schemaFile(in: folder) }

  /// The folder that a path lies in.
  private static func parent(_ path: String) -> String {
    if path == "." { return ".." }
    if path == ".." || path.hasSuffix("/..") { return path + "/.." }
    return Files.folder(of: path)
  }
}
