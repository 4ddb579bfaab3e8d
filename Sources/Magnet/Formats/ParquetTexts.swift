// Unsafe code, on one invariant: bytes handed to a closure are not kept after it.

/// What is known of the texts of a column before its pages are written.
struct TextOverlaps {
  /// How many bytes the text of each row has in common with the beginning of the last text before it; 0 for null.
  private(set) var shared: [UInt32] = []
  private(set) var bounds = TextBounds()
  private(set) var longest = 0
  private(set) var byteCount = 0
  private(set) var sharedBytes = 0

  init(_ texts: TextPieces) {
    var last: [UInt8] = []
    unsafe texts.forEach { text in
      guard let text = unsafe text else {
        shared.append(0)
        return
      }
      let common = unsafe last.withUnsafeBytes { unsafe commonCount($0, text) }
      last.removeLast(last.count - common)
      unsafe last.append(contentsOf: text[common...])
      shared.append(UInt32(clamping: common))
      unsafe bounds.add(text)
      longest = max(longest, text.count)
      byteCount += text.count
      sharedBytes += common
    }
  }
}

/// The first and the last of some texts, in the order of their bytes.
struct TextBounds {
  private var least: [UInt8]?
  private var greatest: [UInt8]?

  mutating func add(_ text: UnsafeRawBufferPointer) {
    if least.map({ unsafe $0.withUnsafeBytes { unsafe precedes(text, $0) } }) ?? true {
      least = unsafe Array(text)
    }
    if greatest.map({ unsafe $0.withUnsafeBytes { unsafe precedes($0, text) } }) ?? true {
      greatest = unsafe Array(text)
    }
  }

  func range(atMost length: Int) -> ([UInt8], [UInt8])? {
    guard let least, let greatest, least.count <= length, greatest.count <= length else { return nil }
    return (least, greatest)
  }
}

/// The texts of a page, as they are or without what each has in common with the one before.
struct TextPage {
  let isShared: Bool
  private(set) var levels: [UInt32] = []
  private(set) var nullCount = 0
  private(set) var textSize = 0
  private var bytes: [UInt8] = []
  private var shared: [UInt32] = []
  private var lengths: [UInt32] = []

  init(isShared: Bool) { self.isShared = isShared }

  var isEmpty: Bool { levels.isEmpty }
  var size: Int { bytes.count }

  mutating func add(_ text: UnsafeRawBufferPointer?, _ overlap: UInt32) {
    guard let text = unsafe text else {
      levels.append(0)
      nullCount += 1
      return
    }
    levels.append(1)
    textSize += text.count
    if isShared {
      // The first of a page stands for itself.
      let start = shared.isEmpty ? 0 : Int(overlap)
      shared.append(UInt32(start))
      lengths.append(UInt32(text.count - start))
      unsafe bytes.append(contentsOf: text[start...])
    } else {
      bytes.append(littleEndian: UInt32(text.count))
      unsafe bytes.append(contentsOf: text)
    }
  }

  var content: [UInt8] { isShared ? differences(shared) + differences(lengths) + bytes : bytes }
}
