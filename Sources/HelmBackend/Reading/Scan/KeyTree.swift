// Unsafe code, on these invariants:
// - `nodes` holds `count` initialised nodes of `capacity`, a tree: `firstChild`, `lastChild`, `next` and `parent` are
//   indices of nodes or -1, node 0 is the root. A node's key is `keyLength` bytes of `keys` from `keyStart`, and
//   `keys` has 8 readable bytes after the last key.
// - A key that is looked for has 8 readable bytes from its start, whatever its length.
// - The tree is never copied (~Copyable) and frees its memory once.

import Magnet

/// The keys met in objects, as a tree: a node for each key, below the node of the object that it stands in.
@safe struct KeyTree: ~Copyable {
  struct Node {
    var keyStart = 0
    var keyLength = 0
    /// The first 8 bytes of the key, zero where it is shorter.
    var keyHead: UInt64 = 0
    var parent: Int32 = -1
    var firstChild: Int32 = -1
    var lastChild: Int32 = -1
    var next: Int32 = -1
    var childCount: Int32 = 0
    var column: Int32 = -1
    /// The number of the last object in which the key was met: the same number again is a repeated key.
    var visit: UInt64 = 0
    /// Whether an object is kept as one cell of JSON.
    var isCell = false
    /// Whether numbers are kept as texts.
    var isText = false
    /// Whether the column of this name is wanted, and whether any column below it is.
    var isWanted = true
    var leadsToWanted = true
    /// What stood before the key's value the last time, at the end of its object, and between two objects of its list.
    var lead = TextBetween()
    var end = TextBetween()
    var separator = TextBetween()
  }

  /// The nodes; there is always the root, 0.
  private(set) var nodes: UnsafeMutablePointer<Node>
  private(set) var count = 1
  private var capacity = 64
  private var keys: UnsafeMutablePointer<UInt8>
  private var keyBytes = 0
  private var keyCapacity = 1024

  init() {
    unsafe nodes = .allocate(capacity: capacity)
    unsafe nodes.initialize(to: Node())
    unsafe keys = .allocate(capacity: keyCapacity + 8)
  }

  deinit {
    #if DEBUG
      checkInvariants()
    #endif
    unsafe keys.deallocate()
    unsafe nodes.deallocate()
  }

  #if DEBUG
    /// Stops where an invariant does not hold.
    private func checkInvariants() {
      precondition(count <= capacity && keyBytes <= keyCapacity)
      var met = 1
      for number in 0..<count {
        let node = unsafe nodes[number]
        precondition(node.keyStart >= 0 && node.keyStart + node.keyLength <= keyBytes)
        var (child, last) = (node.firstChild, Int32(-1))
        while child >= 0 {
          precondition(unsafe Int(child) < count && nodes[Int(child)].parent == Int32(number))
          met += 1
          (last, child) = unsafe (child, nodes[Int(child)].next)
        }
        precondition(last == node.lastChild)
      }
      precondition(met == count, "each node but the root is the child of one")
    }
  #endif

  @inline(__always)
  subscript(node: Int32) -> Node {
    get { unsafe nodes[Int(node)] }
    nonmutating _modify { yield unsafe &nodes[Int(node)] }
  }

  /// The node of a key below `parent`, tried first at `expected`; -1 when the key was never met there.
  @inline(__always)
  func child(of parent: Int32, _ key: UnsafeRawBufferPointer, expected: Int32) -> Int32 {
    if expected >= 0, unsafe isKey(key, of: expected) { return expected }
    return unsafe find(key, in: parent)
  }

  private func find(_ key: UnsafeRawBufferPointer, in parent: Int32) -> Int32 {
    var node = unsafe nodes[Int(parent)].firstChild
    while node >= 0, unsafe !isKey(key, of: node) { node = unsafe nodes[Int(node)].next }
    return node
  }

  @inline(__always)
  private func isKey(_ key: UnsafeRawBufferPointer, of node: Int32) -> Bool {
    let known = unsafe nodes + Int(node)
    guard unsafe known.pointee.keyLength == key.count, unsafe known.pointee.keyHead == Self.head(key) else {
      return false
    }
    return unsafe key.count <= 8
      || equalBytes(
        UnsafeRawPointer(keys + known.pointee.keyStart), key.baseAddress.unsafelyUnwrapped, key.count)
  }

  @inline(__always)
  private static func head(_ key: UnsafeRawBufferPointer) -> UInt64 {
    let word = unsafe UInt64(
      littleEndian: key.baseAddress.unsafelyUnwrapped.loadUnaligned(as: UInt64.self))
    return key.count >= 8 ? word : word & (1 << UInt64(8 * key.count) - 1)
  }

  /// Adds a key that was not met below `parent`; its node.
  mutating func append(_ key: UnsafeRawBufferPointer, to parent: Int32) -> Int32 {
    if count == capacity {
      unsafe nodes = unsafe regrown(nodes, count, to: capacity * 2)
      capacity *= 2
    }
    if keyBytes + key.count > keyCapacity {
      keyCapacity = max(keyCapacity * 2, keyBytes + key.count)
      unsafe keys = unsafe regrown(keys, keyBytes, to: keyCapacity + 8)
    }
    if let bytes = key.baseAddress {
      unsafe UnsafeMutableRawPointer(keys + keyBytes).copyMemory(from: bytes, byteCount: key.count)
    }
    let node = Int32(count)
    unsafe (nodes + count).initialize(
      to: Node(keyStart: keyBytes, keyLength: key.count, keyHead: Self.head(key), parent: parent))
    keyBytes += key.count
    count += 1
    if unsafe nodes[Int(parent)].lastChild < 0 {
      unsafe nodes[Int(parent)].firstChild = node
    } else {
      unsafe nodes[Int(nodes[Int(parent)].lastChild)].next = node
    }
    unsafe nodes[Int(parent)].lastChild = node
    unsafe nodes[Int(parent)].childCount += 1
    return node
  }

  /// Whether a key has a dot in it.
  func hasDot(_ node: Int32) -> Bool {
    unsafe UnsafeBufferPointer(start: keys + nodes[Int(node)].keyStart, count: nodes[Int(node)].keyLength)
      .contains(UInt8(ascii: "."))
  }

  /// The keys from the root down to a node, with dots between them.
  func path(of node: Int32) -> String {
    var path: [String] = []
    var at = node
    while at > 0 {
      let key = unsafe nodes[Int(at)]
      unsafe path.append(
        String(decoding: UnsafeBufferPointer(start: keys + key.keyStart, count: key.keyLength), as: UTF8.self)
      )
      at = key.parent
    }
    return path.reversed().joined(separator: ".")
  }
}
