import Foundation
import Magnet
import TestSupport
import Testing

/// `magnet new predictor`, and the article that starts from it.
@Suite struct NewPredictorTests {
  private func make(_ arguments: String..., in folder: TemporaryFolder) throws -> Tool.Outcome {
    try Tool.run(command: Tool.binary, ["new", "predictor"] + arguments, in: folder.path)
  }

  /// Tests/Generated holds what is written, and the package builds, runs and tests it.
  @Test(arguments: [("MeanPredictor", []), ("ItemPredictor", ["--instance"])])
  func theSourcesAreThoseCompiledHere(_ name: String, flags: [String]) throws {
    let folder = try TemporaryFolder()
    let outcome = try Tool.run(
      command: Tool.binary, ["new", "predictor", name] + flags, in: folder.path)
    #expect(outcome.status == 0)
    for file in ["Sources/\(name)/main.swift", "Tests/\(name)Tests/\(name)Tests.swift"] {
      let kept = Project.folder.appending(path: "Tests/Generated/\(name)/\(file)").path
      #expect(try Project.text(folder.path + "/\(name)/\(file)") == Project.text(kept))
    }
    let program = Tool.products.path + "/" + name
    let run = try Tool.run(command: program, [Project.sweep, "--errors", "--format", "csv"])
    #expect(run.status == 0 && parseCSV(run.output).count > 5)
    #expect(run.messages.allSatisfy { $0.hasPrefix("note: ") })
    // The options are those of magnet predict.
    let help = try Tool.run(command: program, ["predict", "--help"]).output
    for option in [
      "--example-runs", "--observed", "--seed", "--runs", "--errors", "--format", "--strict",
    ] {
      #expect(help.contains(option))
    }
    #expect(try Tool.run(command: program, [Project.sweep, "--example-runs", "0"]).status == 64)
    #expect(try Tool.run(command: program, [folder.path]).status == 2)
    // And those of magnet backtest, with the baselines beside it.
    let level = name == "ItemPredictor" ? "instance" : "run"
    let backtest = try Tool.run(
      command: program,
      [
        "backtest", Project.fixture("benchmark_output/runs/plain-v1"), "--observed", "3", "--repeats", "2",
        "--hold-out", "run", "--level", level, "--format", "csv",
      ])
    #expect(backtest.status == 0, "\(backtest.errors)")
    let own = name == "ItemPredictor" ? "item" : "mean"
    let rows = parseCSV(backtest.output).map { $0.map(\.field) }
    #expect(rows.contains { $0[0] == own && $0[3] == (level == "run" ? "mae" : "brier") && $0[1] == "false" })
    #expect(rows.contains { $0[0] == "item-mean" && $0[1] == "true" })
  }

