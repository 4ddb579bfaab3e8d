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
    #expect(!page.contains(" style=\"") && page.ranges(of: "<svg ").count == 3)
    for id in ["summary", "leaderboard", "coverage", "scores", "runs", "comparison", "instances", "reading"] {
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
    #expect(page.ranges(of: "<img src=\"data:image/svg+xml;base64,").count == 3)
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
