/// The pipeline that a card runs, as far as its results need it: kwdagger's, or that of MAGNET's first evaluator.
struct PipelineDefinition: Sendable {
  enum Kind: String, Sendable {
    /// `kwdagger:`, evaluated by `magnet evaluate_new` of aiq-magnet.
    case kwdagger
    /// `pipeline:`, evaluated by its `magnet evaluate`.
    case pipeline
  }

  /// A parameter that is varied, such as `score.v`, and its values.
  struct Axis: Sendable {
    let key: String
    let values: [CardValue]
  }

  let kind: Kind
  let mark: TextMark
  /// The node whose results are judged; nil where the card does not say.
  var resultNode: String?
  /// The names of the files with the nodes' results; a node is missing where the card does not say.
  var outputs: [String: String] = [:]
  /// Nil where the matrix has parts that are not expanded: include, exclude, submatrices.
  var axes: [Axis]? = []
  /// A file with the nodes, as the card names it.
  var file: (path: String, mark: TextMark)?
  /// Whether results that the matrix does not ask for are judged, too.
  var takesAll = false
}

/// Checks the pipeline of a card.
struct PipelineSchema {
  var reader: SchemaReader

  /// The pipeline of `kwdagger:`; nil for what is not a mapping.
  mutating func readKwdagger(_ node: YAMLNode, evidence: YAMLNode?) -> PipelineDefinition {
    var pipeline = PipelineDefinition(kind: .kwdagger, mark: node.mark)
    guard let members = mapping(node, "kwdagger") else { return pipeline }
    pipeline.resultNode = reader.text(members["result_node"], "kwdagger.result_node")
    if let evidence, let parts = reader.members(evidence, "evidence", known: ["scope"], isStrict: true) {
      pipeline.takesAll = reader.word(parts["scope"], "evidence.scope", of: ["all", "requested"]) == "all"
    }
    guard let nodes = members["pipeline"] else {
      reader.error(node.mark, "kwdagger has no pipeline", "it is a mapping with nodes, or a file with one")
      return pipeline
    }
    if let text = nodes.text {
      if [".yaml", ".yml", ".json"].contains(where: text.hasSuffix) { pipeline.file = (text, nodes.mark) }
    } else if let parts = mapping(nodes, "kwdagger.pipeline") {
      readNodes(parts, "kwdagger.pipeline", nodes.mark, into: &pipeline)
    }
    if let name = pipeline.resultNode, !pipeline.outputs.isEmpty || pipeline.file == nil && nodes.text == nil,
      let parts = nodes.pairs?.first(where: { $0.key.text == "nodes" })?.value.pairs,
      !parts.contains(where: { $0.key.text == name })
    {
      let names = parts.compactMap(\.key.text)
      reader.error(
        members["result_node"]?.mark ?? node.mark,
        "result_node '\(name)' is not a node of the pipeline" + SchemaReader.suggestion(name, names))
    }
    if let matrix = members["matrix"], !matrix.isNull { readMatrix(matrix, into: &pipeline) }
    return pipeline
  }

  /// The pipeline of `pipeline:`, whose first node's results are judged.
  mutating func readFirst(_ node: YAMLNode) -> PipelineDefinition {
    var pipeline = PipelineDefinition(kind: .pipeline, mark: node.mark)
    guard let pairs = node.pairs else {
      reader.error(node.mark, "pipeline is a mapping of names to nodes, not \(node.kindName)")
      return pipeline
    }
    guard let first = pairs.first(where: { $0.key.text != nil }), let name = first.key.text else {
      reader.error(node.mark, "the pipeline has no nodes")
      return pipeline
    }
    pipeline.resultNode = name
    for pair in pairs {
      guard let key = pair.key.text, let members = mapping(pair.value, "pipeline.\(key)") else { continue }
      if let outputs = members["out_paths"].flatMap({ mapping($0, "pipeline.\(key).out_paths") }) {
        pipeline.outputs[key] = reader.text(
          outputs["results_fpath"], "pipeline.\(key).out_paths.results_fpath")
      }
      for (group, values) in members where group.contains("_params") {
        for parameter in values.pairs ?? [] {
          guard let parameterName = parameter.key.text else { continue }
          pipeline.axes?.append(Self.axis("\(key).\(parameterName)", parameter.value))
        }
      }
    }
    pipeline.axes?.sort { $0.key < $1.key }
    return pipeline
  }

