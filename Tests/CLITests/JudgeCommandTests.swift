import Foundation
import Magnet
import TestSupport
import Testing

@Suite struct JudgeCommandTests {
  static let small = ["--algorithms", "LifelongDPO", "--timesteps", "4", "--format", "csv"]

  private func judge(_ arguments: [String]) throws -> Tool.Outcome {
    try Tool.run(command: Tool.binary, ["judge"] + arguments)
  }

  @Test func sameBytesWhateverTheNumberOfJobs() throws {
    let arguments = [
      "run", "--algorithms", "LifelongDPO,ExtrapolativeDPO", "--challenges", "Follow,Predict,Coevolve",
      "--world",
      "linear", "--repeats", "2", "--timesteps", "5", "--format", "csv",
    ]
    let one = try judge(arguments + ["--jobs", "1"])
    #expect(one.status == 0 && one.errors == "")
    #expect(try judge(arguments + ["--jobs", "5"]).output == one.output)
    let rows = parseCSV(one.output).map { $0.map(\.field) }
    #expect(rows.count == 1 + 3 + 3 + 4)
    #expect(rows[0].prefix(5) == ["challenge", "history", "setting", "rank", "algorithm"])
    #expect(Set(rows.dropFirst().map { $0[0] }) == ["Follow", "Predict", "Coevolve"])
    #expect(rows.contains { $0[4] == "Dummy (baseline)" })
    #expect(try judge(arguments + ["--seed", "2"]).output != one.output)
  }

  @Test func aStoreResumesAndShowsWhatItHolds() throws {
    let folder = try TemporaryFolder()
    let store = folder.path + "/r.judge"
    let arguments = ["run", "--world", "walk", "--results", store, "--challenges", "Follow"] + Self.small
    let first = try judge(arguments)
    #expect(first.status == 0)
    #expect(try judge(arguments).output == first.output)
    #expect(try judge(["leaderboard", store, "--format", "csv"]).output == first.output)
    let snapshots = parseCSV(try judge(["show", store, "--format", "csv"]).output)
    #expect(snapshots.count == 1 + 2 * 3)
    let calls = parseCSV(try judge(["show", store, "--calls", "--format", "csv"]).output)
    #expect(calls[0].map(\.field) == ["pair", "call", "kind", "timestep", "digest"])
    #expect(calls.contains { $0.map(\.field)[2] == "tune" })
    // Another seed is another setting, in a table of its own.
    _ = try judge(arguments + ["--seed", "9"])
    let both = try judge(["leaderboard", store, "--format", "csv"])
    #expect(parseCSV(both.output).count == 1 + 4)
    #expect(Set(parseCSV(both.output).dropFirst().map { $0[2].field }).count == 2)
  }

  @Test func killedAtAnyMomentItEndsTheSame() throws {
    let folder = try TemporaryFolder()
    let arguments = [
      "judge", "run", "--algorithms", "LifelongDPO,Trend", "--challenges", "Follow,Coevolve", "--world",
      "cycle",
      "--format", "csv",
    ]
    let whole = try Tool.run(command: Tool.binary, arguments)
    let store = folder.path + "/r.judge"
    var killed = 0
    var random = SplitMix(state: 24)
    for _ in 0..<20 {
      let process = Process()
      process.executableURL = URL(filePath: Tool.binary)
      process.arguments = arguments + ["--results", store]
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      usleep(UInt32.random(in: 20_000...500_000, using: &random))
      if process.isRunning {
        kill(process.processIdentifier, SIGKILL)
        killed += 1
      }
      process.waitUntilExit()
    }
    #expect(killed > 0)
    let end = try Tool.run(command: Tool.binary, arguments + ["--results", store])
    #expect(end.status == 0 && end.errors == "")
    #expect(end.output == whole.output)
  }

  @Test func wrongUsageNamesWhatIsNear() throws {
    for (arguments, text) in [
      (["--algorithms", "LifelongDPA"], "did you mean LifelongDPO"),
      (["--challenges", "Folow"], "did you mean Follow"),
      (["--world", "cycel"], "did you mean cycle"),
      (["--repeats", "0"], "--repeats must be 1 or more"),
      (["--challenges", "Follow", "--timesteps-ahead", "0"], "1 or more"),
      (["--challenges", "Follow,Predict", "--timesteps-ahead", "0"], "it looks 1 to 7 ahead"),
      (["--challenges", "Predict", "--timesteps", "5", "--timesteps-ahead", "4"], "1 to 3"),
      (["--challenges", "Predict", "--timesteps", "5", "--timesteps-ahead", "5"], "1 to 3"),
    ] {
      let outcome = try judge(["run"] + arguments)
      #expect(outcome.status == 64, "\(arguments): \(outcome.errors)")
      #expect(outcome.errors.contains(text), "\(arguments): \(outcome.errors)")
    }
  }

