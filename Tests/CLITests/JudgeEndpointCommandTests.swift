import Foundation
import Magnet
import TestSupport
import Testing

/// `magnet judge run` over a server of models.
@Suite(.enabled(if: EndpointServer.isAvailable)) struct JudgeEndpointCommandTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let questions = (0..<16).map { number -> String in
      let drinks = ["tea", "coffee", "rum", "milk"]
      let (a, b) = (drinks[number % 4], drinks[(number + 1 + number / 4 % 3) % 4])
      // Question 6, one to learn from, is refused by the server.
      let context = "Number \(number): \(a) or \(b)?" + (number == 6 ? " POISON" : "")
      return """
        {"id": "q\(number)", "dimensions": ["warmth"], "context": "\(context)", "options": ["more \(a)", "less \(b)"],
        "weights": [[\(number % 3 == 0 ? 1 : -1)], [0]]}
        """.replacing("\n", with: " ")
    }
    try folder.write(questions.joined(separator: "\n"), to: "questions.jsonl")
    try folder.write(
      #"""
      [{"name": "1800", "model": "m:tea"}, {"name": "1850", "model": "m:coffee"}, {"name": "1900", "model": "m:rum"},
      {"name": "1950", "model": "m:tea", "system": "It is 1950."}]
      """#, to: "eras.json")
  }

  private func judge(
    _ server: EndpointServer, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> Tool.Outcome {
    try Tool.run(
      command: Tool.binary,
      [
        "judge", "run", "--endpoint", server.base, "--model", "m:milk", "--eras", "eras.json", "--questions",
        "questions.jsonl", "--algorithms", "LifelongDPO", "--challenges", "Follow", "--format", "csv",
      ] + arguments, environment: environment, in: folder.path)
  }

  /// The rows without the setting, which depends on the server's address.
  private func rows(_ outcome: Tool.Outcome) -> [[String]] {
    parseCSV(outcome.output).map { row in
      row.map(\.field).enumerated().filter { $0.offset != 2 }.map(\.element)
    }
  }

  private func column(_ name: String, _ algorithm: String, _ outcome: Tool.Outcome) throws -> String {
    let rows = rows(outcome)
    let place = try #require(rows.first?.firstIndex(of: name), "\(outcome.errors)")
    return try #require(rows.first { $0.count > 3 && $0[3] == algorithm })[place]
  }

  @Test func faultsChangeNothing() throws {
    let (faulty, plain) = (try EndpointServer("--faults"), try EndpointServer())
    // One after the other: tests at once may both ask what neither knows yet.
    let order = ["--jobs", "1", "--parallel", "1"]
    let (found, wanted) = (try judge(faulty, order), try judge(plain, order))
    #expect(wanted.status == 0 && found.status == 0, "\(found.errors)")
    #expect(rows(found) == rows(wanted) && rows(found).count == 3)
    for status in [503, 429, 0, 400] { #expect(faulty.statuses.contains(status)) }
    // Each was asked for until it came, and not again.
    #expect(faulty.statuses.count { $0 == 200 } == plain.statuses.count { $0 == 200 })
    #expect(try column("unreadable", "LifelongDPO", found) == "3")
    #expect(try column("history", "LifelongDPO", found).hasSuffix("letters)"))
  }

  @Test func budgetsAreResumed() throws {
    let (server, whole) = (try EndpointServer(), try EndpointServer())
    let wanted = try judge(whole, ["--results", "whole.judge", "--jobs", "1", "--parallel", "3"])
    let arguments = ["--results", "part.judge", "--jobs", "1", "--parallel", "3"]
    let first = try judge(server, arguments + ["--max-requests", "40"])
    #expect(first.status == 1)
    #expect(first.output.contains("the budget of 40 requests is used up"), "\(first.output)")
    #expect(server.statuses.count == 40)
    let second = try judge(server, arguments)
    #expect(second.status == 0 && rows(second) == rows(wanted))
    // A refused question is the first that some model gets: it is then asked something else once a run.
    #expect((0...3).contains(server.statuses.count - whole.statuses.count))
    // All is known.
    let count = server.statuses.count
    let third = try judge(server, arguments)
    #expect(third.output == second.output && server.statuses.count == count)
  }

  @Test func chancesAreOnlyFoundOutAsAskedFor() throws {
    let server = try EndpointServer("--no-logprobs")
    let refused = try judge(server, [])
    #expect(refused.status == 1)
    #expect(refused.output.contains("gives no log probabilities") && refused.output.contains("--chances"))
    let sampled = try judge(server, ["--chances", "sample:2"])
    #expect(sampled.status == 0, "\(sampled.errors)")
    #expect(try column("history", "LifelongDPO", sampled).hasSuffix("sample:2)"))
    #expect(try column("difference", "LifelongDPO", sampled) != "")
  }

  /// A program that writes down its environment.
  private static let script = """
    import json, os, sys
    json.loads(sys.stdin.readline())
    open(sys.argv[1], "w").write(repr(dict(os.environ)) + open("/proc/self/cmdline").read())
    print(json.dumps({"ready": "1"}), flush=True)
    for line in sys.stdin:
        if json.loads(line)["call"] == "close": break
        print(json.dumps({"yield": "initial"}), flush=True)
    """

  @Test func theKeyIsNowhere() throws {
    let secret = "sk-\(UUID().uuidString)"
    let server = try EndpointServer()
    let script = try folder.write(Self.script, to: "e.py")
    let process = Process()
    process.executableURL = URL(filePath: Tool.binary)
    process.currentDirectoryURL = URL(filePath: folder.path)
    process.environment = ProcessInfo.processInfo.environment.merging(["JUDGE_KEY": secret]) { $1 }
    process.arguments = [
      "judge", "run", "--endpoint", server.base, "--model", "m", "--eras", "eras.json", "--questions",
      "questions.jsonl", "--key-env", "JUDGE_KEY", "--challenges", "Follow", "--results", "r.judge",
      "--progressgym",
      "out.json", "--plot", "plot.svg", "--exec", "/usr/bin/python3 \(script) \(folder.path)/environment",
      "--sandbox",
      "off", "-o", "table.csv",
    ]
    let errors = try folder.write("", to: "errors")
    process.standardOutput = FileHandle(forWritingAtPath: errors)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    let commands = try? Tool.run(command: "/bin/ps", ["axww", "-o", "args"])
    #expect(commands?.output.contains(secret) != true)
    process.waitUntilExit()
    let said = try Project.text(errors)
    #expect(process.terminationStatus == 0, "\(said)")
    #expect(try Project.text(folder.path + "/environment").contains("python3"))
    // It was sent.
    #expect(try Project.text(server.log).contains(", \(secret.utf8.count + 7)]"))
    let gone = try Tool.run(
      "judge", "run", "--endpoint", "http://127.0.0.1:9/v1", "--model", "m", "--eras", "eras.json",
      "--key-env",
      "JUDGE_KEY", "--challenges", "Follow", "--results", "gone.judge", environment: ["JUDGE_KEY": secret],
      in: folder.path)
    #expect(gone.status == 1 && !(gone.output + gone.errors).contains(secret))
    var count = 0
    let files = try #require(FileManager.default.enumerator(atPath: folder.path))
    for case let name as String in files {
      guard let bytes = FileManager.default.contents(atPath: folder.path + "/" + name) else { continue }
      count += 1
      #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(name)")
    }
    #expect(count >= 8)
    let plain = try Tool.run(
      "judge", "run", "--endpoint", "http://example.com/v1", "--model", "m", "--eras", "eras.json",
      in: folder.path)
    #expect(plain.status == 64 && plain.errors.contains("plain http is refused"))
  }
}
