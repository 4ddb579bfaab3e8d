import TestSupport
import Testing

/// What bash offers behind a command line, asked of the script that magnet generates.
@Suite struct ShellCompletionTests {
  /// What magnet generates for bash.
  private static let generated = (try? Tool.run("--generate-completion-script", "bash").output) ?? ""

  /// The words offered for the last word.
  private func offered(_ words: String...) throws -> [String] {
    let folder = try TemporaryFolder()
    let script = try folder.write(
      Self.generated
        + """

        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
        _magnet "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
        printf '%s\\n' "${COMPREPLY[@]}"
        """, to: "script")
    let outcome = try Tool.run(command: "/bin/bash", [script, Tool.binary] + words)
    return outcome.output.split(separator: "\n").map(String.init)
  }

  @Test func namesOfInterventionsAlgorithmsChallengesAndWorlds() throws {
    let interventions = ["bag-of-words", "mass-mean", "longest", "shortest", "chance"]
    let listed = try Tool.run("judge", "list", "--where", "kind=algorithm", "--columns", "name").output
    let algorithms = listed.split(separator: "\n").dropFirst().map(String.init)
    #expect(try Set(interventions).isSubset(of: offered("shift", "run", "--intervention", "")))
    #expect(try offered("shift", "run", "--baseline", "cha") == ["chance"])
    #expect(try offered("shift", "run", "--capability", "bag-of-words,mass") == ["bag-of-words,mass-mean"])
    #expect(
      try offered("judge", "run", "--algorithms", "")
        == algorithms.filter { !["Persistence", "MeanOfAll"].contains($0) })
    #expect(
      try offered("judge", "run", "--algorithms", "Trend,Lifelong")
        == ["Trend,LifelongDPO", "Trend,LifelongRLHF"])
    #expect(
      try offered("judge", "run", "--challenges", "Follow,")
        == ["Predict", "Coevolve", "Dummy"].map { "Follow,\($0)" })
    #expect(
      try offered("judge", "run", "--helm", "runs", "--challenges", "") == ["HelmFollow", "HelmPredict"])
    #expect(try offered("judge", "run", "--helm", "runs", "--algorithms", "Pers") == ["Persistence"])
    #expect(try offered("judge", "run", "--world", "") == ["linear", "walk", "cycle", "shock"])
    #expect(try offered("judge", "run", "--step", "q") == ["quarter"])
    #expect(try offered("shift", "helm", "train-m") == ["train-mean"])
    #expect(try offered("shift", "helm", "train-mean", "--baseline", "const") == ["constant"])
    #expect(
      try offered("shift", "helm", "train-mean", "--by", "") == [
        "subject", "scenario", "model", "perturbation",
      ])
    #expect(try offered("shift", "table", "--measure", "") == ["de", "accuracy", "elicitation", "rms"])
  }

  @Test(arguments: [
    ["judge", "list"], ["judge", "show"], ["judge", "leaderboard"], ["judge", "run"], ["shift", "list"],
    ["shift", "run"], ["shift", "metrics"], ["shift", "table"], ["shift", "helm"],
  ]) func formatsAndOptions(_ command: [String]) throws {
    let name = "_magnet_" + command.joined(separator: "_") + "()"
    let body = try #require(Self.generated.split(separator: name).last?.split(separator: "\n}\n").first)
    #expect(
      body.contains("--format")
        && body.contains("'table'$'\\n''csv'$'\\n''json'$'\\n''ndjson'$'\\n''markdown'"))
  }

  @Test func namesInResults() throws {
    let folder = try TemporaryFolder()
    for model in ["tiny-a", "tiny-b"] {
      for intervention in ["mine", "chance"] {
        let place = "results/evaluations/\(intervention)/\(model)-s"
        try folder.write("{\"eval_accuracy\": 0.5}", to: place + "/t.json")
      }
    }
    let shifts = try folder.write("[{\"source\": \"s\", \"target\": \"t\"}]", to: "shifts.json")
    let results = folder.path + "/results"
    #expect(try offered("shift", "table", results, shifts, "--intervention", "") == ["chance", "mine"])
    #expect(try offered("shift", "metrics", results, shifts, "--model", "tiny") == ["tiny-a", "tiny-b"])
    #expect(try offered("shift", "table", results, shifts, "--capability", "b") == ["best"])
    #expect(try offered("shift", "table", "/nowhere", shifts, "--intervention", "").isEmpty)
  }

  @Test func filesAndFolders() throws {
    let folder = try TemporaryFolder()
    for name in ["a.json", "b.txt", "c.svg", "d/e.json"] { try folder.write("", to: name) }
    #expect(try offered("shift", "list", folder.path + "/a").contains(folder.path + "/a.json"))
    #expect(try offered("shift", "run", "--distributions", folder.path + "/") == [folder.path + "/d"])
    #expect(try offered("shift", "run", "--results", folder.path + "/") == [folder.path + "/d"])
    #expect(try !offered("judge", "run", "--plot", folder.path + "/").contains(folder.path + "/b.txt"))
    #expect(
      try offered("shift", "run", "--intervention", folder.path + "/")
        == ["a.json", "b.txt", "c.svg", "d/"].map { folder.path + "/" + $0 })
    #expect(try offered("judge", "run", "--key-env", "PAT").contains("PATH"))
  }
}
