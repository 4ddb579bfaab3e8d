import Magnet

/// Evaluates settings of a card in a Python child process, one after the other.
final class PythonRunner {
  /// After so many settings in a row in which Python ended or hung, the rest are not tried.
  private static let failureLimit = 3
  /// How many settings are sent before the first is answered.
  private static let window = 32

  private let plan: CardPlan
  private let program: PythonProgram
  private let options: EvaluationOptions
  private let asker: SQLAsker?
  private var session: PythonSession?
  private var printed: PrintedLines

  init(_ plan: CardPlan, _ program: PythonProgram, _ options: EvaluationOptions, _ asker: SQLAsker?) {
    self.plan = plan
    self.program = program
    self.options = options
    self.asker = asker
    printed = PrintedLines(options.onOutput)
  }

  /// Evaluates settings.
  /// - Parameter deliver: gets each outcome, in order; false to stop.
  func run(_ numbers: [Int], deliver: (Int, SettingOutcome) -> Bool) throws {
    var sent = 0
    var failures = 0
    let clock = ContinuousClock()
    for (place, number) in numbers.enumerated() {
      let begin = clock.now
      func seconds() -> Double { (clock.now - begin) / .seconds(1) }
      if failures == Self.failureLimit {
        let output = "ERROR evaluating claim: not tried, as Python failed in \(failures) settings in a row"
        if !deliver(number, plan.outcome(number, .inconclusive, output, [:], seconds: 0)) { return }
        continue
      }
      let session = try self.session ?? start()
      if self.session == nil {
        self.session = session
        sent = place
      }
      while sent < numbers.count, sent - place < (asker == nil ? Self.window : 1) {
        session.send(
          PythonRequests.values("setting", plan.given(numbers[sent]), row: plan.columns(numbers[sent])))
        sent += 1
      }
      var outcome: SettingOutcome
      do throws(PythonSession.Ended) {
        outcome = try finish(number, session, seconds)
        failures = 0
      } catch {
        outcome = interrupted(number, session, error.problem, seconds())
        self.session = nil
        failures += 1
      }
      printed.flush()
      if !deliver(number, outcome) { break }
    }
    session?.close()
    session = nil
  }

  private func start() throws -> PythonSession {
    let session = try PythonSession(program, timeLimit: options.timeLimit) { [self] in printed.add($0) }
    session.send(PythonRequests.card(plan.card, order: plan.order, binary: options.magnet))
    do throws(PythonSession.Ended) {
      _ = try session.answer(within: .seconds(60))
      return session
    } catch {
      printed.flush()
      throw MagnetError(
        .programFailed, "\(program.path) cannot run cards: \(error.problem)",
        advice: printed.last.map { "it wrote: \($0)" } ?? "Python 3.8 or later is needed")
    }
  }

  /// Waits for the outcome of a setting, and gives the child what it asks of SQL meanwhile.
  private func finish(
    _ number: Int, _ session: PythonSession, _ seconds: () -> Double
  ) throws(PythonSession.Ended) -> SettingOutcome {
    var answer = try session.answer()
    while let name = answer["need"]?.string {
      let values = Self.values(answer)
      do throws(Unresolved) {
        guard let symbol = plan.symbols[name], let asker, symbol.sql != nil else {
          throw Unresolved(plan.problem(ofSymbol: name))
        }
        let value = try asker.value(of: symbol, values.mapValues(\.value))
        session.send(PythonRequests.values("resume", [(name, value)]))
      } catch {
        return plan.outcome(
          number, .inconclusive, "SymbolNotResolved: \(name): \(error.problem)", values,
          line: plan.symbols[name]?.mark.line,
          seconds: seconds())
      }
      answer = try session.answer()
    }
    let values = Self.values(answer)
    if let name = answer["failed"]?.string {
      let (output, line) = failure(name, answer["error"] ?? .null)
      return plan.outcome(number, .inconclusive, output, values, line: line, seconds: seconds())
    }
    if let word = answer["status"]?.string, let status = CardStatus(rawValue: word) {
      let output = answer["output"]?.string ?? ""
      let line = Self.line(answer["error"], plan.card.claim?.block)
      let consumed = (answer["consumed"]?.elements ?? []).compactMap(\.string)
      return plan.outcome(
        number, status, output, values, consumed: consumed, line: line, seconds: seconds())
    }
    guard let asker else { throw PythonSession.Ended(problem: "the process of the card broke its contract") }
    let verdict = asker.judge(values.mapValues(\.value))
    return plan.outcome(
      number, verdict.status, verdict.output, values, evidence: verdict.evidence,
      line: verdict.status == .inconclusive ? plan.card.claim?.block.mark.line : nil, seconds: seconds())
  }

