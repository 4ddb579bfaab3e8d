import ArgumentParser
import Magnet
import MagnetCommand
import Shifts

struct ShiftListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the shifts of a specification, with the sizes of their distributions.",
    discussion: """
      One row per row of the file; repeat counts the rows before it that are the same shift. With --check, faults and \
      warnings of the distributions are reported on standard error.

      EXAMPLE:
        magnet shift list shifts.json --distributions distributions --check
      """)

  @Argument(help: "The shift specification, a JSON file.", completion: .file(extensions: ["json"]))
  var shifts: String
  @Option(
    help: ArgumentHelp("The folder that holds the distributions.", valueName: "folder"),
    completion: .directory)
  var distributions: String?
  @Flag(help: "Read every example, and report faults and warnings.")
  var check = false
  @OptionGroup var quietness: QuietOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if check, distributions == nil { throw ValidationError("--check needs --distributions.") }
  }

  func run() async throws {
    try await report {
      let set = try ShiftSet(file: shifts)
      let list = ShiftList(set, distributions: distributions)
      try output.print(list.table, keyCount: 2, piped: .csv)
      let categories = set.distinct.compactMap(\.category)
      let counts = Set(categories).sorted().map { name in "\(name) \(categories.count { $0 == name })" }
      Terminal.say(
        "\(counted(set.rows.count, "row")), \(counted(set.distinct.count, "distinct shift")), "
          + (counts.count == 1 ? "1 category" : "\(counts.count) categories")
          + (counts.isEmpty ? "" : ": \(counts.joined(separator: ", "))"))
      for fault in list.faults { Terminal.say(fault, as: .error) }
      if check { for warning in list.warnings { Terminal.say(warning, as: .warning) } }
      return list.faults.count
    }
  }
}
