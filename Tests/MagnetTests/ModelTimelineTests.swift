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

  @Test(arguments: ["\n", "\r\n", "\r"]) func datesAreReadFromCSV(_ end: String) throws {
    let text = [
      "model,date", "a/1, 2024-03-14", "", "\"b/2\",\"2023-01-31T10:00:00Z\",note", " c ,2024-02-29",
    ]
    let dates = ["a/1": "2024-03-14", "b/2": "2023-01-31T10:00:00Z", "c": "2024-02-29"]
    for start in ["", "\u{FEFF}"] {
      for last in ["", end] {
        let csv = start + text.joined(separator: end) + last
        #expect(try ModelTimeline.dates(csv: csv, path: "d.csv") == dates)
      }
    }
    let headless = text.dropFirst().joined(separator: end)
    #expect(try ModelTimeline.dates(csv: headless, path: "d.csv") == dates)
    for (line, sentence) in [
      ("x,soon", "d.csv: line 6: x: 'soon' is not a date; use YYYY-MM-DD, such as 2024-03-14"),
      ("x", "d.csv: line 6: is not a model and a date"),
      (",2024-01-01", "d.csv: line 6: is not a model and a date"),
    ] {
      let csv = (text + [line]).joined(separator: end)
      let error = #expect(throws: MagnetError.self) { try ModelTimeline.dates(csv: csv, path: "d.csv") }
      #expect(error?.description == sentence)
    }
    #expect(try ModelTimeline.dates(csv: "", path: "d.csv").isEmpty)
  }

  @Test(arguments: [
    ("2024-02-29", true), ("2023-02-29", false), ("1900-02-29", false), ("2000-02-29", true),
    ("2024-04-31", false),
    ("2024-12-31", true), ("2024-01-32", false), ("2024-+1-01", false), ("2024-1-011", false),
    ("24-01-0001", false),
    ("2024-03-14T12:00", true),
    ("٢024-01-01", false),
  ])
  func datesAreThoseOfTheCalendar(_ date: String, _ isDate: Bool) {
    let timeline = try? ModelTimeline(dates: ["m": date])
    #expect((timeline != nil) == isDate)
  }

  /// Steps of some models are those of all, without the empty ones, in the same order.
  @Test(arguments: 1...10) func restrictedTimelinesKeepTheirOrder(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let models = (0..<12).map { "m\($0)" }
    let dates = Dictionary(
      uniqueKeysWithValues: models.map {
        ($0, "20\(20 + random.below(3))-0\(1 + random.below(9))-1\(random.below(9))")
      })
    for step in ModelTimeline.Step.allCases {
      let whole = try ModelTimeline(dates: dates, every: step)
      #expect(whole.names == whole.names.sorted() && Set(whole.steps.values) == Set(whole.names.indices))
      let some = models.filter { _ in random.below(2) == 0 } + ["unknown"]
      let part = whole.restricted(to: some)
      #expect(Set(part.steps.keys) == Set(some.dropLast()) && part.undated(some) == ["unknown"])
      #expect(Set(part.steps.values) == Set(part.names.indices), "no empty step")
      for a in part.steps.keys {
        for b in part.steps.keys {
          #expect((part.steps[a]! < part.steps[b]!) == (whole.steps[a]! < whole.steps[b]!))
        }
        #expect(part.names[part.steps[a]!] == whole.names[whole.steps[a]!])
      }
    }
  }
}
