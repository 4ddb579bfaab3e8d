import Synchronization

/// Lets `body` make a file under a temporary name beside `path`, which takes the place of the file at `path` once it is
/// complete and on the disk. When anything fails, the temporary file goes and what was at `path` stays.
/// - Throws: what `body` throws; `MagnetError` when the file cannot be written.
package func replacing<R>(_ path: String, _ body: (_ temporary: String) async throws -> R) async throws -> R {
  let part = try PartFile(path, isFolder: false)
  do {
    let result = try await body(part.path)
    try part.finish()
    return result
  } catch {
    part.remove()
    throw error
  }
}

/// The same for work that does not wait.
package func replacing<R>(_ path: String, _ body: (_ temporary: String) throws -> R) throws -> R {
  try completing(try PartFile(path, isFolder: false), body)
}

/// Writes the file at `path`, which is complete or not there: `body` hands the bytes to its argument.
package func replacing(
  _ path: String, writing body: (_ sink: ([UInt8]) throws -> Void) throws -> Void
) throws {
  try replacing(path) { temporary in
    do {
      let file = try FileDescriptor(temporary, .truncate)
      try body { try file.write($0) }
    } catch let error as SystemError { throw error.writing(path) }
  }
}

/// Lets `body` fill a folder under a temporary name, which becomes `path` once it is complete.
/// - Throws: what `body` throws; `MagnetError` when something exists at `path`, or nothing can be written there.
package func makingFolder<R>(_ path: String, _ body: (_ temporary: String) throws -> R) throws -> R {
  if Files.status(path, followsLinks: false) != nil { throw SystemError.alreadyExists.writing(path) }
  return try completing(try PartFile(path, isFolder: true), body)
}

private func completing<R>(_ part: consuming PartFile, _ body: (String) throws -> R) throws -> R {
  do {
    let result = try body(part.path)
    try part.finish()
    return result
  } catch {
    part.remove()
    throw error
  }
}

/// Removes the temporary files of every replacement under way, for a process that is about to end at once. (A temporary
/// folder stays: the next one for the same path removes it.)
package func removePartFiles() { for path in openParts.withLock({ $0 }) { Files.remove(path) } }

private let openParts = Mutex<Set<String>>([])

/// A file or folder `PATH.PROCESS.part` that will become `PATH`. It is locked as long as it is being written, so that
/// one left behind by a process that was killed can be told from one in use, and removed.
private struct PartFile: ~Copyable {
  let path: String
  private let target: String
  private let isFolder: Bool
  private let lock: FileDescriptor

  init(_ target: String, isFolder: Bool) throws {
    self.target = target
    self.isFolder = isFolder
    let path = "\(target).\(Environment.processNumber).part"
    self.path = path
    Self.removeStale(target)
    openParts.withLock { _ = $0.insert(path) }
    do throws(SystemError) {
      if isFolder { try Files.makeNewFolder(path) } else { _ = try FileDescriptor(path, .truncate) }
      lock = try FileDescriptor(path, .readNoFollow)
      _ = lock.lock()
    } catch { throw error.writing(target) }
  }

  deinit { openParts.withLock { [path] in _ = $0.remove(path) } }

  func finish() throws {
    do throws(SystemError) {
      if isFolder { Files.syncAll() } else { try FileDescriptor(path, .readNoFollow).sync() }
      try Files.move(path, to: target)
    } catch { throw error.writing(target) }
  }

  func remove() { if isFolder { Files.removeTree(path) } else { Files.remove(path) } }

  /// Removes what processes that no longer run left behind of the same target.
  private static func removeStale(_ target: String) {
    let full = Files.absolute(target)
    guard let slash = full.lastIndex(of: "/") else { return }
    let folder = String(full[...slash])
    let name = full[full.index(after: slash)...] + "."
    for entry in (try? Files.entries(folder)) ?? [] where entry.name.hasPrefix(name) && !entry.isLink {
      let rest = entry.name.dropFirst(name.count)
      guard rest.hasSuffix(".part"), Int(rest.dropLast(5)) != nil else { continue }
      let path = folder + entry.name
      guard let file = try? FileDescriptor(path, .readNoFollow), file.lock() else { continue }
      if entry.isFolder { Files.removeTree(path) } else { Files.remove(path) }
    }
  }
}
