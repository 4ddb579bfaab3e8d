#if !canImport(Darwin)
  import CSpawn
#endif

/// Gives the system back what was freed. The allocator keeps that by thread, and other threads take new memory instead: worth
/// calling between two large pieces of work on several threads, and free of charge beside them.
package func returnFreedMemory() {
  #if !canImport(Darwin)
    _ = malloc_trim(0)
  #endif
}
