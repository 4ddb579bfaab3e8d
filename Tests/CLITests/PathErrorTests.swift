import Foundation
import TestSupport
import Testing

/// Every command that reads runs says the same of paths that hold none, prints nothing and ends with 2.
@Suite struct PathErrorTests {
  private static let commands = [
    ["runs"], ["table", "stats"], ["partitions"], ["predict", "train-mean"], ["backtest", "train-mean"],
    ["items"], ["select"], ["plan", "--width", "0.1"], ["headline"], ["explain"], ["leaderboard"],
    ["compare", "--models", "a,b"], ["show"], ["summary"], ["report", "-o", "page.html"],
    ["diff", Project.plain],
  ]

  @Test(arguments: commands) func foldersWithoutRunsAreErrors(_ command: [String]) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path + "/empty", withIntermediateDirectories: false)
    for (name, sentence) in [
      ("nowhere", "error: nowhere: no such file or folder"), ("empty", "error: empty: the folder is empty"),
    ] {
      let outcome = try Tool.run(command: Tool.binary, command + [name], in: folder.path)
      #expect(outcome.status == 2 && outcome.output.isEmpty, "\(name): \(outcome.errors)")
      #expect(outcome.messages.count == 1 && outcome.errors.hasPrefix(sentence), "\(outcome.errors)")
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["empty"], "nothing is left behind")
  }

  /// Numbers out of range are usage errors that name the option and what it takes.
  @Test(arguments: [
    (["compare", "--models", "a,b", "--level", "1"], "error: --level must be between 0 and 1."),
    (["compare", "--models", "a,b", "--draws", "3"], "error: --draws must be between 100 and 10,000,000."),
    (["compare", "--models", "a"], "error: --models takes two models separated by a comma."),
    (["select", "-k", "0"], "error: -k must be 1 or more."),
    (["plan", "--width", "nan"], "error: --error and --width take more than 0."),
    (["plan", "--width", "1", "--repeats", "0"], "error: --repeats must be 1 or more."),
    (["backtest", "train-mean", "--observed", "x"], "error: --observed takes numbers separated by commas"),
    (["backtest", "traim-mean"], "error: unknown predictor 'traim-mean'; did you mean train-mean?"),
    (["partitions", "--bytes", "9E"], "error: --bytes takes bytes such as 128M, not '9E'."),
    (["table", "stats", "--columns", ","], "error: --columns takes names separated by commas."),
    (["leaderboard", "--column", "x"], "error: --column goes with --explain."),
    (["leaderboard", "--metric", "@"], "error: not a metric: '@'; write NAME, NAME@SPLIT"),
    (
      ["new", "predictor", "a b"],
      "error: Invalid name 'a b': use letters, digits and _, starting with a letter."
    ),
    (["card", "new", "a/b"], "error: Invalid name 'a/b': use letters, digits, _, . and -."),
  ])
  func wrongValuesAreUsage(_ arguments: [String], _ sentence: String) throws {
    let isNew = arguments.contains("new")
    let outcome = try Tool.run(
      command: Tool.binary, arguments + (isNew ? [] : [Project.plain]))
    #expect(outcome.status == 64 && outcome.output.isEmpty)
    #expect(outcome.errors.hasPrefix(sentence), "\(outcome.errors)")
  }
}
