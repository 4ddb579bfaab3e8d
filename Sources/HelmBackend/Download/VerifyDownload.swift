package import Magnet

/// What a check of downloaded files against their manifests found.
package struct DownloadVerification: Sendable {
  package internal(set) var files = 0
  package internal(set) var bytes = 0
  /// Files that are not as they were downloaded.
  package internal(set) var faults: [DataFault] = []
}

/// Reads every downloaded file below a folder again and compares it with its manifest; asks no server.
/// - Throws: `MagnetError` when there is no manifest below the folder.
package func verifyDownload(in folder: String) async throws -> DownloadVerification {
  try await Workers.blocking {
    let folders = manifestFolders(folder, depth: 6)
    if folders.isEmpty {
      throw MagnetError(
        .notFound,
        "\(folder): nothing here was downloaded by magnet: no \(Manifest.fileName) in or below it")
    }
    var found = DownloadVerification()
    for folder in folders {
      var entries: [String: Manifest.Entry] = [:]
      Manifest.forEachEntry(folder) { entries[$0.file] = $0 }
      for entry in entries.values.sorted(by: { codePointOrder($0.file, $1.file) }) {
        try Task.checkCancellation()
        let path = folder + "/" + entry.file
        found.files += 1
        guard let stamp = Files.stamp(path) else {
          found.faults.append(.init(file: path, problem: "missing"))
          continue
        }
        found.bytes += stamp.size
        guard stamp.size == entry.local.size else {
          found.faults.append(
            .init(file: path, problem: "size is \(stamp.size), expected \(entry.local.size)"))
          continue
        }
        var sum = CRC32C()
        do {
          try unsafe FileDescriptor(path, .readNoFollow).forEachPiece { unsafe sum.add($0) }
          if sum.value != entry.localCRC32C {
            found.faults.append(.init(file: path, problem: "its bytes are not those downloaded"))
          }
        } catch {
          found.faults.append(.init(file: path, problem: "it cannot be read: \(sentence(error))"))
        }
      }
    }
    return found
  }
}

/// The folders with a manifest at or below a folder. A folder that has one is a version: none lies in it.
private func manifestFolders(_ folder: String, depth: Int) -> [String] {
  if Files.stamp(folder + "/" + Manifest.fileName) != nil { return [folder] }
  guard depth > 0, let entries = try? Files.entries(folder) else { return [] }
  return entries.filter { $0.isFolder && !$0.isLink }.flatMap {
    manifestFolders(folder + "/" + $0.name, depth: depth - 1)
  }
}