  @Test func helpOfEveryCommand() throws {
    for arguments in [[], ["run"], ["leaderboard"], ["show"], ["list"], ["questionnaire"]] {
      let outcome = try judge(arguments + ["--help"])
      #expect(outcome.status == 0 && outcome.output.contains("EXAMPLE"), "\(arguments)")
    }
    let list = try judge(["list", "--format", "csv"])
    for name in ["LifelongRLHF", "Coevolve", "shock"] { #expect(list.output.contains(name)) }
  }

  /// The commands of an article run as they stand, one after the other.
  @Test(arguments: ["WriteAnExaminee", "ExamineesInAnyLanguage"])
  func articlesHaveCommandsThatWork(article: String) throws {
    let folder = try TemporaryFolder()
    let commands = try Self.commands(in: article)
    #expect(commands.count >= 2)
    for command in commands {
      let outcome = try Tool.run(
        command: "/bin/sh",
        ["-c", command.replacing("magnet ", with: "'\(Tool.binary)' ", maxReplacements: 1)],
        in: folder.path)
      #expect(outcome.status == 0, "\(command): \(outcome.errors)")
    }
  }

  /// The lines of an article's blocks of shell that call magnet.
  static func commands(in article: String) throws -> [String] {
    let text = try Project.text(Project.folder.path + "/Sources/Judges/Judges.docc/\(article).md")
    let blocks = text.components(separatedBy: "```sh\n").dropFirst()
    return blocks.flatMap { block in
      block.components(separatedBy: "```")[0].split(separator: "\n").map(String.init).filter {
        $0.hasPrefix("magnet ")
      }
    }
  }

  @Test func questionsOfOnesOwn() throws {
    let folder = try TemporaryFolder()
    let lines = (0..<10).map { number in
      """
      {"id": "q\(number)", "dimensions": ["freedom"], "context": "Which?", "options": ["more liberty \(number)", "more duty"],
      "weights": [[1], [0]]}
      """.replacing("\n", with: " ")
    }
    let file = try folder.write(lines.joined(separator: "\n"), to: "q.jsonl")
    let outcome = try judge(["run", "--challenges", "Follow", "--questions", file] + Self.small)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let row = try #require(
      parseCSV(outcome.output).map { $0.map(\.field) }.first { $0.contains("LifelongDPO") })
    #expect(row.contains("15"), "\(row)")
    let shared = try judge(
      ["run", "--challenges", "Follow", "--questions", file, "--shared-questions"] + Self.small)
    #expect(shared.status == 0 && shared.output != outcome.output)
    try folder.write(lines[0] + "\n{}\n", to: "q.jsonl")
    let wrong = try judge(["run", "--questions", file] + Self.small)
    #expect(wrong.status == 2 && wrong.errors.contains("q.jsonl: line 2: "), "\(wrong.errors)")
    #expect(try judge(["run", "--questions", "0"] + Self.small).status == 64)
    #expect(try judge(["run", "--questions", "401"] + Self.small).status == 64)
    let missing = try judge(["questionnaire", folder.path])
    #expect(missing.status == 2 && missing.errors.contains("/moralchoice/final.csv: cannot be read"))
  }

