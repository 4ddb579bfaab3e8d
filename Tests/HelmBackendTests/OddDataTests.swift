import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// What Fixtures/odd holds is odd but no fault, and comes out as follows.
@Suite struct OddDataTests {
  static let odd = Project.fixture("odd")
  static let kinds = Set(TableSource.allCases)
  static let names = "odd case:method=a b,at=x@1+y,umlaut=ü,model=東京_gpt@2,stop=none"
  static let cases = [
    "byte-order-mark", "count-zero", "deep", "duplicate-keys", "duplicate-stats", "empty-lists", "helm-0.1",
    "integer-ids", "lone-surrogates", "maps", "mixed-kinds", "mixed-numbers", "non-finite", "numbers", names,
    "other-files", "references-and-modes", "several-bundles", "texts", "unknown-keys",
  ]

  /// The tables of the runs under a path, read whole or, with a threshold of 0, record by record.
  static func load(_ path: String, threshold: Int = 1 << 30, workers: Int = 2) async throws -> RunTables {
    let runs = try HelmRuns(
      paths: [path], isStrict: false, workers: workers, progress: nil, windowThreshold: threshold)
    return try await runs.load(runs.list().entries, tables: kinds)
  }

  private func load(_ name: String) async throws -> RunTables { try await Self.load(Self.odd + "/" + name) }

  /// The cells of a column; nothing when there is none.
  private func cells(_ table: Table, _ column: String) -> [Cell] {
    table.hasColumn(column) ? table.rows.map { $0[column] } : []
  }

  private func texts(_ table: Table, _ column: String) -> [String] { cells(table, column).map(\.text) }

  private let states = "scenario_state.request_states."
  private let bundles = "per_instance_stats."

  @Test func allAreRead() async throws {
    let runs = try HelmRuns(Self.odd)
    let entries = try await runs.list().entries
    #expect(entries.map(\.folder) == Self.cases)
    #expect(entries.flatMap(\.faults).isEmpty)
    #expect(try await runs.load(entries, tables: Self.kinds).faults.isEmpty)
  }

  @Test(arguments: cases) func windowsGiveTheSame(name: String) async throws {
    let whole = try await load(name)
    for workers in [1, 3] {
      let read = try await Self.load(Self.odd + "/" + name, threshold: 0, workers: workers)
      #expect(read.faults.isEmpty)
      for kind in TableSource.allCases {
        #expect(read[kind].columnNames == whole[kind].columnNames, "\(kind)")
        #expect(TableWriter(.ndjson).text(read[kind]) == TableWriter(.ndjson).text(whole[kind]), "\(kind)")
      }
      #expect(read.counts.map(\.nonFinite) == whole.counts.map(\.nonFinite))
      #expect(read.counts.map(\.loneSurrogates) == whole.counts.map(\.loneSurrogates))
    }
  }

