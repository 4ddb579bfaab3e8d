import ArgumentParser
import Magnet
import MagnetCommand

struct NewExaminee: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "examinee",
    abstract: "Write a folder with a small examinee for magnet judge that works as it is.",
    discussion: """
      In Swift, a package with one class, a main program and a test. In Python, one script for magnet judge run --exec.

      EXAMPLE:
        magnet new examinee MyExaminee && cd MyExaminee && swift run
        magnet new examinee my_examinee --python
      """)

  @Argument(help: "The examinee's name, and the folder's: letters, digits and _.")
  var name: String
  @Flag(help: "In Python, for magnet judge run --exec.")
  var python = false
  @Option(
    help: ArgumentHelp("The package magnet: a folder, or an address.", valueName: "path"),
    completion: .directory)
  var magnet: String?

  func validate() throws {
    try checkName(name, isSwift: !python)
    if python, magnet != nil { throw ValidationError("--magnet is for packages in Swift.") }
  }

  func run() async throws {
    try await report {
      let files =
        try python
        ? PythonExamineeTemplate(name: name).files
        : SwiftJudgeTemplate(name: name, isJudge: false, magnet: NewPredictor.package(magnet)).files
      let next =
        python
        ? "magnet judge run --exec \"python3 \(name)/\(name).py\" --challenges Follow"
        : "cd \(name) && swift run \(name)"
      return try NewCommand.write(name, files, next: next)
    }
  }
}

struct NewJudge: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "judge",
    abstract: "Write a package with a small judge that works as it is.",
    discussion: """
      EXAMPLE:
        magnet new judge MyJudge && cd MyJudge && swift run
      """)

  @Argument(help: "The judge's name, and the folder's: letters, digits and _.")
  var name: String
  @Option(
    help: ArgumentHelp("The package magnet: a folder, or an address.", valueName: "path"),
    completion: .directory)
  var magnet: String?

  func validate() throws { try checkName(name, isSwift: true) }

  func run() async throws {
    try await report {
      let files = try SwiftJudgeTemplate(
        name: name, isJudge: true, magnet: NewPredictor.package(magnet)
      ).files
      return try NewCommand.write(name, files, next: "cd \(name) && swift run \(name)")
    }
  }
}

/// Whether a name will do for a class and a folder.
private func checkName(_ name: String, isSwift: Bool) throws {
  guard NewCommand.isName(name) else {
    throw ValidationError("invalid name '\(name)'; use letters, digits and _, starting with a letter")
  }
  let own: Set = [
    "Judges", "Judge", "Examinee", "JudgeBase", "ExamineeBase", "JudgeRun", "JudgeResult", "FollowJudge",
    "Algorithm",
    "Challenge", "Leaderboard", "Similarity", "World", "WorldHistory", "JudgeQueries",
  ]
  if isSwift, NewPredictor.taken.contains(name) || own.contains(name) {
    throw ValidationError("'\(name)' is a name that Swift or magnet has; use another")
  }
}
