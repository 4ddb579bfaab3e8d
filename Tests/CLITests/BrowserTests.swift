import Foundation
import Magnet
import TestSupport
import Testing

/// A browser, and what drives it.
private enum Browser {
  private static func program(_ names: [String]) -> String? {
    names.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  static let path = program(["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"])
  static let python = program(["/usr/bin/python3", "/usr/local/bin/python3", "/opt/homebrew/bin/python3"])
}

/// Pages in a real browser: what they do, what they look like to it, and that texts from runs stay texts.
@Suite(.enabled(if: Browser.path != nil && Browser.python != nil), .serialized)
struct BrowserTests {
  private struct Session {
    let results: [JSONValue]
    let console: [String]
    let requests: [String]
  }

  private enum Step {
    case goTo(String), eval(String), follow(String), size(Int, Int), dark(Bool), scripts(Bool), key(String)

    var json: JSONValue {
      let (name, value): (String, JSONValue) =
        switch self {
        case .goTo(let address): ("goto", .string(address))
        case .eval(let script): ("eval", .string(script))
        case .follow(let script): ("follow", .string(script))
        case .size(let width, let height): ("size", .array([.int(Int64(width)), .int(Int64(height))]))
        case .dark(let isDark): ("dark", .bool(isDark))
        case .scripts(let areOn): ("scripts", .bool(areOn))
        case .key(let name): ("key", .string(name))
        }
      return .object([JSONValue.Member(key: name, value: value)])
    }
  }

  private func drive(_ steps: [Step], in folder: TemporaryFolder) throws -> Session {
    let file = try folder.write(JSONValue.array(steps.map(\.json)).text, to: "steps.json")
    let script = Project.folder.appending(path: "Tests/CLITests/Browser/drive.py").path
    let outcome = try Tool.run(
      command: try #require(Browser.python), [script, file],
      environment: ["BROWSER": try #require(Browser.path)]
    )
    #expect(outcome.status == 0, "\(outcome.errors)")
    let value = try JSONValue(parsing: outcome.output)
    return Session(
      results: value["results"]?.elements ?? [],
      console: (value["console"]?.elements ?? []).compactMap(\.string),
      requests: (value["requests"]?.elements ?? []).compactMap(\.string))
  }

  private static let hostile = [
    "<script>window.pwned = 1</script>", "\"><img src=x onerror=\"window.pwned=2\">",
    "</script><script>window.pwned=3</script>", "<!--<script>", "\u{2028}\u{202E}rtl {{1+1}} ${1}",
  ]

  /// Runs of three models whose every text is hostile.
  private func runs() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (number, scores) in [[1, 0, 1, 1, 0, 1], [0, 0, 1, 0, 0, 1], [1, 1, 1, 1, 1, 0.0]].enumerated() {
      var run = MadeRun("made:part=<b>one</b>", "acme/" + Self.hostile[number], scores)
      run.input = { Self.hostile[$0 % Self.hostile.count] + " \($0)" }
      run.answer = { place, score in Self.hostile[(place + 1) % Self.hostile.count] + " \(score)" }
      run.id = { Self.hostile[$0 % Self.hostile.count] + "\($0)" }
      try run.write(to: folder, suite: "runs/s<i>", fileName: "run\(number)")
    }
    return folder
  }

