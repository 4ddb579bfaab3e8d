// Unsafe code, on one invariant: `start` points to `count` elements in `memory`, aligned as they must be.

/// Numbers or codes one after the other in memory that they may share with others: of their own, or of a mapped file.
///
/// Unlike an array's, their place in memory stays the same as long as any copy of them lives, so they can be handed to C.
/// Nobody changes what lies there, so it may be read from any thread.
@safe struct Values<Element: BitwiseCopyable & Sendable>: RandomAccessCollection, @unchecked Sendable {
  private let memory: SharedMemory
  /// The first element.
  let start: UnsafePointer<Element>
  let count: Int

  /// What a transform makes of the elements of a collection.
  @inline(__always)
  init<Source: Collection>(_ source: Source, _ transform: (Source.Element) -> Element) {
    let count = source.count
    unsafe self.init(count: count) { elements in
      var place = 0
      for value in source where place < count {
        unsafe (elements + place).initialize(to: transform(value))
        place += 1
      }
      precondition(place == count)
    }
  }

  /// The elements of a collection.
  init(_ source: some Collection<Element>) { self.init(source) { $0 } }

  /// - Parameter fill: initializes all elements.
  @inline(__always)
  private init(count: Int, _ fill: (UnsafeMutablePointer<Element>) -> Void) {
    memory =
      unsafe count == 0
      ? .empty
      : SharedMemory(byteCount: count * MemoryLayout<Element>.stride) { bytes in
        if let start = bytes.baseAddress { unsafe fill(start.bindMemory(to: Element.self, capacity: count)) }
      }
    self.count = count
    unsafe start = unsafe Self.first(of: memory, at: 0)
  }

  /// A copy of some elements, changed.
  init(copying other: Values, _ change: (inout MutableSpan<Element>) -> Void) {
    unsafe self.init(count: other.count) { elements in
      unsafe elements.initialize(from: other.start, count: other.count)
      var span = unsafe MutableSpan(_unsafeStart: elements, count: other.count)
      change(&span)
    }
  }

  /// The elements that lie at a place in memory; nil where there are not so many, or they are not aligned.
  init?(_ memory: SharedMemory, at offset: Int, count: Int) {
    let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow, count >= 0, offset >= 0, unsafe offset <= memory.bytes.count,
      unsafe size <= memory.bytes.count - offset,
      offset % MemoryLayout<Element>.alignment == 0
    else { return nil }
    self.memory = memory
    self.count = count
    unsafe start = unsafe Self.first(of: memory, at: offset)
  }

  /// Some of the elements, in the same memory.
  func sharing(_ places: Range<Int>) -> Values {
    precondition(places.lowerBound >= 0 && places.upperBound <= count, "there are no such elements")
    return unsafe Values(memory: memory, start: start + places.lowerBound, count: places.count)
  }

  private init(memory: SharedMemory, start: UnsafePointer<Element>, count: Int) {
    self.memory = memory
    unsafe self.start = unsafe start
    self.count = count
  }

  private static func first(of memory: SharedMemory, at offset: Int) -> UnsafePointer<Element> {
    guard let start = unsafe memory.bytes.baseAddress else {
      return unsafe UnsafePointer(bitPattern: MemoryLayout<Element>.alignment).unsafelyUnwrapped
    }
    return unsafe (start + offset).assumingMemoryBound(to: Element.self)
  }

  var startIndex: Int { 0 }
  var endIndex: Int { count }

  subscript(place: Int) -> Element {
    precondition(UInt(bitPattern: place) < UInt(bitPattern: count), "there is no such element")
    return unsafe start[place]
  }

  func withUnsafeBufferPointer<R, E: Error>(_ body: (UnsafeBufferPointer<Element>) throws(E) -> R) throws(E)
    -> R
  {
    defer { withExtendedLifetime(memory) {} }
    return try unsafe body(UnsafeBufferPointer(start: start, count: count))
  }

  func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try unsafe withUnsafeBufferPointer { try unsafe body(UnsafeRawBufferPointer($0)) }
  }

  func withContiguousStorageIfAvailable<R>(_ body: (UnsafeBufferPointer<Element>) throws -> R) rethrows -> R?
  {
    unsafe try withUnsafeBufferPointer(body)
  }
}
