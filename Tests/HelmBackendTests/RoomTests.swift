import Foundation
import TestSupport
import Testing

/// The folders of a module are rooms in an order: a file may name only types of its own room and of rooms before it.
///
/// Types that are declared once in the module, outside of other types, count; a name that several types share says
/// nothing about a room. CONTRIBUTING lists the same rooms in the same order.
@Suite struct RoomTests {
  static let rooms: [String: [String]] = [
    "Magnet": [
      "System", "Text", "Numerics", "JSON", "Table", "Formats", "Plots", "Runs", "Scores", "Measures",
      "Predict",
      "Models", "SQL", "External", "Backtest", "Compare", "Report",
    ],
    "HelmBackend": ["Files", "HTTP", "Store", "Archive", "Reading", "Download", "Endpoint", "Materialize"],
  ]

  /// A source without what names no types: comments and texts.
  static func code(_ text: String) -> String {
    text.replacing(#/(?s)"""(?:.*?)"""/#, with: "\"\"").replacing(#/(?m)//.*$/#, with: "")
      .replacing(#/"(?:\\.|[^"\\\n])*"/#, with: "\"\"")
  }

  struct Source {
    let room: Int
    let file: String
    let code: String
  }

  /// The names in `sources` of types that a later room declares.
  static func arrowsUpward(_ sources: [Source], _ rooms: [String]) -> [String] {
    let declaration = #/(?m)^(\ *)[^\n]*?\b(?:struct|class|enum|protocol|actor|typealias)\s+([A-Z]\w*)/#
    var declared: [Substring: [Int]] = [:]
    var nested: Set<Substring> = []
    for source in sources {
      for match in source.code.matches(of: declaration) {
        declared[match.output.2, default: []].append(source.room)
        if !match.output.1.isEmpty { nested.insert(match.output.2) }
      }
    }
    return sources.flatMap { source in
      Set(source.code.matches(of: #/(?:^|[^\w.])([A-Z]\w*)/#).map(\.output.1)).sorted().compactMap { name in
        guard !nested.contains(name), let places = declared[name], places.count == 1, places[0] > source.room
        else { return nil }
        return "\(source.file) names \(name) of \(rooms[places[0]])"
      }
    }
  }

  @Test(arguments: ["Magnet", "HelmBackend"]) func noArrowGoesUpward(module: String) throws {
    let rooms = try #require(Self.rooms[module])
    let folder = Project.folder.appending(path: "Sources/" + module).path
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
    let sources = try files.map { file in
      let room = file.split(separator: "/").first.map(String.init) ?? ""
      let number = try #require(rooms.firstIndex(of: room), "\(file) lies in no room of \(module)")
      return Source(room: number, file: file, code: Self.code(try Project.text(folder + "/" + file)))
    }
    #expect(sources.count > 20)
    #expect(Self.arrowsUpward(sources, rooms) == [])
  }

  @Test func anArrowUpwardIsFound() {
    let sources = [
      Source(room: 0, file: "Low.swift", code: Self.code("let x: High? = nil // Higher\nlet y = \"Higher\"")),
      Source(room: 1, file: "High.swift", code: "struct High {}\nstruct Higher { let low: Low }\n"),
    ]
    #expect(Self.arrowsUpward(sources, ["low", "high"]) == ["Low.swift names High of high"])
  }

  @Test func contributingListsTheRooms() throws {
    let text = try Project.text(Project.folder.appending(path: "CONTRIBUTING.md").path)
    for (module, rooms) in Self.rooms {
      var place = try #require(text.range(of: "`Sources/\(module)`")?.upperBound, "\(module)")
      for room in rooms {
        let found = try #require(
          text.range(of: "`\(room)`", range: place..<text.endIndex), "\(module)/\(room)")
        place = found.upperBound
      }
    }
  }
}
