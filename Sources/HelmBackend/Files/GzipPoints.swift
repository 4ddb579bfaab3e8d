import Magnet

/// Places in a gzip file from which it can be inflated without what comes before, as zlib's example zran.c has them:
/// between two blocks of deflate, with the 32 KB that come before.
struct GzipPoints: Sendable {
  struct Point: Sendable {
    /// How many bytes come out before it.
    let written: Int
    /// The byte of the file it lies at; of the byte before, the highest `bits` bits belong to what follows.
    let at: Int
    let bits: Int
    /// The inflated bytes before it, at most 32 KB.
    let window: [UInt8]
  }

  /// Bytes that come out between two points. When there are too many points, every other one goes and this doubles.
  private var spacing = 1 << 20
  private static let limit = 512
  private var points: [Point] = []

  /// Whether a point is wanted after so many inflated bytes.
  func wantsOne(at written: Int) -> Bool { written >= (points.last?.written ?? 0) + spacing }

  mutating func add(_ point: Point) {
    points.append(point)
    if points.count > Self.limit {
      points = points.enumerated().compactMap { $0 % 2 == 0 ? nil : $1 }
      spacing *= 2
    }
  }

  /// The inflated bytes from `offset` on.
  func bytes(_ file: SharedFile, from offset: Int) throws(DataFault) -> any ByteStream {
    var (low, high) = (0, points.count)
    while low < high {
      let middle = (low + high) / 2
      if points[middle].written <= offset { low = middle + 1 } else { high = middle }
    }
    let stream: InflatedStream
    if low == 0 {
      stream = InflatedStream(gzip: FilePart(file), limits: .none)
    } else {
      stream = try InflatedStream(gzip: file, from: points[low - 1])
    }
    _ = try stream.skip(offset - (low == 0 ? 0 : points[low - 1].written))
    return stream
  }
}

/// Some of the bytes that a gzip file inflates to, under a name of their own. Nothing is read before they are.
final class GzipSection: ByteStream {
  let path: String
  let size: Int?
  private let points: GzipPoints
  private let file: SharedFile
  private let offset: Int
  private var left: Int
  private var stream: (any ByteStream)?

  init(_ points: GzipPoints, _ file: SharedFile, path: String, from offset: Int, count: Int) {
    self.points = points
    self.file = file
    self.path = path
    self.offset = offset
    size = count
    left = count
  }

  var storedSize: Int { size ?? 0 }

  func read(_ memory: UnsafeMutableRawPointer, _ count: Int) throws(DataFault) -> Int {
    if left == 0 { return 0 }
    if stream == nil { stream = try points.bytes(file, from: offset) }
    guard let stream else { return 0 }
    let taken = try unsafe stream.read(memory, min(count, left))
    left -= taken
    // All was checked when the archive was opened; since then it may have been written to.
    if left == 0 { try file.checkUnchanged() }
    return taken
  }
}
