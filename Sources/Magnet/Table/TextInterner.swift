// Unsafe code, on these invariants:
// - `slots` has `slotMask + 1` elements, a power of two, at most half of them used; each is a code or 0 for none.
// - Code `c`, from 1, is described by `entries[c]`; `entries[0]` is there for its `end`, 0. Of `capacity` entries
//   `count + 1` are initialised. Its own bytes are `arena[entries[c - 1].end..<entries[c].end]`. With a `base` that is
//   not 0, the first `shared` bytes of text `base` stand before them, and `base` itself has none.
// - The interner is never copied (~Copyable) and frees its memory once.

/// Gives equal texts the same code: 1, 2, 3 ... in order of first appearance.
///
/// A text that begins like an earlier one, as prompts with the same examples do, is kept as its end alone.
@usableFromInline
@safe struct TextInterner: ~Copyable {
  @usableFromInline
  struct Entry {
    @usableFromInline var end: Int
    @usableFromInline var hash: UInt64
    /// The code asked for after this one the last time, or 0.
    @usableFromInline var follower: UInt32 = 0
    @usableFromInline var base: UInt32 = 0
    @usableFromInline var shared: UInt32 = 0
    /// Whether JSON writes the text as it is: no quote, no backslash and no control character is in it.
    @usableFromInline var isPlain = false
  }

  /// Shorter beginnings are not worth sharing.
  private static let leastShared = 64

  @usableFromInline var arena: UnsafeMutablePointer<UInt8>
  @usableFromInline var arenaCapacity: Int
  @usableFromInline var entries: UnsafeMutablePointer<Entry>
  @usableFromInline var capacity: Int
  @usableFromInline var count = 0
  @usableFromInline var slots: UnsafeMutablePointer<UInt32>
  @usableFromInline var slotMask: Int
  @usableFromInline var last: UInt32 = 0
  /// The last text kept whole that is long enough to share from, or 0.
  private var base: UInt32 = 0
  private var isShared = false
  private let hashBytes = ByteHash.shared

  init() {
    arenaCapacity = 256
    unsafe arena = .allocate(capacity: arenaCapacity)
    capacity = 16
    unsafe entries = .allocate(capacity: capacity)
    unsafe entries.initialize(to: Entry(end: 0, hash: 0))
    slotMask = 31
    unsafe slots = .allocate(capacity: 32)
    unsafe slots.initialize(repeating: 0, count: 32)
  }

  @inlinable deinit {
    unsafe arena.deallocate()
    unsafe entries.deallocate()
    unsafe slots.deallocate()
  }

  @inlinable func isEqual(_ code: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    let entry = unsafe entries + Int(code)
    let start = unsafe entry[-1].end
    let length = unsafe entry.pointee.end - start
    if unsafe entry.pointee.base != 0 { return unsafe isEqualInParts(code, bytes) }
    guard length == bytes.count else { return false }
    return unsafe length == 0
      || equalBytes(UnsafeRawPointer(arena + start), bytes.baseAddress.unsafelyUnwrapped, length)
  }

  @usableFromInline func isEqualInParts(_ code: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    let entry = unsafe entries[Int(code)]
    let start = unsafe entries[Int(code) - 1].end
    let shared = Int(entry.shared)
    guard shared + entry.end - start == bytes.count, let other = bytes.baseAddress else { return false }
    return unsafe equalBytes(UnsafeRawPointer(arena + start), other + shared, entry.end - start)
      && equalBytes(UnsafeRawPointer(arena + entries[Int(entry.base) - 1].end), other, shared)
  }

  /// The code of a text. Tried first: the text of the last call, and the one that followed it before.
  @inlinable mutating func code(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    if last != 0 {
      let expected = unsafe entries[Int(last)].follower
      if expected != 0, unsafe isEqual(expected, bytes) {
        last = expected
        return expected
      }
    }
    return unsafe find(bytes)
  }

  /// Takes the text that followed the last one before, where it stands at `place` with a quote after it and is short
  /// and plain; how many bytes it has. From `place` on, 64 bytes are readable.
  @inlinable mutating func takeExpected(at place: UnsafeRawPointer) -> Int? {
    if last == 0 { return nil }
    let expected = unsafe entries[Int(last)].follower
    let entry = unsafe entries + Int(expected)
    if unsafe expected == 0 || !entry.pointee.isPlain { return nil }
    let start = unsafe entry[-1].end
    let length = unsafe entry.pointee.end - start
    guard length < 64, unsafe place.load(fromByteOffset: length, as: UInt8.self) == UInt8(ascii: "\""),
      unsafe length == 0 || equalBytes(UnsafeRawPointer(arena + start), place, length)
    else { return nil }
    last = expected
    return length
  }

  /// Says that the text of the last call is plain.
  @inlinable mutating func markPlain() {
    if unsafe entries[Int(last)].base == 0 { unsafe entries[Int(last)].isPlain = true }
  }

