import ArgumentParser
import Magnet
import MagnetCommand
import Predictors

struct PredictorsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predictors",
    abstract: "List the predictors that ship with magnet.",
    usage: "magnet predictors [<options>]",
    discussion: """
      EXAMPLE:
        magnet predictors
      """)

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await report {
      let table = Table(
        columnNames: ["predictor", "predicts"],
        rows: predictorCatalog.map { [.string($0.name), .string($0.summary)] })
      try output.print(table, keyCount: 1)
      return 0
    }
  }
}
