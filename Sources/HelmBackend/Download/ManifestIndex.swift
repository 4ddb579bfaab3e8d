import Magnet

/// What a manifest says of each file, in 40 bytes a file. Paths and stored contents are kept as hashes of 64 bits.
struct ManifestIndex {
  struct Entry {
    fileprivate let path: Int
    private let content: Int
    let local: FileStatus.Stamp
    let localCRC32C: UInt32

    fileprivate init(_ entry: Manifest.Entry) {
      path = ManifestIndex.hash(entry.file)
      content = Self.hash(entry.content)
      local = entry.local
      localCRC32C = entry.localCRC32C
    }

    /// Whether the file came from these stored bytes.
    func isOf(_ content: StoredContent) -> Bool { self.content == Self.hash(content) }

    private static func hash(_ content: StoredContent) -> Int {
      var hasher = Hasher()
      hasher.combine(content.size)
      hasher.combine(content.crc32c)
      // An object written again with the same bytes is the same.
      if content.crc32c == nil { hasher.combine(content.version) }
      return hasher.finalize()
    }
  }

  private var entries: [Entry] = []
  /// Places in `entries`, by path, those of one file in the order they were written.
  private var order: [UInt32] = []

  init(_ folder: String) {
    var entries: [Entry] = []
    if let stamp = Files.stamp(folder + "/" + Manifest.fileName) {
      // No line is shorter; growing the list would take twice its memory.
      entries.reserveCapacity(min(stamp.size / 180, 1 << 22))
    }
    Manifest.forEachEntry(folder) { if entries.count < Int(UInt32.max) { entries.append(Entry($0)) } }
    order = (0..<UInt32(entries.count)).sorted {
      let (a, b) = (entries[Int($0)].path, entries[Int($1)].path)
      return a == b ? $0 < $1 : a < b
    }
    self.entries = entries
  }

  /// The last entry of a file.
  subscript(path: String) -> Entry? {
    let key = Self.hash(path)
    var (low, high) = (0, order.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[Int(order[middle])].path <= key { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let entry = entries[Int(order[low - 1])]
    return entry.path == key ? entry : nil
  }

  private static func hash(_ path: String) -> Int {
    // Bytes: texts that look the same are one to String.
    var path = path
    var hasher = Hasher()
    path.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    return hasher.finalize()
  }
}