  @Test func aReportWorksAndRunsNothingOfItsTexts() throws {
    let folder = try runs()
    let page = folder.path + "/report.html"
    let made = try Tool.run(
      "report", folder.path + "/runs", "-o", page, "--instances", "6", "--metric", "exact_match", "--models",
      "acme/\(Self.hostile[0]),acme/\(Self.hostile[1])")
    #expect(made.status == 0, "\(made.errors)")
    let address = "file://" + page
    let table = "document.getElementById('run-table')"
    let header = "\(table).tHead.rows[0].cells[4]"
    let scores = "[...\(table).tBodies[0].rows].map((row) => Number(row.cells[4].dataset.v))"
    let contrast = """
      (() => { const light = (text) => { const [r, g, b] = text.match(/\\d+/g).map(Number).map((v) => {
        v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const style = getComputedStyle(document.body);
        const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05); })()
      """
    let session = try drive(
      [
        .size(360, 800), .goTo(address), .eval("[document.title, String(window.pwned)].join()"),
        .eval("document.documentElement.scrollWidth"),
        .eval("document.scripts.length + document.images.length"),
        .eval("document.body.textContent.includes(\"<script>window.pwned = 1</script>\")"),
        .eval("\(header).querySelector('button').click(); \(header).getAttribute('aria-sort')"),
        .eval(scores),
        .eval("\(header).querySelector('button').focus()"), .key("Enter"),
        .eval("\(header).getAttribute('aria-sort')"), .eval(scores),
        .eval(
          """
          (() => { const tools = \(table).closest('.scroll').previousElementSibling;
          const input = tools.querySelector('input'); input.value = 'img'; input.dispatchEvent(new Event('input'));
          return tools.querySelector('[role=status]').textContent; })()
          """),
        .eval("location.hash"), .size(1000, 800), .eval("document.documentElement.scrollWidth"),
        .eval(contrast), .dark(true), .eval(contrast),
        .eval("getComputedStyle(document.body).backgroundColor"), .size(1600, 900),
        .eval("document.documentElement.scrollWidth"), .dark(false), .scripts(false), .goTo(address),
        .eval("[document.querySelectorAll('tbody tr').length, document.querySelectorAll('svg').length]"),
      ], in: folder)
    let results = session.results
    try #require(results.count == 26)
    #expect(results[2].string == "Benchmark runs,undefined")
    #expect((results[3].double ?? 9999) <= 360)
    #expect(results[4].double == 1)
    #expect(results[5] == .bool(true))
    #expect(results[6].string == "descending")
    #expect(results[7].elements.compactMap(\.double) == [5, 4, 2].map { $0 / 6 })
    #expect(results[10].string == "ascending")
    #expect(results[11].elements.compactMap(\.double) == [2, 4, 5].map { $0 / 6 })
    #expect(results[12].string == "1 of 3 rows")
    #expect(results[13].string?.contains("run-table.sort=4a") == true)
    #expect((results[15].double ?? 9999) <= 1000 && (results[21].double ?? 9999) <= 1600)
    #expect((results[16].double ?? 0) >= 4.5 && (results[18].double ?? 0) >= 4.5)
    #expect(results[19].string == "rgb(22, 22, 22)")
    // Without scripts everything is there.
    #expect((results[25][0]?.double ?? 0) > 10 && (results[25][1]?.double ?? 0) >= 1)
    #expect(session.console.isEmpty, "\(session.console)")
    #expect(Set(session.requests) == [address])
  }

