import Foundation
import HelmBackend
import Magnet
import TestSupport
import Testing

/// A server in Python that speaks the protocol and fails when asked; ended with the test.
final class EndpointServer {
  let base: String
  let log: String
  private let process = Process()
  private let folder: TemporaryFolder

  static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")

  init(_ arguments: String...) throws {
    folder = try TemporaryFolder()
    log = folder.path + "/log"
    process.executableURL = URL(filePath: "/usr/bin/python3")
    process.arguments = [Project.fixture("judges/endpoint_server.py"), log] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    var line = ""
    while !line.hasSuffix("\n") {
      let data = pipe.fileHandleForReading.availableData
      if data.isEmpty { break }
      line += String(decoding: data, as: UTF8.self)
    }
    base = "http://127.0.0.1:" + line.trimmingCharacters(in: .whitespacesAndNewlines) + "/v1"
  }

  deinit {
    // The signal cannot be blocked, as SIGTERM is in children of threads that Dispatch owns.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// The statuses of all requests so far.
  var statuses: [Int] {
    let text = (try? Project.text(log)) ?? ""
    return text.split(separator: "\n").compactMap { line in
      guard case .int(let status)? = try? JSONValue(parsing: String(line))[1] else { return nil }
      return Int(status)
    }
  }
}

@Suite(.enabled(if: EndpointServer.isAvailable)) struct JudgeEndpointTests {
  private func requests(_ count: Int) -> [Request] {
    (0..<count).map { Request("Which do you want, number \($0)?", options: ["tea \($0)", "coffee \($0)"]) }
  }

  @Test func answersAndChances() async throws {
    let server = try EndpointServer()
    let model = try Endpoint(EndpointOptions(base: server.base)).model("m:tea")
    #expect(try await model.respond(to: [Request("1+1=?")])[0].text == "2")
    let chances = try #require(
      try await model.chances(of: [["tea", "coffee"], ["coffee", "tea", "rum"]], for: requests(2)))
    #expect(zip(chances[0] ?? [], [8.0 / 9, 1.0 / 9]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(abs((chances[1]?[1] ?? 0) - 8.0 / 9) < 1e-12)
  }

  @Test func faultsAreRetriedAndRefusalsReported() async throws {
    let server = try EndpointServer("--faults")
    let plain = try EndpointServer()
    var questions = requests(60)
    questions[17].instruction += " POISON"
    func run(_ base: String) async throws -> ([Answer], [[Double]?]?) {
      let model = try Endpoint(EndpointOptions(base: base)).model("m:tea")
      return (
        try await model.respond(to: questions, draws: Array(repeating: 0, count: 60)),
        try await model.chances(of: questions.map(\.options), for: questions)
      )
    }
    let (answers, chances) = try await run(server.base)
    let (wanted, wantedChances) = try await run(plain.base)
    #expect(answers == wanted)
    #expect(chances == wantedChances)
    #expect(answers[17].text == nil)
    #expect(answers[17].unreadable?.contains("this content is refused") == true)
    #expect(chances?[17] == .some(nil))
    for status in [503, 429, 0, 400] { #expect(server.statuses.contains(status)) }
  }

  @Test func budgetsStopAndNothingIsLost() async throws {
    let server = try EndpointServer()
    var options = EndpointOptions(base: server.base)
    options.mostRequests = 10
    let model = try Endpoint(options).model("m")
    let failure = await #expect(throws: MagnetError.self) { try await model.respond(to: requests(30)) }
    #expect(failure?.description.contains("budget of 10 requests") == true)
    #expect(server.statuses.count <= 10)
  }

  @Test func withoutLogProbabilitiesSamplingIsAskedFor() async throws {
    let server = try EndpointServer("--no-logprobs")
    var options = EndpointOptions(base: server.base)
    let failure = await #expect(throws: MagnetError.self) {
      try await Endpoint(options).model("m:tea").chances(of: [["tea", "rum"]], for: requests(1))
    }
    #expect(failure?.description.contains("--chances") == true)
    options.chances = .sample(3)
    let chances = try await Endpoint(options).model("m:tea").chances(of: [["rum", "tea"]], for: requests(1))
    #expect(chances == [[0, 1]])
  }

  @Test func keysAndAddresses() async throws {
    for base in ["http://example.com/v1", "ftp://localhost/v1", "nonsense"] {
      #expect(throws: MagnetError.self) { try Endpoint(EndpointOptions(base: base)) }
    }
    var options = EndpointOptions(base: "https://localhost:1/v1")
    options.keyVariable = "MAGNET_TEST_NO_SUCH_KEY"
    let missing = #expect(throws: MagnetError.self) { try Endpoint(options) }
    #expect(missing?.description.contains("MAGNET_TEST_NO_SUCH_KEY") == true)
    setenv("MAGNET_TEST_KEY", "s3cret-key", 1)
    let server = try EndpointServer()
    var keyed = EndpointOptions(base: server.base)
    keyed.keyVariable = "MAGNET_TEST_KEY"
    let model = try Endpoint(keyed).model("m")
    _ = try await model.respond(to: [Request("hello")])
    #expect(try Project.text(server.log).contains(", 17]"))
    #expect(!"\(model) \(model.identity)".contains("s3cret"))
    var closed = EndpointOptions(base: "http://127.0.0.1:9/v1")
    closed.keyVariable = "MAGNET_TEST_KEY"
    let failure = await #expect(throws: MagnetError.self) {
      try await Endpoint(closed).model("m").respond(to: [Request("hello")])
    }
    #expect(failure?.description.contains("s3cret") == false)
  }

  @Test func aKeyThatTheServerRepeatsIsNotShown() async throws {
    let secret = "sk-test-\(UUID().uuidString)"
    setenv("MAGNET_TEST_REPEATED_KEY", secret + "\n", 1)
    let server = try LoopbackServer { request, connection in
      let status = String(decoding: request.body, as: UTF8.self).contains("denied") ? 401 : 400
      let key = request.headers["authorization"]?.dropFirst("Bearer ".count) ?? ""
      return connection.sendError(status, "no such key: \(key)")
    }
    var options = EndpointOptions(base: server.endpoint + "/v1")
    options.keyVariable = "MAGNET_TEST_REPEATED_KEY"
    let model = try Endpoint(options).model("m")
    let answers = try await model.respond(to: [Request("odd")])
    #expect(answers[0].unreadable == "the server answered 400: no such key: [key]")
    let failure = await #expect(throws: MagnetError.self) { try await model.respond(to: [Request("denied")]) }
    #expect(failure?.problem == "the server answered 401: no such key: [key]")
    for base in ["https://user:pass@localhost/v1", "https://localhost/v1?key=x"] {
      #expect(throws: MagnetError.self) { try Endpoint(EndpointOptions(base: base)) }
    }
  }
}
