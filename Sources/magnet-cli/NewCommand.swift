import ArgumentParser
import Magnet
import MagnetCommand

/// Writes the beginnings of what users make.
struct NewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Write a predictor, an intervention, an examinee or a judge to start from.",
    discussion: """
      EXAMPLE:
        magnet new predictor MeanPredictor
      """,
    subcommands: [NewPredictor.self, NewIntervention.self, NewExaminee.self, NewJudge.self])

  /// Whether a name will do for a type and a folder.
  static func isName(_ name: String) -> Bool {
    name.utf8.count <= 100 && name.wholeMatch(of: #/[A-Za-z][A-Za-z0-9_]*/#) != nil
  }

  /// Writes a new folder and says what to do next.
  static func write(_ name: String, _ files: [(path: String, text: String)], next: String) throws -> Int {
    if Files.exists(name) {
      throw MagnetError(.alreadyExists, "already exists; nothing is overwritten", at: name)
    }
    try Terminal.writeFolder(name, files)
    Terminal.say("wrote the folder \(name); next: \(next)")
    return 0
  }
}

struct NewPredictor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predictor",
    abstract: "Write a folder with a small predictor that works as it is.",
    discussion: """
      In Swift, a package: Package.swift, one source, one test and a README. It depends on the package magnet, which \
      --magnet names; without it, on the one this command was built from, or one in a folder magnet beside the new one. \
      In Python, two scripts that predict the same, one of them with pandas, and a README.

      EXAMPLE:
        magnet new predictor MyPredictor && cd MyPredictor && swift run MyPredictor benchmark_output
        magnet new predictor my_predictor --python
      """)

  @Argument(help: "The predictor's name, and the folder's: letters, digits and _.")
  var name: String
  @Flag(help: "A predictor of single instances, not of whole runs.")
  var instance = false
  @Flag(help: "In Python, for magnet predict --exec.")
  var python = false
  @Option(
    help: ArgumentHelp("The package magnet: a folder, or an address.", valueName: "path"),
    completion: .directory)
  var magnet: String?

  static let taken: Set = [
    "Magnet", "MagnetCommand", "HelmBackend", "Predictors", "Predictor", "RunPredictor", "InstancePredictor",
    "PredictorCommand", "Swift", "Testing", "Table", "Stat", "MetricName", "RunTables",
    "TestSplit",
    "TrainSplit", "SequesteredTestSplit", "RunPrediction", "InstancePrediction", "Dictionary", "Double",
    "String", "Any",
    "Self", "Type", "Protocol", "as", "associatedtype", "break", "case", "catch", "class", "continue",
    "default", "defer",
    "deinit", "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func",
    "guard", "if",
    "import", "in", "init", "inout", "internal", "is", "let", "nil", "operator", "precedencegroup", "private",
    "protocol",
    "public", "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch",
    "throw",
    "throws", "true", "try", "typealias", "var", "where", "while", "await", "main",
  ]

  func validate() throws {
    guard NewCommand.isName(name) else {
      throw ValidationError(
        "Invalid name '\(name)': use letters, digits and _, starting with a letter.")
    }
    if !python, Self.taken.contains(name) {
      throw ValidationError("'\(name)' is a name that Swift or magnet has; take another.")
    }
    if python, magnet != nil { throw ValidationError("--magnet is for packages in Swift.") }
  }

  func run() async throws {
    try await report {
      let files =
        try python
        ? PythonTemplate(name: name, isOfInstances: instance).files
        : SwiftTemplate(name: name, isOfInstances: instance, magnet: Self.package(magnet)).files
      let next =
        python ? "magnet predict --exec \"python3 \(name)/\(name).py\"" : "cd \(name) && swift run \(name)"
      let flag = python && instance ? " --instance" : ""
      return try NewCommand.write(name, files, next: "\(next)\(flag) PATH-OF-RUNS")
    }
  }

  /// Where the package magnet is, in full.
  /// - Parameter magnet: what was asked for.
  static func package(_ magnet: String?) throws -> String {
    func isPackage(_ path: String) -> Bool {
      Files.exists(path + "/Sources/Magnet") && Files.exists(path + "/Package.swift")
    }
    if let magnet {
      if magnet.contains("://") { return magnet }
      let path = Files.absolute(magnet)
      guard isPackage(path) else {
        throw MagnetError(.notFound, "--magnet: the package magnet is not in \(path)")
      }
      return path
    }
    let built = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
      separator: "/")
    for path in [built, Files.absolute("magnet")] where isPackage(path) { return path }
    throw MagnetError(
      .notFound, "the package magnet is not beside the new folder; say where with --magnet")
  }
}
