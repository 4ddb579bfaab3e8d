import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Which runs on the disk are reused for a run entry.
@Suite struct RunSearchTests {
  private static let source = Project.fixture(
    "benchmark_output/runs/plain-v1/trivia:subject=capitals,model=acme_base")

  @Test func theNearestIsFoundInFoldersOfAnyDepth() async throws {
    let folder = try TemporaryFolder()
    for name in [
      "trivia:a=1,b=2,model=m", "trivia:a=1,model=m", "trivia:a=1.0,model=m", "trivia:z=0,a=1,b=2,model=m",
    ] {
      try folder.copy(Self.source, to: "deep/er/benchmark_output/runs/s/\(name)")
    }
    try folder.copy(Self.source, to: ".git/benchmark_output/runs/s/trivia:a=1,exact=1,model=m")
    try folder.copy(Self.source, to: "deep/er/benchmark_output/runs/latest/trivia:late=1,model=m")
    let outputs = RunSearch.outputs(below: folder.path)
    #expect(outputs == [folder.path + "/deep/er/benchmark_output"])
    let runs = outputs.flatMap { RunSearch.runs(in: $0) }
    #expect(runs.count == 4)
    func nearest(_ entry: String) async -> String? {
      var passed: [String] = []
      return await RunSearch.nearest(
        of: runs, to: RunRequest(entry), maxInstances: nil, passing: &passed)?.name
    }
    #expect(await nearest("trivia:a=1,model=m") == "trivia:a=1,model=m")
    #expect(await nearest("trivia:model=m,a=1") == "trivia:a=1,model=m", "the fewest arguments more")
    #expect(await nearest("trivia:b=2,model=m") == "trivia:a=1,b=2,model=m")
    #expect(await nearest("trivia:a=2,model=m") == nil)
  }

  @Test(arguments: [
    ("x:a=1", "x:a=1,method=joint", true), ("x:a=1", "x:a=1,data_augmentation=misspelling0.2", false),
    ("x:a=1", "x:a=1,max_train_instances=0", false), ("x:a=1", "x:a=1,num_train_trials=3", false),
    ("x:data_augmentation=dialect", "x:data_augmentation=dialect,model=m", true),
  ]) func aRunThatIsChangedUnaskedIsAnother(entry: String, run: String, isWanted: Bool) {
    let found = FoundRun(root: "/nowhere", suite: "s", name: run)
    #expect(RunSearch.isWanted(found, by: RunRequest(entry)) == isWanted)
  }

  @Test func theTemperatureMayBeThatOfTheAdapter() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Self.source, to: "benchmark_output/runs/s/trivia:model=m")
    let runs = RunSearch.runs(in: folder.path + "/benchmark_output")
    let spec = try Project.json(Self.source + "/run_spec.json")
    let temperature = try #require(spec["adapter_spec"]?["temperature"]?.double)
    #expect(RunSearch.isWanted(runs[0], by: RunRequest("trivia:temperature=\(temperature)")))
    #expect(!RunSearch.isWanted(runs[0], by: RunRequest("trivia:temperature=\(temperature + 1)")))
  }
}
