import ArgumentParser
import Magnet
import MagnetCommand

struct CardNew: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Write a card to start from.",
    discussion: """
      The card claims that every model answers some questions right, in SQL, or with --python in Python, which asks \
      magnet for the scores. It works as it is.

      EXAMPLE:
        magnet card new chance && magnet card evaluate chance.yaml benchmark_output
      """)

  @Argument(help: "The card's name, and that of the file NAME.yaml.")
  var name: String
  @Flag(help: "A claim in Python.")
  var python = false

  func validate() throws {
    guard name.utf8.count <= 100, name.wholeMatch(of: #/[A-Za-z0-9_][A-Za-z0-9_.-]*/#) != nil else {
      throw ValidationError("Invalid name '\(name)': use letters, digits, _, . and -.")
    }
  }

  func run() async throws {
    try await report {
      let file = name.hasSuffix(".yaml") ? name : name + ".yaml"
      if Files.exists(file) {
        throw MagnetError(.alreadyExists, "already exists; nothing is overwritten", at: file)
      }
      let text = python ? CardTemplate.python(name) : CardTemplate.sql(name)
      try Terminal.writeFile(file) { try $0(Array(text.utf8)) }
      let flag = python ? " --allow-python" : ""
      Terminal.say("wrote \(file); next: magnet card evaluate \(file) PATH-OF-RUNS\(flag)")
      return 0
    }
  }
}
