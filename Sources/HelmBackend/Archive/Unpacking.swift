import Magnet

/// Takes an archive apart into a folder that is not there yet: it appears complete or not at all.
///
/// Everything is written into a folder beside it, which takes its name at the end. An archive in which an entry is
/// refused, damaged or missing is not unpacked.
/// - Parameter temporary: the folder to write into meanwhile; it is removed when that fails.
/// - Throws: `DataFault` when something cannot be read or written; `CancellationError` when the
///   task is cancelled.
package func unpackArchive(
  _ path: String, to folder: String, limits: InflateLimits = .standard
) throws -> (outcome: ArchiveOutcome, notes: [String]) {
  let folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
  if Files.exists(folder) {
    throw DataFault(
      file: folder, problem: "already exists", advice: "remove it, or name another folder")
  }
  let archive = try Archive(path, limits: limits)
  if let fault = archive.fault { throw fault }
  let total = archive.entries.reduce(0) { $0.addingReportingOverflow($1.size).partialValue }
  if let free = Files.freeSpace(folder), total > free {
    throw DataFault(
      file: folder, problem: "the archive's files have \(total) bytes, and \(free) are free on this disk")
  }
  try writing(folder) { () throws(SystemError) in
    if let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
      try Files.makeFolder(String(folder[..<slash]))
    }
  }
  return (try makingFolder(folder) { try unpack(archive, to: $0) }, archive.notes)
}

private func unpack(_ archive: Archive, to folder: String) throws -> ArchiveOutcome {
  var outcome = ArchiveOutcome()
  for entry in archive.entries {
    try Task.checkCancellation()
    // The name was checked: it has no part that leads up, and there are no links in the folder, which is new.
    let path = folder + "/" + entry.name
    let parent = entry.isFolder ? path : Files.folder(of: path)
    try writing(path) { () throws(SystemError) in try Files.makeFolder(parent) }
    guard !entry.isFolder, let bytes = try archive.bytes(entry.name) else { continue }
    let file = try writing(path) { () throws(SystemError) in try FileDescriptor(path, .truncate) }
    try unsafe bytes.forEachPiece { piece in
      try Task.checkCancellation()
      try writing(path) { () throws(SystemError) in try unsafe file.write(piece) }
    }
    outcome.files += 1
    outcome.bytes += entry.size
  }
  return outcome
}

/// Compresses the `.json` files below a folder in place: `stats.json` becomes `stats.json.gz`.
///
/// A file goes only after what its compressed form inflates to was compared with it, byte by byte, and is on the disk.
/// Interrupted at any moment, every file is there in one form or both; done again, the rest follows. Where both are
/// there and differ, both stay. Links are not followed, and files whose names begin with a dot are left.
/// - Throws: `DataFault` when the folder cannot be read; `CancellationError` when the task is
///   cancelled. Other faults are in the result.
package func compressFiles(in folder: String) throws -> ArchiveOutcome {
  let walk: FolderWalk
  do { walk = try FolderWalk(folder) } catch { throw error.fault(folder) }
  var outcome = ArchiveOutcome()
  for item in walk.items where !item.isFolder && item.name.hasSuffix(".json") {
    if item.name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) { continue }
    try Task.checkCancellation()
    let path = folder + "/" + item.name
    do {
      let (size, stored) = try compress(path)
      outcome.files += 1
      outcome.bytes += size
      outcome.storedBytes += stored
    } catch let fault as DataFault { outcome.faults.append(fault) }
  }
  return outcome
}

/// Compresses one file, and returns its bytes before and after.
private func compress(_ path: String) throws -> (Int, Int) {
  guard let original = try DiskTree().stored(path) else {
    throw DataFault(file: path, problem: "the file went away while it was compressed")
  }
  let target = path + ".gz"
  if !Files.exists(target) {
    let part = target + ".part"
    do {
      let output = OutputFile(
        try writing(part) { () throws(SystemError) in try FileDescriptor(part, .truncate) }, part)
      var gzip = GzipWriter()
      try unsafe original.forEachPiece {
        try Task.checkCancellation()
        try unsafe gzip.add(Array($0)) { try output.write($0) }
      }
      try gzip.add([], isLast: true) { try output.write($0) }
      try compare(part, with: path)
      try writing(part) { () throws(SystemError) in
        try FileDescriptor(part, .readNoFollow).sync()
        try Files.move(part, to: target)
      }
    } catch {
      Files.remove(part)
      throw error
    }
  } else {
    try compare(target, with: path)
  }
  let folder = Files.folder(of: path)
  // The new name is on the disk before the old one goes.
  try writing(folder) { () throws(SystemError) in try FileDescriptor(folder, .readNoFollow).sync() }
  Files.remove(path)
  return (original.storedSize, Files.stamp(target)?.size ?? 0)
}

/// Checks that a compressed file inflates to what is in another.
private func compare(_ compressed: String, with path: String) throws(DataFault) {
  guard let stored = try DiskTree().stored(compressed), let original = try DiskTree().stored(path) else {
    throw DataFault(file: path, problem: "the file went away while it was compressed")
  }
  let inflated = InflatedStream(gzip: stored, limits: .none)
  while true {
    let (a, b) = (try original.next(1 << 17), try inflated.next(1 << 17))
    if a != b {
      throw DataFault(
        file: compressed, problem: "it does not inflate to what is in \(path)", advice: "remove one of them")
    }
    if a.isEmpty { return }
  }
}