  /// Hiding a model on the page computes win rates, the best and shades again, as `leaderboard --models` does.
  @Test func hidingAModelComputesWinRatesAgain() throws {
    let folder = try TemporaryFolder()
    let models = ["acme/a", "acme/b", "acme/c", "acme/d"]
    let scores = [
      [[1, 1, 0], [0, 1, 0, 1]], [[1, 0, 0], [1, 1, 1, 0]], [[1, 1, 0], [0, 0, 0, 1.0]], [[0, 0, 0]],
    ]
    for (model, tasks) in zip(models, scores) {
      for (number, values) in tasks.enumerated() {
        var run = MadeRun("task\(number):part=x", model, values)
        run.groups = ["group\(number)"]
        try run.write(to: folder, suite: "runs/s")
      }
    }
    let page = folder.path + "/report.html"
    #expect(try Tool.run("report", folder.path + "/runs", "-o", page, "--metric", "exact_match").status == 0)
    func expected(_ models: [String]) throws -> [String: [String]] {
      let outcome = try Tool.run(
        "leaderboard", folder.path + "/runs", "--metric", "exact_match", "--models",
        models.joined(separator: ","), "--format", "csv")
      let lines = parseCSV(outcome.output).map { $0.map(\.field) }
      return Dictionary(uniqueKeysWithValues: lines.dropFirst().map { ($0[1], Array($0[2...4])) })
    }
    let table = "document.getElementById('board1')"
    let cells = """
      [...\(table).tBodies[0].rows].filter((row) => !row.hidden).map((row) => {
        const heads = [...\(table).tHead.rows[0].cells], rate = heads.findIndex((cell) => cell.dataset.part === 'rate');
        return [row.cells[0].textContent, ...[0, 1, 2].map((more) => row.cells[rate + more].dataset.v ?? '')].join('|');
      })
      """
    let boxes =
      "[...\(table).closest('.scroll').previousElementSibling.querySelector('.boxes').querySelectorAll('label')]"
    func toggle(_ model: String) -> String {
      "\(boxes).find((label) => label.textContent === '\(model)').querySelector('input').click(); \(cells)"
    }
    let session = try drive(
      [
        .goTo("file://" + page), .eval(cells), .eval(toggle("acme/b")), .eval("location.hash"),
        .eval(toggle("acme/d")), .eval(toggle("acme/b")), .eval(toggle("acme/d")),
        .eval("\(table).closest('.scroll').previousElementSibling.querySelector('summary').textContent"),
      ], in: folder)
    let results = session.results
    try #require(results.count == 8)
    func check(_ result: JSONValue, _ models: [String]) throws {
      let wanted = try expected(models)
      let rows = result.elements.compactMap {
        $0.string?.split(separator: "|", omittingEmptySubsequences: false)
      }
      #expect(Set(rows.map { String($0[0]) }) == Set(models))
      for row in rows {
        let own = row.dropFirst().map { Double($0) }
        #expect(own == (wanted[String(row[0])] ?? []).map { Double($0) }, "\(row) \(wanted)")
      }
    }
    try check(results[1], models)
    try check(results[2], ["acme/a", "acme/c", "acme/d"])
    #expect(results[3].string?.hasPrefix("#hide=1&board=all_scenarios") == true, "\(results[3])")
    try check(results[4], ["acme/a", "acme/c"])
    try check(results[5], ["acme/a", "acme/b", "acme/c"])
    try check(results[6], models)
    #expect(results[7].string == "Models: 4 of 4" && session.console.isEmpty, "\(session.console)")
  }

  /// Tables of many rows are in the page as data, and drawn a part at a time.
  @Test func longTablesAreDrawnInParts() throws {
    let folder = try TemporaryFolder()
    for (model, score) in [("acme/a", 0.0), ("acme/b", 1.0)] {
      var run = MadeRun("made:part=one", model, Array(repeating: score, count: 700))
      run.input = { Self.hostile[$0 % Self.hostile.count] + " \($0)" }
      try run.write(to: folder, suite: "runs/s")
    }
    let page = folder.path + "/report.html"
    let made = try Tool.run(
      "report", folder.path + "/runs", "-o", page, "--metric", "exact_match", "--models", "acme/a,acme/b")
    #expect(made.status == 0, "\(made.errors)")
    let table = "document.getElementById('flips')"
    let tools = "\(table).closest('.scroll').previousElementSibling"
    let status = "\(tools).querySelector('[role=status]').textContent"
    let session = try drive(
      [
        .goTo("file://" + page), .eval(status), .eval("\(table).tBodies[0].rows.length"),
        .eval("\(tools).querySelectorAll('button')[2].click(); \(status)"),
        .eval("\(table).querySelectorAll('img, script').length + document.images.length"),
        .eval(
          """
          (() => { const input = \(tools).querySelector('input'); input.value = 'onerror';
          input.dispatchEvent(new Event('input')); return \(status); })()
          """),
        .eval("String(window.pwned)"), .scripts(false), .goTo("file://" + page),
        .eval("\(table).tBodies[0].rows.length"), .scripts(true), .goTo("file://" + page),
        // On paper all rows are there.
        .eval("dispatchEvent(new Event('beforeprint')); \(table).tBodies[0].rows.length"),
        .eval("dispatchEvent(new Event('afterprint')); \(table).tBodies[0].rows.length"),
        // An address with a sort and a filter restores the view.
        .goTo("about:blank"), .goTo("file://" + page + "#flips.sort=2d&flips.filter=onerror"), .eval(status),
        .eval("\(table).tHead.rows[0].cells[2].getAttribute('aria-sort')"),
      ], in: folder)
    let results = session.results
    try #require(results.count == 18)
    #expect(results[12].double == 700 && results[13].double == 100)
    #expect(results[16].string == "1 to 100 of 140 of 700 rows" && results[17].string == "descending")
    #expect(results[1].string == "1 to 100 of 700 rows" && results[2].double == 100)
    #expect(results[3].string == "101 to 200 of 700 rows" && results[4].double == 0)
    #expect(results[5].string == "1 to 100 of 140 of 700 rows")
    #expect(results[6].string == "undefined" && results[9].double == 100)
    #expect(session.console.isEmpty, "\(session.console)")
  }

