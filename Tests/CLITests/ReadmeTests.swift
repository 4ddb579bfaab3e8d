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
      command: Tool.products.path + "/readme-example", [])
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 6)
    #expect(
      lines[3].contains("│ predicted │ exact_match │") && lines[4].contains("│ actual    │ exact_match │"))
  }

  /// In the order of the text, in a folder that `magnet demo`, the first of them, fills; those of downloads, which need
  /// the network, are left out.
  @Test func itsCommandsWork() throws {
    let commands = readme.matches(of: #/(?m)^    (magnet (?!download)(?:.*\\\n|.*"[^"\n]*\n)?.*)$/#)
    #expect(commands.count >= 30)
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("distributions"), to: "Fixtures/distributions")
    let python = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")
    for command in commands {
      let line = String(command.output.1).replacing("\\\n", with: " ").replacing(#/\s+#.*/#, with: "")
        .replacing(#/^magnet/#, with: "'\(Tool.binary)'")
      if line.contains("python3"), !python { continue }
      let outcome = try Tool.run(command: "/bin/sh", ["-c", line], in: folder.path)
      #expect(outcome.status == 0, "\(line): \(outcome.errors)")
    }
  }

  @Test func itIsShort() {
    #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count < 200)
  }
}
