import Foundation
import TestSupport
import Testing

/// Four times the input takes about four times the work, hostile input included. Compared are ratios of the processor's
/// time of the same command, never seconds: a quadratic step makes sixteen of four.
@Suite(.serialized) struct ProportionTests {
  /// Processor seconds of a command, the least of two runs.
  private func work(_ arguments: [String]) throws -> Double {
    let words = ([Tool.binary] + arguments).map { "'" + $0.replacing("'", with: "'\\''") + "'" }
    let line =
      "TIMEFORMAT='%3U %3S'; time \(words.joined(separator: " ")) > /dev/null 2> /dev/null < /dev/null"
    let seconds = try (0..<2).map { _ in
      let outcome = try Tool.run(command: "/usr/bin/env", ["bash", "-c", line])
      return outcome.errors.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }.reduce(0, +)
    }
    return seconds.min() ?? 0
  }

  private func stat(_ name: String) -> String {
    #"{"name":{\#(name)},"count":1,"sum":0.5,"sum_squared":0.25,"min":0.5,"max":0.5,"mean":0.5}"#
  }

  /// A run whose statistics, scores of instances and requests have any number of entries of a kind.
  private func write(
    _ folder: TemporaryFolder, _ model: String, stats: [String], scores: [String] = [], states: [String] = []
  ) throws {
    let place = "s/made:k=1,model=\(model)"
    try folder.write(
      """
      {"name":"made:k=1,model=\(model)","scenario_spec":{"class_name":"made.Scenario","args":{}},\
      "adapter_spec":{"method":"generation","model":"x/\(model)"},"metric_specs":[],"groups":["made"]}
      """, to: place + "/run_spec.json")
    let exact = #""name":"exact_match","split":"test""#
    try folder.write("[" + ([stat(exact)] + stats).joined(separator: ",") + "]", to: place + "/stats.json")
    let bundles = scores.isEmpty ? ["id0", "id1"] : scores
    try folder.write(
      "["
        + bundles.map { #"{"instance_id":"\#($0)","train_trial_index":0,"stats":[\#(stat(exact))]}"# }
        .joined(separator: ",") + "]", to: place + "/per_instance_stats.json")
    let requests = (states.isEmpty ? bundles : states).enumerated().map { number, id in
      """
      {"instance":{"id":"\(id)","input":{"text":"q\(number)"},"references":[],"split":"test"},\
      "train_trial_index":0,"request":{"prompt":"q"},"result":{"completions":[{"text":"a"}]}}
      """
    }
    try folder.write(
      #"{"adapter_spec":{},"request_states":["# + requests.joined(separator: ",") + "]}",
      to: place + "/scenario_state.json")
  }

  /// Writes an input of a size, and says what to do with it.
  private func command(_ kind: String, _ size: Int, in folder: TemporaryFolder) throws -> [String] {
    let exact = #""name":"exact_match","split":"test""#
    switch kind {
    case "perturbations":
      try write(
        folder, "a",
        stats: (0..<size).map {
          stat(exact + #","perturbation":{"name":"p\#($0)","computed_on":"perturbed"}"#)
        })
      return ["items", folder.path, "--metric", "exact_match"]
    case "sub-splits":
      try write(folder, "a", stats: (0..<size).map { stat(exact + #","sub_split":"p\#($0)""#) })
      return ["headline", folder.path, "--metric", "exact_match"]
    case "metrics":
      try write(folder, "a", stats: (0..<size).map { stat(#""name":"m\#($0)","split":"test""#) })
      return ["headline", folder.path, "--metric", "m1"]
    case "rows of one id":
      try write(folder, "a", stats: [], scores: Array(repeating: "id0", count: size))
      return ["show", folder.path, "--wrong", "--limit", "0", "--metric", "exact_match"]
    case "instances":
      for model in ["a", "b"] { try write(folder, model, stats: [], scores: (0..<size).map { "id\($0)" }) }
      return ["compare", folder.path, "--models", "x/a,x/b", "--metric", "exact_match"]
    case "tasks":
      for task in 0..<size / 20 {
        for model in ["x/a", "x/b", "y/c"] {
          try MadeRun("made:k=\(task)", model, [1, 0, 1]).write(to: folder)
        }
      }
      return [
        "backtest", "train-mean", folder.path, "--metric", "exact_match", "--observed", "1", "--repeats", "1",
      ]
    default:
      try write(folder, "a", stats: [])
      let text = "SELECT '" + String(repeating: "; ", count: size * 10) + "' AS text"
      return ["sql", folder.path, "-f", try folder.write(text, to: "q.sql")]
    }
  }

  @Test(arguments: [
    ("perturbations", 1000), ("sub-splits", 1000), ("metrics", 1000), ("rows of one id", 700),
    ("instances", 800), ("tasks", 1000), ("script", 1000),
  ])
  func workGrowsWithTheInput(_ kind: String, _ size: Int) throws {
    let spent = try [size, 4 * size].map { size in
      let folder = try TemporaryFolder()
      return try work(try command(kind, size, in: folder))
    }
    let start = try work(["--version"])
    // What every command takes to start does not count.
    let (one, four) = (max(spent[0] - start, 0.01), spent[1] - start)
    #expect(four < 9 * one || four < 0.1, "\(kind): \(spent) after \(start)")
  }
}
