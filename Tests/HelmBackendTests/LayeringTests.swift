import Foundation
import TestSupport
import Testing

/// Who may import whom: HelmBackend and Predictors know Magnet, Magnet knows nobody, and each foreign library is
/// known to one file.
@Suite struct LayeringTests {
  struct Import: Sendable {
    let folder: String
    let file: String
    let module: String
  }

  // Swift's modules begin with a capital; Python's, in programs that stand in a source, do not.
  static let imports: [Import] = try! {
    let sources = Project.folder.appending(path: "Sources").path
    return try FileManager.default.subpathsOfDirectory(atPath: sources).filter { $0.hasSuffix(".swift") }
      .flatMap {
        file in
        try Project.text(sources + "/" + file).matches(of: #/(?m)^\s*(?:public |package )?import ([A-Z]\w*)/#)
          .map {
            Import(folder: String(file.split(separator: "/")[0]), file: file, module: String($0.output.1))
          }
      }
  }()

  static let own: Set = ["Magnet", "HelmBackend", "Predictors", "Cards", "Judges", "Shifts", "MagnetCommand"]

  @Test func modulesKnowOnlyThoseToTheirLeft() {
    let allowed: [String: Set<String>] = [
      "Magnet": [], "HelmBackend": ["Magnet"], "Predictors": ["Magnet"], "Cards": ["Magnet"],
      "Judges": ["Magnet"],
      "Shifts": ["Magnet"],
      "magnet-cli": Self.own,
    ]
    #expect(Self.imports.count > 20)
    for item in Self.imports where Self.own.contains(item.module) {
      #expect(allowed[item.folder]!.contains(item.module), "\(item.file) imports \(item.module)")
    }
  }

  @Test func foreignLibrariesAreKnownToOneFileOfAModule() {
    // The system's, elementary functions that Swift lacks, and what templates of packages name.
    let system: Set = [
      "Glibc", "Darwin", "Synchronization", "Dispatch", "RealModule", "PackageDescription", "Testing",
    ]
    let foreign = Self.imports.filter { !Self.own.contains($0.module) && $0.module != "ArgumentParser" }
    for (key, items) in Dictionary(grouping: foreign, by: { [$0.folder, $0.module] })
    where !system.contains(key[1]) && !["CSQLite", "CZlib", "CCurl", "CSpawn", "CVector"].contains(key[1]) {
      #expect(Set(items.map(\.file)).count == 1, "\(key[1]) is imported by \(items.map(\.file))")
    }
    for item in Self.imports where item.module == "CSQLite" {
      #expect(item.file.hasPrefix("Magnet/SQL/"), "\(item.file) imports CSQLite")
    }
    for item in Self.imports where item.module == "CCurl" {
      #expect(item.file.hasPrefix("HelmBackend/HTTP/"), "\(item.file) imports CCurl")
    }
    for item in Self.imports where item.module == "ArgumentParser" {
      #expect(item.folder == "magnet-cli", "\(item.file) imports ArgumentParser")
    }
  }

  /// The compiler sees to it that what is unsafe is marked; CONTRIBUTING lists the files that have marks.
  @Test func unsafeFilesAreListed() throws {
    let text = try Project.text(Project.folder.path + "/CONTRIBUTING.md")
    let start = try #require(text.firstRange(of: "- Strict memory safety is on"))
    let rules = text[start.upperBound...]
    let end = try #require(rules.firstRange(of: "\n- "))
    var listed: Set<String> = []
    for line in rules[..<end.lowerBound].split(separator: "\n  - ").dropFirst() {
      listed.formUnion(line.matches(of: /`(\w+)`/).map { String($0.output.1) })
    }
    let folder = Project.folder.path + "/Sources"
    let paths = (FileManager.default.enumerator(atPath: folder)?.allObjects ?? []).compactMap {
      $0 as? String
    }
    var found: Set<String> = []
    for path in paths where path.hasSuffix(".swift") {
      let lines = try Project.text(folder + "/" + path).split(separator: "\n")
      let isUnsafe = lines.contains { line in
        (line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line).contains(/\bunsafe\s/)
      }
      if isUnsafe { found.insert(String(path.split(separator: "/").last?.dropLast(6) ?? "")) }
    }
    #expect(found.count > 40)
    #expect(found.subtracting(listed).sorted() == [], "not in CONTRIBUTING")
    #expect(listed.subtracting(found).sorted() == [], "in CONTRIBUTING, though nothing in it is unsafe")
  }

  @Test func librariesNeitherPrintNorExit() throws {
    let sources = Project.folder.appending(path: "Sources").path
    for file in Set(Self.imports.map(\.file)) where !file.hasPrefix("magnet-cli") {
      let text = RoomTests.code(try Project.text(sources + "/" + file))
      #expect(
        text.firstMatch(of: #/(^|[^A-Za-z_.])(print|exit|fatalError|abort)\(|try!|as!/#) == nil, "\(file)")
    }
  }

  /// A column is named in one place, by what it means; elsewhere its key stands.
  @Test func columnsAreNamedInOnePlace() throws {
    let places = ["Magnet/Runs/HelmColumns.swift", "Magnet/Runs/TableSource.swift"]
    let column = #/"(?:run_spec|scenario_state|stats|per_instance_stats)\.(?!json)[\w.]*"/#
    let sources = Project.folder.appending(path: "Sources").path
    var found: [String] = []
    var namedCount = 0
    let files = try FileManager.default.subpathsOfDirectory(atPath: sources)
    for file in files where file.hasSuffix(".swift") && !file.contains("Templates/") {
      let text = try Project.text(sources + "/" + file)
        .replacing(#/(?s)"""(?:.*?)"""/#, with: "").replacing(#/(?m)//.*$/#, with: "")
      let names = text.matches(of: column).map { String($0.output) }
      if places.contains(file) { namedCount += names.count } else { found += names.map { "\(file): \($0)" } }
    }
    #expect(namedCount > 40)
    #expect(found.sorted() == [])
  }
}
