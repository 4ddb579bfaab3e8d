import Foundation
import HelmBackend
import Magnet
import Synchronization
import TestSupport
import Testing

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
    let variables = ["KEY": "s3cret-key", "BLANK": " \n", "ODD": "two words"]
    func endpoint(_ base: String, _ key: String) throws -> Endpoint {
      var keyed = EndpointOptions(base: base)
      keyed.keyVariable = key
      return try Endpoint(keyed) { variables[$0] }
    }
    for name in ["BLANK", "ODD", "NONE"] {
      #expect(throws: MagnetError.self) { try endpoint("https://localhost:1/v1", name) }
    }
    let server = try EndpointServer()
    let model = try endpoint(server.base, "KEY").model("m")
    _ = try await model.respond(to: [Request("hello")])
    #expect(try Project.text(server.log).contains(", 17]"))
    #expect(!"\(model) \(model.identity)".contains("s3cret"))
    let failure = await #expect(throws: MagnetError.self) {
      try await endpoint("http://127.0.0.1:9/v1", "KEY").model("m").respond(to: [Request("hello")])
    }
    #expect(failure?.description.contains("s3cret") == false)
  }

  @Test func aKeyThatTheServerRepeatsIsNotShown() async throws {
    let secret = "sk-test-\(UUID().uuidString)"
    let server = try LoopbackServer { request, connection in
      let text = String(decoding: request.body, as: UTF8.self)
      if text.contains("Hello") { return connection.send(200, [:], Array(Self.good.utf8)) }
      let status = text.contains("denied") ? 401 : 400
      let key = request.headers["authorization"]?.dropFirst("Bearer ".count) ?? ""
      return connection.sendError(status, "no such key: \(key)")
    }
    var options = EndpointOptions(base: server.endpoint + "/v1")
    options.keyVariable = "KEY"
    let model = try Endpoint(options) { _ in secret + "\n" }.model("m")
    let answers = try await model.respond(to: [Request("odd")])
    #expect(answers[0].unreadable == "the server answered 400: no such key: [key]")
    let failure = await #expect(throws: MagnetError.self) { try await model.respond(to: [Request("denied")]) }
    #expect(failure?.problem == "the server answered 401: no such key: [key]")
    for base in ["https://user:pass@localhost/v1", "https://localhost/v1?key=x"] {
      #expect(throws: MagnetError.self) { try Endpoint(EndpointOptions(base: base)) }
    }
  }

  /// Answers are kept by what was asked, of whom and how; budgets and keys are not part of it.
  @Test func whatDecidesAnswersIsInTheIdentity() throws {
    func digest(_ name: String = "m", _ change: (inout EndpointOptions) -> Void = { _ in }) throws -> String {
      var options = EndpointOptions(base: "http://localhost:1/v1")
      change(&options)
      return try Endpoint(options) { _ in "key" }.model(name).identity.digest
    }
    let all = try [
      digest(), digest("n"), digest { $0.base = "http://localhost:2/v1" }, digest { $0.temperature = 0.5 },
      digest { $0.answerTokens = 9 }, digest { $0.inputLast = true }, digest { $0.chances = .echo },
      digest { $0.chances = .sample(3) }, digest { $0.chances = .sample(4) },
    ]
    #expect(Set(all).count == all.count)
    let same = try digest {
      $0.jobs = 2
      $0.attempts = 3
      $0.seconds = 5
      $0.mostRequests = 7
      $0.mostTokens = 8
      $0.keyVariable = "K"
    }
    #expect(same == all[0])
  }

  /// Servers that refuse all of a model's requests as others refuse single ones.
  @Test func aModelThatIsAlwaysRefusedFails() async throws {
    let counted = Shared(count: 0)
    let server = try LoopbackServer { request, connection in
      let text = String(decoding: request.body, as: UTF8.self)
      _ = counted.next()
      return text.contains("\"good\"") && !text.contains("POISON")
        ? connection.send(200, [:], Array(Self.good.utf8)) : connection.sendError(400, "Invalid model or key")
    }
    let endpoint = try Endpoint(EndpointOptions(base: server.endpoint + "/v1"))
    let failure = await #expect(throws: MagnetError.self) {
      try await endpoint.model("missing").respond(to: [Request("q")])
    }
    #expect(failure?.problem == "the server answered 400: Invalid model or key" && counted.count == 2)
    // One that answers something else is known from then on.
    let answers = try await endpoint.model("good").respond(to: [Request("POISON")])
    #expect(answers[0].unreadable == "the server answered 400: Invalid model or key" && counted.count == 4)
    _ = try await endpoint.model("good").respond(to: [Request("POISON"), Request("q")])
    #expect(counted.count == 6)
  }

  // MARK: - Servers in trouble

  /// A model of a server that answers with each of the bodies in turn, the last one for ever.
  private func model(
    _ answers: [String], attempts: Int = 8,
    _ send: @escaping @Sendable (LoopbackConnection, [UInt8]) -> Bool = {
      $0.send(200, [:], $1)
    }
  ) throws -> (EndpointModel, LoopbackServer, @Sendable () -> Int) {
    let counted = Shared(count: 0)
    let server = try LoopbackServer { _, connection in
      let number = counted.next()
      return send(connection, Array(answers[min(number, answers.count - 1)].utf8))
    }
    var options = EndpointOptions(base: server.endpoint + "/v1")
    options.attempts = attempts
    options.seconds = 1
    return (try Endpoint(options).model("m"), server, { counted.count })
  }

  private static let good = #"{"choices":[{"message":{"content":"fine"}}]}"#

  @Test func whatIsNotAnAnswerIsAskedForAgain() async throws {
    let odd = [
      "<!DOCTYPE html><html>Bad gateway</html>", "", #"{"choices":3}"#,
      #"{"error":{"message":"provider is down"}}"#,
    ]
    let (model, server, count) = try model(odd + [Self.good])
    #expect(try await model.respond(to: [Request("q")])[0].text == "fine")
    #expect(count() == odd.count + 1)
    withExtendedLifetime(server) {}
    for (body, problem) in [
      (odd[0], "is not JSON"), (odd[2], "has no choices"), (odd[3], "no choices: provider is down"),
      ("{\"choices\":[", "is not JSON"), ("null", "has no choices"),
    ] {
      let (model, server, count) = try self.model([body], attempts: 3)
      let failure = await #expect(throws: MagnetError.self) { try await model.respond(to: [Request("q")]) }
      #expect(failure?.description.contains(problem) == true, "\(failure.map { "\($0)" } ?? "")")
      #expect(failure?.description.contains("3 times") == true && count() == 3)
      withExtendedLifetime(server) {}
    }
  }

  @Test func answersWithoutTextAreUnreadable() async throws {
    for body in [
      #"{"choices":[]}"#, #"{"choices":[{"message":{"content":null},"finish_reason":"content_filter"}]}"#,
      #"{"choices":[{"message":{"content":[1]}}],"usage":{"total_tokens":-5}}"#, #"{"choices":[null]}"#,
    ] {
      let (model, server, _) = try model([body])
      let answer = try await model.respond(to: [Request("q")])[0]
      #expect(answer.text == nil && answer.unreadable == "the server's answer has no text")
      withExtendedLifetime(server) {}
    }
  }

  @Test func connectionsThatAreCutAreMadeAgain() async throws {
    let counted = Shared(count: 0)
    let (model, server, _) = try model([Self.good]) { connection, body in
      let number = counted.next()
      if number < 3 {
        return connection.send(200, [:], body, length: body.count, end: .cut(number * 5), rate: 0)
      }
      return connection.send(200, [:], body)
    }
    #expect(try await model.respond(to: [Request("q")])[0].text == "fine")
    withExtendedLifetime(server) {}
  }

  @Test func hugeAndEndlessAnswersEnd() async throws {
    let body =
      "{\"choices\":[{\"message\":{\"content\":\"" + String(repeating: "x", count: 17 << 20) + "\"}}]}"
    let (huge, first, _) = try model([body])
    let tooMuch = await #expect(throws: MagnetError.self) { try await huge.respond(to: [Request("q")]) }
    #expect(tooMuch?.description.contains("more than 16 MB") == true)
    // Twenty bytes each second: never stalled, and never there.
    let (slow, second, _) = try model([String(repeating: " ", count: 1000)], attempts: 1) {
      $0.send(200, [:], $1, length: $1.count, end: .whole, rate: 20)
    }
    let endless = await #expect(throws: MagnetError.self) { try await slow.respond(to: [Request("q")]) }
    #expect(endless?.description.contains("was not there after 5 seconds") == true)
    withExtendedLifetime((first, second)) {}
  }

  // MARK: - Chances

  @Test func lettersAreReadFromTokens() {
    for (token, place) in [
      ("A", 0), (" B", 1), ("(C", 2), ("B)", 1), ("**A", 0), ("a", nil), ("D", nil), ("AB", nil), ("", nil),
      ("Ä", nil), (".", nil),
    ] as [(String, Int?)] {
      #expect(LetteredChoice.place(ofToken: token, count: 3) == place, "\(token)")
    }
  }

  @Test func choicesAreReadFromAnswers() {
    let drinks = ["tea", "green tea", "coffee"]
    for (answer, place) in [
      ("B", 1), ("b", 1), (" (c) ", 2), ("a", 0), ("A.", 0), ("A) tea", 0), ("The answer is B.", 1),
      ("I would take C because it wakes me", 2), ("B. green tea", 1), ("Answer: **A**", 0), ("Option A", 0),
      ("tea", 0), ("Green tea!", 1), ("I like green tea best", 1), ("coffee, as a rule", 2),
      ("a cup of coffee", 2), ("A cup of coffee", 2), ("a steak", nil), ("A steak", nil), ("teapot", nil),
      ("tea or coffee", nil), ("A or B", nil), ("A and not B", nil), ("A. tea\nB. green tea", nil),
      ("D", nil), ("", nil),
      ("I do not know", nil), ("B-side", nil), ("C3PO", nil),
    ] as [(String, Int?)] {
      #expect(LetteredChoice.place(of: answer, options: drinks) == place, "\(answer)")
    }
    #expect(LetteredChoice.place(of: "tea", options: ["tea", "Tea"]) == nil)
    #expect(LetteredChoice.place(of: "x", options: []) == nil)
  }

  @Test func chancesFromEchoedOptions() async throws {
    // Tokens of four characters; those of an option with `tea` are likely.
    let server = try LoopbackServer { request, connection in
      guard let body = try? JSONValue(parsing: String(decoding: request.body, as: UTF8.self)),
        let prompt = body["prompt"]?.string, body["max_tokens"] == .int(1)
      else { return connection.sendError(400, "max_tokens must be at least 1") }
      let text = Array(prompt + "!")
      let starts = stride(from: 0, to: text.count, by: 4).map { $0 }
      let last = prompt.hasSuffix("tea") ? -0.5 : -1.0
      // The text that is generated would change everything if it were counted.
      let logs = starts.map { $0 == 0 ? "null" : $0 + 4 >= text.count ? "-1000" : "\(last)" }
      let generated = "[\(starts.map { "\($0)" }.joined(separator: ",")),\(text.count)]"
      let values = "[\(logs.joined(separator: ",")),-1000]"
      let answer = #"{"choices":[{"logprobs":{"text_offset":\#(generated),"token_logprobs":\#(values)}}]}"#
      return connection.send(200, [:], Array(answer.utf8))
    }
    var options = EndpointOptions(base: server.endpoint + "/v1")
    options.chances = .echo
    let model = try Endpoint(options).model("m")
    // The prompt's length is such that options begin in the middle of a token.
    let found = try await model.chances(of: [["x tea", "x rum"]], for: [Request("Which?")])
    let chances = try #require(found?[0])
    #expect(chances[0] > chances[1] && abs(chances[0] + chances[1] - 1) < 1e-12)
    withExtendedLifetime(server) {}
  }

  @Test func serversThatRefuseLogProbabilitiesAreNamed() async throws {
    let server = try LoopbackServer { request, connection in
      let isChat = request.target.hasSuffix("/chat/completions")
      return isChat
        ? connection.sendError(400, "logprobs are not supported")
        : connection.send(200, [:], Array(Self.good.utf8))
    }
    for mode in [ChanceMode.letters, .echo] {
      var options = EndpointOptions(base: server.endpoint + "/v1")
      options.chances = mode
      let model = try Endpoint(options).model("m")
      let failure = await #expect(throws: MagnetError.self) {
        try await model.chances(of: [["a", "b"]], for: [Request("q")])
      }
      #expect(failure?.code == .unsupported && failure?.description.contains("sample:K") == true)
    }
    withExtendedLifetime(server) {}
  }
}

/// A count that threads share.
private final class Shared: Sendable {
  private let value: Mutex<Int>
  init(count: Int) { value = Mutex(count) }
  var count: Int { value.withLock { $0 } }
  /// The count before this call.
  func next() -> Int {
    value.withLock { value in
      value += 1
      return value - 1
    }
  }
}
