@_spi(Reading) public import Magnet

/// A question with one best answer and some worse ones.
///
/// In a file, an object with `prompt`, the whole text before the answer, and `responses`, an object that gives each
/// answer's text the number 1 (the best) or 0. The members of `responses` keep the order of the file: it often tells
/// which answer is the best, so whatever scores without labels must shuffle first.
public struct PreferenceExample: Sendable, Hashable {
  /// An answer.
  public struct Response: Sendable, Hashable {
    /// The text after the prompt.
    public let text: String
    /// Whether it is the best of its example.
    public let isBest: Bool
  }

  /// Its number in the file, 0 first.
  public let index: Int
  /// The text before the answer; may be empty.
  public let prompt: String
  /// The answers in the order of the file: one best, one or more worse.
  public let responses: [Response]
  /// The example's other members, in the order of the file.
  public let others: [JSONValue.Member]

  /// The best answer and a worse one, for each worse one in the order of the file.
  public var pairs: [PreferencePair] {
    guard let best = responses.first(where: \.isBest) else { return [] }
    return responses.filter { !$0.isBest }.map {
      PreferencePair(example: index, prompt: prompt, best: best.text, worse: $0.text)
    }
  }
}

/// A prompt with a better and a worse answer: what reward models are trained and judged on.
public struct PreferencePair: Sendable, Hashable {
  /// The number of the example it comes from.
  public let example: Int
  /// What is asked.
  public let prompt: String
  /// The best answer.
  public let best: String
  /// A worse answer.
  public let worse: String
}

extension PreferenceExample {
  /// Calls `body` with each example of a file, read in windows: memory does not grow with the file.
  /// - Parameters:
  ///   - file: a JSON array of examples.
  ///   - keepsOthers: whether `others` is filled.
  ///   - body: called with each example, in order.
  /// - Returns: how many examples there are.
  /// - Throws: `DataFault` at the first example that is not valid: without `prompt` or `responses`, without exactly one
  ///   best and at least one worse answer, with a value other than 0 and 1, with another number of answers than the
  ///   first.
  @discardableResult
  public static func forEach(
    in file: String, keepsOthers: Bool = false, _ body: (PreferenceExample) throws -> Void
  ) throws -> Int {
    var first: Int?
    var count = 0
    try unsafe ArrayElements.forEach(in: file) { number, bytes, offset in
      let place = "[\(number)]"
      let document: JSONDocument
      do throws(JSONFault) { document = try unsafe TolerantParser.parse(bytes) } catch {
        throw DataFault(file, place, "byte \(offset + error.offset): \(error.problem)")
      }
      let example = try document.withTape { (tape: JSONTape) throws(DataFault) in
        try PreferenceExample(tape, index: number, keepsOthers: keepsOthers, file: file, place: place)
      }
      if let first, example.responses.count != first {
        throw DataFault(
          file, place + ".responses",
          "has \(example.responses.count) answers, the file's first example \(first): all must have the same number"
        )
      }
      first = first ?? example.responses.count
      count += 1
      try body(example)
    }
    return count
  }

  private init(
    _ tape: JSONTape, index: Int, keepsOthers: Bool, file: String, place: String
  ) throws(DataFault) {
    guard tape.tag(JSONTape.top) == .object else {
      throw DataFault(file, place, "expected an object, found \(tape.kindName(JSONTape.top))")
    }
    func member(_ name: StaticString) throws(DataFault) -> Int {
      guard let value = tape.value(of: name, in: JSONTape.top) else {
        throw DataFault(file, place, "has no '\(name)'")
      }
      return value
    }
    let prompt = try member("prompt")
    guard tape.tag(prompt) == .string else {
      throw DataFault(file, place + ".prompt", "expected a string, found \(tape.kindName(prompt))")
    }
    self.index = index
    self.prompt = tape.string(prompt)
    responses = try Self.responses(tape, try member("responses"), file, place + ".responses")
    var others: [JSONValue.Member] = []
    if keepsOthers {
      tape.forEachMember(of: JSONTape.top) { key, value in
        if tape.isString(key, "prompt") || tape.isString(key, "responses") { return }
        others.append(JSONValue.Member(key: tape.string(key), value: JSONValue(tape, at: value)))
      }
    }
    self.others = others
  }

  private static func responses(
    _ tape: JSONTape, _ object: Int, _ file: String, _ place: String
  ) throws(DataFault) -> [Response] {
    guard tape.tag(object) == .object else {
      throw DataFault(file, place, "expected an object of text to 0 or 1, found \(tape.kindName(object))")
    }
    var responses: [Response] = []
    // Of more than a few answers, those that there were; a search of all for each would take for ever.
    var texts: Set<[UInt8]> = []
    func isThere(_ text: String) -> Bool {
      if responses.count < 16 { return responses.contains { haveSameBytes($0.text, text) } }
      if texts.isEmpty { texts = Set(responses.map { Array($0.text.utf8) }) }
      return !texts.insert(Array(text.utf8)).inserted
    }
    try tape.forEachMember(of: object) { (key: Int, value: Int) throws(DataFault) in
      let text = tape.string(key)
      let number: Double? =
        switch tape.tag(value) {
        case .double: tape.double(value)
        case .int: Double(tape.int(value))
        default: nil
        }
      guard let number, number == 0 || number == 1 else {
        let found = number.map { "\($0)" } ?? tape.kindName(value)
        throw DataFault(file, place, "\(quotedBeginning(text)): expected 0 or 1, found \(found)")
      }
      if isThere(text) {
        throw DataFault(file, place, "\(quotedBeginning(text)) is there twice")
      }
      responses.append(Response(text: text, isBest: number == 1))
    }
    let best = responses.count(where: \.isBest)
    let words = ["no", "one", "two", "three", "four"]
    if best != 1 {
      let count = best < words.count ? words[best] : "\(best)"
      let found = count == "no" ? "no best answer" : "\(count) best answers"
      throw DataFault(file, place, "\(found) (value 1); exactly one is needed")
    }
    if responses.count < 2 {
      throw DataFault(file, place, "no worse answer (value 0); at least one is needed")
    }
    return responses
  }
}

/// The beginning of a text in quotes, for messages.
func quotedBeginning(_ text: String) -> String {
  let scalars = text.unicodeScalars.prefix(40).filter { $0.value >= 0x20 && $0.value != 0x7F }
  var out = String.UnicodeScalarView()
  out.append(contentsOf: scalars)
  return "'\(String(out))\(text.unicodeScalars.count > 40 ? "…" : "")'"
}