  @Test func thePackageNamesProductsThatMagnetHas() throws {
    let folder = try TemporaryFolder()
    #expect(try make("Mine", in: folder).status == 0)
    let dump = try Tool.run(
      command: "/usr/bin/env", ["swift", "package", "dump-package", "--package-path", "Mine"], in: folder.path
    )
    let package = try JSONValue(parsing: dump.output)
    #expect(package["name"] == .string("Mine") && package["targets"]?.elements.count == 2)
    let manifest = try Project.text(Project.folder.appending(path: "Package.swift").path)
    let text = try Project.text(folder.path + "/Mine/Package.swift")
    let products = text.matches(of: #/product\(name: "(\w+)", package: "(.*?)"\)/#)
    #expect(products.count == 3)
    for product in products {
      #expect(manifest.contains(".library(name: \"\(product.output.1)\""))
      #expect(String(product.output.2) == Project.folder.lastPathComponent)
    }
    #expect(text.contains(".package(path: \"\(Project.folder.path)\")"))
    let other = try make("Far", "--magnet", "https://127.0.0.1/x/magnet.git", in: folder)
    #expect(other.status == 0)
    #expect(try Project.text(folder.path + "/Far/Package.swift").contains("package: \"magnet\""))
    #expect(try make("Lost", "--magnet", "nowhere", in: folder).status == 2)
  }

  @Test func nothingIsOverwrittenAndNamesAreChecked() throws {
    let folder = try TemporaryFolder()
    try folder.write("mine", to: "There/file")
    try folder.write("mine", to: "File")
    for name in ["There", "File"] {
      let outcome = try make(name, in: folder)
      #expect(outcome.status == 2)
      #expect(outcome.messages == ["error: \(name): already exists; nothing is overwritten"])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/There") == ["file"])
    for name in ["9a", "a-b", "../x", "a/b", "", "class", "Magnet", "größe", "a b", "_"] {
      #expect(try make(name, in: folder).status == 64, "\(name)")
    }
    #expect(try make("class", "--python", in: folder).status == 0)
    #expect(try make("a", "--python", "--magnet", "x", in: folder).status == 64)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["File", "There", "class"])
  }

  private static func has(_ program: String, _ arguments: String...) -> Bool {
    (try? Tool.run(command: "/usr/bin/env", [program] + arguments))?.status == 0
  }

  /// What a new Python predictor predicts for the sweep, a line for each pair.
  private func pairs(_ file: String, _ flags: [String]) throws -> [JSONValue] {
    let folder = try TemporaryFolder()
    let made = try Tool.run(
      command: Tool.binary, ["new", "predictor", "mine", "--python"] + flags, in: folder.path)
    #expect(made.status == 0)
    let outcome = try Tool.run(
      command: Tool.binary,
      ["predict", "--exec", "python3 mine/\(file)", Project.sweep, "--errors", "--format", "ndjson"] + flags,
      in: folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try outcome.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
  }

  @Test(
    .enabled(if: has("python3", "-c", "import sqlite3"), "python3 is missing"),
    arguments: [[], ["--instance"]])
  func pythonPredictorsWork(_ flags: [String]) throws {
    let pairs = try pairs("mine.py", flags)
    #expect(pairs.count > 10 && pairs.allSatisfy { $0["error"]?.double != nil })
  }

  @Test(
    .enabled(if: has("python3", "-c", "import pandas"), "pandas is missing"), arguments: [[], ["--instance"]])
  func predictorsWithPandasPredictTheSame(_ flags: [String]) throws {
    let pairs = try pairs("mine.py", flags)
    let other = try self.pairs("mine_pandas.py", flags)
    #expect(other.count == pairs.count)
    for (a, b) in zip(pairs, other) {
      let difference = (a["predicted_mean"]?.double ?? 1e9) - (b["predicted_mean"]?.double ?? -1e9)
      #expect(abs(difference) < 1e-9)
    }
  }

  /// The articles' code is that which is compiled here, and their commands run.
  @Test func theArticlesAreTrue() throws {
    let articles = Project.folder.appending(path: "Sources/Magnet/Magnet.docc").path
    let text = try Project.text(articles + "/WriteAPredictor.md")
    for name in ["MeanPredictor", "ItemPredictor"] {
      let source = Project.folder.appending(path: "Tests/Generated/\(name)/Sources/\(name)/main.swift").path
      #expect(text.contains("```swift\n" + (try Project.text(source)) + "```"))
    }
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("benchmark_output"), to: "benchmark_output")
    try folder.write(
      #"""
      run=$(sed 's/.*"runs":\["\([^"]*\)"\].*/\1/' task.json)
      printf '{"run":"%s","stat":"exact_match","split":"valid","mean":0.5}\n' "$run" > predictions.jsonl
      """#, to: "my_predictor.py")
    let all = text + (try Project.text(articles + "/PredictorsInAnyLanguage.md"))
    let commands = all.matches(of: #/(?m)^    (magnet .*)$/#).map { String($0.output.1) }
    #expect(commands.count == 4)
    for command in commands {
      let line = command.replacing("python3 ", with: "sh ").replacing(
        "--observed 10,25 ", with: "--observed 3 "
      )
      .replacing(#/^magnet/#, with: "'\(Tool.binary)'")
      let outcome = try Tool.run(command: "/bin/sh", ["-c", line], in: folder.path)
      #expect(outcome.status == 0, "\(line): \(outcome.errors)")
    }
  }
}
