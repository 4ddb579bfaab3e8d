import Magnet
import Testing

/// Texts are compared, cut, escaped and chosen as their definitions say.
@Suite struct TextTests {
  private static let pieces = [
    "a", "b", "A", "/", ".", " ", "\t", "é", "e\u{301}", "漢", "😀", "👨‍👩‍👧", "\u{FFFD}", "\u{0}", "\u{7F}",
    "\u{85}", "\u{202E}", "\u{2029}", "\n", "\r\n", "-", "_", "\u{10FFFF}", "\u{E000}", "z",
  ]

  static func text(_ random: inout PythonRandom, _ length: Int = 7) -> String {
    (0..<random.below(length)).map { _ in random.choice(pieces) }.joined()
  }

  @Test func orderIsThatOfCodePoints() {
    var random = PythonRandom(seed: 1)
    let texts = (0..<120).map { _ in Self.text(&random) } + ["", "a", "a", "a\u{0}"]
    for a in texts {
      for b in texts {
        let (x, y) = (a.unicodeScalars.map(\.value), b.unicodeScalars.map(\.value))
        #expect(codePointOrder(a, b) == x.lexicographicallyPrecedes(y))
        #expect(haveSameBytes(a, b) == (x == y))
        #expect((ExactText(a) == ExactText(b)) == (x == y))
        // Folder by folder; no path holds a zero.
        if x.contains(0) || y.contains(0) { continue }
        func parts(_ text: String) -> [[UInt8]] {
          text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
        }
        let isBefore = parts(a).lexicographicallyPrecedes(parts(b)) { $0.lexicographicallyPrecedes($1) }
        #expect(pathOrder(a, b) == isBefore, "\(a) \(b)")
      }
    }
    #expect(Set([ExactText("\u{E9}"), ExactText("e\u{301}"), ExactText("\u{E9}")]).count == 2)
  }

