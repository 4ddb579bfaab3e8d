@testable import Magnet

/// Runs whose tables are made by a test, without files.
struct MemorySource: RunSource {
  struct Run: Sendable {
    var suite = "v1"
    var task: String
    var model: String
    var tables: [TableSource: Table] = [:]
    var groups: [String] = []
    var fault: DataFault?

    var name: String {
      task + (task.contains(":") ? "," : ":") + "model=" + model.replacing("/", with: "_")
    }
    var path: String { "runs/\(suite)/\(name)" }

    init(_ task: String, _ model: String, suite: String = "v1", groups: [String]? = nil) {
      self.task = task
      self.model = model
      self.suite = suite
      self.groups = groups ?? [String(task.prefix { $0 != ":" })]
    }

    /// The run's name in front of the rows of a table.
    func named(_ rows: [[Cell]], _ columns: [String]) -> Table {
      Table(columnNames: ["run_spec.name"] + columns, rows: rows.map { [.string(name)] + $0 })
    }

    /// Adds statistics: metric, split, mean.
    mutating func addStats(_ stats: [(metric: String, split: String?, mean: Double?)]) {
      tables[.stats] = named(
        stats.map {
          [
            .string($0.metric), Cell($0.split), $0.mean == nil ? .int(0) : .int(1),
            Cell($0.mean ?? 0), Cell($0.mean),
          ]
        },
        ["stats.name.name", "stats.name.split", "stats.count", "stats.sum", "stats.mean"])
    }

    /// Adds the scores of instances on one metric.
    mutating func addInstances(_ metric: String, _ split: String?, _ scores: [Double]) {
      tables[.perInstanceStats] = named(
        scores.enumerated().map {
          [.string("id\($0)"), .int(0), .string(metric), Cell(split), .double($1)]
        },
        [
          "per_instance_stats.instance_id", "per_instance_stats.train_trial_index",
          "per_instance_stats.stats.name.name",
          "per_instance_stats.stats.name.split", "per_instance_stats.stats.mean",
        ])
    }
  }

  var runs: [Run]

  init(_ runs: [Run]) { self.runs = runs.sorted { pathOrder($0.path, $1.path) } }

  func list() async throws -> RunListing {
    RunListing(
      entries: runs.map { run in
        RunEntry(
          suite: run.suite, folder: run.name, path: run.path, name: run.name,
          files: TableSource.allCases.map(\.fileName),
          faults: run.fault.map { [$0] } ?? [])
      },
      runSpecs: Table(
        columnNames: [
          "run_spec.name", "run_spec.adapter_spec.model", "run_spec.scenario_spec.class_name",
          "run_spec.groups",
        ],
        rows: runs.map {
          [
            .string($0.name), .string($0.model), .string("made.Scenario"),
            .json(JSONValue.array($0.groups.map(JSONValue.string)).text),
          ]
        }), entryOfRow: Array(runs.indices))
  }

  func load(_ entries: [RunEntry], tables: Set<TableSource>, columns: Set<String>?) async throws
    -> RunTables
  {
    let kinds = TableSource.allCases.filter(tables.contains)
    return RunTables(
      stacking: entries.map { entry in
        guard let run = runs.first(where: { $0.path == entry.path }) else {
          return .failure(DataFault(file: entry.path, problem: "is not there"))
        }
        if let fault = run.fault { return .failure(fault) }
        return .success(
          Dictionary(
            uniqueKeysWithValues: kinds.map { kind in
              let whole = run.tables[kind] ?? Table()
              return (kind, whole.dropping { !kind.isChosen($0, among: columns) })
            }))
      }, kinds: kinds)
  }
}
