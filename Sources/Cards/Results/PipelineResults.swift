import Magnet

/// What a pipeline left behind for a card: one row per process of the result node, each of which is judged.
///
/// The folder is kwdagger's, `NODE/PROCESS/`, with `job_config.json`, the parameters, and the node's result, a JSON file.
/// Nothing of it is run, and nothing is written.
struct PipelineResults: Sendable {
  /// One process and what it reported.
  struct Row: Sendable {
    /// The process's id, its folder's name; the parameters where there is no such process.
    let process: String
    /// Named as MAGNET names them: `metrics.NODE.FIELD`, `params.NODE.PARAMETER`; in cards of the first evaluator the
    /// fields of the result themselves.
    var columns: [(name: String, value: CardValue)] = []
    /// Why the row cannot be judged; nil where it can.
    var problem: String?
    /// The path of the result.
    var artifact: String?

    subscript(column: String) -> CardValue? { columns.first { $0.name == column }?.value }
  }

  /// The columns in which the names of a node's fields are looked for.
  static let namespaces = ["metrics", "params", "resolved_params"]
  /// What the names of columns begin with.
  static let roots = namespaces + ["specified", "fpath", "node", "region_id"]
  private static let configLimit = 16 << 20
  private static let resultLimit = 64 << 20
  private static let depthLimit = 100

  let kind: PipelineDefinition.Kind
  /// In the order of the matrix; by name where the card does not give it.
  private(set) var rows: [Row] = []
  private(set) var notes: [String] = []
  /// How many processes there are, whether the card asks for them or not.
  private(set) var discovered = 0
  private let root: String
  private let outputs: [String: String]

  /// Reads what a pipeline left behind.
  /// - Parameters:
  ///   - folder: the one that holds the nodes' folders, or one in which `_kwdagger` or `kwdagger` does.
  ///   - card: the card's path.
  /// - Throws: `MagnetError` where there are no such results; `CardFaults` for a file with a pipeline that is faulty.
  init(_ pipeline: PipelineDefinition, in folder: String, card: String) throws {
    kind = pipeline.kind
    let pipeline = try Self.withNodesOfFile(pipeline, card)
    let names = pipeline.outputs.keys.sorted()
    guard let node = pipeline.resultNode ?? (names.count == 1 ? names[0] : nil) else {
      throw MagnetError(
        .unsupported, "the card does not say which node's results are judged", at: card,
        advice: "add result_node to kwdagger")
    }
    guard
      let root = ["", "/_kwdagger", "/kwdagger"].map({ folder + $0 }).first(where: {
        Files.isFolder("\($0)/\(node)")
      })
    else {
      throw MagnetError(
        .notFound, "there are no results of the node '\(node)'", at: folder,
        advice: "name the folder in which \(node) lies, such as OUT/_kwdagger or HASH_TIME/kwdagger")
    }
    self.root = root
    outputs = pipeline.outputs
    let entries: [Files.Entry]
    do { entries = try Files.entries("\(root)/\(node)") } catch { throw error.reading("\(root)/\(node)") }
    let processes = entries.filter { $0.isFolder && !$0.isLink && !$0.name.hasPrefix(".") }.map(\.name)
    if processes.count > CardPlan.settingLimit {
      throw MagnetError(
        .unsupported, "there are more than \(CardPlan.settingLimit) processes", at: "\(root)/\(node)")
    }
    discovered = processes.count
    var found: [(row: Row, parameters: [String: CardValue])] = []
    for process in processes { found.append(read(node, process)) }
    order(found, pipeline)
  }

  // MARK: Order

