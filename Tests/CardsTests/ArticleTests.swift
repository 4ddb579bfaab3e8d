import Foundation
import TestSupport
import Testing

@testable import Cards

/// The commands of the article "Write a card" print what the article shows.
@Suite(.enabled(if: Shared.python != nil)) struct ArticleTests {
  struct Command: CustomTestStringConvertible, Sendable {
    let words: [String]
    let output: String
    var testDescription: String { words.joined(separator: " ") }

    static let all: [Command] = {
      let file = Project.folder.appending(path: "Sources/Cards/Cards.docc/WriteACard.md").path
      let text = (try? Project.text(file)) ?? ""
      return text.matches(of: #/(?s)```console\n(.*?)```/#).flatMap { block in
        block.output.1.split(separator: "$ magnet ").map { part in
          let lines = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
          return Command(
            words: lines[0].split(separator: " ").map(String.init),
            output: lines.count > 1 ? String(lines[1]) : "")
        }
      }
    }()
  }

  @Test func thereAreCommands() { #expect(Command.all.count >= 5) }

  @Test(arguments: Command.all) func outputIsThatShown(_ command: Command) throws {
    let outcome = try Tool.run(command: Tool.binary, command.words, in: Project.fixture("cards"))
    #expect(outcome.output == command.output, "\(outcome.errors)")
  }
}
