import ArgumentParser
import Cards
import Magnet
import MagnetCommand

struct CardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "card",
    abstract: "Verify claims about results that evaluation cards state.",
    discussion: """
      A card states a claim in YAML, in SQL over runs or in Python, and the symbols it is about. Evaluated, it ends \
      VERIFIED, FALSIFIED or INCONCLUSIVE. Cards of Kitware's MAGNET run unchanged.

      EXAMPLE:
        magnet card summarize card.yaml
        magnet card validate cards/*.yaml
        magnet card evaluate card.yaml benchmark_output
      """,
    subcommands: [CardEvaluate.self, CardSummarize.self, CardValidate.self, CardNew.self])
}

struct CardSummarize: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summarize",
    abstract: "Print a card's title, description, symbols, claim and status.",
    discussion: """
      Runs nothing of the card. With -o the values and the status are those of the last evaluation in that folder. The \
      exit status is 1 when the card cannot be evaluated as it is.

      EXAMPLE:
        magnet card summarize card.yaml
        magnet card summarize card.yaml -o results
      """)

  @Argument(help: "The card.", completion: .file(extensions: ["yaml", "yml"]))
  var card: String
  @Option(name: [.customShort("o"), .long], help: "A folder with evaluations of the card, or one of them.")
  var output: String?

  func run() async throws {
    try await report {
      let card = try EvaluationCard(card)
      if let output { try card.restore(from: output) }
      try Terminal.write(CardText.shown(card.summarize()))
      let errors = card.faults.filter { $0.severity == .error }
      CardText.say(errors)
      return errors.count
    }
  }
}

struct CardValidate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Report every fault of cards with file, line and column.",
    discussion: """
      Runs nothing of a card: its queries are prepared and not asked, its Python is compiled and not run. The exit \
      status is 0 when all cards are sound, 1 when one has a fault, 2 when one cannot be read, or not everything in it \
      could be checked, as its Python without a Python.

      EXAMPLE:
        magnet card validate card.yaml
      """)

  @Argument(help: "The cards.", completion: .file(extensions: ["yaml", "yml"]))
  var cards: [String]
  @Option(help: ArgumentHelp("The Python that compiles the cards' blocks.", valueName: "program"))
  var python: String?

  func run() async throws {
    var status: Int32 = 0
    for path in cards {
      do {
        var options = EvaluationOptions()
        options.python = python
        let card = try EvaluationCard(path).validate(options)
        CardText.say(card.faults)
        for note in card.notes { Terminal.say(CardText.shown(note)) }
        let count = card.faults.count { $0.severity != .recommendation }
        if count > 0 { status = max(status, 1) }
        let missing = card.isComplete ? "" : ", but not everything was checked"
        if !card.isComplete { status = 2 }
        let verdict = (count == 0 ? "sound" : count == 1 ? "1 fault" : "\(count) faults") + missing
        try Terminal.write(CardText.shown("\(path): \(verdict)\n"))
      } catch {
        CardText.say(error)
        status = 2
      }
    }
    if status != 0 { throw ExitCode(status) }
  }
}

/// How cards are shown on the terminal.
enum CardText {
  /// A text without control characters but line breaks and tabs.
  static func shown(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isHidden) else { return text }
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if isHidden(scalar) {
        out.append(
          contentsOf: "\\x\(scalar.value < 16 ? "0" : "")\(String(scalar.value, radix: 16))".unicodeScalars)
      } else {
        out.append(scalar)
      }
    }
    return String(out)
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || (0x7F...0x9F).contains(scalar.value)
  }

  /// Names each fault on standard error.
  static func say(_ faults: [CardFault]) {
    for fault in faults {
      Terminal.say(shown("\(fault)"), as: fault.severity == .error ? .error : .warning)
    }
  }

  /// Names what kept a card from being read.
  static func say(_ error: any Error) {
    if let faults = error as? CardFaults {
      say(faults.faults)
    } else {
      Terminal.say(shown("\(error)"), as: .error)
    }
  }
}
