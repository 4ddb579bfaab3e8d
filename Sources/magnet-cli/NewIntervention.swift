import ArgumentParser
import Magnet
import MagnetCommand
import Shifts

struct NewIntervention: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "intervention",
    abstract: "Write a folder with a small intervention that works as it is.",
    discussion: """
      In Python, train.py and eval.py by the contract of GENIES, with the standard library alone. In Swift, a package: \
      one reward model and a main that runs it on shifts. It depends on the package magnet, which --magnet names \
      (default: the package this command was built from, or a folder magnet beside the new one).

      EXAMPLE:
        magnet new intervention my_intervention --python
        magnet new intervention MyIntervention && cd MyIntervention && swift run MyIntervention shifts.json distributions
      """)

  @Argument(help: "The intervention's name, and the folder's: letters, digits and _.")
  var name: String
  @Flag(help: "In Python, for magnet shift run --intervention.")
  var python = false
  @Option(
    help: ArgumentHelp("The package magnet: a folder, or an address.", valueName: "path"),
    completion: .directory)
  var magnet: String?

  func validate() throws {
    guard NewCommand.isName(name) else {
      throw ValidationError("Invalid name '\(name)': use letters, digits and _, starting with a letter.")
    }
    if !python, NewPredictor.taken.contains(name) || name == "Shifts" || Self.interventionNames.contains(name)
    {
      throw ValidationError("'\(name)' is a name that Swift or magnet has; take another.")
    }
    if python, magnet != nil { throw ValidationError("--magnet is for packages in Swift.") }
  }

  private static let interventionNames: Set = [
    "Intervention", "RewardIntervention", "RewardModel", "BagOfWords", "MassMean", "Longest", "Shortest",
    "Chance",
    "PreferencePair", "Distribution", "ShiftRun", "ShiftSet",
  ]

  func run() async throws {
    try await report {
      let files =
        try python
        ? InterventionTemplate.python(name)
        : InterventionTemplate.swift(name, magnet: NewPredictor.package(magnet))
      let next =
        python
        ? "magnet shift run SHIFTS.json --distributions DIR --intervention \(name)"
        : "cd \(name) && swift run \(name) SHIFTS.json DISTRIBUTIONS"
      return try NewCommand.write(name, files, next: next)
    }
  }
}
