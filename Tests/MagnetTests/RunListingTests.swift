import Testing

@testable import Magnet

/// Listings of runs: which of several is the newest, what is kept, and how listings are joined.
@Suite struct RunListingTests {
  private static let suites = ["v1.0.0", "v1.10.0", "v1.9.0", "v1.0.0-rc1", "v2"]

  static func listing(_ seed: Int, count: Int = 14) -> RunListing {
    var random = PythonRandom(seed: seed)
    var entries: [RunEntry] = []
    var rows: [[Cell]] = []
    var entryOfRow: [Int] = []
    for number in 0..<random.below(count + 1) {
      let suite = random.choice(suites)
      let folder = "task\(random.below(3)):model=m\(random.below(2))"
      let path = "runs/\(suite)/\(folder)#\(number)"
      let state = random.below(4)
      let faults = state == 0 ? [DataFault(file: path + "/stats.json", problem: "is missing")] : []
      // Of some the run spec cannot be read.
      let isNamed = state > 0 || random.below(2) == 0
      entries.append(
        RunEntry(
          suite: suite, folder: folder, path: path, name: isNamed ? folder : nil,
          files: ["run_spec.json"] + (state == 0 ? [] : ["stats.json"]), faults: faults))
      if isNamed {
        rows.append([.string(folder), .string("org/m\(folder.last!)")])
        entryOfRow.append(number)
      }
    }
    return RunListing(
      entries: entries,
      runSpecs: Table(columnNames: ["run_spec.name", "run_spec.adapter_spec.model"], rows: rows),
      entryOfRow: entryOfRow)
  }

  /// Whether a run comes before another of the same name: complete before incomplete, then the later suite, then the later
  /// place.
  private static func isNewer(_ a: Int, than b: Int, _ listing: RunListing) -> Bool {
    let (one, other) = (listing.entries[a], listing.entries[b])
    if one.faults.isEmpty != other.faults.isEmpty { return one.faults.isEmpty }
    let (left, right) = (VersionOrder(one.suite), VersionOrder(other.suite))
    return left == right ? a > b : left > right
  }

  @Test(arguments: 1...30) func theNewestOfANameIsTheLatest(_ seed: Int) {
    let listing = Self.listing(seed)
    let latest = listing.isLatest
    for number in listing.entries.indices {
      let same = listing.entries.indices.filter {
        listing.entries[$0].name == listing.entries[number].name
      }
      let isFirst = same.allSatisfy { $0 == number || Self.isNewer(number, than: $0, listing) }
      #expect(latest[number] == isFirst)
    }
    #expect(latest.count(where: \.self) == Set(listing.entries.map(\.name)).count)
  }

  @Test(arguments: 1...30) func candidatesAreTheNewestCompleteRuns(_ seed: Int) {
    let listing = Self.listing(seed)
    var notes: [String] = []
    let rows = listing.candidates(notes: &notes)
    let complete = listing.entryOfRow.indices.filter {
      listing.entries[listing.entryOfRow[$0]].faults.isEmpty
    }
    let byName = Dictionary(grouping: complete) { listing.runSpecs.rows[$0][.run] }
    #expect(rows == rows.sorted() && rows.count == byName.count)
    for (name, same) in byName {
      let newest = same.max {
        Self.isNewer(listing.entryOfRow[$1], than: listing.entryOfRow[$0], listing)
      }
      #expect(rows.contains(newest!), "\(name)")
    }
    // Each run beyond the first of its name is said, with the one that is used.
    #expect(notes.count == complete.count - byName.count)
    #expect(notes.allSatisfy { $0.hasPrefix("run task") && $0.hasSuffix(" is used") })
    var none: [String] = []
    #expect(listing.candidates(notes: &none, where: { _ in false }).isEmpty && none.isEmpty)
  }

  private static func isSame(_ a: RunListing, _ b: RunListing) -> Bool {
    a.entries == b.entries && a.entryOfRow == b.entryOfRow
      && a.runSpecs.rows.map { $0[.run] } == b.runSpecs.rows.map { $0[.run] }
  }

