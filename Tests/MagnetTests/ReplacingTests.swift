import Foundation
import TestSupport
import Testing

@testable import Magnet

/// Files and folders that appear atomically.
@Suite struct ReplacingTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }
  private func text(_ name: String) -> String? {
    FileManager.default.contents(atPath: folder.path + "/" + name).map {
      String(decoding: $0, as: UTF8.self)
    }
  }
  private struct Stop: Error {}

  @Test func aFileIsReplacedAtTheEnd() throws {
    let path = folder.path + "/out.csv"
    for contents in ["first", "second", ""] {
      let before = text("out.csv")
      let result = try replacing(path) { temporary -> Int in
        #expect(temporary != path && temporary.hasPrefix(path))
        try Data(contents.utf8).write(to: URL(fileURLWithPath: temporary))
        #expect(text("out.csv") == before, "until then the old one stays")
        return contents.utf8.count
      }
      #expect(result == contents.utf8.count && text("out.csv") == contents && names == ["out.csv"])
    }
  }

  @Test func anErrorLeavesTheOldFile() async throws {
    let path = folder.path + "/out.csv"
    try Data("old".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: Stop.self) {
      try replacing(path) { (temporary: String) in
        try Data("half".utf8).write(to: URL(fileURLWithPath: temporary))
        throw Stop()
      }
    }
    #expect(throws: Stop.self) {
      try replacing(
        path,
        writing: { sink in
          try sink(Array("half".utf8))
          throw Stop()
        })
    }
    await #expect(throws: Stop.self) {
      try await replacing(path) { (temporary: String) async throws in
        await Task.yield()
        throw Stop()
      }
    }
    #expect(text("out.csv") == "old" && names == ["out.csv"])
  }

  @Test func piecesAreWrittenInTheirOrder() throws {
    let path = folder.path + "/out.csv"
    try replacing(
      path,
      writing: { sink in for number in 0..<500 { try sink(Array("\(number)\n".utf8)) } })
    #expect(text("out.csv") == (0..<500).map { "\($0)\n" }.joined())
    try replacing(path, writing: { _ in })
    #expect(text("out.csv") == "")
  }

  @Test func aFolderIsMadeWhole() throws {
    let path = folder.path + "/runs"
    #expect(throws: Stop.self) {
      try makingFolder(path) { temporary in
        try Data("a".utf8).write(to: URL(fileURLWithPath: temporary + "/a"))
        throw Stop()
      }
    }
    #expect(names.isEmpty)
    try makingFolder(path) { temporary in
      #expect(!FileManager.default.fileExists(atPath: path))
      try Data("a".utf8).write(to: URL(fileURLWithPath: temporary + "/a"))
    }
    #expect(names == ["runs"] && text("runs/a") == "a")
    #expect {
      try makingFolder(path) { _ in Issue.record("it is there already") }
    } throws: {
      "\($0)" == "\(path): cannot be written: File exists"
    }
    #expect(text("runs/a") == "a")
  }

  @Test func whereNothingCanBeWrittenIsSaid() throws {
    let path = folder.path + "/none/out.csv"
    #expect {
      try replacing(path, writing: { _ in })
    } throws: {
      "\($0)".contains(path) && !"\($0)".contains(".part")
    }
    #expect(throws: (any Error).self) { try makingFolder(path) { _ in } }
    #expect(names.isEmpty)
  }

  /// What processes that were ended have left is removed; what others are writing, and what users named so, stays.
  @Test func leftoversOfEndedProcessesAreRemoved() throws {
    let path = folder.path + "/out.csv"
    for name in [
      "out.csv.99999999.part", "out.csv.x.part", "out.csv.1.parts", "other.csv.5.part",
      "out.csv.part",
    ] {
      try Data("left".utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name))
    }
    try FileManager.default.createDirectory(
      atPath: folder.path + "/out.csv.88888888.part/a", withIntermediateDirectories: true)
    let held = try FileDescriptor(folder.path + "/out.csv.77777777.part", .truncate)
    let isLocked = held.lock()
    #expect(isLocked)
    try replacing(path, writing: { try $0([65]) })
    #expect(
      names == [
        "other.csv.5.part", "out.csv", "out.csv.1.parts", "out.csv.77777777.part", "out.csv.part",
        "out.csv.x.part",
      ])
    #expect(text("out.csv") == "A")
  }
}
