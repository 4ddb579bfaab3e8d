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

  /// In a folder with runs where the commands look for them; those of downloads, which need the network, left out.
  @Test func itsCommandsWork() throws {
    let commands = readme.matches(of: #/(?m)^    (magnet (?!download)(?:.*\\\n|.*"[^"\n]*\n)?.*)$/#)
    #expect(commands.count >= 13)
    let folder = try TemporaryFolder()
    for suite in ["my-suite", "v1"] {
      try folder.copy(Project.sweep, to: "benchmark_output/runs/" + suite)
    }
    try folder.copy(Project.fixture("distributions"), to: "Fixtures/distributions")
    let run = "/trivia:subject=capitals,data_augmentation=misspelling0.2,model=zeta_pro"
    try folder.copy(Project.sweep + run, to: "benchmark_output/runs/v1/mmlu:model=zeta_pro")
    let python = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")
    for command in commands {
      let line = String(command.output.1).replacing("\\\n", with: " ").replacing(#/\s+#.*/#, with: "")
        .replacing(#/^magnet/#, with: "'\(Tool.binary)'")
      if line.contains("python3"), !python { continue }
      // The demo goes where no runs are yet.
      let place = line.hasSuffix(" demo") ? try TemporaryFolder() : folder
      let outcome = try Tool.run(command: "/bin/sh", ["-c", line], in: place.path)
      #expect(outcome.status == 0, "\(line): \(outcome.errors)")
    }
  }

  @Test func itIsShort() {
    #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count < 200)
  }
}
