import ArgumentParser
import HelmBackend
import Judges
import Magnet
import MagnetCommand

/// The options of a run whose humans are models behind a server.
struct JudgeEndpointOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Instead of a world, models behind an OpenAI-compatible server, such as http://localhost:8000/v1; needs --model and --eras.",
      valueName: "address"))
  var endpoint: String?
  @Option(
    help: ArgumentHelp(
      "The model that examinees start from, and that eras without one use.", valueName: "name"))
  var model: String?
  @Option(
    help: ArgumentHelp(
      "The history: a JSON list of {\"name\", \"model\", \"system\"}, one per timestep, such as one model told its century.",
      valueName: "file"),
    completion: .file())
  var eras: String?
  @Option(
    help: ArgumentHelp("The environment variable that holds the API key.", valueName: "name"),
    completion: .variables)
  var keyEnv: String?
  @Option(
    help: ArgumentHelp(
      "How chances of options are found: letters (log probabilities), echo (of completions) or sample:K.",
      valueName: "mode"),
    completion: .list(["letters", "echo", "sample:8"]))
  var chances = "letters"
  @Option(help: "The temperature of answers.")
  var temperature = 0.25
  @Option(help: ArgumentHelp("Requests at once.", valueName: "count"))
  var parallel = 8
  @Option(help: ArgumentHelp("Stop after this many requests; rerunning continues.", valueName: "count"))
  var maxRequests: Int?
  @Option(help: ArgumentHelp("Stop after this many tokens; rerunning continues.", valueName: "count"))
  var maxTokens: Int?
  @Flag(help: "Put the instruction before the input; ProgressGym puts the input first.")
  var inputLast = false

  func validate() throws {
    guard endpoint != nil else {
      if model != nil || eras != nil || keyEnv != nil {
        throw ValidationError("--model, --eras and --key-env go with --endpoint")
      }
      return
    }
    if model == nil || eras == nil { throw ValidationError("--endpoint needs --model and --eras") }
    if ChanceMode(chances) == nil { throw ValidationError("--chances must be letters, echo or sample:K") }
    if parallel < 1 || parallel > 256 { throw ValidationError("--parallel must be from 1 to 256") }
    if !(0...2).contains(temperature) { throw ValidationError("--temperature must be from 0 to 2") }
    for (name, value) in [("requests", maxRequests), ("tokens", maxTokens)]
    where value.map({ $0 < 1 }) == true {
      throw ValidationError("--max-\(name) must be 1 or more")
    }
  }

  /// The history behind the server; nil where none is named.
  func history(_ questions: QuestionSet) throws -> FixedHistory? {
    guard let endpoint, let model, let eras, let mode = ChanceMode(chances) else { return nil }
    var options = EndpointOptions(base: endpoint)
    options.keyVariable = keyEnv
    options.jobs = parallel
    options.mostRequests = maxRequests
    options.mostTokens = maxTokens
    options.temperature = temperature
    options.inputLast = inputLast
    options.chances = mode
    let server = try Endpoint(options)
    let list: JSONValue
    do {
      let bytes = try Files.read(eras, atMost: 1 << 24)
      list = try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
    } catch let error as SystemError {
      throw MagnetError(.notFound, "cannot be read: \(error)", at: eras)
    } catch { throw MagnetError(.invalidData, "\(error)", at: eras) }
    guard case .array(let items) = list, items.count >= 2 else {
      throw MagnetError(.invalidData, "is not a list of 2 or more eras", at: eras)
    }
    let models = try items.enumerated().map { number, item -> PromptedModel in
      guard case .object(let members) = item else {
        throw MagnetError(.invalidData, "era \(number) is not an object", at: eras)
      }
      for member in members
      where !["name", "model", "system"].contains(member.key) || member.value.string == nil {
        throw MagnetError(
          .invalidData, "era \(number): \(member.key) is not one of name, model and system, or not a string",
          at: eras)
      }
      return PromptedModel(
        server.model(item["model"]?.string ?? model), system: item["system"]?.string,
        name: item["name"]?.string ?? "era \(number)")
    }
    return FixedHistory(
      JudgeHistory(
        eras: models, initialModel: PromptedModel(server.model(model)), probe: questions.probe,
        questions: questions.preferences),
      name: "\(model) (prompted, \(mode))")
  }
}
