import Foundation
import TestSupport
import Testing

/// What the README promises.
@Suite struct ReadmeTests {
  private let readme = try! Project.text(Project.folder.appending(path: "README.md").path)

  @Test func thePredictorIsTheOneThatIsCompiledHere() throws {
    let code = try Project.text(Project.folder.appending(path: "Tests/ReadmeExample/main.swift").path)
    let indented = code.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "" : "    " + $0 }.joined(separator: "\n")
    #expect(readme.contains(indented))
    #expect(code.split(separator: "\n").count <= 20)
  }

  @Test func thePredictorRuns() throws {
    let outcome = try Tool.run(
      command: (Tool.binary as NSString).deletingLastPathComponent + "/readme-example", [])
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 6)
    #expect(
      lines[3].contains("│ predicted │ exact_match │") && lines[4].contains("│ actual    │ exact_match │"))
  }

  @Test func itsCommandsWork() throws {
    let commands = readme.matches(
      of: #/(?m)^    (magnet (?:runs|predictors|predict|table|sql|export) (?:.*\\\n|.*"[^"\n]*\n)?.*)$/#)
    #expect(commands.count >= 5)
    let folder = try TemporaryFolder()
    for command in commands {
      let line = String(command.output.1)
        .replacing("\\\n", with: " ").replacing(#/\s+#.*/#, with: "")
        .replacing("benchmark_output/runs/my-suite", with: Project.sweep)
        .replacing("benchmark_output/runs/v1/mmlu*", with: Project.sweep + "/*0.2*")
        .replacing("benchmark_output/runs/v1", with: Project.sweep)
        .replacing(#/ benchmark_output( |$)/#) { " " + Project.fixture("benchmark_output") + $0.output.1 }
        .replacing("results.db", with: "'\(folder.path)/results.db'")
        .replacing("-o mmlu.csv", with: "-o '\(folder.path)/mmlu.csv'")
        .replacing(#/^magnet/#, with: "'\(Tool.binary)'")
      let outcome = try Tool.run(command: "/bin/sh", ["-c", String(line)])
      #expect(outcome.status == 0, "\(line): \(outcome.errors)")
    }
  }

  @Test func itIsShort() {
    #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count < 200)
  }
}
