import Foundation
import Magnet
import TestSupport
import Testing

/// Every command that reads runs says of Parquet files what it says of the folders that they were made of.
@Suite struct LakeCommandTests {
  /// A command, by the words that call it, and its other arguments. SOURCE is where the runs are, RUN and OTHER are two
  /// of them, OUT is a folder to write into.
  struct Call: CustomTestStringConvertible, Sendable {
    let words: [String]
    let arguments: [String]
    /// Lines that begin so differ, as `scenario.json`, sizes and paths are not part of the tables.
    var ownLines: [String] = []

    init(_ text: String, ownLines: [String] = []) {
      let parts = text.split(separator: " ").map { String($0).replacing("+", with: " ") }
      let count = parts.firstIndex { $0.first?.isLowercase != true } ?? parts.count
      (words, arguments) = (Array(parts[..<count]), Array(parts[count...]))
      self.ownLines = ownLines
    }

    var testDescription: String { (words + arguments).joined(separator: " ") }
  }

  static let calls: [Call] = [
    Call("runs SOURCE --check"), Call("runs SOURCE --columns suite,run,scenario,path"),
    Call("table SOURCE --format csv"),
    Call("sql SOURCE SELECT+*+FROM+headline"), Call("sql SOURCE SELECT+*+FROM+leaderboard"),
    Call("sql SOURCE SELECT+*+FROM+runs"), Call("sql SOURCE SELECT+*+FROM+instance_scores+LIMIT+500"),
    Call("export csv OUT/tables SOURCE --schema v1"), Call("export ndjson OUT/tables SOURCE --schema v1"),
    Call("predict 2pl SOURCE --errors"), Call("predict auto SOURCE --errors"),
    Call("predict perturbation SOURCE --errors --runs *misspelling*"),
    Call("predict random-instance SOURCE --errors --seed 3"),
    Call("backtest auto SOURCE --observed 3 --repeats 1"),
    Call("backtest perturbation-difference SOURCE --target perturbed"),
    Call("items SOURCE"), Call("select SOURCE -k 3"), Call("select SOURCE -k 3 --method anchors"),
    Call("plan SOURCE --error .1 --repeats 1 --predictor 2pl"),
    Call("headline SOURCE"), Call("explain RUN"), Call("leaderboard SOURCE --errors"),
    Call("leaderboard SOURCE --explain acme/base"),
    Call("compare RUN OTHER --flips 5"), Call("compare SOURCE --all"),
    Call("compare SOURCE --models acme/base,acme/tiny"),
    Call("diff RUN OTHER", ownLines: ["scenario,"]), Call("diff RUN OTHER --examples"),
    Call("show RUN --format csv"), Call("show RUN --wrong"),
    Call("report SOURCE -o OUT/page.html --models acme/base,acme/tiny --instances 3"),
    Call("summary SOURCE"), Call("summary SOURCE --show health"), Call("summary SOURCE --show instances"),
    Call("summary SOURCE --show states"), Call("summary SOURCE --show missing"),
    Call(
      "judge run --helm SOURCE --repeats 1 --observed 3 --algorithms 2pl --dates OUT/dates.csv --step month"),
    Call("shift helm train-mean,2pl SOURCE --by subject"),
    Call("card evaluate OUT/card.yaml SOURCE --format csv --quiet", ownLines: ["1,"]),
  ]

  /// Commands that read no runs, or say that they take folders of runs alone; and exports whose dictionaries, though not
  /// whose cells, depend on the parts that they are made of.
  static let others: Set<String> = [
    "partitions", "index", "predictors", "view", "download helm", "download verify", "materialize", "demo",
    "archive", "unarchive", "export sqlite", "export parquet", "export arrow", "judge leaderboard",
    "judge show",
    "judge list",
    "judge questionnaire", "new predictor", "new intervention", "new examinee", "new judge", "card summarize",
    "card validate", "card new", "shift list", "shift run", "shift metrics", "shift table",
  ]

  /// Folders of runs, and Parquet files of them.
  private struct Sources {
    let folder: TemporaryFolder
    let runs: String
    let lake: String

