/// Pages over runs, each made when it is asked for: an overview, a run, its instances, leaderboards, coverage, and two
/// models compared. What a page does not show is not read, so that the number of runs does not matter much; runs that
/// are still being written appear when a page is asked for again.
package struct RunPages: Sendable {
  /// What asks for a page: a name, and what is to be on it.
  package struct Request: Sendable {
    /// `""` for the overview, `run`, `instances`, `scenario`, `leaderboard`, `coverage` or `compare`.
    package let name: String
    package let query: [String: String]

    package init(name: String, query: [String: String] = [:]) {
      self.name = name
      self.query = query
    }

    /// The number under a key, from 1; 1 where there is none.
    fileprivate var page: Int { max(1, query["page"].flatMap { Int($0) } ?? 1) }
  }

  private let paths: [String]
  private let open: @Sendable () async throws -> (any RunSource, HeadlineRules)
  var options = RunReport.Options()

  /// Pages over the runs of a source.
  /// - Parameters:
  ///   - paths: where the runs are, as the user named it.
  ///   - open: the source as it is now, and what decides which statistic is the score of a run.
  package init(paths: [String], open: @escaping @Sendable () async throws -> (any RunSource, HeadlineRules)) {
    self.paths = paths
    self.open = open
  }

  /// How many runs, and how many instances, are on a page.
  private static let runsPerPage = 200
  private static let instancesPerPage = 20

  /// The page that a request asks for; nil where there is none.
  /// - Throws: what the source throws.
  package func page(_ request: Request) async throws -> HTMLPage? {
    let (source, rules) = try await open()
    switch request.name {
    case "": return try await overview(source, request)
    case "run": return try await run(source, rules, request)
    case "instances": return try await instances(source, rules, request)
    case "leaderboard": return try await leaderboard(source, rules, request)
    case "coverage":
      var page = page("Coverage")
      var parts = RunReport.Parts(options)
      page.sections = [("coverage", "Coverage", parts.coverage(try await source.list()))]
      return page
    case "scenario": return try await scenario(source, rules, request)
    case "compare": return try await comparison(source, rules, request)
    default: return nil
    }
  }

  /// A page that says why there is no other.
  package func failure(_ message: String) -> HTMLPage {
    var page = page("Not shown")
    page.sections = [("failure", "Why", [.element("p", ["class": "bad"], [.data(message)])])]
    return page
  }

  func page(_ title: String) -> HTMLPage {
    var page = HTMLPage(title: title)
    page.links = [
      ("Runs", "./"), ("Leaderboard", "leaderboard"), ("Coverage", "coverage"), ("Compare", "compare"),
    ]
    return page
  }

  /// What stands for a run in an address: its path is not part of any link.
  static func id(of entry: RunEntry) -> String {
    var hash = SHA256()
    hash.update(entry.path.utf8)
    return String(hash.finish().prefix(20))
  }

  static func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return text.utf8.reduce(into: "") { out, byte in
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      out += isPlain ? String(UnicodeScalar(byte)) : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }
  }

  static func link(_ text: String, _ address: String) -> HTMLNode {
    .element("a", ["href": address], [.text(text)])
  }

  /// Which part of a list is on a page, and links to the parts beside it.
  private static func part(
    of count: Int, _ perPage: Int, _ request: Request, _ what: String
  ) -> (range: Range<Int>, node: HTMLNode) {
    let pages = max(1, (count + perPage - 1) / perPage)
    let page = min(request.page, pages)
    let range = (page - 1) * perPage..<min(page * perPage, count)
    func address(_ page: Int) -> String {
      var parts = request.query.filter { $0.key != "page" && !$0.value.isEmpty }.sorted { $0.key < $1.key }
        .map { percentEncoded($0.key) + "=" + percentEncoded($0.value) }
      parts.append("page=\(page)")
      return (request.name.isEmpty ? "./" : request.name) + "?" + parts.joined(separator: "&")
    }
    var nodes: [HTMLNode] = [
      .text(
        range.isEmpty ? "No \(what)." : "\(what) \(range.lowerBound + 1) to \(range.upperBound) of \(count). "
      )
    ]
    if page > 1 { nodes += [link("Previous", address(page - 1)), .text(" ")] }
    if page < pages { nodes.append(link("Next", address(page + 1))) }
    return (range, .element("p", ["class": "soft"], nodes))
  }

  /// A field that asks for the part of a list that has some words in it.
  private static func search(_ request: Request, _ label: String) -> HTMLNode {
    let hidden = request.query.filter { $0.key == "id" || $0.key == "order" }.sorted { $0.key < $1.key }.map {
      HTMLNode.element(
        "input", ["type": "hidden", "name": $0.key == "id" ? "id" : "order", "value": $0.value], [])
    }
    return .element(
      "form", ["method": "get", "action": request.name.isEmpty ? "./" : request.name, "class": "tools"],
      hidden + [
        .element(
          "label", [:],
          [
            .text(label + " "),
            .element("input", ["type": "search", "name": "q", "value": request.query["q"] ?? ""], []),
          ]),
        .element("button", ["type": "submit", "class": "own"], [.text("Find")]),
      ])
  }

  private static func isFound(_ words: [Substring], in texts: [String]) -> Bool {
    if words.isEmpty { return true }
    let all = texts.joined(separator: " ").lowercased()
    return words.allSatisfy { all.contains($0) }
  }

  private static func words(_ request: Request) -> [Substring] {
    (request.query["q"] ?? "").lowercased().split(whereSeparator: \.isWhitespace)
  }

  static func facts(_ facts: [(String, String)]) -> HTMLNode {
    .element(
      "dl", [:],
      facts.flatMap { name, value -> [HTMLNode] in
        [.element("dt", [:], [.data(name)]), .element("dd", [:], [.data(value)])]
      })
  }

  private func overview(_ source: any RunSource, _ request: Request) async throws -> HTMLPage {
    let listing = try await source.list()
    var specs: [Int: Row] = [:]
    for (row, entry) in zip(listing.runSpecs.rows, listing.entryOfRow) { specs[entry] = row }
    let words = Self.words(request)
    let found = listing.entries.indices.filter { number in
      Self.isFound(words, in: [listing.entries[number].name, listing.entries[number].suite])
    }
    let (range, node) = Self.part(of: found.count, Self.runsPerPage, request, "Runs")
    // The runs that are shown are read; of all others the ends of their files are known.
    let shown = Array(found[range])
    let isShown = Set(shown)
    let checked = try await listing.keeping(isShown.contains).checkingStatistics(of: source)
    let rows = zip(shown, checked.entries).map { number, entry -> [ReportTable.Cell] in
      var name = ReportTable.Cell.text(entry.name)
      name.href = "run?id=" + Self.id(of: entry)
      var task = ReportTable.Cell.text(
        specs[number].map { RunName.task(entry.name, $0) }, orElse: "not read")
      task.href = task.text.map { "scenario?task=" + Self.percentEncoded($0) }
      return [
        name, .text(entry.suite), .text(specs[number]?[.model], orElse: "not read"),
        task, .text(RunEntry.state(of: entry.faults), style: entry.faults.isEmpty ? "good" : "bad"),
        .text(entry.problem, orElse: "none"),
      ]
    }
    let complete = listing.entries.count { $0.faults.isEmpty }
    var page = page("Benchmark runs")
    page.sections = [
      (
        "summary", "Summary",
        [
          Self.facts([
            ("Read", paths.joined(separator: ", ")),
            ("Suites", listing.entries.map(\.suite).unique().joined(separator: ", ")),
            (
              "Runs", "\(listing.entries.count), of which \(complete) are complete by the ends of their files"
            ),
            ("Models", "\(listing.runSpecs.rows.compactMap { $0[.model] }.unique().count)"),
          ])
        ]
      ),
      (
        "runs", "Runs",
        [
          Self.search(request, "Runs and suites with these words"), node,
          ReportTable(
            id: "run-table", caption: "Runs",
            columns: ["run", "suite", "model", "task", "state", "problem"].map { .init(title: $0) },
            rows: rows
          ).node,
        ]
      ),
    ]
    return page
  }

  /// The run with an id.
  private func find(
    _ source: any RunSource, _ request: Request
  ) async throws -> (entry: RunEntry, spec: Row?)? {
    let listing = try await source.list()
    guard let id = request.query["id"],
      let number = listing.entries.firstIndex(where: { Self.id(of: $0) == id })
    else { return nil }
    let row = listing.entryOfRow.firstIndex(of: number)
    return (listing.entries[number], row.map { listing.runSpecs.rows[$0] })
  }

  private func run(
    _ source: any RunSource, _ rules: HeadlineRules, _ request: Request
  ) async throws -> HTMLPage? {
    guard let (entry, spec) = try await find(source, request) else { return nil }
    var page = page(entry.name)
    var facts = [("Suite", entry.suite), ("Folder", entry.path), ("State", RunEntry.state(of: entry.faults))]
    var faults = entry.faults
    var stats = RunStats()
    if entry.files.contains(TableSource.stats.fileName) {
      let tables = try await source.load([entry], tables: [.stats], columns: RunStats.columns)
      for fault in tables.faults.map(\.fault) where !faults.contains(fault) { faults.append(fault) }
      stats = RunStats(tables[.stats], wanted: nil)
    }
    if let spec {
      let headline = RunHeadline(suite: entry.suite, .init(spec, path: entry.path), stats, rules)
      if let score = headline.headline {
        facts.append(("Score", "\(score.metric.text): \(score.mean.map { ReportText.number($0) } ?? "none")"))
        facts.append(("Chosen by", score.rule))
      }
      if !headline.notes.isEmpty { facts.append(("Notes", headline.notes.joined(separator: "; "))) }
    }
    var nodes = [Self.facts(facts + faults.map { ("Fault", $0.description) })]
    if entry.files.contains(TableSource.scenarioStates.fileName) {
      nodes.append(.element("p", [:], [Self.link("Instances", "instances?id=" + Self.id(of: entry))]))
    }
    page.sections.append(("run", "Run", nodes))
    if let spec {
      let rows = spec.table.columnNames.filter { spec[$0] != .null }.map { name -> [ReportTable.Cell] in
        [.text(name), .text(ReportText.cut(spec[name].text, to: options.textLimit), style: "t")]
      }
      page.sections.append(
        (
          "spec", "Run spec",
          [
            ReportTable(
              id: "spec-table", caption: "Fields of run_spec.json",
              columns: ["field", "value"].map { .init(title: $0) }, rows: rows
            ).node
          ]
        ))
    }
    let rows = stats.entries.map { item -> [ReportTable.Cell] in
      [
        .text(item.name.name), .text(item.name.split, orElse: "all"),
        .text(item.name.subSplit, orElse: "none"),
        .text(item.name.perturbation?.name, orElse: "none"),
        .text(item.name.perturbation?.computedOn, orElse: "none"), .number(item.stat.mean),
        .count(item.stat.count),
      ]
    }
    page.sections.append(
      (
        "statistics", "Statistics",
        [
          ReportTable(
            id: "stats-table", caption: "Statistics",
            columns: ["metric", "split", "sub-split", "perturbation", "computed on", "mean", "count"].map {
              .init(title: $0)
            }, rows: rows, limit: 2000
          ).node
        ]
      ))
    return page
  }

  private func instances(
    _ source: any RunSource, _ rules: HeadlineRules, _ request: Request
  ) async throws -> HTMLPage? {
    guard let (entry, spec) = try await find(source, request), let spec else { return nil }
    var views = try await InstanceViews.read(entry, spec, in: source, rules: rules)
    if request.query["order"] != "file" { views.putWorstFirst() }
    let words = Self.words(request)
    let found = views.instances.filter { view in
      Self.isFound(words, in: [view.id, view.input, view.prompt] + view.answers)
    }
    let (range, node) = Self.part(of: found.count, Self.instancesPerPage, request, "Instances")
    let id = Self.id(of: entry)
    let order: [HTMLNode] =
      request.query["order"] == "file"
      ? [.text("In the order of the file. "), Self.link("Worst first", "instances?id=\(id)")]
      : [.text("The worst first. "), Self.link("In the order of the file", "instances?id=\(id)&order=file")]
    var page = page(entry.name)
    page.sections = [
      (
        "instances", "Instances",
        [
          .element("p", [:], [Self.link("The run", "run?id=" + id)]),
          Self.search(request, "Instances with these words"), .element("p", ["class": "soft"], order), node,
        ] + found[range].map { RunReport.node($0, views.headline?.metric.text, options) } + [node]
      )
    ]
    return page
  }
}
