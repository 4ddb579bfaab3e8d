// Unsafe code, on these invariants: nobody changes `bytes` once `init` has returned, and they are given back once, in the
// way they were had. Bytes of a file are mapped only where nobody shortens it.

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Memory that several values share and nobody changes: it is given back with the last of them.
@safe package final class SharedMemory: @unchecked Sendable {
  /// The bytes, valid as long as this is.
  package let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool
  /// What holds the bytes, where this does not itself.
  private let owner: SharedMemory?

  /// No bytes.
  package static let empty = unsafe SharedMemory(byteCount: 0) { _ in }

  /// Memory of `byteCount` bytes, all of which `fill` writes.
  package init(byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
    unsafe fill(memory)
    unsafe bytes = UnsafeRawBufferPointer(memory)
    isMapped = false
    owner = nil
  }

  /// The first `byteCount` bytes of a file as they lie in it; nil where the system does not give them.
  package init?(mapping file: borrowing FileDescriptor, byteCount: Int) {
    guard byteCount > 0, let start = unsafe file.mapped(byteCount) else { return nil }
    unsafe bytes = unsafe UnsafeRawBufferPointer(start: start, count: byteCount)
    isMapped = true
    owner = nil
  }

  /// The same bytes, for a thread that makes many values of them: it counts references to this, and need not wait for other
  /// threads that count theirs.
  package init(sharing other: SharedMemory) {
    unsafe bytes = unsafe other.bytes
    isMapped = false
    owner = other
  }

  deinit {
    if owner != nil { return }
    if isMapped {
      unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    } else {
      unsafe bytes.deallocate()
    }
  }
}
