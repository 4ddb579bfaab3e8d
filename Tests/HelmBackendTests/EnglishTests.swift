import Foundation
import TestSupport
import Testing

/// Forms of speech that this project does not use, in sources, tests and documents, each with what to write instead.
@Suite struct EnglishTests {
  struct Form: Sendable, CustomTestStringConvertible {
    let pattern: String
    let instead: String
    let example: String
    var testDescription: String { example }
  }

  static let forms = [
    Form(
      pattern:
        #"(?<![Tt]here )\b(is|are|was|were|be) no (?!(?:longer|matter|more|less|better|larger|smaller|later|faster|slower|newer|older|other)\b)\w"#,
      instead: "is not a", example: "the value is no number"),
    Form(
      pattern:
        #"(?<!in )\b[Aa]n? (row|line|column|file|point|folder|page|cell|panel|bar|dot|mark) (a|an) (?!request is\b)\w+"#,
      instead: "one row per run", example: "prints a row a run"),
    Form(
      pattern: #"[;,] there (is|are) (\\\(|[a-z_.]+:[a-z_]+)"#, instead: "did you mean X?",
      example: #"no run a; there is \(names)"#),
    Form(pattern: #"\bnear it:"#, instead: "did you mean X?", example: "no such folder; near it: a"),
    Form(
      pattern: #"\b(goes|go|went|gone|going) on (from|with)\b"#, instead: "resumes",
      example: "the backtest goes on from it"),
    Form(
      pattern: #"\bwhole,? or not at all\b"#, instead: "atomically", example: "it appears whole or not at all"
    ),
    Form(
      pattern: #"\b(run|runs|model|models) to be predicted\b"#, instead: "the target run",
      example: "the run to be predicted"),
    Form(pattern: #"\banew\b"#, instead: "again", example: "begins anew"),
    Form(pattern: #"\bunless given\b"#, instead: "(default: X)", example: "all unless given"),
    Form(pattern: #"--?[a-z-]+ takes \d+ or more"#, instead: "must be", example: "--jobs takes 1 or more"),
    Form(pattern: #"\bill intent\b"#, instead: "malicious", example: "made with ill intent"),
    Form(
      pattern: #"\b(?:9[059]|100) % (?!\d|[a-z]\w*\.|\()"#, instead: "95%", example: "covers 95 % of them"),
    Form(pattern: #"\bis said of\b"#, instead: "the message about", example: "what is said of it"),
    Form(
      pattern: #"\bis needs? not\b|\bneeds not\b"#, instead: "need not", example: "it needs not be sendable"),
  ]

  // Foundation's expressions, not Swift's: these are many megabytes of text.
  @Test(arguments: forms) func areNotUsed(_ form: Form) throws {
    let expression = try NSRegularExpression(pattern: form.pattern)
    func matches(_ text: String) -> [NSTextCheckingResult] {
      expression.matches(in: text, range: NSRange(text.startIndex..., in: text))
    }
    #expect(matches(form.example).count == 1, "the pattern of this form does not match its own example")
    let found = try Self.texts().flatMap { name, text in
      matches(text).compactMap { match in
        Range(match.range, in: text).map { name + ": " + text[text.lineRange(for: $0)] }
      }
    }
    #expect(found.isEmpty, "write \(form.instead): \(found.joined())")
  }

  /// The sources, tests and documents, by path, except this file.
  static func texts() throws -> [(name: String, text: String)] {
    var texts: [(String, String)] = []
    for folder in ["Sources", "Tests", "Integrations", "Benchmarks"] {
      let root = Project.folder.appending(path: folder)
      let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
      for case let file as URL in files
      where ["swift", "md", "py", "h", "sh"].contains(file.pathExtension)
        && file.lastPathComponent != "EnglishTests.swift" && !file.path.contains("/results/")
        && !file.path.contains("/.build")
      {
        texts.append((file.path, try Project.text(file.path)))
      }
    }
    for name in ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "setup.sh"] {
      texts.append((name, try Project.text(Project.folder.appending(path: name).path)))
    }
    #expect(texts.count > 500)
    return texts
  }
}