  @usableFromInline mutating func find(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let hash = unsafe hashBytes(bytes)
    var slot = Int(truncatingIfNeeded: hash) & slotMask
    var code = unsafe slots[slot]
    while code != 0, unsafe entries[Int(code)].hash != hash || !isEqual(code, bytes) {
      slot = (slot + 1) & slotMask
      code = unsafe slots[slot]
    }
    if code == 0 {
      code = unsafe append(bytes, hash)
      unsafe slots[slot] = code
      if count * 2 > slotMask { rehash() }
    }
    if last != 0 { unsafe entries[Int(last)].follower = code }
    last = code
    return code
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer, _ hash: UInt64) -> UInt32 {
    if count + 2 > capacity {
      unsafe entries = unsafe regrown(entries, count + 1, to: capacity * 2)
      capacity *= 2
    }
    let shared = unsafe sharedWithBase(bytes)
    let start = unsafe entries[count].end
    let own = bytes.count - shared
    if start + own > arenaCapacity {
      arenaCapacity = max(arenaCapacity * 2, start + own)
      unsafe arena = unsafe regrown(arena, start, to: arenaCapacity)
    }
    if let address = bytes.baseAddress {
      unsafe UnsafeMutableRawPointer(arena + start).copyMemory(from: address + shared, byteCount: own)
    }
    count += 1
    unsafe (entries + count).initialize(to: Entry(end: start + own, hash: hash))
    if shared > 0 {
      unsafe entries[count].base = base
      unsafe entries[count].shared = UInt32(shared)
      isShared = true
    } else if bytes.count >= Self.leastShared {
      base = UInt32(count)
    }
    return UInt32(count)
  }

  /// How many bytes a text begins with that the base begins with too; 0 when they are too few.
  private func sharedWithBase(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard base != 0, bytes.count >= Self.leastShared else { return 0 }
    let start = unsafe entries[Int(base) - 1].end
    let limit = unsafe min(bytes.count, entries[Int(base)].end - start, Int(UInt32.max))
    let known = unsafe UnsafeRawBufferPointer(start: arena + start, count: limit)
    // Whole words.
    let at = unsafe commonCount(known, bytes) / 8 * 8
    return at >= max(Self.leastShared, bytes.count / 4) ? at : 0
  }

  private mutating func rehash() {
    unsafe slots.deallocate()
    let size = (slotMask + 1) * 4
    slotMask = size - 1
    unsafe slots = .allocate(capacity: size)
    unsafe slots.initialize(repeating: 0, count: size)
    for code in 1...count {
      var slot = unsafe Int(truncatingIfNeeded: entries[code].hash) & slotMask
      while unsafe slots[slot] != 0 { slot = (slot + 1) & slotMask }
      unsafe slots[slot] = UInt32(code)
    }
  }

  /// How many bytes the texts so far take.
  var byteCount: Int { unsafe entries[count].end }

  /// Appends the bytes of a text.
  func append(_ code: UInt32, to out: inout [UInt8]) {
    let entry = unsafe entries[Int(code)]
    if entry.base != 0 {
      let start = unsafe entries[Int(entry.base) - 1].end
      unsafe out.append(contentsOf: UnsafeBufferPointer(start: arena + start, count: Int(entry.shared)))
    }
    let start = unsafe entries[Int(code) - 1].end
    unsafe out.append(contentsOf: UnsafeBufferPointer(start: arena + start, count: entry.end - start))
  }

  /// The text of a code, which is not 0.
  func text(_ code: UInt32) -> String {
    guard unsafe entries[Int(code)].base == 0 else {
      var bytes: [UInt8] = []
      append(code, to: &bytes)
      return String(decoding: bytes, as: UTF8.self)
    }
    let start = unsafe entries[Int(code) - 1].end
    let length = unsafe entries[Int(code)].end - start
    return unsafe String(decoding: UnsafeBufferPointer(start: arena + start, count: length), as: UTF8.self)
  }

  /// The texts so far, in memory of their exact size.
  func dictionary() -> TextDictionary {
    let entries = unsafe UnsafeBufferPointer(start: entries + 1, count: count)
    return unsafe TextDictionary(
      bytes: Values(UnsafeBufferPointer(start: arena, count: self.entries[count].end)),
      ends: Values(entries) { $0.end },
      bases: unsafe isShared
        ? Values(entries) { TextDictionary.Base(text: $0.base, length: $0.shared) } : Values([])
    )
  }

  /// Forgets all texts and keeps the memory, unless it has become large.
  mutating func reset() {
    if arenaCapacity > 1 << 22 || slotMask >= 1 << 16 {
      self = TextInterner()
    } else {
      if count > 0 { unsafe slots.update(repeating: 0, count: slotMask + 1) }
      count = 0
      last = 0
      base = 0
      isShared = false
    }
  }
}