  @Test(arguments: 1...20) func rowsStayWithTheirEntries(_ seed: Int) {
    let listing = Self.listing(seed)
    var random = PythonRandom(seed: 99 + seed)
    let kept = listing.entries.indices.map { _ in random.below(2) == 0 }
    let part = listing.keeping { kept[$0] }
    #expect(part.entries == listing.entries.indices.filter { kept[$0] }.map { listing.entries[$0] })
    #expect(part.runSpecs.rowCount == part.entryOfRow.count)
    for (row, entry) in zip(part.runSpecs.rows, part.entryOfRow) {
      #expect(row[.run] == part.entries[entry].name && part.entries[entry].isNamed)
    }
    #expect(part.entryOfRow.count == part.entries.count(where: \.isNamed))
    #expect(Self.isSame(listing.filter { _ in true }, listing))
    #expect(listing.filter { _ in false }.entries.isEmpty)
    // What is kept twice is kept once, and both parts together are the whole.
    #expect(Self.isSame(part.keeping { _ in true }, part))
    let rest = listing.keeping { !kept[$0] }
    #expect(part.entries.count + rest.entries.count == listing.entries.count)
  }

  @Test(arguments: 1...20) func joinedListingsAreOneAfterTheOther(_ seed: Int) {
    let parts = (0..<3).map { Self.listing(3 * seed + $0, count: 6) }
    let joined = RunListing(joining: parts)
    #expect(joined.entries == parts.flatMap(\.entries))
    #expect(joined.runSpecs.rowCount == joined.entryOfRow.count)
    for (row, entry) in zip(joined.runSpecs.rows, joined.entryOfRow) {
      #expect(row[.run] == joined.entries[entry].name)
    }
    let nested = RunListing(joining: [RunListing(joining: Array(parts.prefix(2))), parts[2]])
    #expect(Self.isSame(nested, joined))
    #expect(RunListing(joining: []).entries.isEmpty)
    #expect(Self.isSame(RunListing(joining: [parts[0]]), parts[0]))
  }

  @Test func problemsNameTheirFile() {
    let faults = [
      DataFault(file: "runs/v1/a/stats.json", place: "line 3", problem: "is broken"),
      DataFault(file: "runs/v1/a", problem: "is empty"),
      DataFault(file: "other.json", problem: "is odd"),
    ]
    let entry = RunEntry(
      suite: "v1", folder: "a", path: "runs/v1/a", name: nil, files: [], faults: faults)
    #expect(entry.problem == "stats.json: line 3: is broken, is empty, is odd" && !entry.isNamed)
    #expect(entry.name == "a" && entry.problem(of: []) == nil)
    #expect(RunEntry.state(of: []) == "complete" && RunEntry.state(of: faults) == "incomplete")
  }
}

/// Names of runs, and what they say of scenarios and tasks.
@Suite struct RunNameTests {
  private static func spec(_ fields: [(String, Cell)]) -> Row {
    Table(
      columnNames: ["run_spec.name"] + fields.map { "run_spec." + $0.0 },
      rows: [[.null] + fields.map(\.1)]
    )
    .rows[0]
  }

  @Test(arguments: [
    ("mmlu:subject=law,model=a_b", "mmlu:subject=law"),
    ("mmlu:model=a_b,subject=law", "mmlu:subject=law"),
    ("boolq:model=a_b", "boolq"), ("boolq:model=a_b,model_deployment=c", "boolq"),
    ("x:a=1,model_deployment=c,b=2", "x:a=1,b=2"), ("x:a=b:c,model=m", "x:a=b:c"),
    // The name of a run without a model says nothing of its task.
    ("x:a=1", "Quiz:n=3,subject=birds"), ("quiz", "Quiz:n=3,subject=birds"),
    ("", "Quiz:n=3,subject=birds"),
    ("x:model_name=a", "Quiz:n=3,subject=birds"),
  ])
  func tasksAreNamesWithoutTheModel(_ name: String, _ task: String) {
    let spec = Self.spec([
      ("scenario_spec.class_name", .string("helm.scenarios.Quiz")),
      ("scenario_spec.args.subject", .string("birds")), ("scenario_spec.args.n", .int(3)),
      ("scenario_spec.args.none", .null), ("adapter_spec.args.n", .int(4)),
    ])
    #expect(RunName.task(name, spec) == task)
    #expect(
      RunName.scenario(name, spec)
        == (name.contains(":") ? String(name.prefix { $0 != ":" }) : "Quiz"))
  }

  @Test func nothingKnownIsTheName() {
    let spec = Self.spec([])
    #expect(RunName.task("quiz", spec) == "quiz" && RunName.scenario("quiz", spec) == nil)
    #expect(
      RunName.task("quiz:n=1", spec) == "quiz:n=1" && RunName.scenario("quiz:n=1", spec) == "quiz")
  }
}

