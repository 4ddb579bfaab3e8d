/// The files of a package with one predictor.
struct SwiftTemplate {
  /// The predictor's name: a Swift identifier.
  let name: String
  let isOfInstances: Bool
  /// Where the package magnet is: a folder or an address.
  let magnet: String

  var files: [(path: String, text: String)] {
    [
      ("Package.swift", package), ("README.md", readme),
      ("Sources/\(name)/main.swift", isOfInstances ? instanceSource : runSource),
      ("Tests/\(name)Tests/\(name)Tests.swift", isOfInstances ? instanceTest : runTest),
      (".gitignore", ".build/\n"),
    ]
  }

  private var package: String {
    let magnet = PackageReference(magnet)
    return """
      // swift-tools-version: 6.1
      import PackageDescription

      let package = Package(
        name: "\(name)",
        platforms: [.macOS(.v15)],
        dependencies: [.package(\(magnet.place))],
        targets: [
          .executableTarget(
            name: "\(name)",
            dependencies: [
              .product(name: "Magnet", package: "\(magnet.identity)"),
              .product(name: "MagnetCommand", package: "\(magnet.identity)"),
            ]),
          .testTarget(
            name: "\(name)Tests",
            dependencies: ["\(name)", .product(name: "Magnet", package: "\(magnet.identity)")]),
        ]
      )

      """
  }

  private var readme: String {
    """
    # \(name)

    A predictor of benchmark results, for magnet. It is one class, in `Sources/\(name)/main.swift`; the last line there
    gives it the options of `magnet predict` and `magnet backtest`.

        swift run \(name) benchmark_output --seed 7 --errors
        swift run \(name) backtest benchmark_output --hold-out family --observed 10,25
        swift run \(name) --help
        swift test

    `Package.swift` says where magnet is. magnet's article "Write a predictor" says what a predictor sees, and how to
    judge it over many runs.

    """
  }

  private var runSource: String {
    """
    import Magnet
    import MagnetCommand

    /// Predicts a run's exact match as the mean over the example runs.
    final class \(name): RunPredictor {
      override class var summary: String { "a run's exact match: the mean over the example runs" }

      override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] {
        // What is asked: each statistic of the run by metric, split and perturbation.
        let asked = test.statsAsked.filter { $0.name == "exact_match" }
        return test.runSpecs[.run].flatMap { run in
          asked.compactMap { name in
            let known = train.stats.filter { Stat(row: $0).name == name }
            return known[.mean].mean().map { RunPrediction(run: run, stat: Stat(name, mean: $0)) }
          }
        }
      }
    }

    await PredictorCommand<\(name)>.main()

    """
  }

  private var runTest: String {
    """
    import Magnet
    import Testing

    @testable import \(name)

    @Test func predictsTheMeanOfTheExampleRuns() throws {
      func stats(_ means: [String: Double]) -> Table {
        Table(
          columnNames: ["run_spec.name", "stats.name.name", "stats.name.split", "stats.mean"],
          rows: means.map { [.string($0), .string("exact_match"), .string("test"), .double($1)] })
      }
      let train = TrainSplit(RunTables(stats: stats(["a": 0.5, "b": 1])))
      let asked = Table(columnNames: ["run_spec.name"], rows: [[.string("c")]])
      let test = TestSplit(RunTables(runSpecs: asked, stats: stats(["c": 0.7]))).sequestered()

      let predictions = try \(name)().predict(train: train, test: test)
      #expect(predictions.map(\\.run) == ["c"])
      #expect(predictions.map(\\.stat) == [Stat(MetricName("exact_match", split: "test"), mean: 0.75)])
    }

    """
  }

  private var instanceSource: String {
    """
    import Magnet
    import MagnetCommand

    /// Predicts whether an instance is answered right: the share of the example runs that did.
    final class \(name): InstancePredictor {
      override class var summary: String { "an instance's exact match: the mean over the example runs" }

      override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [InstancePrediction] {
        let exact = train.perInstanceStats.filter { $0[.metric] == "exact_match" && $0[.perturbation] == nil }
        let scores = exact.rows.compactMap { row in row[.mean].map { (row[.instance], $0) } }
        guard !scores.isEmpty else { return [] }
        func mean(_ scores: [Double]) -> Double { scores.reduce(0, +) / Double(scores.count) }
        // What no example run was asked gets the mean over all instances.
        let known = Dictionary(grouping: scores, by: \\.0).mapValues { mean($0.map(\\.1)) }
        let all = mean(scores.map(\\.1))
        return test.scenarioStates.rows.compactMap { request in
          guard let number = request[.instancePredictID] else { return nil }
          return InstancePrediction(
            run: request[.run], instance: number,
            stat: Stat(MetricName("exact_match", split: request[.split]), mean: known[request[.instance]] ?? all))
        }
      }
    }

    await PredictorCommand<\(name)>.main()

    """
  }

  private var instanceTest: String {
    """
    import Magnet
    import Testing

    @testable import \(name)

    @Test func predictsTheShareOfExampleRunsThatAnsweredRight() throws {
      let id = "scenario_state.request_states.instance.id"
      let train = TrainSplit(
        RunTables(
          perInstanceStats: Table(
            columnNames: [
              "run_spec.name", "per_instance_stats.instance_id", "per_instance_stats.stats.name.name",
              "per_instance_stats.stats.mean",
            ],
            rows: [("a", "id1", 0.0), ("b", "id1", 1), ("a", "id2", 1), ("b", "id2", 1)].map {
              [.string($0.0), .string($0.1), .string("exact_match"), .double($0.2)]
            })))
      let test = TestSplit(
        RunTables(
          runSpecs: Table(columnNames: ["run_spec.name"], rows: [[.string("c")]]),
          scenarioStates: Table(
            columnNames: ["run_spec.name", "magnet.instance_predict_id", id],
            rows: ["id1", "id2", "id3"].enumerated().map { [.string("c"), .int(Int64($0)), .string($1)] }))
      ).sequestered()

      let predictions = try \(name)().predict(train: train, test: test)
      #expect(predictions.map(\\.instance) == [0, 1, 2])
      #expect(predictions.map(\\.stat.mean) == [0.5, 1, 0.75])
    }

    """
  }
}
