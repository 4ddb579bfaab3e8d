// Unsafe code, on these invariants:
// - `slots` has `slotMask + 1` entries, a power of two, at most half of them used; an entry is a code or 0 for none.
// - Code `c`, from 1, is the text `arena[ends[c - 1]..<ends[c]]`; `ends[0]` is 0. `hashes[c]` is its hash and
//   `followers[c]` the code asked for after it the last time, or 0. All four hold `count + 1` entries of `capacity`.
// - The interner is never copied (~Copyable) and frees its memory once.

/// Gives equal texts the same code: 1, 2, 3 ... in order of first appearance.
@usableFromInline
struct TextInterner: ~Copyable {
  @usableFromInline var arena: UnsafeMutablePointer<UInt8>
  @usableFromInline var arenaCapacity: Int
  @usableFromInline var ends: UnsafeMutablePointer<Int>
  @usableFromInline var hashes: UnsafeMutablePointer<UInt64>
  @usableFromInline var followers: UnsafeMutablePointer<UInt32>
  @usableFromInline var capacity: Int
  @usableFromInline var count = 0
  @usableFromInline var slots: UnsafeMutablePointer<UInt32>
  @usableFromInline var slotMask: Int
  @usableFromInline var last: UInt32 = 0

  init() {
    arenaCapacity = 256
    arena = .allocate(capacity: arenaCapacity)
    capacity = 16
    ends = .allocate(capacity: capacity)
    hashes = .allocate(capacity: capacity)
    followers = .allocate(capacity: capacity)
    ends[0] = 0
    followers[0] = 0
    slotMask = 31
    slots = .allocate(capacity: 32)
    slots.initialize(repeating: 0, count: 32)
  }

  @inlinable deinit {
    arena.deallocate()
    ends.deallocate()
    hashes.deallocate()
    followers.deallocate()
    slots.deallocate()
  }

  @inlinable func isEqual(_ code: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    let start = ends[Int(code) - 1]
    let length = ends[Int(code)] - start
    guard length == bytes.count else { return false }
    return length == 0
      || equalBytes(UnsafeRawPointer(arena + start), bytes.baseAddress.unsafelyUnwrapped, length)
  }

  /// The code of a text. Tried first: the text of the last call, and the one that followed it before.
  @inlinable mutating func code(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    if last != 0 {
      let expected = followers[Int(last)]
      if expected != 0, isEqual(expected, bytes) {
        last = expected
        return expected
      }
    }
    return find(bytes)
  }

  @usableFromInline mutating func find(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let hash = hashBytes(bytes)
    var slot = Int(truncatingIfNeeded: hash) & slotMask
    var code = slots[slot]
    while code != 0, hashes[Int(code)] != hash || !isEqual(code, bytes) {
      slot = (slot + 1) & slotMask
      code = slots[slot]
    }
    if code == 0 {
      code = append(bytes, hash)
      slots[slot] = code
      if count * 2 > slotMask { rehash() }
    }
    if last != 0 { followers[Int(last)] = code }
    last = code
    return code
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer, _ hash: UInt64) -> UInt32 {
    if count + 2 > capacity {
      ends = regrown(ends, count + 1, to: capacity * 2)
      hashes = regrown(hashes, count + 1, to: capacity * 2)
      followers = regrown(followers, count + 1, to: capacity * 2)
      capacity *= 2
    }
    let start = ends[count]
    if start + bytes.count > arenaCapacity {
      arenaCapacity = max(arenaCapacity * 2, start + bytes.count)
      arena = regrown(arena, start, to: arenaCapacity)
    }
    if let base = bytes.baseAddress {
      UnsafeMutableRawPointer(arena + start).copyMemory(from: base, byteCount: bytes.count)
    }
    count += 1
    ends[count] = start + bytes.count
    hashes[count] = hash
    followers[count] = 0
    return UInt32(count)
  }

  private mutating func rehash() {
    slots.deallocate()
    let size = (slotMask + 1) * 4
    slotMask = size - 1
    slots = .allocate(capacity: size)
    slots.initialize(repeating: 0, count: size)
    for code in 1...count {
      var slot = Int(truncatingIfNeeded: hashes[code]) & slotMask
      while slots[slot] != 0 { slot = (slot + 1) & slotMask }
      slots[slot] = UInt32(code)
    }
  }

  /// The texts so far, in memory of their exact size.
  func dictionary() -> TextDictionary {
    TextDictionary(
      bytes: Array(UnsafeBufferPointer(start: arena, count: ends[count])),
      ends: Array(UnsafeBufferPointer(start: ends + 1, count: count)))
  }

  /// Forgets all texts and keeps the memory, unless it has become large.
  mutating func reset() {
    if arenaCapacity > 1 << 22 || slotMask >= 1 << 16 {
      self = TextInterner()
    } else {
      slots.update(repeating: 0, count: slotMask + 1)
      count = 0
      last = 0
    }
  }
}

@usableFromInline
func regrown<T>(_ old: UnsafeMutablePointer<T>, _ used: Int, to capacity: Int) -> UnsafeMutablePointer<T> {
  let new = UnsafeMutablePointer<T>.allocate(capacity: capacity)
  new.moveInitialize(from: old, count: used)
  old.deallocate()
  return new
}

/// Whether `count` bytes, at least one, are the same at both places.
@inlinable
public func equalBytes(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Bool {
  var at = 0
  while at + 8 <= count {
    if a.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      != b.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    {
      return false
    }
    at += 8
  }
  while at < count {
    if a.load(fromByteOffset: at, as: UInt8.self) != b.load(fromByteOffset: at, as: UInt8.self) {
      return false
    }
    at += 1
  }
  return true
}

/// A hash that multiplies and folds eight bytes at a time; its values never leave the process.
func hashBytes(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }
  var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.count)
  var at = 0
  // Two lanes at once, as one multiplication waits for the last.
  var other = hash
  while at + 16 <= bytes.count {
    hash = mix(hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self), 0xD6E8_FEB8_6659_FD93)
    other = mix(other ^ bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self), 0xA076_1D64_78BD_642F)
    at += 16
  }
  hash ^= other &* 0x9E37_79B9_7F4A_7C15
  while at + 8 <= bytes.count {
    hash = mix(hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self), 0xD6E8_FEB8_6659_FD93)
    at += 8
  }
  var tail: UInt64 = 0
  while at < bytes.count {
    tail = tail << 8 | UInt64(bytes[at])
    at += 1
  }
  return mix(hash ^ tail, 0xA076_1D64_78BD_642F)
}
