import ArgumentParser
import Judges
import Magnet
import MagnetCommand

struct JudgeQuestionnaireCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "questionnaire",
    abstract: "Convert ProgressGym's questionnaire to a file of questions.",
    discussion: """
      Reads the three CSV files of a checkout of ProgressGym: moral rules, foundations and views, 19 values in all. The \
      questions are JSON lines, for --questions of `magnet judge run`; questions of your own have the same form.

      EXAMPLE:
        magnet judge questionnaire ProgressGym -o questions.jsonl
        magnet judge run --eras-from texts --questions questions.jsonl
      """)

  @Argument(
    help: ArgumentHelp(
      "A checkout of ProgressGym, or its folder src/evaluation/raw_dataset.", valueName: "folder"),
    completion: .directory)
  var folder: String
  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Write to this file (default: standard output).", valueName: "file"),
    completion: .file())
  var output: String?
  @OptionGroup var overwriting: OverwriteOption
  @OptionGroup var quietness: QuietOption

  func run() async throws {
    try await report {
      let questionnaire = try ProgressGymQuestionnaire(folder: folder)
      for note in questionnaire.notes { Terminal.say(note) }
      let text = QuestionFile(questionnaire.questions).text
      guard let output, output != "-" else {
        try Terminal.write(text)
        return 0
      }
      try overwriting.check(output)
      try Terminal.writeFile(output) { try $0(Array(text.utf8)) }
      Terminal.say("wrote \(questionnaire.questions.count) questions to \(output)")
      return 0
    }
  }
}
