/// A drawing of dots, two by four in each character, with marks in place of some characters.
///
/// Each character belongs to one owner, whose colour it has: the last to draw there.
struct BrailleCanvas {
  enum Owner: Hashable {
    case nobody, guide, series(Int), several
  }

  let columns: Int
  let rows: Int
  var width: Int { columns * 2 }
  var height: Int { rows * 4 }
  private var dots: [UInt8]
  private var marks: [Character?]
  private var owners: [Owner]

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
    dots = Array(repeating: 0, count: columns * rows)
    marks = Array(repeating: nil, count: columns * rows)
    owners = Array(repeating: .nobody, count: columns * rows)
  }

  /// The dots of a character, row by row.
  private static let bits: [UInt8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80]

  /// Draws a dot; `x` and `y` count dots from the left and the top.
  mutating func drawDot(x: Int, y: Int, _ owner: Owner) {
    guard 0..<width ~= x, 0..<height ~= y else { return }
    let cell = y / 4 * columns + x / 2
    dots[cell] |= Self.bits[y % 4 * 2 + x % 2]
    owners[cell] = owner
  }

  /// Draws the dots between two, both included; with a `gap` of n, every n-th one.
  mutating func drawLine(
    from start: (x: Int, y: Int), to end: (x: Int, y: Int), every gap: Int = 1, _ owner: Owner
  ) {
    let steps = max(abs(end.x - start.x), abs(end.y - start.y))
    for step in stride(from: 0, through: steps, by: gap) {
      let part = steps == 0 ? 0 : Double(step) / Double(steps)
      drawDot(
        x: start.x + Int((Double(end.x - start.x) * part).rounded()),
        y: start.y + Int((Double(end.y - start.y) * part).rounded()), owner)
    }
  }

  /// Puts a mark in place of the character of a dot; where another series has one, `shared` instead.
  mutating func drawMark(_ mark: Character, x: Int, y: Int, _ owner: Owner, shared: Character) {
    guard 0..<width ~= x, 0..<height ~= y else { return }
    let cell = y / 4 * columns + x / 2
    let isShared = marks[cell] != nil && owners[cell] != owner
    marks[cell] = isShared ? shared : mark
    owners[cell] = isShared ? .several : owner
  }

  /// Writes a text over the middle of a row.
  mutating func drawText(_ text: String, row: Int) {
    let text = shortened(text, to: columns)
    let start = row * columns + (columns - displayWidth(text)) / 2
    for (i, character) in text.enumerated() { marks[start + i] = character }
  }

  /// A row's characters in runs of one owner.
  func runs(row: Int) -> [(text: String, owner: Owner)] {
    var runs: [(text: String, owner: Owner)] = []
    for cell in row * columns..<(row + 1) * columns {
      let character = marks[cell] ?? (dots[cell] == 0 ? " " : Self.character(dots[cell]))
      if let last = runs.last, last.owner == owners[cell] {
        runs[runs.count - 1].text.append(character)
      } else {
        runs.append((String(character), owners[cell]))
      }
    }
    return runs
  }

  private static func character(_ dots: UInt8) -> Character {
    Character(Unicode.Scalar(0x2800 + UInt32(dots)) ?? " ")
  }
}
