// Unsafe code, on these invariants: `memory` has `capacity` bytes, is freed once, and only one worker has the buffer.

import Magnet

/// Memory that parts of files are read into one after the other, so that it need not be had from the system each time.
final class WarmBuffer {
  private var memory = UnsafeMutableRawPointer.allocate(byteCount: 1 << 16, alignment: 64)
  private var capacity = 1 << 16

  deinit { memory.deallocate() }

  /// The bytes of a range of a file, valid until the next call; nil when they are not to be had.
  func read(_ file: SharedFile, _ range: Range<Int>) -> UnsafeRawBufferPointer? {
    guard range.upperBound <= file.size else { return nil }
    if range.count > capacity {
      memory.deallocate()
      capacity = max(range.count, capacity * 2)
      memory = .allocate(byteCount: capacity, alignment: 64)
    }
    do throws(DataFault) { try file.read(memory, range.count, at: range.lowerBound) } catch { return nil }
    return UnsafeRawBufferPointer(start: memory, count: range.count)
  }
}

/// The buffers of one worker.
final class WarmBuffers {
  let header = WarmBuffer()
  let part = WarmBuffer()
}
