import Foundation
import TestSupport
import Testing

/// Every Swift example of the documentation compiles, for a package that sees what is public alone.
struct ExampleTests {
  /// What examples speak of without making it.
  private static let known = """
    runs: HelmRuns, tables: RunTables, predictor: RunPredictor, comparison: Comparison, predictions: [RunPrediction],
    judge: any JudgeQueries
    """

  /// The examples of a Markdown file, or in the comments of a Swift file, with the line where each begins.
  private static func examples(in text: String, inComments: Bool) -> [(line: Int, code: [String])] {
    var found: [(line: Int, code: [String])] = []
    var isOpen = false
    for (number, line) in text.components(separatedBy: "\n").enumerated() {
      var line = line[...]
      if inComments, let comment = line.firstRange(of: #/^\s*/// ?/#) { line = line[comment.upperBound...] }
      if isOpen {
        if line.hasPrefix("```") { isOpen = false } else { found[found.count - 1].code.append(String(line)) }
      } else if line.hasPrefix("```swift") {
        isOpen = true
        found.append((number + 1, []))
      }
    }
    return found
  }

  @Test func examplesCompile() throws {
    let folder = try TemporaryFolder()
    let products = Tool.products
    let names = (FileManager.default.enumerator(atPath: Project.folder.path + "/Sources")?.allObjects ?? [])
      .compactMap { $0 as? String }.sorted().map { "Sources/" + $0 }
    var files: [String] = []
    for path in names + ["README.md"] where path.hasSuffix(".swift") || path.hasSuffix(".md") {
      var declared: [(name: String, code: [String])] = []
      for (line, code) in Self.examples(
        in: try Project.text(Project.folder.path + "/" + path), inComments: path.hasSuffix(".swift"))
      {
        var code = code
        var head = ["Magnet", "HelmBackend", "Predictors", "Cards", "Judges", "Shifts"].map { "import \($0)" }
        head += code.filter { $0.hasPrefix("import ") && !head.contains($0) }
        code.removeAll { $0.hasPrefix("import ") }
        // Extensions stand at the top of a file.
        var top: [String] = []
        if let start = code.firstIndex(where: { $0.hasPrefix("extension ") }),
          let end = code[start...].firstIndex(of: "}")
        {
          top = Array(code[start...end])
          code.removeSubrange(start...end)
        }
        if code.first?.hasPrefix("override ") == true {
          code = ["final class Snippet: RunPredictor {"] + code + ["}"]
        }
        // What an article declared before stands in its later examples, too.
        let all = code.joined(separator: "\n")
        code = declared.filter { all.contains($0.name + "(") }.flatMap(\.code) + code
        if let type = all.firstMatch(of: /class (\w+)/) { declared.append((String(type.output.1), code)) }
        let name = "example\(files.count)"
        let text =
          head + top + [
            "func \(name)(\(Self.known)) async throws {",
            "#sourceLocation(file: \"\(path)\", line: \(line + 1))",
          ]
          + code + ["#sourceLocation()", "}"]
        let file = folder.path + "/\(name).swift"
        try text.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        files.append(file)
      }
    }
    #expect(files.count >= 30)
    // The C modules that Magnet's modules are built with; Swift's package manager writes some of these files.
    let written = try FileManager.default.contentsOfDirectory(atPath: products.path)
      .map { products.path + "/\($0)/module.modulemap" }
    let own = names.filter { $0.hasSuffix("module.modulemap") }.map { Project.folder.path + "/" + $0 }
    let numerics = "checkouts/swift-numerics/Sources/_NumericsShims/include/module.modulemap"
    let scratch = products.deletingLastPathComponent().deletingLastPathComponent().path
    let maps = (written + own + [scratch + "/" + numerics]).filter(FileManager.default.fileExists)
    let arguments =
      [
        "swiftc", "-typecheck", "-wmo", "-swift-version", "6", "-parse-as-library", "-suppress-warnings",
        "-module-name",
        "Examples", "-I", products.path + "/Modules",
      ] + maps.flatMap { ["-Xcc", "-fmodule-map-file=" + $0] }
    let outcome = try Tool.run(command: "/usr/bin/env", arguments + files)
    let problems = outcome.errors.split(separator: "\n").filter { $0.contains("error:") }
    #expect(outcome.status == 0, "\(problems.joined(separator: "\n"))")
  }
}
