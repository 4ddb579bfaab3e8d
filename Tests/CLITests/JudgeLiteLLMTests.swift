import Foundation
import Magnet
import TestSupport
import Testing

private enum LiteLLM {
  static let program = Project.folder.path + "/.build/litellm/bin/litellm"
  static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }
}

/// The endpoint against a server that others wrote: LiteLLM's proxy, whose models answer by rule. `make litellm` installs
/// it.
@Suite(.enabled(if: LiteLLM.isInstalled)) struct JudgeLiteLLMTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let models = [("first", "A"), ("second", "Response 2"), ("cut", "litellm.RateLimitError")].map {
      name, answer in
      """
        - model_name: \(name)
          litellm_params: {model: openai/none, api_key: none, mock_response: "\(answer)"}
      """
    }
    try folder.write(
      "model_list:\n\(models.joined(separator: "\n"))\ngeneral_settings: {master_key: sk-proxy-key}\n",
      to: "config.yaml")
    try folder.write(
      #"[{"name": "1800", "model": "first"}, {"name": "1900", "model": "second"}, {"name": "2000", "model": "first"}]"#,
      to: "eras.json")
  }

  private func judge(_ base: String, _ arguments: [String], key: String = "sk-proxy-key") throws
    -> Tool.Outcome
  {
    try Tool.run(
      command: Tool.binary,
      [
        "judge", "run", "--endpoint", base, "--eras", "eras.json", "--key-env", "PROXY_KEY", "--questions",
        "12",
        "--challenges", "Follow", "--algorithms", "LifelongDPO", "--format", "csv",
      ] + arguments, environment: ["PROXY_KEY": key], in: folder.path)
  }

  @Test func modelsBehindTheProxyAreJudged() async throws {
    // A port that was free a moment ago.
    let port = try LoopbackServer { _, _ in false }.port
    let process = Process()
    process.executableURL = URL(filePath: LiteLLM.program)
    process.arguments = [
      "--config", folder.path + "/config.yaml", "--port", "\(port)", "--host", "127.0.0.1",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    defer {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    let base = "http://127.0.0.1:\(port)"
    var isReady = false
    for _ in 0..<600 where !isReady && process.isRunning {
      isReady = try Tool.run(command: "/usr/bin/curl", ["-sf", base + "/health/liveliness"]).status == 0
      if !isReady { try await Task.sleep(for: .milliseconds(200)) }
    }
    try #require(isReady)

    let sampled = try judge(
      base + "/v1", ["--model", "first", "--chances", "sample:1", "--results", "r.judge"])
    #expect(sampled.status == 0, "\(sampled.errors) \(sampled.output)")
    let rows = parseCSV(sampled.output).map { $0.map(\.field) }
    #expect(rows.count == 3 && rows.dropFirst().allSatisfy { $0[1].contains("sample:1") })
    let unreadable = try #require(rows.first?.firstIndex(of: "unreadable"))
    #expect(rows.dropFirst().allSatisfy { $0[unreadable] == "0" })
    let again = try judge(
      base + "/v1", ["--model", "first", "--chances", "sample:1", "--results", "r.judge"])
    #expect(again.output == sampled.output)
    // The proxy passes on no log probabilities, knows its key, and says what model it lacks.
    for (arguments, key, reason) in [
      (["--model", "first"], "sk-proxy-key", "no log probabilities"),
      (["--model", "first", "--chances", "sample:1"], "sk-wrong", "answered 40"),
      (["--model", "missing", "--chances", "sample:1", "--challenges", "Dummy"], "sk-proxy-key", "missing"),
    ] {
      let refused = try judge(base + "/v1", arguments, key: key)
      #expect(refused.status == 1 && refused.output.contains(reason), "\(refused.output) \(refused.errors)")
      #expect(!(refused.output + refused.errors).contains(key))
    }
  }
}