  @Test func nonFiniteNumbersStay() async throws {
    let tables = try await load("non-finite")
    #expect(texts(tables.stats, "stats.sum") == ["Infinity", "-0.5"])
    #expect(texts(tables.stats, "stats.min") == ["-Infinity", "-0.5"])
    #expect(texts(tables.stats, "stats.mean") == ["NaN", "-0.5"])
    #expect(tables.stats[.mean].map { $0?.isNaN } == [true, false])
    #expect(texts(tables.perInstanceStats, bundles + "stats.mean") == ["0.0", "-0.5", "NaN", "-0.5"])
    #expect(
      cells(tables.scenarioStates, states + "result.request_time") == [.double(.infinity), .double(0.25)])
    #expect(texts(tables.scenarioStates, "scenario_state.adapter_spec.temperature") == ["NaN", "NaN"])
    #expect(
      texts(tables.scenarioStates, states + "result.completions") == [
        #"[{"text":" A","logprob":-0.5}]"#, #"[{"text":" A","logprob":"-Infinity"}]"#,
      ])
    #expect(tables.counts.map(\.nonFinite) == [10])
  }

  @Test func loneSurrogatesAreReplacedAndCounted() async throws {
    let tables = try await load("lone-surrogates")
    #expect(
      texts(tables.scenarioStates, states + "request.prompt") == ["a\u{FFFD}b\u{FFFD} \u{1F600}", "Answer:"])
    #expect(
      texts(tables.scenarioStates, states + "output_mapping.A").last == "\u{FFFD}\u{1F600}")
    #expect(
      texts(tables.scenarioStates, states + "result.completions").last
        == "[{\"text\":\"\u{FFFD}\",\"logprob\":-0.5}]")
    #expect(texts(tables.stats, "stats.name.sub_split") == ["", "\u{FFFD}"])
    #expect(tables.counts.map(\.loneSurrogates) == [5])
  }

  @Test func integerIdsAreText() async throws {
    let tables = try await load("integer-ids")
    #expect(
      cells(tables.scenarioStates, states + "instance.id")
        == [.string("17"), .string("id5"), .string("12345678901234567890")])
    #expect(
      texts(tables.perInstanceStats, bundles + "instance_id")
        == ["17", "17", "id5", "id5", "12345678901234567890", "12345678901234567890"])
  }

  @Test func inputsAndOutputsOfHELM01AreTexts() async throws {
    let tables = try await load("helm-0.1")
    #expect(
      texts(tables.scenarioStates, states + "instance.input") == [
        "Which city was the first capital of the Turkish republic?", "What is the capital of Belgium?",
      ])
    #expect(!tables.scenarioStates.hasColumn(states + "instance.input.text"))
    #expect(
      texts(tables.scenarioStates, states + "instance.references").last
        == #"[{"output":"Brussels","tags":["correct"]},{"output":"Tokyo","tags":[]}]"#)
    #expect(!tables.scenarioStates.hasColumn("scenario_state.adapter_spec.model_deployment"))
    #expect(tables.perInstanceStats.rowCount == 4)
  }

  @Test func integersAreDoublesBesideDoubles() async throws {
    let tables = try await load("mixed-numbers")
    #expect(cells(tables.stats, "stats.sum") == [.double(1), .double(2.5)])
    #expect(cells(tables.stats, "stats.mean") == [.double(2), .double(2)])
    #expect(cells(tables.stats, "stats.min") == [.int(0), .int(0)])
    #expect(cells(tables.stats, "stats.count") == [.int(1), .int(3)])
    #expect(
      cells(tables.perInstanceStats, bundles + "stats.count")
        == [.double(1), .double(1), .double(2), .double(1)])
    #expect(
      cells(tables.perInstanceStats, bundles + "stats.mean")
        == [.double(0), .double(9_007_199_254_740_992), .double(1), .double(-0.5)])
  }

  @Test func statisticsOfNothingHaveNoMean() async throws {
    let tables = try await load("count-zero")
    #expect(cells(tables.stats, "stats.count") == [.int(1), .int(0), .int(1)])
    #expect(tables.stats[.mean].map { $0 } == [0.5, nil, -0.5])
    #expect(cells(tables.stats, "stats.min")[1] == .null)
    #expect(cells(tables.stats, "stats.stddev")[1] == .null)
    #expect(tables.perInstanceStats[.mean].map { $0 } == [0, -0.5, nil, 1, -0.5])
  }

  @Test func repeatedStatisticsStay() async throws {
    let stats = try await load("duplicate-stats").stats
    #expect(texts(stats, "stats.name.name") == ["exact_match", "logprob", "exact_match", "exact_match"])
    #expect(stats[.mean].map { $0 } == [0.5, -0.5, 0.5, 0.75])
  }

  @Test func theLastOfRepeatedKeysCounts() async throws {
    let tables = try await load("duplicate-keys")
    #expect(
      tables.stats.columnNames == [
        "run_spec.name", "stats.extra", "stats.mean", "stats.more.k", "stats.name.name",
        "stats.name.perturbation.name", "stats.name.split", "stats.sum",
      ])
    #expect(texts(tables.stats, "stats.name.name") == ["exact_match", "a"])
    #expect(texts(tables.stats, "stats.name.split") == ["valid", ""])
    #expect(texts(tables.stats, "stats.name.perturbation.name") == ["", "y"])
    #expect(cells(tables.stats, "stats.mean") == [.double(0.5), .double(3)])
    #expect(cells(tables.stats, "stats.sum") == [.null, .null])
    #expect(cells(tables.stats, "stats.extra") == [.null, .int(5)])
    #expect(cells(tables.stats, "stats.more.k") == [.null, .int(2)])

    let instances = tables.perInstanceStats
    #expect(instances[.mean].map { $0 } == [0.25, 0.75, 1.5, 2.5, nil])
    #expect(texts(instances, bundles + "instance_id") == ["id2", "id2", "", "", ""])
    #expect(
      cells(instances, bundles + "train_trial_index") == [.int(2), .int(2), .int(3), .int(3), .int(3)])
    #expect(texts(instances, bundles + "note") == ["", "", "text", "text", "text"])
    #expect(cells(instances, bundles + "gone") == Array(repeating: .null, count: 5))

    #expect(texts(tables.scenarioStates, states + "request.prompt") == ["Answer:", "Answer:"])
    #expect(cells(tables.scenarioStates, states + "result.success") == [.bool(true), .bool(true)])
    #expect(!tables.scenarioStates.hasColumn(states + "result.completions.A"))
    #expect(!tables.scenarioStates.hasColumn("scenario_state.adapter_spec.old"))
  }

  @Test func everyBundleIsThere() async throws {
    let instances = try await load("several-bundles").perInstanceStats
    #expect(
      texts(instances, bundles + "instance_id")
        == ["id22", "id22", "id22", "id22", "id22", "id5", "id5", "id22", "id22"])
    #expect(instances[.mean].map { $0 } == [0, -0.5, 1, 0, 0.125, 1, -0.5, 0, -0.5])
    #expect(texts(instances, bundles + "train_trial_index") == ["0", "0", "0", "0", "0", "0", "0", "1", "1"])
  }

  @Test func requestsOfOneInstanceStayApart() async throws {
    let requests = try await load("references-and-modes").scenarioStates
    #expect(texts(requests, states + "reference_index") == ["0", "0", "1", "1", "0", "0", "1", "1"])
    #expect(texts(requests, states + "request_mode").prefix(3) == ["original", "calibration", "original"])
    #expect(texts(requests, states + "result.error") == ["", "", "", "timeout", "", "", "", ""])
    #expect(cells(requests, states + "result.error_flags.is_fatal")[3] == .bool(false))
    #expect(cells(requests, states + "result.error_flags.is_retriable")[3] == .null)
    #expect(cells(requests, states + "result.request_time")[3] == .null)
    #expect(!requests.hasColumn(states + "output_mapping.A"))
  }
}