    init() throws {
      folder = try TemporaryFolder()
      runs = folder.path + "/runs"
      lake = folder.path + "/lake"
      let made = try folder.copy(Project.fixture("benchmark_output/runs"), to: "made")
      let export = try Tool.run("export", "parquet", lake, made)
      #expect(export.status == 0, "\(export.errors)")
      // Whoever looks for the files that the tables were made of finds none.
      try FileManager.default.moveItem(atPath: made, toPath: runs)
    }
  }

  private static let sources = Result { try Sources() }

  /// The commands that the program has, without those that only gather others.
  private static func leaves() throws -> [[String]] {
    func found(_ command: JSONValue, _ words: [String]) -> [[String]] {
      let inner = (command["subcommands"]?.elements ?? []).filter { $0["commandName"]?.string != "help" }
      return inner.isEmpty
        ? [words] : inner.flatMap { found($0, words + [$0["commandName"]?.string ?? ""]) }
    }
    let help = try JSONValue(parsing: Tool.run("--experimental-dump-help").output)
    return found(try #require(help["command"]), [])
  }

  @Test func everyCommandIsOneOrTheOther() throws {
    let hidden: Set = ["bench", "evaluate"]
    let tried = Set(Self.calls.map { $0.words.joined(separator: " ") })
    let all = Set(try Self.leaves().map { $0.joined(separator: " ") })
    func isTried(_ command: String) -> Bool {
      tried.contains { $0 == command || $0.hasPrefix(command + " ") } || Self.others.contains(command)
    }
    #expect(all.filter { !isTried($0) && !hidden.contains($0) }.sorted() == [])
    #expect(all.count > 30)
  }

  @Test(arguments: calls) func theSameIsSaidOfParquetFiles(_ call: Call) throws {
    let sources = try Self.sources.get()
    let run = "trivia:subject=calendar,model="
    func outcome(_ source: String, _ runs: String) throws -> (Int32, [String], [String], [String: String]) {
      let out = try TemporaryFolder()
      try out.write(
        "model,date\nacme/base,2024-01-01\nacme/tiny,2024-02-01\nzeta/pro,2024-03-01\nzeta/lite,2024-04-01\n",
        to: "dates.csv")
      try out.write(
        "title: t\ndescription: d\nclaim:\n  sql: SELECT avg(mean) > 0.1 FROM scores WHERE metric = 'exact_match'\n",
        to: "card.yaml")
      var words = call.words
      if words == ["table"] { words.append("stats") }
      let arguments = (words + call.arguments).map { word in
        word == "SOURCE"
          ? source
          : word == "RUN"
            ? runs + run + "acme_base"
            : word == "OTHER"
              ? runs + run + "acme_tiny" : word.hasPrefix("OUT/") ? out.path + word.dropFirst(3) : word
      }
      let outcome = try Tool.run(command: Tool.binary, arguments)
      func told(_ text: String) -> String {
        text.replacing(out.path, with: "OUT").replacing(sources.lake, with: "SOURCE")
          .replacing(sources.runs, with: "SOURCE").replacing(sources.folder.path + "/made", with: "SOURCE")
      }
      func lines(_ text: String) -> [String] {
        told(text).split(separator: "\n").map(String.init).filter { line in
          !call.ownLines.contains { line.hasPrefix($0) }
        }
      }
      var files: [String: String] = [:]
      for name in FileManager.default.enumerator(atPath: out.path)?.allObjects as? [String] ?? [] {
        let bytes = try? Data(contentsOf: URL(filePath: out.path + "/" + name))
        files[name] = bytes.map { told(String(decoding: $0, as: UTF8.self)) }
      }
      return (outcome.status, lines(outcome.output), lines(outcome.errors), files)
    }
    let wanted = try outcome(sources.runs, sources.runs + "/plain-v1/")
    let found = try outcome(sources.lake, sources.lake + "!/plain-v1/")
    #expect(wanted.0 == found.0, "\(wanted.2) \(found.2)")
    #expect(wanted.0 < 2, "\(wanted.2)")
    #expect(wanted.1 == found.1)
    #expect(wanted.2 == found.2)
    #expect(wanted.3.keys.sorted() == found.3.keys.sorted())
    for (name, text) in wanted.3 { #expect(found.3[name] == text, "\(name)") }
    #expect(!wanted.1.isEmpty || wanted.3.count > 2)
  }
}
