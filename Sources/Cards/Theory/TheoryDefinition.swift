/// What a card says of theory: statements, and what of the card and of programs is linked to them.
struct TheoryDefinition: Sendable {
  /// How a card or a program stands to a statement or a premise.
  struct Link: Sendable, Hashable {
    let relation: String
    /// `Entry`, or `Entry::premise`.
    let ref: String
    let note: String
    /// The program's file, line and function; nil for a link of the card.
    var file: String?
    var line: Int?
    var function: String?
    /// Where the card has it.
    var mark: TextMark?

    var entry: String {
      String(ref.split(separator: "::", maxSplits: 1, omittingEmptySubsequences: false)[0])
    }
    var isOfPremise: Bool { ref.contains("::") }

    var value: CardValue {
      var members: [CardValue.Entry] = [
        .init(key: .text("relation"), value: .text(relation)), .init(key: .text("ref"), value: .text(ref)),
      ]
      func add(_ key: String, _ text: String?) {
        if let text, !text.isEmpty { members.append(.init(key: .text(key), value: .text(text))) }
      }
      add("note", note)
      add("file", file)
      if let line { members.append(.init(key: .text("line"), value: .int(WholeNumber(line)))) }
      add("qualname", function)
      return .mapping(members)
    }
  }

  /// A statement, with the members that `theory.json` has.
  struct Entry: Sendable {
    let id: String
    /// The premises by their ids, with their members.
    let premises: [(id: String, value: CardValue)]
    let value: CardValue
  }

  var links: [Link] = []
  var entries: [Entry] = []
  var indexes: [(text: String, mark: TextMark)] = []
  var sources: [(text: String, mark: TextMark)] = []

  static let statementRelations = ["tests", "approximates", "motivates"]
  static let premiseRelations = [
    "satisfies", "approximates", "substitutes", "assumes", "ignores", "violates", "checks",
  ]
}

/// Checks the theory of a card, and index files of theories.
struct TheorySchema {
  var reader: SchemaReader

  mutating func read(_ node: YAMLNode) -> TheoryDefinition? {
    if node.isNull { return nil }
    let known = ["links", "entries", "indexes", "empirical_sources"]
    guard let members = reader.members(node, "theory", known: known, isStrict: true) else { return nil }
    if members.isEmpty { return nil }
    var theory = TheoryDefinition()
    for (number, link) in elements(members["links"], "theory.links").enumerated() {
      if let link = self.link(link, "theory.links[\(number)]") { theory.links.append(link) }
    }
    theory.entries = entries(members["entries"], "theory.entries", formalization: nil)
    theory.indexes = reader.texts(members["indexes"].flatMap(present), "theory.indexes") ?? []
    theory.sources =
      reader.texts(members["empirical_sources"].flatMap(present), "theory.empirical_sources") ?? []
    return theory
  }

  /// The entries of an index file.
  mutating func readIndex(_ root: YAMLNode) -> [TheoryDefinition.Entry] {
    guard
      let members = reader.members(
        root, "the index", known: ["schema_version", "formalization", "entries"], isStrict: true)
    else { return [] }
    if members["schema_version"]?.value != .int(WholeNumber(1)) {
      reader.error(members["schema_version"]?.mark ?? root.mark, "an index of theory has schema_version: 1")
    }
    let formalization = members["formalization"].flatMap(present).flatMap {
      self.formalization($0, "formalization")
    }
    return entries(members["entries"], "entries", formalization: formalization)
  }

  private func present(_ node: YAMLNode) -> YAMLNode? { node.isNull ? nil : node }

  private mutating func elements(_ node: YAMLNode?, _ place: String) -> [YAMLNode] {
    guard let node = node.flatMap(present) else { return [] }
    if node.elements == nil { reader.error(node.mark, "\(place) is a list, not \(node.kindName)") }
    return node.elements ?? []
  }

  private mutating func link(_ node: YAMLNode, _ place: String) -> TheoryDefinition.Link? {
    guard let members = reader.members(node, place, known: ["relation", "ref", "note"], isStrict: true) else {
      return nil
    }
    for key in ["relation", "ref"] where members[key] == nil {
      reader.error(node.mark, "\(place) has no \(key)")
    }
    let relation = reader.word(
      members["relation"], "\(place).relation", of: TheoryDefinition.statementRelations)
    guard let relation, let ref = reader.text(members["ref"], "\(place).ref") else { return nil }
    if ref.isEmpty || ref.contains("::") {
      reader.error(
        members["ref"]?.mark ?? node.mark,
        ref.isEmpty ? "\(place).ref is empty" : "\(place) names a premise", "a card's links name entries")
      return nil
    }
    let note = reader.text(members["note"].flatMap(present), "\(place).note") ?? ""
    return .init(
      relation: relation, ref: ref, note: Self.stripped(note), mark: members["ref"]?.mark ?? node.mark)
  }

