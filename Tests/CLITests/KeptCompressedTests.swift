import Foundation
import TestSupport
import Testing

/// Runs that HELM wrote, downloaded and left as `.json.gz`, are to every command what they are as plain files.
@Suite struct KeptCompressedTests {
  @Test func everyCommandReadsThem() throws {
    let server = try StoreServer()
    let folder = try TemporaryFolder()
    let plain = folder.path + "/plain"
    for run in try FileManager.default.contentsOfDirectory(atPath: Project.sweep)
    where run.contains("capitals") {
      for file in ["run_spec.json", "stats.json", "scenario_state.json", "per_instance_stats.json"] {
        let bytes = Array(try Data(contentsOf: URL(filePath: "\(Project.sweep)/\(run)/\(file)")))
        server["lite/benchmark_output/runs/v1.0.0/\(run)/\(file)"] = StoreTree.gzipped(bytes)
        try folder.copy("\(Project.sweep)/\(run)/\(file)", to: "plain/v1.0.0/\(run)/\(file)")
      }
    }
    let packed = folder.path + "/packed"
    let download = try Tool.run(
      "download", "helm", packed, "--endpoint", server.endpoint, "--files", "full", "--keep-compressed")
    #expect(download.status == 0, "\(download.errors)")
    let names = FileManager.default.enumerator(atPath: packed)?.allObjects as? [String] ?? []
    #expect(names.filter { $0.hasSuffix(".json.gz") }.count == server.objects.count)
    #expect(!names.contains { $0.hasSuffix(".json") })

    for command in [
      ["table", "run-specs"], ["table", "scenario-states"], ["table", "stats"],
      ["table", "per-instance-stats"],
      ["predict", "perturbation"], ["predict", "random-instance"], ["items"],
      ["backtest", "auto", "--observed", "3", "--repeats", "2", "--hold-out", "model"],
    ] {
      func output(_ path: String) throws -> Tool.Outcome {
        // The paths follow the command's own words.
        let words = command.count > 1 ? 2 : 1
        return try Tool.run(
          command: Tool.binary,
          command.prefix(command[0] == "items" ? 1 : words) + [path]
            + command.dropFirst(words) + ["--format", "csv"])
      }
      let (a, b) = (try output(plain), try output(packed))
      #expect(a.status == 0 && b.status == 0, "\(command): \(b.errors)")
      #expect(a.output == b.output && !a.output.isEmpty, "\(command)")
    }
    let query = "SELECT run, metric, mean FROM scores ORDER BY run, metric, split, prob, mean"
    #expect(try Tool.run("sql", plain, query).output == Tool.run("sql", packed, query).output)
    let runs = try Tool.run("runs", packed, "--format", "csv")
    #expect(runs.status == 0 && runs.output.contains(",complete"), "\(runs.output)")
    let export = try Tool.run("export", "sqlite", folder.path + "/runs.db", packed)
    #expect(export.status == 0, "\(export.errors)")
    let verify = try Tool.run("download", "verify", packed)
    #expect(verify.status == 0, "\(verify.errors)")
  }
}
