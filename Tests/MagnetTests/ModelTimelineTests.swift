import Magnet
import Testing

@Suite struct ModelTimelineTests {
  @Test func datesBecomeSteps() throws {
    let dates = ["a": "2023-12-31", "b": "2024-01-01", "c": "2024-03-31T10:00:00Z", "d": "2024-04-01"]
    let quarters = try ModelTimeline(dates: dates)
    #expect(quarters.names == ["2023-Q4", "2024-Q1", "2024-Q2"])
    #expect(quarters.steps == ["a": 0, "b": 1, "c": 1, "d": 2])
    #expect(try ModelTimeline(dates: dates, every: .month).names.count == 4)
    #expect(try ModelTimeline(dates: dates, every: .day).steps["c"] == 2)
    #expect(quarters.undated(["a", "x", "d", "y"]) == ["x", "y"])
    for wrong in ["", "2024", "2024-13-01", "2024-00-10", "24-01-01", "soon", "2024-1-1"] {
      #expect(throws: MagnetError.self) { try ModelTimeline(dates: ["m": wrong]) }
    }
  }

  @Test func suitesAreOrderedByVersion() {
    let timeline = ModelTimeline(suites: [
      "old": ["v1.10.0", "v1.2.0"], "new": ["v1.10.0"], "newest": ["v2.0.0"],
    ])
    #expect(timeline.names == ["v1.2.0", "v1.10.0", "v2.0.0"])
    #expect(timeline.steps == ["old": 0, "new": 1, "newest": 2])
  }
}
