import Magnet
import Testing

/// Names are ordered, matched with patterns, and found by likeness.
@Suite struct NameTests {
  @Test func versionsAreOrdered() {
    let ordered = [
      "", "v0.9", "v1", "v1.0", "v1.0.0-preview", "v1.0.0-rc1", "v1.0.0-rc2", "v1.0.0-rc10", "v1.0.0",
      "v1.2.0",
      "v1.9.0", "v1.10.0-preview", "v1.10.0", "v2", "v10", "w",
    ]
    for (i, a) in ordered.enumerated() {
      for (j, b) in ordered.enumerated() {
        #expect((VersionOrder(a) < VersionOrder(b)) == (i < j), "\(a) \(b)")
        #expect((VersionOrder(a) == VersionOrder(b)) == (i == j))
      }
    }
  }

  @Test func anyNamesAreOrdered() {
    var random = PythonRandom(seed: 2)
    let pieces = [
      "v", "1", "01", "0", ".", "-rc", "-preview", "é", "٣", "99999999999999999999999", "x", "😀", "\r\n", " ",
    ]
    let names = (0..<60).map { _ in
      (0..<random.below(6)).map { _ in random.choice(pieces) }.joined()
    }.unique()
    for a in names {
      for b in names {
        let (x, y) = (VersionOrder(a), VersionOrder(b))
        #expect([x < y, x == y, x > y].filter { $0 }.count == 1, "\(a) \(b)")
        for c in names.prefix(12) where x < y && y < VersionOrder(c) { #expect(x < VersionOrder(c)) }
      }
    }
  }

  @Test(arguments: [
    ("", "", true), ("", "a", false), ("*", "", true), ("*", "abc", true), ("?", "", false),
    ("?", "é", true), ("??", "é", false), ("?", "😀", true), ("a*c", "abbbc", true), ("a*c", "ac", true),
    ("a*c", "acb", false), ("*b*", "abc", true), ("**", "x", true), ("*.json", "a.json", true),
    ("a", "A", false), ("a", "ab", false), ("mmlu:*model=*gpt2", "mmlu:subject=x,model=openai_gpt2", true),
    ("*?b", "éb", true), ("*??b", "éb", false), ("[ab]", "a", false), ("[ab]", "[ab]", true),
    ("*aab", "aaaab", true), ("?*?", "a", false), ("a*", "*", false), (".", "x", false), ("*", "*", true),
    ("\\*", "\\x", true),
  ])
  func patterns(_ pattern: String, _ name: String, _ isMatch: Bool) {
    #expect(NamePattern(pattern).matches(name) == isMatch)
  }

  static func naive(_ pattern: ArraySlice<Unicode.Scalar>, _ name: ArraySlice<Unicode.Scalar>) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    if first == "*" {
      return naive(pattern.dropFirst(), name) || (!name.isEmpty && naive(pattern, name.dropFirst()))
    }
    guard let scalar = name.first, first == "?" || first == scalar else { return false }
    return naive(pattern.dropFirst(), name.dropFirst())
  }

  @Test func patternsMatchAsANaiveSearch() {
    var random = PythonRandom(seed: 8)
    for _ in 0..<20_000 {
      let pattern = (0..<random.below(7)).map { _ in random.choice(["*", "?", "a", "é", "😀"]) }.joined()
      let name = (0..<random.below(8)).map { _ in random.choice(["a", "é", "😀", "ê"]) }.joined()
      let expected = Self.naive(Array(pattern.unicodeScalars)[...], Array(name.unicodeScalars)[...])
      #expect(NamePattern(pattern).matches(name) == expected, "\(pattern) \(name)")
    }
  }

  @Test func manyStarsTakeLittleTime() {
    let pattern = NamePattern(String(repeating: "a*", count: 200) + "b")
    #expect(!pattern.matches(String(repeating: "a", count: 5000)))
  }

  @Test func nearNamesComeFirst() {
    let names = ["exact_match", "quasi_exact_match", "f1", "f2", "exact_mitch"]
    #expect(
      nearestNames(to: "exact_mach", among: names) == ["exact_match", "exact_mitch", "quasi_exact_match"])
    #expect(nearestNames(to: "f", among: names, count: 2) == ["f1", "f2"])
    #expect(nearestNames(to: "", among: ["abc", "", "a"]) == ["", "a", "abc"])
    #expect(nearestNames(to: "x", among: []).isEmpty && nearestNames(to: "x", among: names, count: 0).isEmpty)
    #expect(nearestNames(to: "kitten", among: ["sitting", "mitten"]) == ["mitten", "sitting"])
    #expect(
      suggestion(for: "nam.name", among: ["stats.mean", "stats.name.name"]) == "did you mean stats.name.name?"
    )
    let long = String(repeating: "x", count: 100_000)
    #expect(nearestNames(to: long, among: [long, "y"], count: 1) == [long])
  }
}
