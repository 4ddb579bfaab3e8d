import Magnet

/// The theory of a card, resolved: every link leads to an entry or a premise.
struct TheoryReport: Sendable {
  /// What `theory.json` says.
  let value: CardValue
  /// What could not be read, and invalid annotations.
  let notes: [String]
  /// Why sources were not read.
  let unread: [String]

  /// Nil for a card without a theory.
  /// - Throws: `CardFaults` with every link that leads nowhere, and every fault of index files and sources.
  init?(_ card: EvaluationCard, _ options: EvaluationOptions) throws {
    guard let theory = card.definition.theory else { return nil }
    var faults: [CardFault] = []
    var notes: [String] = []
    var unread: [String] = []
    let folder = CardFiles.folder(of: card.path)
    var entries = Self.indexed(theory, folder, card.path, &faults)
    for entry in theory.entries {
      if entries.contains(where: { $0.id == entry.id }) {
        faults.append(
          CardFault(file: card.path, mark: nil, problem: "the entry of theory '\(entry.id)' is there twice"))
      } else {
        entries.append(entry)
      }
    }
    var links = theory.links
    if !theory.sources.isEmpty {
      do {
        let found = try TheorySources(theory.sources, folder: folder, card: card.path, options)
        links += found.links
        faults += found.faults
        notes += found.notes
      } catch {
        unread.append("theory: the sources were not read: \(SQLQueries.sentence(error))")
      }
    }
    let known = Dictionary(entries.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for link in links {
      let premise = link.isOfPremise ? String(link.ref.dropFirst(link.entry.count + 2)) : nil
      if let entry = known[link.entry], premise == nil || entry.premises.contains(where: { $0.id == premise })
      {
        continue
      }
      let names = entries.flatMap { entry in [entry.id] + entry.premises.map { entry.id + "::" + $0.id } }
      let place = link.file.map { CardFiles.path($0, from: folder) } ?? card.path
      faults.append(
        CardFault(
          file: place, mark: link.mark ?? link.line.map { TextMark(line: $0, column: 1) },
          problem: "no entry or premise of theory is called '\(link.ref)'"
            + SchemaReader.suggestion(link.ref, names)))
    }
    if !faults.isEmpty { throw CardFaults(faults) }
    value = Self.report(links, known)
    self.notes = notes
    self.unread = unread
  }

  private static func indexed(
    _ theory: TheoryDefinition, _ folder: String, _ card: String, _ faults: inout [CardFault]
  ) -> [TheoryDefinition.Entry] {
    var entries: [TheoryDefinition.Entry] = []
    for index in theory.indexes {
      let path = CardFiles.path(index.text, from: folder)
      let bytes: [UInt8]
      do throws(CardFiles.Unreadable) {
        bytes = try CardFiles.readNamed(path, limit: EvaluationCard.sizeLimit)
      } catch {
        faults.append(
          CardFault(file: card, mark: index.mark, problem: "the index \(path) cannot be read: \(error)"))
        continue
      }
      do throws(YAMLFault) {
        var schema = TheorySchema(reader: SchemaReader(file: path))
        for entry in schema.readIndex(try YAMLDocument(bytes).root) {
          if entries.contains(where: { $0.id == entry.id }) {
            faults.append(
              CardFault(file: path, mark: nil, problem: "the entry of theory '\(entry.id)' is there twice"))
          } else {
            entries.append(entry)
          }
        }
        faults += schema.reader.faults.filter { $0.severity == .error }
      } catch {
        faults.append(CardFault(file: path, mark: error.mark, problem: error.problem))
      }
    }
    return entries
  }

  private static func object(_ members: [(String, CardValue)]) -> CardValue {
    .mapping(members.map { .init(key: .text($0), value: $1) })
  }

  private static func report(
    _ links: [TheoryDefinition.Link], _ entries: [String: TheoryDefinition.Entry]
  ) -> CardValue {
    let statements = links.filter { !$0.isOfPremise }
    let premises = links.filter(\.isOfPremise)
    func distinct(_ links: [TheoryDefinition.Link]) -> [String] {
      var seen: Set<String> = []
      return links.map(\.entry).filter { seen.insert($0).inserted }
    }
    let covered = distinct(statements.filter { $0.relation != "motivates" })
    let coverage = covered.compactMap { entries[$0] }.filter { !$0.premises.isEmpty }.map { entry in
      let linked = entry.premises.map { premise in
        (premise: premise, links: premises.filter { $0.ref == entry.id + "::" + premise.id })
      }
      let missing = linked.filter { $0.links.isEmpty }.map(\.premise.id)
      func count(_ value: Int) -> CardValue { .int(WholeNumber(value)) }
      return object([
        ("ref", .text(entry.id)), ("premise_count", count(linked.count)),
        ("accounted_count", count(linked.count - missing.count)), ("complete", .bool(missing.isEmpty)),
        ("unaccounted", .list(missing.map(CardValue.text))),
        (
          "premises",
          .list(
            linked.map { premise, links in
              var members: [CardValue.Entry] =
                if case .mapping(let members) = premise.value { members } else { [] }
              members.append(.init(key: .text("accounted"), value: .bool(!links.isEmpty)))
              if !links.isEmpty {
                members.append(.init(key: .text("links"), value: .list(links.map(\.value))))
              }
              return .mapping(members)
            })
        ),
      ])
    }
    let attached = Set(statements.map(\.entry))
    return object([
      ("schema_version", .int(WholeNumber(1))), ("statement_links", .list(statements.map(\.value))),
      ("premise_links", .list(premises.map(\.value))),
      ("entries", .list(distinct(statements + premises).compactMap { entries[$0]?.value })),
      ("premise_coverage", .list(coverage)),
      (
        "unattached_premise_links",
        .list(premises.filter { !attached.contains($0.entry) }.map(\.value))
      ),
    ])
  }
}

/// The annotations in programs that a card names as empirical sources: parsed by Python, not run.
struct TheorySources {
  private static let fileLimit = 20_000