  @Test func whatIsShownIsSafeAndSaysWhatItWas() {
    var random = PythonRandom(seed: 2)
    for _ in 0..<2000 {
      let text = Self.text(&random, 12)
      let shownText = printable(text)
      #expect(
        shownText.unicodeScalars.allSatisfy {
          $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && !(0x2028...0x202E).contains($0.value)
        })
      #expect(printable(shownText) == shownText, "once is enough")
      #expect(haveSameBytes(Self.unescaped(shownText), text), "nothing is lost")
      let message = withoutControls(text)
      let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      #expect(lines.allSatisfy { printable($0) == $0 })
    }
    #expect(withoutControls("one\ntwo\u{1B}[2J\n") == "one\ntwo\\u{1b}[2J\n")
  }

  /// Backslashes do not occur in `pieces`, so that escapes can be read back.
  private static func unescaped(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      guard scalar == "\\" else {
        out.append(scalar)
        continue
      }
      switch rest.popFirst() {
      case "n": out.append("\n")
      case "t": out.append("\t")
      case "r": out.append("\r")
      default:
        let digits = rest.dropFirst().prefix { $0 != "}" }
        out.append(Unicode.Scalar(UInt32(String(String.UnicodeScalarView(digits)), radix: 16)!)!)
        rest = rest.dropFirst(digits.count + 2)
      }
    }
    return String(out)
  }

  @Test func longTextsAreCutAfterWholeCodePoints() {
    #expect(shown("abc", limit: 3) == "abc" && shown("abcd", limit: 3) == "abc...")
    #expect(shown("é😀x", limit: 2) == "é😀..." && shown("", limit: 0) == "" && shown("a", limit: 0) == "...")
    #expect(shown(String(repeating: "\u{1B}", count: 201)).hasSuffix("\\u{1b}..."))
    #expect(shown("abc".dropFirst(), limit: 1) == "b...")
  }

  @Test func whiteSpaceAroundATextIsRemoved() {
    var random = PythonRandom(seed: 3)
    for _ in 0..<300 {
      let text = Self.text(&random)
      let cut = trimmed(text)
      let space: Set<Character> = [" ", "\t", "\n", "\r\n", "\u{85}", "\u{2029}"]
      #expect(cut == text || text.contains { space.contains($0) })
      #expect(text.contains(cut) && trimmed(" \t\(cut)\r\n") == cut && trimmed(cut) == cut)
      #expect(cut.first.map { !space.contains($0) } ?? true && cut.last.map { !space.contains($0) } ?? true)
    }
  }

  /// The fewest edits, counted by trying all of them.
  private static func edits(_ a: ArraySlice<Unicode.Scalar>, _ b: ArraySlice<Unicode.Scalar>) -> Int {
    guard let x = a.first, let y = b.first else { return a.count + b.count }
    var least = min(edits(a.dropFirst(), b), edits(a, b.dropFirst())) + 1
    least = min(least, edits(a.dropFirst(), b.dropFirst()) + (x == y ? 0 : 1))
    if let second = a.dropFirst().first, let other = b.dropFirst().first, x == other, y == second {
      least = min(least, edits(a.dropFirst(2), b.dropFirst(2)) + 1)
    }
    return least
  }

  @Test func editDistancesAreTheFewestEdits() {
    var random = PythonRandom(seed: 4)
    for _ in 0..<150 {
      let a = (0..<random.below(6)).map { _ in random.choice(Array("abé".unicodeScalars)) }
      let b = (0..<random.below(6)).map { _ in random.choice(Array("abé".unicodeScalars)) }
      let distance = editDistance(a, b)
      #expect(distance == Self.edits(a[...], b[...]))
      #expect(distance == editDistance(b, a) && (distance == 0) == (a == b))
      #expect(distance <= max(a.count, b.count) && distance >= abs(a.count - b.count))
    }
  }

  @Test(arguments: [
    ("mean", ["stats.mean", "stats.max"], "did you mean stats.mean?"),
    ("ExactMatch", ["exact_match", "f1"], "did you mean exact_match?"),
    ("run_name", ["run", "model"] + (0..<10).map { "other\($0)x" }, "did you mean run?"),
    ("xyz", ["alpha", "beta"], "choose from: alpha, beta"),
    ("abc", ["abd", "abe", "zzz"], "did you mean abd or abe?"),
    ("abc", ["abd", "abe", "abf", "abg"], "did you mean abd, abe or abf?"),
    ("match", ["a_match", "b_match", "x.matches"], "did you mean a_match or b_match?"),
  ])
  func suggestionsNameWhatIsNear(_ name: String, _ names: [String], _ expected: String) {
    #expect(suggestion(for: name, among: names) == expected)
  }

  @Test func nothingIsSuggestedWhereNothingIsNear() {
    #expect(suggestion(for: "zzzz", among: []) == nil)
    #expect(suggestion(for: "zzzz", among: (0..<11).map { "completely different \($0)" }) == nil)
    #expect(suggestion(for: "", among: ["a", "b"])?.isEmpty == false)
  }

  /// A selector's prefixes: every name that it takes has exactly one of them.
  @Test(arguments: 1...6) func prefixesCoverWhatIsChosen(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let letters = ["a", "b", ":", "é"]
    func word(_ more: [String]) -> String {
      (0...random.below(4)).map { _ in random.choice(letters + more) }.joined()
    }
    for _ in 0..<60 {
      let texts = (0...random.below(3)).map { _ in word(random.below(2) == 0 ? [] : ["*", "?"]) }
      let selector = try NameSelector(texts)
      let matches = selector.matcher()
      let prefixes = selector.prefixes
      for (i, a) in prefixes.enumerated() {
        #expect(!prefixes.enumerated().contains { $0 != i && a.hasPrefix($1) })
      }
      for _ in 0..<40 {
        let name = word([])
        let isWanted = texts.contains { text in
          text.contains("*") || text.contains("?") ? NamePattern(text).matches(name) : text == name
        }
        #expect(matches(name) == isWanted, "\(texts) \(name)")
        if isWanted { #expect(prefixes.count { name.hasPrefix($0) } == 1, "\(texts) \(name)") }
      }
    }
  }

  @Test(arguments: [
    ("a|b| c ", ["a", "b", "c"]), ("[a, 'b, c', \"d\"]", ["a", "b, c", "d"]), ("[]", []), ("  ", []),
    ("- a\n-  'b c'\n\n- \"d\"", ["a", "b c", "d"]), ("|", []), ("[a,b]", ["a", "b"]),
    ("[mmlu:subject=x,model=a, gsm]", ["mmlu:subject=x,model=a", "gsm"]), ("- a", ["a"]), ("-a", ["-a"]),
    ("[it's, 'its own']", ["it's", "its own"]),
  ])
  func listsOfNames(_ text: String, _ expected: [String]) throws {
    #expect(try NameSelector([text]).exactNames == expected)
  }
}
