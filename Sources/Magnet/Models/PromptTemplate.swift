/// How requests become the texts and messages that real models are given, as ProgressGym does it.
package enum PromptTemplate {
  /// The template of Stanford Alpaca: a preamble, then the headings Instruction, Input (if there is one), Response.
  /// Both parts are trimmed; an empty instruction is replaced by the input.
  package static func alpaca(instruction: String, input: String) -> String {
    var instruction = trimmed(instruction)
    var input = trimmed(input)
    if instruction.isEmpty { swap(&instruction, &input) }
    let task = "Below is an instruction that describes a task"
    let wanted = "Write a response that appropriately completes the request."
    if input.isEmpty {
      return "\(task). \(wanted)\n\n### Instruction:\n\(instruction)\n\n### Response:\n"
    }
    return "\(task), paired with an input that provides further context. \(wanted)\n\n"
      + "### Instruction:\n\(instruction)\n\n### Input:\n\(input)\n\n### Response:\n"
  }

  /// One message of a chat.
  package struct Message: Sendable, Hashable {
    /// `system`, `user` or `assistant`.
    package var role: String
    package var content: String

    /// A message.
    package init(role: String, content: String) {
      self.role = role
      self.content = content
    }
  }

  /// The request as messages of a chat: system; history; one user message; the beginning of the answer, if any.
  /// - Parameter inputLast: whether the instruction comes before the input; ProgressGym puts the input first.
  package static func messages(_ request: Request, inputLast: Bool = false) -> [Message] {
    var messages: [Message] = []
    if let system = request.system { messages.append(Message(role: "system", content: system)) }
    for turn in request.history {
      messages.append(Message(role: "user", content: turn.user))
      messages.append(Message(role: "assistant", content: turn.assistant))
    }
    let parts = [request.input, request.instruction].filter { !$0.isEmpty }
    let question = (inputLast ? parts.reversed() : parts).joined(separator: "\n\n")
    if !question.isEmpty { messages.append(Message(role: "user", content: question)) }
    if let output = request.output { messages.append(Message(role: "assistant", content: output)) }
    return messages
  }

  /// The text without white space at its ends.
  package static func trimmed(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let start = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let end = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[start...end])
  }
}
