import Testing

@testable import Magnet

@Suite struct RunRequestTests {
  @Test(arguments: [
    (
      "mmlu:subject=anatomy,model=meta/llama-2-13b",
      "mmlu:subject=anatomy,method=joint,model=meta_llama-2-13b", true
    ),
    (
      "mmlu:subject=anatomy,model=meta/llama-2-13b",
      "mmlu:subject=anatomy,method=joint,model=meta_llama-2-70b", false
    ),
    ("mmlu:subject=anatomy", "mmlu_pro:subject=anatomy", false),
    ("mmlu_pro:subject=math,model=x/y", "mmlu_pro:subset=math,model=x_y", true),
    ("boolq:model=a/b", "boolq:model=a_b,data_augmentation=canonical", true),
    ("boolq,data_augmentation=canonical:model=a/b", "boolq:model=a_b,data_augmentation=canonical", false),
    ("s:k=1", "s:k=1.0", true), ("s:k=1", "s:k=1e0", true), ("s:k=1_0", "s:k=10", true),
    ("s:k=.5", "s:k=0.5", true),
    ("s:k=inf", "s:k=Infinity", true), ("s:k=nan", "s:k=nan", false), ("s:k=a", "s:k=A", false),
    ("s:flag", "s:flag=True", true), ("s:flag", "s:flag=true", false), ("s: k = 1 ", "s:k=1", true),
    ("s:k=0x1", "s:k=1", false), ("s", "s:k=1", true), ("s:k=a=b", "s:k=a=b", true),
    ("s:k=a/b", "s:k=a_b", false),
    ("s:k=1__0", "s:k=10", false), ("s:k=+1", "s:k=1", true), ("s:k=", "s:k=", true),
    ("s:k=1.", "s:k=1", true),
  ])
  func runsAreAcceptedByMAGNETsRule(_ request: String, _ folder: String, _ isAccepted: Bool) {
    #expect(RunRequest(request).accepts(folder, temperature: nil) == isAccepted, "\(request) \(folder)")
  }

  @Test func theTemperatureMayStandInTheRunSpec() {
    let request = RunRequest("s:temperature=0")
    #expect(request.accepts("s:k=1", temperature: 0))
    #expect(!request.accepts("s:k=1", temperature: 0.5))
    #expect(!request.accepts("s:k=1", temperature: nil))
    #expect(!request.accepts("s:temperature=1", temperature: 0))
  }

  @Test func theNearestRunComesFirst() {
    func entry(_ folder: String, _ faults: [DataFault] = []) -> RunEntry {
      RunEntry(suite: "v1", folder: folder, path: folder, name: folder, files: [], faults: faults)
    }
    let entries = [
      entry("s:k=1,m=2,model=a_b"), entry("s:k=1,model=a_b"), entry("s:k=1.0,model=a_b"),
      entry("t:k=1,model=a_b"),
      entry("s:k=1,n=1,model=a_b", [DataFault(file: "x", problem: "cut")]),
    ]
    let found = RunRequest("s:k=1,model=a/b").matches(
      in: RunListing(entries: entries, runSpecs: Table(), entryOfRow: []))
    #expect(found.complete.map(\.folder) == ["s:k=1,model=a_b", "s:k=1,m=2,model=a_b", "s:k=1.0,model=a_b"])
    #expect(found.incomplete.map(\.folder) == ["s:k=1,n=1,model=a_b"])
  }
}
