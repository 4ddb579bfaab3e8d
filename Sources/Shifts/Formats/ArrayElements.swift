// Unsafe code, on these invariants:
// - The buffer is not changed while it is looked at, and `start` and `at` lie inside it, `start` at most `at`.
// - Pointers to elements are used only inside the call they are given to.
import Magnet

/// The elements of a JSON array in a file of any size, one after the other: no more than the largest element and a
/// block of the file are in memory.
struct ArrayElements {
  /// The most bytes one element may have.
  static let elementLimit = 256 << 20

  let file: String
  private var buffer: [UInt8] = []
  /// Where the first byte of the buffer stands in the file.
  private var base = 0
  private var at = 0
  private var state = State.start
  private var depth = 0
  private var start = 0
  private var count = 0

  private enum State { case start, element, string, escape, end }

  /// Calls `body` with each element: its number, its bytes, and where they begin in the file.
  /// - Throws: `DataFault` where the file is not an array; what `body` throws.
  static func forEach(
    in file: String, blockSize: Int = 1 << 20,
    _ body: (_ number: Int, _ bytes: UnsafeBufferPointer<UInt8>, _ offset: Int) throws -> Void
  ) throws {
    var elements = ArrayElements(file: file)
    try Disk.read(file, blockSize: blockSize) { block in
      elements.buffer.append(contentsOf: block)
      try unsafe elements.advance(body)
      elements.forget()
    }
    try elements.finish()
  }

  private init(file: String) { self.file = file }

  private func fault(_ offset: Int, _ problem: String) -> DataFault {
    DataFault(file, "", "byte \(base + offset): \(problem)")
  }

  private mutating func advance(
    _ body: (Int, UnsafeBufferPointer<UInt8>, Int) throws -> Void
  ) throws {
    var at = at
    var depth = depth
    var state = state
    var start = start
    try unsafe buffer.withUnsafeBufferPointer { bytes in
      while at < bytes.count {
        let byte = unsafe bytes[at]
        switch state {
        case .string:
          if byte == UInt8(ascii: "\"") {
            state = .element
          } else if byte == UInt8(ascii: "\\") {
            state = .escape
          }
        case .escape: state = .string
        case .element:
          switch byte {
          case UInt8(ascii: "\""): state = .string
          case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
          case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","):
            if depth > 0 {
              if byte != UInt8(ascii: ",") { depth -= 1 }
              break
            }
            if byte == UInt8(ascii: "}") { throw fault(at, "a } that nothing opened") }
            let element = unsafe UnsafeBufferPointer(rebasing: bytes[start..<at])
            let isBlank = unsafe element.allSatisfy { $0 <= 0x20 }
            let isEnd = byte == UInt8(ascii: "]")
            if isBlank, !(isEnd && count == 0) { throw fault(at, "expected an example before this") }
            if !isBlank {
              try unsafe body(count, element, base + start)
              count += 1
            }
            state = isEnd ? .end : .element
            start = at + 1
          default: break
          }
        case .start:
          if byte == UInt8(ascii: "[") {
            state = .element
            start = at + 1
          } else if byte > 0x20, !(base + at < 3 && [0xEF, 0xBB, 0xBF].contains(byte)) {
            throw fault(at, "expected a list of examples")
          }
        case .end:
          if byte > 0x20 { throw fault(at, "more text follows the end of the list") }
        }
        at += 1
      }
    }
    self.at = at
    self.depth = depth
    self.state = state
    self.start = start
    if state != .start, state != .end, at - start > Self.elementLimit {
      throw fault(start, "an example larger than \(Self.elementLimit >> 20) MB")
    }
  }

  /// Drops the bytes that have been looked at.
  private mutating func forget() {
    let done = state == .start || state == .end ? at : start
    if done == 0 { return }
    buffer.removeFirst(done)
    base += done
    at -= done
    start = 0
  }

  private func finish() throws {
    switch state {
    case .end: return
    case .start: throw DataFault(file, "", base == 0 && at == 0 ? "is empty" : "contains only white space")
    default: throw DataFault(file, "[\(count)]", "unexpected end of file (truncated)")
    }
  }
}