  private(set) var links: [TheoryDefinition.Link] = []
  private(set) var faults: [CardFault] = []
  private(set) var notes: [String] = []

  /// - Throws: `MagnetError` where there is no Python, or it fails.
  init(
    _ sources: [(text: String, mark: TextMark)], folder: String, card: String, _ options: EvaluationOptions
  ) throws {
    var files: [(path: String, shown: String)] = []
    for source in sources {
      let path = CardFiles.path(source.text, from: folder)
      if Files.isFolder(path) {
        var left = Self.fileLimit
        files += Self.programs(in: path, shown: source.text, &left)
        if left < 0 {
          faults.append(
            CardFault(
              file: card, mark: source.mark,
              problem: "the source \(path) holds more than \(Self.fileLimit) files and folders",
              advice: "name a part of it"))
        }
      } else if path.hasSuffix(".py"), Files.isFile(path) {
        files.append((path, source.text))
      } else {
        faults.append(
          CardFault(
            file: card, mark: source.mark,
            problem: path.hasSuffix(".py")
              ? "there is no source \(path)" : "the source \(path) is neither a Python file nor a folder"))
      }
    }
    let program = try PythonProgram.checking(options, card: card)
    let session = try PythonSession(program, timeLimit: .seconds(60)) { _ in }
    defer { session.close() }
    session.send(PythonRequests.theory(files.map { ($0.path, $0.shown) }))
    let answer: JSONValue
    do throws(PythonSession.Ended) { answer = try session.answer() } catch {
      throw MagnetError(.programFailed, error.problem)
    }
    for item in answer["links"]?.elements ?? [] {
      let line = if case .int(let line)? = item["line"] { Int(clamping: line) } else { nil as Int? }
      links.append(
        .init(
          relation: item["relation"]?.string ?? "", ref: item["ref"]?.string ?? "",
          note: item["note"]?.string ?? "",
          file: item["file"]?.string, line: line, function: item["qualname"]?.string))
    }
    links.sort { ($0.file ?? "", $0.line ?? 0) < ($1.file ?? "", $1.line ?? 0) }
    for item in answer["faults"]?.elements ?? [] {
      let line = if case .int(let line)? = item[1] { Int(clamping: line) } else { 1 }
      faults.append(
        CardFault(
          file: CardFiles.path(item[0]?.string ?? "", from: folder), mark: TextMark(line: line, column: 1),
          problem: item[2]?.string ?? "cannot be read"))
    }
    notes = (answer["notes"]?.elements ?? []).compactMap(\.string)
  }

  /// The Python files in a folder and those in it, in the order of their paths.
  /// - Parameter left: how many files and folders may still be looked at; below zero, there were more.
  private static func programs(
    in folder: String, shown: String, _ left: inout Int
  ) -> [(path: String, shown: String)] {
    if left < 0 { return [] }
    let entries = (try? Files.entries(folder)) ?? []
    left -= entries.count
    if left < 0 { return [] }
    var found: [(path: String, shown: String)] = []
    for entry in entries {
      let (path, shown) = (folder + "/" + entry.name, shown + "/" + entry.name)
      if entry.isFolder {
        if !entry.isLink { found += programs(in: path, shown: shown, &left) }
      } else if entry.name.hasSuffix(".py"), Files.isFile(path) {
        found.append((path, shown))
      }
    }
    return found
  }
}
