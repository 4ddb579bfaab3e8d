#if !canImport(Darwin)
  import CSpawn
#endif

/// The process's heap, which glibc manages.
package enum Heap {
  /// Lets it grow in steps of 16 MB, for all threads together. By default each of glibc's threads has a heap of its own that
  /// grows by a few pages at a time: thousands of system calls, each of which stops the other threads' page faults.
  package static func growInLargeSteps() {
    #if !canImport(Darwin)
      mallopt(M_ARENA_MAX, 1)
      mallopt(M_TOP_PAD, 16 << 20)
      // Setting one of these ends glibc's own adjustment of the others: what that arrives at.
      mallopt(M_MMAP_THRESHOLD, 32 << 20)
      mallopt(M_TRIM_THRESHOLD, 128 << 20)
    #endif
  }

  /// Gives the system back what was freed. The allocator keeps it for later allocations: worth calling between two large
  /// pieces of work, and free of charge beside them.
  package static func giveBackFreed() {
    #if !canImport(Darwin)
      _ = malloc_trim(0)
    #endif
  }
}
