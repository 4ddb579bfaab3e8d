#if !canImport(Darwin)
  import CSpawn
#endif

/// The process's heap, which glibc manages.
package enum Heap {
  /// Lets it grow in steps of 16 MB, and gives threads no more parts of it than there are processors. By default each of
  /// glibc's threads has a part of its own that grows by a few pages at a time: thousands of system calls, each of which stops
  /// the other threads' page faults. A single part for all of them would make threads wait for one another.
  package static func growInLargeSteps() {
    #if !canImport(Darwin)
      mallopt(M_ARENA_MAX, Int32(clamping: Environment.processorCount))
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
