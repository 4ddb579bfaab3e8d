import Foundation
import Magnet
import TestSupport
import Testing

/// `report` and `summary`.
@Suite struct ReportCommandTests {
  private let runs = Project.fixture("benchmark_output/runs/plain-v1")

  private static let hostile = [
    "<script>document.title='PWNED'</script>", "\"><img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "<!--<script>", "\u{202E}\u{2028}", "${7*7}{{7*7}}",
  ]

  @Test func aPageLoadsNothingAndAllowsOnlyItsOwnScript() throws {
    let outcome = try Tool.run(
      "report", runs, "-o", "-", "--models", "acme/base,acme/tiny", "--instances", "2")
    let page = outcome.output
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("Content-Security-Policy"))
    #expect(!page.contains("http://") && !page.contains("https://"))
    #expect(page.ranges(of: "<script>").count == 1 && !page.contains("unsafe-"))
    #expect(!page.contains(" style=\"") && page.ranges(of: "<svg ").count == 4)
    let ids = [
      "summary", "leaderboard", "coverage", "plots", "scores", "runs", "health", "comparison", "instances",
      "reading",
    ]
    for id in ids {
      #expect(page.contains("<section id=\"\(id)\""))
    }
    let again = try Tool.run(
      "report", runs, "-o", "-", "--models", "acme/base,acme/tiny", "--instances", "2")
    #expect(again.output == page)
  }

  /// Whatever a model answers, however runs and models are named: it stands in the page as text.
  @Test func hostileTextsStayTexts() throws {
    let folder = try TemporaryFolder()
    let source = runs + "/trivia:subject=capitals,model=acme_base"
    for (number, text) in Self.hostile.enumerated() {
      let name = "trivia:subject=capitals,model=x\(number)"
      let copy = try folder.copy(source, to: "suite<b>/" + name)
      let quoted = String(JSONValue.string(text).text.dropFirst().dropLast())
      for file in ["run_spec.json", "scenario_state.json"] {
        let changed = try Project.text(copy + "/" + file)
          .replacing("acme/base", with: "m/\(quoted)").replacing("Which city", with: quoted)
          .replacing(#/"text": " ?[ABCD]"/#, with: "\"text\": \"\(quoted)\"")
        try folder.write(changed, to: "suite<b>/\(name)/\(file)")
      }
    }
    let outcome = try Tool.run(
      "report", folder.path, "-o", "-", "--instances", "20", "--title", Self.hostile[0])
    let page = outcome.output
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(page.ranges(of: "<script>").count == 1 && page.ranges(of: "</script>").count == 1)
    #expect(!page.contains("<img") && !page.contains("<b>") && !page.contains("<!--"))
    #expect(page.contains("&lt;script&gt;document.title=&#39;PWNED&#39;&lt;/script&gt;"))
  }

  /// The predictions of a backtest: its error again from the file, two drawings that cannot run, the worst misses.
  @Test func aBacktestIsASection() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/scores.jsonl"
    let made = try Tool.run(
      "backtest", "sample-mean", Project.fixture("benchmark_output"), "--observed", "2,3", "--repeats", "2",
      "--scores", file)
    #expect(made.status == 0, "\(made.errors)")
    let outcome = try Tool.run("report", runs, "-o", "-", "--backtest", file)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let page = outcome.output
    #expect(page.contains("<section id=\"backtest\"") && page.contains("id=\"backtest-misses\""))
    for title in [
      "Error against observed instances", "Predicted against actual: sample-mean", "Reliability",
      "Ranks of models",
    ] {
      #expect(page.contains("<title>\(title)"), "\(title)")
    }
    #expect(page.contains("coverage of 80% intervals") && page.contains("(baseline)"))
    #expect(page.contains("<dt>seed</dt><dd><bdi>1</bdi></dd>") && page.contains("<dt>held out</dt>"))
    let lines = try Project.text(file).split(separator: "\n").dropFirst().map {
      try JSONValue(parsing: String($0))
    }
    var actual: [Double: Double] = [:]
    for line in lines where line["run"] != nil {
      actual[line["target"]?.double ?? -1] = line["actual"]?.double
    }
    var errors: [Double: [Double]] = [:]
    for line in lines where line["predictor"]?.string == "sample-mean" && line["observed"]?.double == 3 {
      let target = line["target"]?.double ?? -1
      let known = try #require(actual[target])
      errors[target, default: []] += (line["predicted"]?.elements ?? []).compactMap {
        $0.double.map { abs($0 - known) }
      }
    }
    let means = errors.sorted { $0.key < $1.key }.map { $0.value.reduce(0, +) / Double($0.value.count) }
    #expect(!means.isEmpty && page.contains("data-v=\"\(means.reduce(0, +) / Double(means.count))\""))
    let wrong = try Tool.run("report", runs, "-o", "-", "--backtest", runs + "/no")
    #expect(wrong.status == 2)
    let other = try folder.write("{}", to: "other.jsonl")
    let refused = try Tool.run("report", runs, "-o", "-", "--backtest", other)
    #expect(refused.status == 2 && refused.errors.contains("is not a score file"))
  }

  /// Perturbed scores beside those of the same inputs unperturbed, and scores by release and size where a schema.json
  /// says these.
  @Test func perturbationsAndModelsAreDrawn() throws {
    let sweep = try Tool.run("report", Project.fixture("benchmark_output/runs/sweep-v1"), "-o", "-")
    #expect(sweep.status == 0 && sweep.output.contains("Perturbed inputs"))
    #expect(sweep.output.contains("misspelling0.5, misspellings 0.5: exact_match@valid</title>"))
    let stats = try Project.json(
      Project.fixture(
        "benchmark_output/runs/sweep-v1/trivia:subject=capitals,data_augmentation=misspelling0.5,model=acme_tiny/stats.json"
      )
    ).elements
    let means = ["original", "perturbed", "worst"].map { part in
      stats.first {
        $0["name"]?["name"]?.string == "exact_match"
          && $0["name"]?["perturbation"]?["computed_on"]?.string == part
      }?["mean"]?.double
    }
    let named = zip(["original", "perturbed", "worst"], means).map { "\($0) \($1 ?? -1)" }.joined(
      separator: ", ")
    #expect(sweep.output.contains("acme/tiny: \(named)"), "\(named)")
    #expect(!sweep.output.contains("Scores by release and size"))
    let folder = try TemporaryFolder()
    let suite = try folder.copy(runs, to: "runs/v1")
    let schema = """
      {"metrics": [{"name": "exact_match", "display_name": "EM", "lower_is_better": false}],
       "metric_groups": [{"name": "accuracy", "metrics": [{"name": "exact_match", "split": "valid"}]}],
       "run_groups": [{"name": "trivia_capitals", "metric_groups": ["accuracy"]},
                      {"name": "all", "subgroups": ["trivia_capitals"]}],
       "models": [{"name": "acme/base", "display_name": "Base", "creator_organization": "Acme",
                   "release_date": "2023-07-01", "num_parameters": 7000000000},
                  {"name": "zeta/pro", "creator_organization": "Zeta", "release_date": "2024-01-01",
                   "num_parameters": 70000000000}]}
      """
    try folder.write(schema, to: "runs/v1/schema.json")
    let page = try Tool.run("report", suite, "-o", "-").output
    for text in ["by release</title>", "by size</title>", "2023-07-01", ">Acme<", "release (year)"] {
      #expect(page.contains(text), "\(text)")
    }
  }

  /// Results of the other parts of the program are sections of the same kind.
  @Test func resultsOfCardsAreSections() throws {
    let card = Project.fixture("cards/simple.yaml")
    let outcome = try Tool.run("report", runs, "-o", "-", "--card", card)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("<section id=\"cards\"") && outcome.output.contains("UNVERIFIED"))
    #expect(try Tool.run("report", runs, "-o", "-", "--shift", card).status == 64)
  }

  /// What the page leaves out is said, and the exit status is 1.
  @Test func whatIsCutIsSaid() throws {
    let cut = try Tool.run("report", runs, "-o", "-", "--max-rows", "5")
    #expect(
      cut.status == 1 && cut.errors.contains("run-table: 5 of 12 rows are in the page; --max-rows 12 has all")
    )
    #expect(cut.output.contains("5 of 12 rows are in the page; --max-rows 12 has all."))
    let boards = try Tool.run("report", runs, "-o", "-", "--boards", "1")
    #expect(boards.status == 0 && boards.errors.contains("boards are in the page; --boards"))
    let group = try Tool.run("report", runs, "-o", "-", "--group", "trivia_calender")
    #expect(group.status == 2 && group.errors.contains("did you mean trivia_calendar?"))
    let models = try Tool.run("report", runs, "-o", "-", "--models", "acme/base,acme/none")
    #expect(models.status == 1 && models.errors.contains("have no scenario that can be compared"))
    let dated = try Tool.run("report", runs, "-o", "-", "--date", "2026-01-02")
    #expect(dated.output.contains("2026-01-02"))
  }

  @Test func intervalsAndTiesAreShown() throws {
    let page = try Tool.run("report", runs, "-o", "-").output
    #expect(page.contains("Tie group") && page.contains("standard error 0."))
    let plain = try Tool.run("report", runs, "-o", "-", "--no-errors").output
    #expect(!plain.contains("Tie group") && !plain.contains("standard error 0."))
  }

  @Test func filesThatMagnetDidNotWriteStay() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("mine", to: "report.html")
    let outcome = try Tool.run("report", runs, "-o", file)
    #expect(outcome.status == 2)
    #expect(try Project.text(file) == "mine")
    #expect(try Tool.run("report", runs, "-o", file, "--force").status == 0)
    #expect(try Project.text(file).hasPrefix("<!DOCTYPE html>"))
  }

  @Test func aMissingRunIsAMissingCell() throws {
    let folder = try TemporaryFolder()
    let suite = try folder.copy(runs, to: "v1")
    try FileManager.default.removeItem(atPath: suite + "/trivia:subject=capitals,model=zeta_lite")
    let missing = try Tool.run("summary", suite, "--show", "missing", "--format", "csv")
    #expect(missing.output == "model,task\nzeta/lite,trivia:subject=capitals\n")
    let coverage = parseCSV(try Tool.run("summary", suite, "--show", "coverage", "--format", "csv").output)
    let total = coverage.dropFirst().compactMap { Int($0[1].field) }.reduce(0, +)
    #expect(total == 11)
    let whole = try Tool.run("summary", runs, "--format", "csv")
    #expect(whole.status == 0 && whole.output.contains("complete,12\n"))
  }
}
