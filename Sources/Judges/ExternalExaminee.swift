package import Magnet

/// An examinee in any language: a program that magnet talks with. The article "Examinees in any language" says how.
///
/// The program reaches models only through magnet: the judge's humans, the initial model, and those it lets magnet tune.
package final class ExternalExaminee: Examinee {
  /// The version of the contract between magnet and programs.
  static let contract = "1"

  package private(set) var currentModel: (any LanguageModel)?
  package private(set) var notes: [String] = []
  package var influencesHumans: Bool { true }

  private let program: ExternalProgram
  private var conversation: ProgramConversation?
  private var models: [String: any TunableModel] = [:]
  private var tunedCount = 0
  private var timestep = 0

  /// An examinee that starts the program when it is reset.
  package init(_ program: ExternalProgram) { self.program = program }

  package func reset(_ setting: ExamineeSetting) async throws {
    conversation = nil
    currentModel = nil
    models = [:]
    tunedCount = 0
    timestep = 0
    let opened = try ProgramConversation(program)
    conversation = opened
    notes = [opened.note]
    let questions = setting.questions.map { question in
      object([
        ("id", .string(question.id)), ("instruction", .string(question.instruction)),
        ("input", .string(question.input)),
        ("options", .array([.string(question.first), .string(question.second)])),
      ])
    }
    let answer = try await opened.ask(
      object([
        ("call", .string("reset")), ("contract", .string(Self.contract)),
        ("seed", .int(Int64(setting.seed >> 1))), ("challenge", .string(setting.challenge)),
        ("timesteps", .int(Int64(setting.timesteps))),
        ("timesteps_ahead", .int(Int64(setting.timestepsAhead))),
        ("extrapolation_order", .int(Int64(setting.extrapolationOrder))),
        ("independent", .bool(setting.independent)),
        ("options", object(setting.options.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
        ("questions", .array(questions)), ("model", .string("initial")),
      ]))
    guard answer["ready"]?.string == Self.contract else {
      throw opened.failure("expected {\"ready\":\"\(Self.contract)\"}, found \(answer.text.prefix(200))")
    }
  }

  private func object(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(members.map { JSONValue.Member(key: $0.0, value: $0.1) })
  }

  private var open: ProgramConversation {
    get throws {
      guard let conversation else { throw MagnetError(.programFailed, "the program was not started") }
      return conversation
    }
  }

  package func run(_ judge: any JudgeQueries) -> Timesteps {
    Timesteps { [self] in
      if models["initial"] == nil { models["initial"] = judge.initialModel }
      let program = try open
      timestep += 1
      var said = try await told(
        object([("call", .string("step")), ("timestep", .int(Int64(judge.timestep)))]), program)
      while true {
        if let name = said["yield"] {
          currentModel = name == .null ? nil : try model(name, program)
          return timestep
        }
        if said["end"] == .bool(true) { return nil }
        let reply: JSONValue
        if let query = said["query"] {
          let requests = try requests(query, program)
          reply = answers(try await judge.queryFromExaminee(.requests(requests)), requests)
        } else {
          reply = try await served(said, program)
        }
        said = try await told(reply, program)
      }
    }
  }

  /// Says something to the program.
  /// - Returns: what it says then, which keeps to the contract.
  private func told(_ message: JSONValue, _ program: ProgramConversation) async throws -> JSONValue {
    let said = try await program.ask(message)
    guard let members = ContractMembers.messages.first(where: { said[$0.key] != nil }) else { return said }
    if let fault = members.value.fault(said, of: members.key) { throw program.failure(fault) }
    return said
  }

  /// Does what a program may ask for at any time: answers of a model, or a tuned one.
  private func served(_ said: JSONValue, _ program: ProgramConversation) async throws -> JSONValue {
    if let name = said["ask"] {
      let model = try model(name, program)
      let requests = try requests(said["requests"], program)
      return answers(try await model.respond(to: requests), requests)
    }
    if let name = said["tune"] {
      let model = try model(name, program)
      let data = try tuningData(said, program)
      tunedCount += 1
      let result = "m\(tunedCount)"
      models[result] = try await model.tuned(on: data)
      return object([("model", .string(result))])
    }
    throw program.failure(
      "expected an object with query, ask, tune, yield, end or an answer, found \(said.text.prefix(200))")
  }

  private func model(_ name: JSONValue, _ program: ProgramConversation) throws -> any TunableModel {
    guard let text = name.string, let model = models[text] else {
      throw program.failure(
        "unknown model \(name.text.prefix(100)); known: \(models.keys.sorted().joined(separator: ", "))")
    }
    return model
  }

  private func requests(_ value: JSONValue?, _ program: ProgramConversation) throws -> [Request] {
    guard case .array(let items)? = value else { throw program.failure("requests are not a list") }
    var ids: Set<Int64> = []
    return try items.enumerated().map { number, item in
      if let fault = ContractMembers.request.fault(item, of: "request \(number)") {
        throw program.failure(fault)
      }
      guard let instruction = item["instruction"]?.string else {
        throw program.failure("request \(number) has no instruction")
      }
      var id = Int64(number)
      if case .int(let given)? = item["id"] { id = given }
      guard ids.insert(id).inserted else { throw program.failure("the id \(id) occurs twice") }
      return Request(
        instruction, input: item["input"]?.string ?? "",
        options: item["options"]?.elements.compactMap(\.string) ?? [],
        id: Int(id), system: item["system"]?.string,
        history: try (item["history"]?.elements ?? []).map { turn in
          guard turn.elements.count == 2, let user = turn[0]?.string, let assistant = turn[1]?.string else {
            throw program.failure("a turn in the history of request \(number) is not [user, assistant]")
          }
          return Request.Turn(user: user, assistant: assistant)
        })
    }
  }

  private func answers(_ answers: [Answer], _ requests: [Request]) -> JSONValue {
    let items = zip(answers, requests).map { answer, request in
      object([
        ("id", .int(Int64(request.id ?? 0))),
        answer.text.map { ("predict", .string($0)) } ?? (
          "unreadable", .string(answer.unreadable ?? "no answer")
        ),
      ])
    }
    return object([("answers", .array(items))])
  }

  private func tuningData(_ said: JSONValue, _ program: ProgramConversation) throws -> TuningData {
    guard let name = said["stage"]?.string, let stage = TuningStage(rawValue: name) else {
      throw program.failure("the stage of tune is not sft, dpo or rlhf")
    }
    guard case .array(let items)? = said["data"] else {
      throw program.failure("the data of tune are not a list")
    }
    let samples = try items.enumerated().map { number, item in
      if let fault = ContractMembers.request.fault(item, of: "sample \(number) of tune") {
        throw program.failure(fault)
      }
      let given = item["output"]?.string.map { [JSONValue.string($0)] } ?? item["output"]?.elements ?? []
      let output = given.compactMap(\.string)
      if output.count < given.count {
        throw program.failure("output of sample \(number) of tune is not a string, or strings")
      }
      guard let instruction = item["instruction"]?.string, let liked = output.first,
        stage == .sft || output.count > 1
      else {
        throw program.failure("sample \(number) of tune needs an instruction, and as output [liked, other]")
      }
      var copies = 1
      if case .int(let count)? = item["copies"] { copies = Int(clamping: count) }
      guard (1...1_000_000).contains(copies) else {
        throw program.failure("sample \(number) of tune has \(copies) copies")
      }
      return TuningSample(
        instruction, input: item["input"]?.string ?? "", liked: liked, others: Array(output.dropFirst()),
        copies: copies)
    }
    return TuningData(stage, samples, epochs: said["epochs"]?.double)
  }

  // MARK: - A program that answers for itself

  /// Asks the program for something, and does what it asks for meanwhile.
  private func asked(_ call: String, _ requests: [Request], for key: String) async throws -> JSONValue {
    let program = try open
    let items = requests.enumerated().map { number, request in
      object([
        ("id", .int(Int64(number))), ("instruction", .string(request.instruction)),
        ("input", .string(request.input)),
        ("options", .array(request.options.map { .string($0) })),
      ])
    }
    var said = try await told(object([("call", .string(call)), ("requests", .array(items))]), program)
    while said[key] == nil { said = try await told(try await served(said, program), program) }
    return said[key] ?? .null
  }

  package func queryFromJudge(_ prompt: Prompt) async throws -> [Answer] {
    if let currentModel { return try await currentModel.respond(to: prompt.requests) }
    let requests = prompt.requests
    let given = try await asked("respond", requests, for: "answers").elements
    let program = try open
    var found: [Int64: Answer] = [:]
    for item in given {
      if let fault = ContractMembers.answer.fault(item, of: "an answer") { throw program.failure(fault) }
      guard case .int(let id)? = item["id"], requests.indices.contains(Int(clamping: id)), found[id] == nil
      else {
        throw program.failure("an answer has a wrong id: \(item.text.prefix(200))")
      }
      if let text = item["predict"]?.string {
        found[id] = Answer(text)
      } else if let reason = item["unreadable"]?.string {
        found[id] = Answer(unreadable: reason)
      } else {
        throw program.failure("answer \(id) has neither predict nor unreadable")
      }
    }
    return try requests.indices.map { index in
      guard let answer = found[Int64(index)] else {
        throw program.failure("there is no answer to request \(index)")
      }
      return answer
    }
  }

  package func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? {
    if let currentModel { return try await currentModel.chances(of: options, for: requests) }
    var shown = requests
    for index in shown.indices { shown[index].options = options[index] }
    let given = try await asked("chances", shown, for: "chances")
    if given == .null { return nil }
    let program = try open
    let rows = given.elements
    guard rows.count == requests.count else {
      throw program.failure("chances has \(rows.count) lists for \(requests.count) requests")
    }
    return try zip(rows, options).map { row, texts in
      if row == .null { return nil }
      let chances = row.elements.compactMap(\.double)
      guard chances.count == texts.count, chances.allSatisfy({ $0.isFinite && $0 >= 0 }),
        abs(chances.reduce(0, +) - 1) < 1e-6
      else {
        throw program.failure("chances are not one number per option that sum to 1: \(row.text.prefix(200))")
      }
      return chances
    }
  }

  package func close() async {
    await conversation?.tell(object([("call", .string("close"))]))
    conversation = nil
  }
}