  /// The outcome of a setting in which Python ended or hung.
  private func interrupted(
    _ number: Int, _ session: PythonSession, _ problem: String, _ seconds: Double
  ) -> SettingOutcome {
    printed.flush()
    let name = session.block.flatMap { $0 < plan.order.count ? plan.order[$0] : nil }
    let block = name.map { plan.symbols[$0]?.python } ?? plan.card.claim?.block
    let output = name.map { "SymbolNotResolved: \($0): \(problem)" } ?? "ERROR evaluating claim: \(problem)"
    return plan.outcome(number, .inconclusive, output, [:], line: block?.firstLine, seconds: seconds)
  }

  /// The message about a symbol whose block failed, and the line in the card.
  private func failure(_ name: String, _ error: JSONValue) -> (output: String, line: Int?) {
    let line = Self.line(error, plan.symbols[name]?.python)
    let type = error["type"]?.string ?? ""
    var message = error["message"]?.string ?? ""
    if message.isEmpty
      || !["AssertionError", "NameError", "Mismatch", "TypeError", "ValueError", "ZeroDivisionError"]
        .contains(type)
    {
      if type != "Mismatch" { message = message.isEmpty ? type : "\(type): \(message)" }
    }
    if type == "NameError", let match = message.firstMatch(of: #/name '(\w+)' is not defined/#) {
      let missing = String(match.output.1)
      if plan.symbols[missing] != nil {
        message += "; add it to depends_on"
      } else if plan.card.pythonBlocks.contains(where: {
        $0.name != name && Self.defines(missing, $0.block.text)
      }) {
        message += "; imports and helpers are not passed from one block to another"
      }
    }
    let place = line.map { " (line \($0))" } ?? ""
    return ("SymbolNotResolved: \(name): \(message)\(place)", line)
  }

  /// Whether a block imports or defines a name.
  private static func defines(_ name: String, _ text: String) -> Bool {
    text.split(whereSeparator: \.isNewline).contains { line in
      let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
      guard let first = words.first, ["import", "from", "def", "class"].contains(first) else { return false }
      return words.contains(Substring(name))
    }
  }

  private static func line(_ error: JSONValue?, _ block: CardDefinition.Block?) -> Int? {
    guard let block, case .int(let line)? = error?["line"] else { return nil }
    return block.firstLine + Int(clamping: line) - 1
  }

  private static func values(_ answer: JSONValue) -> [String: (value: CardValue, isSimple: Bool)] {
    var values: [String: (value: CardValue, isSimple: Bool)] = [:]
    for item in answer["symbols"]?.elements ?? [] {
      guard let name = item[0]?.string, let value = CardValue(traveling: item[1]) else { continue }
      let isOpaque = if case .opaque = value { true } else { false }
      values[name] = (value, item[2] == .bool(true) && !isOpaque)
    }
    return values
  }
}

/// What a card prints, line by line; only so much of it.
final class PrintedLines {
  private static let limit = 1 << 20
  private static let lineLimit = 2000

  private let deliver: (String) -> Void
  private var unfinished: [UInt8] = []
  private var count = 0
  /// The last line that was not empty.
  private(set) var last: String?

  init(_ deliver: @escaping (String) -> Void) { self.deliver = deliver }

  func add(_ bytes: [UInt8]) {
    if count > Self.limit { return }
    count += bytes.count
    unfinished += bytes
    var lines = unfinished.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let rest = Array(lines.removeLast())
    for line in lines { say(line) }
    unfinished = rest
    if unfinished.count > Self.lineLimit { flush() }
    if count > Self.limit {
      flush()
      deliver("(what it prints from here on is not shown)")
    }
  }

  /// Delivers a line that has no end yet.
  func flush() {
    if !unfinished.isEmpty { say(unfinished[...]) }
    unfinished = []
  }

  private func say(_ bytes: ArraySlice<UInt8>) {
    let text = String(decoding: bytes.prefix(Self.lineLimit), as: UTF8.self)
    if !text.allSatisfy(\.isWhitespace) { last = text }
    deliver(text)
  }
}