/// Which runs selectors mean.
@Suite struct RunSelectionTests {
  private static func names(
    _ selection: RunSelection, _ listing: RunListing, keeping: Set<String> = []
  ) throws
    -> [String]
  {
    try selection.filtered(listing, keeping: keeping).entries.map(\.path)
  }

  /// A run is meant when it matches one of each list; one of which a part is not known stays.
  @Test(arguments: 1...40) func runsMatchOneOfEachList(_ seed: Int) throws {
    let listing = RunListingTests.listing(seed)
    var random = PythonRandom(seed: seed)
    let runs = random.choice([[], ["task0:*"], ["task1:model=m0", "task2:*"], ["*"]])
    let models = random.choice([[], ["org/m0"], ["org/m?"], ["org/m1, m0|org_m0"]])
    let scenarios = random.choice([[], ["task0|task2"], ["task[12]", "task1"]])
    let selection = try RunSelection(runs: runs, models: models, scenarios: scenarios)
    #expect(selection.isOfAll == (runs.isEmpty && models.isEmpty && scenarios.isEmpty))
    func matches(_ texts: [String], _ names: [String]) -> Bool {
      let patterns = texts.flatMap { $0.split(whereSeparator: { "|,".contains($0) }) }.map {
        NamePattern($0.trimmingPrefix(while: \.isWhitespace).description)
      }
      return texts.isEmpty || names.contains { name in patterns.contains { $0.matches(name) } }
    }
    let expected = listing.entries.filter { entry in
      let model = String(entry.folder.split(separator: "=").last!)
      let named = entry.isNamed ? ["org/\(model)"] : [model]
      return matches(runs, [entry.folder]) && matches(models, named)
        && matches(scenarios, [String(entry.folder.prefix(5))])
    }.map(\.path)
    // A selector that means nothing is an error, whatever the others mean.
    do {
      let found = try Self.names(selection, listing)
      #expect(found == expected)
    } catch let error as MagnetError {
      #expect(error.code == .notFound && "\(error)".contains(" matches '"))
    }
  }

  @Test func pathsMayBeKept() throws {
    let listing = RunListingTests.listing(7)
    let first = try #require(listing.entries.first)
    let none = try RunSelection(runs: ["nothing*"])
    #expect(throws: MagnetError.self) { try Self.names(none, listing) }
    #expect(throws: MagnetError.self) { try Self.names(none, listing, keeping: [first.path]) }
    #expect(try Self.names(RunSelection(), listing) == listing.entries.map(\.path))
    let all = Set(listing.entries.map(\.path))
    #expect(try Self.names(none, listing, keeping: all) == listing.entries.map(\.path))
  }

  @Test func nearestNamesAreOffered() throws {
    let listing = RunListingTests.listing(7)
    #expect {
      try Self.names(try RunSelection(models: ["org/mO"]), listing)
    } throws: {
      let text = "\($0)"
      return text.hasPrefix("no model matches 'org/mO'; did you mean ") && text.contains("org/m0")
    }
    #expect {
      try Self.names(
        try RunSelection(runs: ["task0:*"], models: ["org/m0"], scenarios: ["task1"]), listing)
    } throws: {
      "\($0)" == "no run matches 'task0:*' and 'org/m0' and 'task1'"
    }
  }

  @Test func foldersSayTheModelWhereNothingElseDoes() throws {
    let entry = RunEntry(
      suite: "v1", folder: "mmlu:subject=law,model=openai_gpt_2", path: "p", name: nil, files: [],
      faults: [DataFault(file: "p/run_spec.json", problem: "is missing")])
    let plain = RunEntry(
      suite: "v1", folder: "mmlu", path: "q", name: nil, files: [], faults: entry.faults)
    let listing = RunListing(entries: [entry, plain], runSpecs: Table(), entryOfRow: [])
    func found(_ selection: RunSelection) throws -> [String] { try Self.names(selection, listing) }
    #expect(
      try found(RunSelection(models: ["openai/gpt_2"])) == ["p", "q"], "what is not known stays")
    #expect(try found(RunSelection(models: ["openai_gpt_2"])) == ["p", "q"])
    #expect(try found(RunSelection(models: ["openai/*"], scenarios: ["mmlu"])) == ["p", "q"])
    #expect(try found(RunSelection(runs: ["mmlu:*"])) == ["p"])
    #expect(throws: MagnetError.self) { try found(RunSelection(models: ["anthropic/*"])) }
  }
}