  private mutating func entries(
    _ node: YAMLNode?, _ place: String, formalization: CardValue?
  ) -> [TheoryDefinition.Entry] {
    var entries: [TheoryDefinition.Entry] = []
    for (number, node) in elements(node, place).enumerated() {
      let place = "\(place)[\(number)]"
      let known = ["id", "kind", "statement", "declaration", "formalization", "source_path", "premises"]
      guard let members = reader.members(node, place, known: known, isStrict: true) else { continue }
      func text(_ key: String) -> String? { reader.text(members[key].flatMap(present), "\(place).\(key)") }
      let id = text("id") ?? ""
      if id.isEmpty || id.contains("::") {
        reader.error(
          members["id"]?.mark ?? node.mark, id.isEmpty ? "\(place) has no id" : "the id of \(place) has ::")
      }
      if members["kind"] == nil { reader.error(node.mark, "\(place) has no kind") }
      let kind = reader.word(
        members["kind"], "\(place).kind", of: ["theorem", "conjecture", "question", "definition"])
      let statement = Self.stripped(text("statement") ?? "")
      let declaration = text("declaration") ?? ""
      if statement.isEmpty, declaration.isEmpty {
        reader.error(node.mark, "\(place) has neither a statement nor a declaration")
      }
      let own = members["formalization"].flatMap(present).flatMap { self.formalization($0, place) }
      let source = text("source_path") ?? ""
      let premises = self.premises(members["premises"], place)
      var value = [
        Self.member("id", id), Self.member("kind", kind ?? ""), Self.member("statement", statement),
        Self.member("declaration", declaration),
      ].compactMap { $0 }
      if let formal = members["formalization"] == nil ? formalization : own {
        value.append(.init(key: .text("formalization"), value: formal))
      }
      value += [Self.member("source_path", source)].compactMap { $0 }
      if !premises.isEmpty {
        value.append(.init(key: .text("premises"), value: .list(premises.map(\.value))))
      }
      entries.append(.init(id: id, premises: premises, value: .mapping(value)))
    }
    return entries
  }

  private mutating func formalization(_ node: YAMLNode, _ place: String) -> CardValue? {
    let place = "the formalization of \(place)"
    guard
      let members = reader.members(node, place, known: ["system", "repository", "revision"], isStrict: true)
    else { return nil }
    func text(_ key: String) -> String {
      reader.text(members[key].flatMap(present), "\(key) of \(place)") ?? ""
    }
    let (system, repository, revision) = (text("system"), text("repository"), text("revision"))
    if system.isEmpty { reader.error(node.mark, "\(place) has no system") }
    if !repository.isEmpty, revision.isEmpty {
      reader.error(node.mark, "\(place) has a repository and no revision")
    }
    return .mapping(
      [
        Self.member("system", system), Self.member("repository", repository),
        Self.member("revision", revision),
      ]
      .compactMap { $0 })
  }

  private mutating func premises(_ node: YAMLNode?, _ place: String) -> [(id: String, value: CardValue)] {
    var premises: [(id: String, value: CardValue)] = []
    for (number, node) in elements(node, "\(place).premises").enumerated() {
      let place = "\(place).premises[\(number)]"
      guard let members = reader.members(node, place, known: ["id", "type", "statement"], isStrict: true)
      else {
        continue
      }
      func text(_ key: String) -> String {
        reader.text(members[key].flatMap(present), "\(place).\(key)") ?? ""
      }
      let id = text("id")
      let mark = members["id"]?.mark ?? node.mark
      if id.isEmpty {
        reader.error(mark, "\(place) has no id")
      } else if id.contains("::") {
        reader.error(mark, "the id of \(place) has ::")
      } else if premises.contains(where: { $0.id == id }) {
        reader.error(mark, "the premise '\(id)' is there twice")
      }
      let value = [
        Self.member("id", id), Self.member("type", Self.stripped(text("type"))),
        Self.member("statement", Self.stripped(text("statement"))),
      ].compactMap { $0 }
      premises.append((id, .mapping(value)))
    }
    return premises
  }

  private static func member(_ key: String, _ text: String) -> CardValue.Entry? {
    text.isEmpty ? nil : .init(key: .text(key), value: .text(text))
  }

  private static func stripped(_ text: String) -> String {
    let start = text.drop(while: \.isWhitespace)
    return String(
      start.prefix(
        upTo: start.lastIndex { !$0.isWhitespace }.map { start.index(after: $0) } ?? start.startIndex))
  }
}
