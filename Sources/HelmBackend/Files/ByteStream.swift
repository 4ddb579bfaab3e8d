import Magnet

/// The bytes of a file from the first to the last, wherever they lie. Not Sendable: one reader at a time.
protocol ByteStream: AnyObject {
  /// The file's path, for messages about it.
  var path: String { get }
  /// How many bytes come in all; nil when only the end shows it.
  var size: Int? { get }
  /// About how many bytes come; at least as many as `size`, and for inflated ones a careful guess.
  var expectedSize: Int { get }
  /// How many bytes the file takes where it is stored.
  var storedSize: Int { get }

  /// Reads the next `count` bytes; fewer at the end only. With the last ones, everything that a length or a checksum
  /// tells of them was checked.
  func read(_ memory: UnsafeMutableRawPointer, _ count: Int) throws(DataFault) -> Int
  /// Passes over the next `count` bytes; returns how many there were, fewer at the end only.
  func skip(_ count: Int) throws(DataFault) -> Int
  /// The last bytes, at most `count`, where they can be had without reading the others; nil elsewhere.
  func tail(_ count: Int) throws(DataFault) -> [UInt8]?
}

extension ByteStream {
  var expectedSize: Int { size ?? storedSize }

  /// The next bytes, fewer at the end only.
  func next(_ count: Int) throws(DataFault) -> [UInt8] {
    // A closure that throws a type is more than the compiler bears here.
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 16)
    defer { unsafe memory.deallocate() }
    let filled = try unsafe read(memory, count)
    return unsafe Array(UnsafeRawBufferPointer(start: memory, count: filled))
  }

  /// Hands on all bytes that are left, piece by piece; each is valid inside the call only.
  func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let size = 1 << 17
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    defer { unsafe memory.deallocate() }
    while true {
      let taken = try unsafe read(memory, size)
      if taken > 0 { try unsafe body(UnsafeRawBufferPointer(start: memory, count: taken)) }
      if taken < size { return }
    }
  }

  func skip(_ count: Int) throws(DataFault) -> Int {
    let piece = min(count, 1 << 17)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, piece), alignment: 16)
    defer { unsafe memory.deallocate() }
    var left = count
    while left > 0 {
      let taken = try unsafe read(memory, min(left, piece))
      if taken == 0 { break }
      left -= taken
    }
    return count - left
  }

  func tail(_ count: Int) throws(DataFault) -> [UInt8]? { nil }
}

/// A file open for reading by several at once, each at places of its own.
final class SharedFile: Sendable {
  let path: String
  private let file: FileDescriptor
  /// Its size and date when it was opened.
  let stamp: FileStatus.Stamp

  init(_ path: String) throws(SystemError) {
    self.path = path
    file = try FileDescriptor(path, .read)
    guard let status = file.status, status.kind != .folder else { throw .isFolder }
    stamp = status.stamp
  }

  var size: Int { stamp.size }

  /// Reads `count` bytes from `offset` on.
  func read(_ memory: UnsafeMutableRawPointer, _ count: Int, at offset: Int) throws(DataFault) {
    let taken: Int
    do { taken = try unsafe file.read(memory, count, at: offset) } catch { throw error.fault(path) }
    if taken < count { throw changed }
  }

  /// All bytes as they lie in the file; nil where the system does not give them. Only for files that nobody shortens.
  func mapped() -> SharedMemory? { SharedMemory(mapping: file, byteCount: size) }

  func checkUnchanged() throws(DataFault) { if file.status?.stamp != stamp { throw changed } }

  /// Checks that the contents are those that an earlier opening of the path found.
  func check(_ earlier: FileStatus.Stamp) throws(DataFault) { if earlier != stamp { throw changed } }

  /// The bytes of a range.
  func bytes(_ range: Range<Int>) throws(DataFault) -> [UInt8] {
    var fault: DataFault?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: range.count) { memory, filled in
      do throws(DataFault) {
        if let start = memory.baseAddress { try unsafe read(start, range.count, at: range.lowerBound) }
        filled = range.count
      } catch { fault = error }
    }
    if let fault { throw fault }
    return bytes
  }

  private var changed: DataFault {
    DataFault(
      file: path, problem: "the file changed while it was read", advice: "read it once the run is done")
  }
}

/// A file's bytes as they lie in it, or a part of them.
final class FilePart: ByteStream {
  let path: String
  private let file: SharedFile
  private let start: Int
  private let count: Int
  private var done = 0
  /// The bytes' checksum, where one is known, and that of those read.
  private var crc: UInt32?
  private var sum: UInt32 = 0

  /// - Parameters:
  ///   - path: what the part is called; the file's own path where it is all of it.
  ///   - crc: the CRC-32 that the bytes must have.
  init(_ file: SharedFile, path: String? = nil, from start: Int = 0, count: Int? = nil, crc: UInt32? = nil) {
    self.file = file
    self.path = path ?? file.path
    self.start = start
    self.count = count ?? file.size
    self.crc = crc
  }

  var size: Int? { count }
  var storedSize: Int { count }

  func read(_ memory: UnsafeMutableRawPointer, _ count: Int) throws(DataFault) -> Int {
    let taken = min(count, self.count - done)
    if taken == 0 { return 0 }
    try unsafe file.read(memory, taken, at: start + done)
    done += taken
    if crc != nil { sum = unsafe crc32(sum, UnsafeRawBufferPointer(start: memory, count: taken)) }
    if done == self.count {
      try file.checkUnchanged()
      if let crc, crc != sum {
        throw DataFault(
          file: path, problem: "the bytes do not have the archive's checksum, they are damaged",
          advice: "copy or download the archive again")
      }
    }
    return taken
  }

  func skip(_ count: Int) -> Int {
    let taken = min(count, self.count - done)
    done += taken
    // The checksum is that of all.
    crc = nil
    return taken
  }

  func tail(_ count: Int) throws(DataFault) -> [UInt8]? {
    let taken = min(count, self.count)
    return try FilePart(file, from: start + self.count - taken, count: taken).next(max(1, taken))
  }
}

extension SystemError {
  func fault(_ path: String) -> DataFault {
    DataFault(file: path, problem: "the file cannot be read: \(description)")
  }
}