  /// Of several boards one is shown, the address has its view, columns can be hidden, and cells say by the keyboard what
  /// they are made of.
  @Test func aBoardIsChosenAndReadByTheKeyboard() throws {
    let folder = try TemporaryFolder()
    for (model, scores) in [("acme/a", [[1, 0, 1], [1, 1]]), ("acme/b", [[1, 1, 1], [0, 1.0]])] {
      for (number, values) in scores.enumerated() {
        var run = MadeRun("task\(number):part=x", model, values)
        run.groups = ["group\(number)"]
        try run.write(to: folder, suite: "runs/s")
      }
    }
    let page = folder.path + "/report.html"
    let made = try Tool.run("report", folder.path + "/runs", "-o", page, "--metric", "exact_match")
    #expect(made.status == 0, "\(made.errors)")
    let shown =
      "[...document.querySelectorAll('[data-board]')].filter((b) => !b.hidden).map((b) => b.dataset.board).join()"
    let select = "document.querySelector('#leaderboard select')"
    let table = "document.querySelector('[data-board]:not([hidden]) table')"
    let columns = "[...\(table).closest('.scroll').previousElementSibling.querySelectorAll('details')].at(-1)"
    let focus =
      "document.activeElement.textContent + '|' + (document.getElementById('tip').hidden ? '' : document.getElementById('tip').textContent)"
    let address = "file://" + page
    let session = try drive(
      [
        .goTo(address), .eval(shown), .eval("\(select).options.length"),
        .eval(
          "\(select).value = \(select).options[1].value; \(select).dispatchEvent(new Event('change')); \(shown)"
        ),
        .eval("\(table).tHead.rows[0].cells[0].querySelector('button').click(); location.hash"),
        .goTo("about:blank"), .goTo(address + "#board=group1&sort=1"), .eval(shown),
        .eval(
          "\(table).tHead.rows[0].cells[1].getAttribute('aria-sort') + \(table).tBodies[0].rows[0].cells[0].textContent"
        ),
        // Without a board in the address it is the first one's.
        .goTo("about:blank"), .goTo(address),
        .eval(
          "\(columns).querySelectorAll('input')[2].click(); [...\(table).rows].map((r) => [...r.cells].filter((c) => !c.hidden).length).join()"
        ),
        .eval("location.hash"),
        .eval("\(table).closest('.scroll').focus()"), .key("Enter"), .eval(focus), .key("ArrowRight"),
        .key("ArrowRight"), .key("ArrowRight"), .eval(focus), .key("ArrowDown"), .eval(focus), .key("Escape"),
        .eval(focus),
        .scripts(false), .goTo("about:blank"), .goTo(address),
        .eval("document.querySelectorAll('[data-board]').length"),
        .eval(shown),
      ], in: folder)
    let results = session.results
    try #require(results.count == 29)
    #expect(results[1].string == "all_scenarios/accuracy" && results[2].double == 3)
    #expect(results[3].string == "group0/group0_", "\(results[3])")
    #expect(
      results[4].string?.contains("board=group0") == true && results[4].string?.contains("sort=0a") == true)
    #expect(results[7].string == "group1/group1_" && results[8].string == "descendingacme/a")
    #expect(results[11].string == "4,4,4" && results[12].string?.contains("columns=2") == true)
    #expect(results[15].string?.hasPrefix("acme/") == true)
    #expect(results[19].string?.contains("standard error") == true, "\(results[19])")
    #expect(results[21].string != results[19].string && results[23].string?.hasSuffix("|") == true)
    #expect(results[27].double == 3 && results[28].string?.split(separator: ",").count == 3)
    #expect(session.console.isEmpty, "\(session.console)")
  }

