import Testing

@testable import Magnet

/// Predictions that a program writes, however it writes them, and command lines, however they are quoted.
@Suite struct PredictionLineTests {
  private struct Line {
    var stat: String
    var mean: Double
    var split: String?
    var subSplit: String?
    var perturbation: String?
    var interval: (lower: Double, upper: Double)?
    var deviation: Double?
    var trial: Int?
  }

  private static func number(_ random: inout PythonRandom) -> Double {
    random.choice([0, 1, -1.5, 0.1, 1e-7, 123_456.75, 1e20, random.random()])
  }

  /// A number in one of the ways JSON has.
  private static func text(_ value: Double, _ random: inout PythonRandom) -> String {
    if value == value.rounded(), abs(value) < 1000, random.below(2) == 0 { return String(Int(value)) }
    return random.below(2) == 0 ? "\(value)" : "\(value)".replacing("e", with: "E")
  }

  private static func line(_ line: Line, _ random: inout PythonRandom) -> String {
    var fields = [
      #""run":"r""#, #""stat":\#(JSONValue.string(line.stat).text)"#, #""mean":\#(text(line.mean, &random))"#,
    ]
    /// A field that is left out may be null.
    func optional(_ name: String, _ value: String?, _ random: inout PythonRandom) {
      if let value {
        fields.append("\"\(name)\":\(value)")
      } else if random.below(3) == 0 {
        fields.append("\"\(name)\":null")
      }
    }
    optional("split", line.split.map { JSONValue.string($0).text }, &random)
    optional("sub_split", line.subSplit.map { JSONValue.string($0).text }, &random)
    optional("perturbation", line.perturbation.map { #"{"name":\#(JSONValue.string($0).text)}"# }, &random)
    optional("lower", line.interval.map { text($0.lower, &random) }, &random)
    optional("upper", line.interval.map { text($0.upper, &random) }, &random)
    optional("stddev", line.deviation.map { text($0, &random) }, &random)
    optional("trial", line.trial.map(String.init), &random)
    for place in fields.indices.reversed() { fields.swapAt(place, random.below(place + 1)) }
    let space = random.choice(["", " ", "\t"])
    return space + "{" + fields.joined(separator: "," + space) + "}"
      + random.choice(["\n", "\r\n", "\n\n \t\r\n"])
  }

  @Test(arguments: 1...12) func linesAreReadAsTheyWereMeant(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let texts = ["test", "a b", "é", "e\u{301}", "\"q\"\\", "漢字", "tab\tbed"]
    let lines = (0..<25).map { number -> Line in
      let mean = Self.number(&random)
      var line = Line(stat: "m\(number)" + random.choice(texts), mean: mean)
      if random.below(2) == 0 { line.split = random.choice(texts) }
      if random.below(3) == 0 { line.subSplit = random.choice(texts) }
      if random.below(3) == 0 { line.perturbation = random.choice(texts) }
      if random.below(2) == 0 { line.interval = (mean - random.random(), mean + random.random()) }
      if random.below(2) == 0 { line.deviation = abs(Self.number(&random)) }
      if random.below(3) == 0 { line.trial = random.below(3) }
      return line
    }
    let text = lines.map { Self.line($0, &random) }.joined()
    let read = try PredictionLines(Array(text.utf8), for: ExternalTests.task()).predictions
    #expect(read.count == lines.count)
    for (line, prediction) in zip(lines, read) {
      let name = prediction.stat.name
      #expect(prediction.run == "r" && prediction.instance == nil)
      #expect(haveSameBytes(name.name, line.stat) && prediction.stat.mean == line.mean)
      #expect(name.split == line.split && name.subSplit == line.subSplit)
      #expect(name.perturbation?.name == line.perturbation)
      #expect(prediction.interval?.lower == line.interval?.lower)
      #expect(prediction.interval?.upper == line.interval?.upper)
      let deviation = line.deviation ?? 0
      #expect(prediction.stat.stddev == deviation && prediction.stat.variance == deviation * deviation)
    }
    // Without its last line break it says the same; one of its lines again is a fault that names both.
    let bytes = Array(text.utf8)
    let end = bytes.lastIndex(of: UInt8(ascii: "}")) ?? 0
    #expect(
      try PredictionLines(Array(bytes[...end]), for: ExternalTests.task()).predictions.count == lines.count)
    let place = random.below(lines.count)
    let again = text + Self.line(lines[place], &random)
    let rows = again.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let numbers = rows.indices.filter { rows[$0].contains(UInt8(ascii: "{")) }
    let fault = try #require(ExternalTests.fault(again))
    #expect(
      fault
        == "line \(numbers[lines.count] + 1) of its predictions predicts what line \(numbers[place] + 1) predicts"
    )
  }

