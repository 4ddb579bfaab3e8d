import Foundation
import Magnet
import TestSupport
import Testing

/// The README's and the articles' commands on distribution shifts, and what `magnet new intervention` writes.
@Suite struct ShiftArticleTests {
  /// The commands of a text: indented lines that begin with `magnet`.
  private func commands(_ text: String) -> [[String]] {
    text.split(separator: "\n").filter { $0.hasPrefix("    magnet ") }.map { line in
      line.split(separator: " ").dropFirst().map(String.init)
    }
  }

  @Test func theArticlesCommandsRun() throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("distributions"), to: "distributions")
    let article = Project.folder.appending(path: "Sources/Shifts/Shifts.docc/MeasureAShift.md").path
    let commands = commands(try Project.text(article))
    #expect(commands.count == 5)
    for command in commands {
      let outcome = try Tool.run(command: Tool.binary, command, in: folder.path)
      #expect(outcome.status == 0, "\(command): \(outcome.errors)")
      if command[1] == "metrics" {
        let csv = try Project.text(
          folder.path + "/results/generalization_metrics/base/bag-of-words/shifts.csv")
        #expect(outcome.output == csv)
      }
    }
    #expect(try Project.text(folder.path + "/shifts.svg").hasSuffix("</svg>\n"))
  }

  @Test func theREADMEsCommandsRun() throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("distributions"), to: "Fixtures/distributions")
    let readme = try Project.text(Project.folder.appending(path: "README.md").path)
    let commands = commands(readme).filter { $0[0] == "shift" }
    #expect(commands.map { $0[1] } == ["list", "run", "table"])
    for command in commands {
      let outcome = try Tool.run(command: Tool.binary, command, in: folder.path)
      #expect(outcome.status == 0, "\(command): \(outcome.errors)")
    }
  }

  @Test func aNewInterventionInPythonRuns() throws {
    let folder = try TemporaryFolder()
    let made = try Tool.run(
      command: Tool.binary, ["new", "intervention", "my_words", "--python"], in: folder.path)
    #expect(made.status == 0, "\(made.errors)")
    let distributions = Project.fixture("distributions")
    let outcome = try Tool.run(
      command: Tool.binary,
      [
        "shift", "run", distributions + "/shifts.json", "--distributions", distributions, "--intervention",
        "my_words",
        "--format", "csv",
      ], in: folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = parseCSV(outcome.output).map { $0.map(\.field) }
    #expect(lines.count == 6 && lines[1][3] == "1.0" && lines[5][3] == "0.0")
    let again = try Tool.run(
      command: Tool.binary, ["new", "intervention", "my_words", "--python"], in: folder.path)
    #expect(again.status == 2 && again.errors.contains("already exists"))
    for name in ["9a", "a-b", "RewardModel", "Shifts"] {
      #expect(
        try Tool.run(command: Tool.binary, ["new", "intervention", name], in: folder.path).status == 64)
    }
  }

  /// Tests/Generated holds what is written, which the package builds and runs here.
  @Test func aNewInterventionInSwiftIsWhatIsCompiledHere() throws {
    let folder = try TemporaryFolder()
    let made = try Tool.run(command: Tool.binary, ["new", "intervention", "WordCounts"], in: folder.path)
    #expect(made.status == 0, "\(made.errors)")
    let source = "Sources/WordCounts/main.swift"
    let kept = Project.folder.appending(path: "Tests/Generated/WordCounts/\(source)").path
    #expect(try Project.text(folder.path + "/WordCounts/" + source) == Project.text(kept))
    let program = Tool.products.path + "/WordCounts"
    let distributions = Project.fixture("distributions")
    let outcome = try Tool.run(
      command: program, [distributions + "/shifts.json", distributions], in: folder.path)
    #expect(outcome.status == 0 && outcome.output.contains("flattery"), "\(outcome.errors)")
    let table = try Tool.run(
      command: Tool.binary,
      [
        "shift", "table", "results", distributions + "/shifts.json", "--baseline", "chance", "--format",
        "csv",
      ],
      in: folder.path)
    #expect(table.status == 0 && table.output.contains("base,WordCounts"), "\(table.errors)")
  }
}