  /// Instances are rows of a table: of many a part is drawn, with the texts of the open ones alone.
  @Test func manyInstancesAreDrawnInParts() throws {
    let folder = try TemporaryFolder()
    for model in ["acme/a", "acme/b"] {
      var run = MadeRun("made:part=one", model, (0..<1500).map { $0 % 3 == 0 ? 1.0 : 0 })
      run.input = { Self.hostile[$0 % Self.hostile.count] + " \($0)" }
      run.answer = { place, _ in Self.hostile[place % Self.hostile.count] + " answer \(place)" }
      try run.write(to: folder, suite: "runs/s")
    }
    let page = folder.path + "/report.html"
    let made = try Tool.run(
      "report", folder.path + "/runs", "-o", page, "--metric", "exact_match", "--instances", "1500",
      "--no-errors")
    #expect(made.status == 0, "\(made.errors)")
    let table = "document.getElementById('instance-table')"
    let tools = "\(table).closest('.scroll').previousElementSibling"
    let status = "\(tools).querySelector('[role=status]').textContent"
    let open = "\(table).tBodies[0].querySelector('details')"
    let session = try drive(
      [
        .goTo("file://" + page), .eval(status), .eval("document.querySelectorAll('*').length"),
        .eval("\(open).childElementCount"),
        .eval("\(open).open = true; new Promise((done) => setTimeout(() => done(\(open).textContent), 50))"),
        .eval("String(window.pwned) + document.images.length"),
        .eval(
          """
          (() => { const input = \(tools).querySelector('input'); input.value = 'answer 1499';
          input.dispatchEvent(new Event('input')); return \(status); })()
          """),
      ], in: folder)
    let results = session.results
    try #require(results.count == 7)
    #expect(results[1].string == "1 to 100 of 3000 rows")
    #expect((results[2].double ?? 9999) < 5000 && results[3].double == 1)
    #expect(
      results[4].string?.contains("Prompt") == true && results[4].string?.contains("exact_match") == true)
    #expect(results[5].string == "undefined0" && results[6].string == "1 to 2 of 2 of 3000 rows")
    #expect(session.console.isEmpty, "\(session.console)")
    // What does not fit is left out, and said.
    let small = try Tool.run(
      "report", folder.path + "/runs", "-o", "-", "--metric", "exact_match", "--instances", "1500",
      "--no-errors",
      "--full-text", "--max-rows", "1000")
    #expect(small.status == 1 && small.errors.contains("instance-table: 1000 of 3000 rows are in the page"))
    #expect(small.errors.contains("--max-rows 3000"))
  }

  /// The numbers of the tables are those that the commands print, digit for digit.
  @Test func numbersAreThoseOfTheCommands() throws {
    let folder = try TemporaryFolder()
    let page = folder.path + "/report.html"
    let made = try Tool.run(
      "report", Project.plain, "-o", page, "--models", "acme/base,zeta/lite")
    #expect(made.status == 0, "\(made.errors)")
    func cells(_ id: String, _ columns: [Int]) -> Step {
      .eval(
        """
        [...document.getElementById('\(id)').tBodies[0].rows].map((row) =>
          [row.cells[0].textContent, ...\(columns).map((place) => row.cells[place].dataset.v ?? '')].join('|')).sort()
        """)
    }
    let session = try drive(
      [
        .goTo("file://" + page), cells("run-table", [4]), cells("comparison-table", [4, 5, 6, 7, 8, 9]),
        cells("board1", [2, 3, 4, 5]),
      ], in: folder)
    func rows(_ arguments: String..., columns: [String]) throws -> [String] {
      let outcome = try Tool.run(command: Tool.binary, arguments + ["--format", "csv"])
      let lines = parseCSV(outcome.output).map { $0.map(\.field) }
      let places = try columns.map { try #require(lines[0].firstIndex(of: $0)) }
      return lines.dropFirst().map { line in places.map { line[$0] }.joined(separator: "|") }.sorted()
    }
    func check(_ place: Int, _ wanted: [String]) {
      let found = session.results[place].elements.compactMap(\.string)
      #expect(!found.isEmpty && found.count == wanted.count)
      for (one, other) in zip(found, wanted) {
        let (a, b) = (
          one.split(separator: "|", omittingEmptySubsequences: false),
          other.split(separator: "|", omittingEmptySubsequences: false)
        )
        #expect(a[0] == b[0])
        #expect(a.dropFirst().map { Double($0) } == b.dropFirst().map { Double($0) }, "\(one) \(other)")
      }
    }
    check(1, try rows("headline", Project.plain, columns: ["run", "mean"]))
    check(
      2,
      try rows(
        "compare", Project.plain, "--models", "acme/base,zeta/lite",
        columns: ["task", "mean_a", "mean_b", "diff", "lower", "upper", "p"]))
    let board = parseCSV(try Tool.run("leaderboard", Project.plain, "--format", "csv").output)[0].map(\.field)
    check(3, try rows("leaderboard", Project.plain, columns: ["model"] + board[2...5]))
  }

  /// The policy stops scripts and handlers even where a text became markup.
  @Test func thePolicyStopsMarkup() throws {
    let folder = try runs()
    let page = folder.path + "/report.html"
    _ = try Tool.run("report", folder.path + "/runs", "-o", page, "--metric", "exact_match")
    let broken = try Project.text(page).replacing(
      "<h1>", with: "<script>window.pwned=1</script><img src=x onerror=\"window.pwned=2\"><h1>")
    let file = try folder.write(broken, to: "broken.html")
    let session = try drive([.goTo("file://" + file), .eval("String(window.pwned)")], in: folder)
    #expect(session.results.last?.string == "undefined")
    #expect(session.console.contains { $0.contains("Content Security Policy") })
  }

  /// Served pages, followed from link to link.
  @Test func servedPagesWork() throws {
    let folder = try runs()
    let server = Process()
    server.executableURL = URL(filePath: Tool.binary)
    server.arguments = ["view", folder.path + "/runs", "--metric", "exact_match"]
    server.standardInput = FileHandle.nullDevice
    server.standardError = FileHandle.nullDevice
    let pipe = Pipe()
    server.standardOutput = pipe
    try server.run()
    defer { server.terminate() }
    var line = ""
    while !line.hasSuffix("\n"), let data = try pipe.fileHandleForReading.read(upToCount: 1), !data.isEmpty {
      line += String(decoding: data, as: UTF8.self)
    }
    let address = line.trimmingCharacters(in: .whitespacesAndNewlines)
    let follow = "(address) => fetch(address).then(() => 'fetched', () => 'refused')"
    let session = try drive(
      [
        .goTo(address), .eval("document.querySelectorAll('#run-table tbody tr').length"),
        .follow("document.querySelector('#run-table tbody a').click()"),
        .eval("location.search.startsWith('?id=')"),
        .goTo(address + "leaderboard"), .eval("document.querySelectorAll('#board1 tbody tr').length"),
        .eval("String(window.pwned) + document.scripts.length"),
        // The policy lets pages ask for nothing.
        .eval("(\(follow))('\(address)')"),
        // A task has a page with its models.
        .goTo(address), .follow("document.querySelector('#run-table tbody td a').click()"),
        .eval("document.querySelectorAll('#scores circle').length + location.pathname.split('/').at(-1)"),
      ], in: folder)
    let results = session.results
    try #require(results.count == 11)
    #expect(results[10].string == "3scenario", "\(results[10])")
    #expect(results[1].double == 3 && results[5].double == 3)
    #expect(results[3] == .bool(true))
    #expect(results[6].string == "undefined1")
    #expect(results[7].string == "refused")
    #expect(session.requests.allSatisfy { $0.hasPrefix(address) || $0.hasPrefix("data:") })
  }
}