  /// Whatever is wrong with one line, its number is that of the line.
  @Test(arguments: [
    "{", "[]", "7", #"{"run":"r"}"#, #"{"run":1,"stat":"m","mean":1}"#, #"{"run":"r","stat":2,"mean":1}"#,
    #"{"run":"r","stat":"m","mean":[1]}"#, #"{"run":"r","stat":"m","mean":true}"#,
    #"{"run":"r","stat":"m","mean":1,"stddev":"0"}"#, #"{"run":"r","stat":"m","mean":1,"sub_split":1}"#,
    #"{"run":"r","stat":"m","mean":1,"lower":0.5,"upper":0.75}"#,
    #"{"run":"r","stat":"m","mean":0,"lower":0.5,"upper":0.75}"#, #"{"Run":"r","stat":"m","mean":1}"#,
    #"{"run":"r","stat":"m","mean":1,"perturbation":[]}"#,
  ])
  func faultsAreCountedFromTheFirstLine(_ bad: String) throws {
    for before in 0..<4 {
      let good = (0..<before).map { #"{"run":"r","stat":"s\#($0)","mean":1}"# + "\n" }.joined()
      for blank in ["", "\n", "  \r\n\n"] {
        let text = good + blank + bad + "\n" + #"{"run":"r","stat":"z","mean":1}"#
        let number = before + 1 + blank.count { $0 == "\n" || $0 == "\r\n" }
        let fault = try #require(ExternalTests.fault(text), "\(bad)")
        #expect(fault.hasPrefix("line \(number) of its predictions "), "\(fault)")
      }
    }
  }

  /// Of instances the metric alone tells predictions apart; of runs the whole name does.
  @Test func whatMayNotBeRepeated() throws {
    func fault(_ first: String, _ second: String, _ isOfInstances: Bool) -> Bool {
      let lines = [first, second].map { #"{"run":"r","mean":1,"# + $0 + "}" }
      return ExternalTests.fault(lines.joined(separator: "\n"), isOfInstances: isOfInstances) != nil
    }
    #expect(!fault(#""stat":"m","split":"a""#, #""stat":"m","split":"b""#, false))
    #expect(!fault(#""stat":"m""#, #""stat":"m","sub_split":"b""#, false))
    #expect(fault(#""stat":"m","split":"a""#, #""stat":"m","split":"a","stddev":2"#, false))
    #expect(fault(#""stat":"m","instance":0,"split":"a""#, #""stat":"m","instance":0,"split":"b""#, true))
    #expect(!fault(#""stat":"m","instance":0"#, #""stat":"m","instance":1"#, true))
    #expect(!fault(#""stat":"m","instance":0"#, #""stat":"n","instance":0"#, true))
  }

  // MARK: Command lines

  /// A word in one of the ways in which a shell would take it as it is.
  private static func quoted(_ word: String, _ random: inout PythonRandom) -> String {
    var out = ""
    var rest = word[...]
    if word.isEmpty { return random.choice(["''", "\"\""]) }
    while !rest.isEmpty {
      let part = rest.prefix(1 + random.below(3))
      rest = rest.dropFirst(part.count)
      switch random.below(3) {
      case 0 where !part.contains("'"): out += "'\(part)'"
      case 1:
        out += "\""
        for letter in part { out += ("\"\\$`".contains(letter) ? "\\" : "") + String(letter) }
        out += "\""
      default:
        for letter in part { out += (letter.isLetter || letter.isNumber ? "" : "\\") + String(letter) }
      }
    }
    return out
  }

  @Test(arguments: 1...20) func quotedWordsComeOutAgain(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let pieces = [
      "a", "é", "漢", " ", "\t", "\n", "'", "\"", "\\", "$", "`", "*", "~", "#", "|", "=", "-", "1",
    ]
    for _ in 0..<60 {
      var words = (0..<random.below(5)).map { _ in
        (0..<random.below(7)).map { _ in random.choice(pieces) }.joined()
      }
      words.insert("program", at: 0)
      let blanks = [" ", "  ", "\t", "\n"]
      let line =
        random.choice(["", " "])
        + words.map { Self.quoted($0, &random) + random.choice(blanks) }.joined()
      #expect(try CommandWords(parsing: line).words == words, "\(line.debugDescription)")
    }
  }

  @Test func theProgramComesFirst() throws {
    #expect(CommandWords(program: "a b", arguments: ["", "$x"]).words == ["a b", "", "$x"])
    #expect(try CommandWords(parsing: "x").words == CommandWords(program: "x").words)
    func fault(_ line: String) -> String {
      do {
        return try CommandWords(parsing: line).words.joined(separator: "|")
      } catch { return "\(error)" }
    }
    #expect(fault("\"\" x") == "the command names no program")
    #expect(fault("a 'b") == "the command has a ' that is not closed: a 'b")
    #expect(fault("a \"b'") == "the command has a \" that is not closed: a \"b'")
    #expect(fault("a $HOME ~ *.py; b") == "a|$HOME|~|*.py;|b", "nothing is expanded")
    #expect(fault(#"a "\n" '\n' \n"#) == #"a|\n|\n|n"#)
  }
}