  /// Rows in the order of the matrix; what it asks for and is not there is a row that cannot be judged.
  private mutating func order(
    _ found: [(row: Row, parameters: [String: CardValue])], _ pipeline: PipelineDefinition
  ) {
    // A parameter of a node whose results were gathered is none of a single process.
    let known = found.reduce(into: Set<String>()) { $0.formUnion($1.parameters.keys) }
    guard let given = pipeline.axes, case let axes = given.filter({ known.contains($0.key) }), !axes.isEmpty
    else {
      rows = found.map(\.row)
      if pipeline.axes == nil {
        notes.append(
          "the matrix has parts that are not expanded here, so results that are missing are not noticed")
      }
      return
    }
    func key(_ values: [CardValue?]) -> String {
      values.map { $0.map { CardJSON.text($0.comparable, isCompact: true) } ?? "-" }.joined(
        separator: "\u{1F}")
    }
    var waiting: [String: [Row]] = [:]
    for item in found { waiting[key(axes.map { item.parameters[$0.key] }), default: []].append(item.row) }
    var count = 1
    for axis in axes {
      let (product, isTooMany) = count.multipliedReportingOverflow(by: axis.values.count)
      count = product
      if isTooMany || count > CardPlan.settingLimit {
        rows = found.map(\.row)
        notes.append("the matrix is too large to be expanded, so results that are missing are not noticed")
        return
      }
    }
    for number in 0..<count {
      var rest = number
      var point: [CardValue] = []
      for axis in axes.reversed() {
        point.append(axis.values[rest % axis.values.count])
        rest /= axis.values.count
      }
      point.reverse()
      if let rows = waiting.removeValue(forKey: key(point)) {
        self.rows += rows
      } else {
        let text = zip(axes, point).map { "\($0.key)=\($1.plainText)" }.joined(separator: ", ")
        rows.append(Row(process: text, problem: "there is no process with \(text)"))
      }
    }
    let left = Set(waiting.values.flatMap { $0.map(\.process) })
    let others = found.map(\.row).filter { left.contains($0.process) }
    if others.isEmpty { return }
    if pipeline.takesAll {
      rows += others
    } else {
      notes.append(
        "\(others.count) result\(others.count == 1 ? " is" : "s are") not of the card's matrix and not judged; evidence: "
          + "{scope: all} judges all")
    }
  }

  // MARK: Files

  /// A pipeline with the nodes of the file that it names.
  private static func withNodesOfFile(
    _ pipeline: PipelineDefinition, _ card: String
  ) throws -> PipelineDefinition {
    guard let file = pipeline.file else { return pipeline }
    let path = CardFiles.path(file.path, from: CardFiles.folder(of: card))
    var pipeline = pipeline
    var schema = PipelineSchema(reader: SchemaReader(file: path))
    do {
      let root = try YAMLDocument(CardFiles.readNamed(path, limit: EvaluationCard.sizeLimit)).root
      let pairs = (root.pairs ?? []).compactMap { pair in pair.key.text.map { ($0, pair.value) } }
      schema.readNodes(
        Dictionary(pairs, uniquingKeysWith: { $1 }), "the pipeline", root.mark, into: &pipeline)
    } catch {
      throw CardFaults([
        CardFault(
          file: card, mark: file.mark,
          problem: "the pipeline \(path) cannot be read: \((error as? YAMLFault)?.problem ?? "\(error)")")
      ])
    }
    let errors = schema.reader.faults.filter { $0.severity == .error }
    if !errors.isEmpty { throw CardFaults(errors) }
    return pipeline
  }