  @Test func foreignFilesAreRefused() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("hello", to: "x.judge")
    for arguments in [["run", "--results", file] + Self.small, ["leaderboard", file], ["show", file]] {
      let outcome = try judge(arguments)
      #expect(outcome.status == 2, "\(arguments)")
      #expect(outcome.errors.contains(file), "\(outcome.errors)")
    }
    #expect(try Project.text(file) == "hello")
  }

  private static let hasBubblewrap: Bool = {
    (try? Tool.run(
      command: "/usr/bin/env",
      ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "/bin/sh", "-c", ":"]))?.status == 0
  }()

  /// A store is read where nothing can be written, and why it cannot be made there is said.
  @Test(.enabled(if: hasBubblewrap)) func storesAreReadInFoldersThatCannotBeWritten() throws {
    let folder = try TemporaryFolder()
    let store = folder.path + "/a b%.judge"
    let made = try judge(
      ["run", "--world", "walk", "--challenges", "Follow", "--results", store] + Self.small)
    #expect(made.status == 0, "\(made.errors)")
    func fixed(_ arguments: [String]) throws -> Tool.Outcome {
      try Tool.run(
        command: "/usr/bin/env",
        ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", Tool.binary, "judge"] + arguments
      )
    }
    let board = try fixed(["leaderboard", store, "--format", "csv"])
    #expect(board.status == 0 && board.output == made.output, "\(board.errors)")
    #expect(try fixed(["show", store, "--calls", "--format", "csv"]).status == 0)
    for file in [store, folder.path + "/new.judge"] {
      let refused = try fixed(
        ["run", "--world", "walk", "--challenges", "Follow", "--results", file] + Self.small)
      #expect(refused.status == 2, "\(refused.output)")
      #expect(refused.errors.contains("\(file): cannot be written: "), "\(refused.errors)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a b%.judge"])
  }

  @Test func erasFromFoldersOfTexts() throws {
    let folder = try TemporaryFolder()
    let words = [
      "obedience", "duty", "order", "reason", "liberty", "freedom", "equality", "progress", "welfare",
    ]
    // Each era says everything, and one word most of all.
    for number in words.indices {
      let texts = words.indices.map { place in
        Array(
          repeating:
            "More \(words[place]) is what people want. I would rather have more \(words[place]) than anything else.",
          count: place == number ? 9 : 1
        ).joined(separator: " ")
      }
      try folder.write(texts.joined(separator: " "), to: "eras/1\(number)00/text.txt")
    }
    let arguments = [
      "run", "--eras-from", folder.path + "/eras", "--challenges", "Follow", "--algorithms", "LifelongDPO",
      "--format",
      "csv",
    ]
    let outcome = try judge(arguments)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let rows = parseCSV(outcome.output).map { $0.map(\.field) }
    #expect(rows.count == 3)
    let (snapshots, score) = (rows[0].firstIndex(of: "snapshots") ?? 0, rows[0].firstIndex(of: "score") ?? 0)
    // Nine timesteps have eight snapshots.
    #expect(rows.dropFirst().allSatisfy { $0[snapshots] == "8" && Double($0[score]) != nil }, "\(rows)")
    try FileManager.default.createDirectory(
      atPath: folder.path + "/eras/1900", withIntermediateDirectories: true)
    let empty = try judge(arguments)
    #expect(empty.status == 2 && empty.errors.contains("/eras/1900: has no text"), "\(empty.errors)")
    #expect(try judge(arguments + ["--world", "walk"]).status == 64)
    // An era without values has no direction to be compared with, which is said, and the exit status tells.
    try folder.write("x", to: "eras/1900/text.txt")
    let undefined = try judge(arguments)
    #expect(undefined.status == 1, "\(undefined.errors)")
    #expect(undefined.output.contains("undefined: the human's value vector 9 of 9 is all zeros"))
  }

  @Test func filesForProgressGymAndPlots() throws {
    let folder = try TemporaryFolder()
    let (file, plot) = (folder.path + "/out.json", folder.path + "/out.svg")
    let arguments =
      ["run", "--challenges", "Follow,Coevolve", "--progressgym", file, "--plot", plot] + Self.small
    let outcome = try judge(arguments)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let written = try Project.json(file)
    #expect(written["LifelongDPO"]?["Follow"]?["examinee_vector"]?.elements.count == 3)
    #expect(written["Dummy"]?["Coevolve"]?["simulated_model_vector"]?.elements.count == 4)
    let read = try judge(["leaderboard", file, "--format", "csv"])
    func scores(_ text: String) -> Set<String> { Set(parseCSV(text).dropFirst().map { $0[5].field }) }
    #expect(scores(read.output) == scores(outcome.output))
    #expect(try Project.text(plot).contains("<svg"))
    #expect(try Project.text(folder.path + "/out-2.svg").contains("<svg"))
    // What magnet did not write is not overwritten.
    let other = try folder.write("{}", to: "mine.json")
    #expect(try judge(["run", "--progressgym", other] + Self.small).status == 2)
    #expect(try Project.text(other) == "{}")
  }
}
