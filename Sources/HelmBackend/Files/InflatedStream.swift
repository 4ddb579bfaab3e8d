// Unsafe code, on these invariants: `buffer` lives as long as the stream; `from` and `to` are places in it; zlib is given
// the memory that the caller named and no more than the count named with it.

import Magnet

/// The bytes that others inflate to: those of a gzip file, of one member or several, or of a deflated zip entry.
@safe final class InflatedStream: ByteStream {
  let path: String
  let size: Int?
  private let stored: any ByteStream
  private let format: Inflater.Format
  private let limits: InflateLimits
  /// The checksum that the bytes must have, for deflated ones; gzip has its own.
  private let crc: UInt32
  private var sum: UInt32 = 0
  private var inflater: Inflater
  private let buffer: UnsafeMutableRawBufferPointer
  private var from = 0
  private var to = 0
  private var written = 0
  private var used = 0
  private var isDone = false
  private var isChecked = false

  /// The bytes of gzip's trailer that are passed over: those of a member that inflating began in the middle of.
  private var trailer = 0
  /// Where inflating may begin, when that is noted.
  private(set) var points: GzipPoints?

  /// What gzip of one member or several inflates to.
  init(gzip stored: any ByteStream, limits: InflateLimits, notesPoints: Bool = false) {
    points = notesPoints ? GzipPoints() : nil
    path = stored.path
    self.stored = stored
    self.limits = limits
    format = .gzip
    crc = 0
    size = nil
    inflater = Inflater(.gzip)
    unsafe buffer = unsafe Self.buffer(stored)
  }

  /// What deflated bytes inflate to: `size` bytes with a CRC-32.
  init(deflated stored: any ByteStream, size: Int, crc: UInt32, limits: InflateLimits) {
    path = stored.path
    self.stored = stored
    self.limits = limits
    format = .raw
    self.crc = crc
    self.size = size
    inflater = Inflater(.raw)
    unsafe buffer = unsafe Self.buffer(stored)
  }

  /// What gzip inflates to from a point on.
  init(gzip file: SharedFile, from point: GzipPoints.Point) throws(DataFault) {
    path = file.path
    let start = point.bits > 0 ? point.at - 1 : point.at
    stored = FilePart(file, from: start, count: file.size - start)
    limits = .none
    format = .gzip
    crc = 0
    size = nil
    inflater = Inflater(.raw)
    unsafe buffer = unsafe Self.buffer(stored)
    let byte = point.bits > 0 ? try stored.next(1)[0] : 0
    inflater.resume(bits: point.bits, of: byte, after: point.window)
    trailer = 8
  }

  private static func buffer(_ stored: any ByteStream) -> UnsafeMutableRawBufferPointer {
    .allocate(byteCount: max(64, min(1 << 17, stored.size ?? 1 << 17)), alignment: 16)
  }

  deinit { unsafe buffer.deallocate() }

  var storedSize: Int { stored.storedSize }

  /// For gzip, what its last four bytes say, if that is the larger: its size but for multiples of 4 GB and earlier
  /// members.
  var expectedSize: Int {
    if let size { return size }
    let tail = (try? stored.tail(4)) ?? nil
    let said = tail.map { $0.reversed().reduce(0) { $0 << 8 | Int($1) } } ?? 0
    return max(said, 16 * storedSize)
  }

  func read(_ memory: UnsafeMutableRawPointer, _ count: Int) throws(DataFault) -> Int {
    var filled = 0
    let count = size.map { min(count, $0 - written) } ?? count
    while filled < count, !isDone {
      let taken = try unsafe step(
        UnsafeMutableRawBufferPointer(start: memory + filled, count: count - filled))
      if format == .raw {
        sum = unsafe crc32(sum, UnsafeRawBufferPointer(start: memory + filled, count: taken))
      }
      filled += taken
    }
    if written == size, !isChecked {
      isChecked = true
      try finish()
    }
    return filled
  }

  /// Reads stored bytes to the start of the buffer.
  private func fill(_ count: Int) throws(DataFault) -> Int {
    guard let start = unsafe buffer.baseAddress else { return 0 }
    return try unsafe stored.read(start, count)
  }

  /// Inflates a piece.
  private func step(_ output: UnsafeMutableRawBufferPointer) throws(DataFault) -> Int {
    if from == to {
      from = 0
      // A little first: who looks at the beginning only needs no more.
      to = try unsafe fill(min(buffer.count, max(512, 8 * used)))
      if to == 0 { throw fault("the compressed bytes end too early, they were cut off") }
    }
    let step: Inflater.Step
    do {
      step = try unsafe inflater.inflate(
        UnsafeRawBufferPointer(rebasing: buffer[from..<to]), to: output, stopsAtBlocks: points != nil)
    } catch {
      throw fault(
        written == 0 && from == 0 && format == .gzip && error.problem == "incorrect header check"
          ? "it is not gzip" : "the compressed bytes are damaged (\(error.problem))")
    }
    from += step.read
    used += step.read
    written += step.written
    if let fault = limits.fault(path, inflated: written, stored: used) { throw fault }
    if points?.wantsOne(at: written) == true, let bits = inflater.bitsLeftAtBlock {
      points?.add(GzipPoints.Point(written: written, at: used, bits: bits, window: inflater.window))
    }
    if step.isAtEnd { try endMember() }
    return step.written
  }

  /// Goes on to the next member of gzip; only zeros may follow the last.
  private func endMember() throws(DataFault) {
    while format == .gzip {
      if from == to {
        from = 0
        to = try unsafe fill(buffer.count)
        if to == 0 { break }
      }
      if trailer > 0 {
        let passed = min(trailer, to - from)
        trailer -= passed
        from += passed
        used += passed
        continue
      }
      if unsafe buffer[from] == 0x1F {
        inflater.restart(.gzip)
        return
      }
      if unsafe buffer[from] != 0 { throw fault("other bytes follow the end of the gzip") }
      from += 1
      used += 1
    }
    isDone = true
    if let size, written < size { throw fault("it inflates to \(written) bytes and should to \(size)") }
  }

  /// Checks that the end is where it should be, and the checksum right.
  private func finish() throws(DataFault) {
    let spare = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
    defer { unsafe spare.deallocate() }
    while !isDone {
      if try unsafe step(spare) > 0 {
        throw fault("it inflates to more than the \(written - 1) bytes it should")
      }
    }
    if from == to {
      from = 0
      to = try fill(1)
    }
    if from < to { throw fault("its compressed bytes end before the archive says they do") }
    if sum != crc { throw fault("the bytes do not have the archive's checksum, they are damaged") }
  }

  private func fault(_ problem: String) -> DataFault {
    DataFault(file: path, problem: problem, advice: "copy or download it again")
  }
}