  private func read(_ node: String, _ process: String) -> (row: Row, parameters: [String: CardValue]) {
    let folder = "\(root)/\(node)/\(process)"
    var row = Row(process: process)
    var parameters: [(name: String, value: CardValue)] = []
    do { parameters = try Self.members(folder + "/job_config.json", limit: Self.configLimit) } catch {
      row.problem = error.problem
    }
    do {
      let (path, fields) = try result(of: node, process)
      row.artifact = path
      if kind == .pipeline {
        row.columns = fields.filter { !$0.name.hasPrefix("_") }
      } else {
        row.columns = [("fpath", .text(path)), ("node", .text(node)), ("region_id", .text("unknown"))]
        row.columns += Self.flat(fields, "metrics.\(node)")
      }
    } catch { row.problem = row.problem ?? error.problem }
    if kind == .kwdagger {
      for (node, fields) in ancestors(parameters) { row.columns += Self.flat(fields, "metrics.\(node)") }
      row.columns += parameters.map { ("params." + $0.name, $0.value) }
      row.columns += parameters.map { ("specified.params." + $0.name, .int(WholeNumber(1))) }
    }
    return (row, Dictionary(parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }))
  }

  /// The results of the processes that a process's inputs came from, directly or not.
  private func ancestors(_ parameters: [(name: String, value: CardValue)]) -> [(
    String, [(name: String, value: CardValue)]
  )] {
    func sources(_ parameters: [(name: String, value: CardValue)]) -> [String] {
      parameters.filter { $0.name.hasPrefix("__input__.") }.compactMap { $0.value["source_process_id"]?.text }
    }
    var found: [(String, [(name: String, value: CardValue)])] = []
    var waiting = sources(parameters)
    var seen: Set<String> = []
    while !waiting.isEmpty, seen.count < Self.depthLimit {
      let process = waiting.removeFirst()
      guard seen.insert(process).inserted, Files.isName(process), let end = process.firstRange(of: "_id_")
      else { continue }
      let node = String(process[..<end.lowerBound])
      if let (_, fields) = try? result(of: node, process) { found.append((node, fields)) }
      waiting += sources(
        (try? Self.members("\(root)/\(node)/\(process)/job_config.json", limit: Self.configLimit)) ?? [])
    }
    return found
  }

  /// Why a process has no result.
  private struct Missing: Error {
    let problem: String
  }

  /// The fields that a process reported: those of `result.metrics`, of `result`, or of the file.
  private func result(
    of node: String, _ process: String
  ) throws(Missing) -> (path: String, fields: [(name: String, value: CardValue)]) {
    let folder = "\(root)/\(node)/\(process)"
    guard let name = outputs[node] ?? Self.onlyResult(in: folder) else {
      throw Missing(problem: "the card does not name the file with the results of the node '\(node)'")
    }
    if name.utf8.first == UInt8(ascii: "/") || Files.parts(of: name).contains("..") {
      throw Missing(problem: "the result \(name) of the node '\(node)' lies outside of the process's folder")
    }
    let path = "\(folder)/\(name)"
    let members = try Self.members(path, limit: Self.resultLimit)
    let result = members.first { $0.name == "result" }?.value
    if let result, case .mapping = result {
      if kind == .kwdagger, let metrics = result["metrics"], case .mapping = metrics {
        return (path, metrics.members)
      }
      return (path, result.members)
    }
    return (path, members)
  }

  /// The only JSON file of a process beside those of kwdagger.
  private static func onlyResult(in folder: String) -> String? {
    let names = ((try? Files.entries(folder)) ?? []).filter { !$0.isFolder }.map(\.name).filter {
      $0.hasSuffix(".json") && $0 != "job_config.json" && !$0.hasPrefix("resolved_result_row")
    }
    return names.count == 1 ? names[0] : nil
  }

  private static func members(
    _ path: String, limit: Int
  ) throws(Missing) -> [(name: String, value: CardValue)] {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let bytes: [UInt8]
    do throws(SystemError) { bytes = try Files.read(path, atMost: limit + 1) } catch {
      throw Missing(
        problem: Files.exists(path)
          ? "\(name) cannot be read: \(error)"
          : "\(name) is missing; the process failed, is still running, or was copied only partly")
    }
    if bytes.count > limit { throw Missing(problem: "\(name) has more than \(limit >> 20) MB") }
    do {
      let value = CardValue(json: try JSONValue(parsing: String(decoding: bytes, as: UTF8.self)))
      guard case .mapping = value else { throw Missing(problem: "\(name) is not a JSON object") }
      return value.members
    } catch let error as Missing { throw error } catch {
      throw Missing(problem: "\(name) is not JSON: \(error)")
    }
  }

  /// Fields with the names of the mappings that they lie in.
  private static func flat(
    _ fields: [(name: String, value: CardValue)], _ prefix: String, depth: Int = 0
  ) -> [(name: String, value: CardValue)] {
    fields.flatMap { field in
      let name = "\(prefix).\(field.name)"
      if case .mapping(let entries) = field.value, !entries.isEmpty, depth < depthLimit {
        return flat(field.value.members, name, depth: depth + 1)
      }
      return [(name: name, value: field.value)]
    }
  }
}

extension CardValue {
  /// The entries of a mapping whose keys are texts.
  var members: [(name: String, value: CardValue)] {
    guard case .mapping(let entries) = self else { return [] }
    return entries.compactMap { entry in entry.key.text.map { ($0, entry.value) } }
  }

  /// Equal for what is one parameter in YAML and in JSON: 1 and 1.0.
  fileprivate var comparable: CardValue {
    switch self {
    case .float(let value): Int64(exactly: value).map { .int(WholeNumber($0)) } ?? self
    case .tuple(let elements), .list(let elements): .list(elements.map(\.comparable))
    case .date(let text): .text(text)
    default: self
    }
  }
}