  /// The nodes of a pipeline, and the edges between them.
  mutating func readNodes(
    _ parts: [String: YAMLNode], _ place: String, _ mark: TextMark, into pipeline: inout PipelineDefinition
  ) {
    guard let nodes = parts["nodes"] else { return reader.error(mark, "\(place) has no nodes") }
    guard let members = mapping(nodes, "\(place).nodes") else { return }
    for (name, node) in members.sorted(by: { ($0.value.mark.line, $0.key) < ($1.value.mark.line, $1.key) }) {
      let place = "node '\(name)'"
      guard let parts = mapping(node, place) else { continue }
      let outputs = parts["out_paths"].flatMap { mapping($0, "out_paths of \(place)") } ?? [:]
      var primary = parts["primary_out_key"].flatMap { reader.text($0, "primary_out_key of \(place)") }
      if primary == nil, outputs.count == 1 { primary = outputs.first?.key }
      guard let primary else { continue }
      guard let output = outputs[primary] else {
        reader.error(
          parts["primary_out_key"]?.mark ?? node.mark,
          "primary_out_key '\(primary)' of \(place) is not one of its out_paths"
            + SchemaReader.suggestion(primary, outputs.keys.sorted()))
        continue
      }
      pipeline.outputs[name] = reader.text(output, "out_paths.\(primary) of \(place)")
    }
    for edge in parts["edges"]?.elements ?? [] {
      let ends: [(String, TextMark)]
      if let text = edge.text {
        ends = text.split(separator: "->").map { ($0.filter { !$0.isWhitespace }, edge.mark) }
      } else {
        ends = ["src", "dst"].compactMap { key in
          edge.pairs?.first { $0.key.text == key }?.value
        }.compactMap { node in node.text.map { ($0, node.mark) } }
      }
      for (end, mark) in ends {
        let name = String(end.prefix { $0 != "." })
        if members[name] == nil {
          reader.error(
            mark,
            "an edge names '\(name)', which is not a node"
              + SchemaReader.suggestion(name, members.keys.sorted()))
        }
      }
    }
  }

  private mutating func readMatrix(_ node: YAMLNode, into pipeline: inout PipelineDefinition) {
    guard let pairs = node.pairs else {
      return reader.error(
        node.mark, "kwdagger.matrix is a mapping of parameters to values, not \(node.kindName)")
    }
    for pair in pairs {
      guard let key = pair.key.text else {
        reader.error(pair.key.mark, "the name of a parameter is a text, not \(pair.key.kindName)")
        continue
      }
      if key == "include" || key == "exclude" || key.hasPrefix("submatri") || key.hasPrefix("__") {
        pipeline.axes = nil
      } else {
        pipeline.axes?.append(Self.axis(key, pair.value))
      }
    }
  }

  private static func axis(_ key: String, _ node: YAMLNode) -> PipelineDefinition.Axis {
    .init(key: key, values: node.elements.map { $0.map(\.value) } ?? [node.value])
  }

  /// The values of a mapping whose keys are texts, whatever they are.
  private mutating func mapping(_ node: YAMLNode, _ place: String) -> [String: YAMLNode]? {
    guard let pairs = node.pairs else {
      reader.error(node.mark, "\(place) is a mapping, not \(node.kindName)")
      return nil
    }
    var members: [String: YAMLNode] = [:]
    for pair in pairs { if let key = pair.key.text { members[key] = pair.value } }
    return members
  }
}
