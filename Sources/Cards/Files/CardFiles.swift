import Magnet

/// The files of cards.
enum CardFiles {
  /// A file's bytes, at most some more than the limit.
  static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    struct Enough: Error {}
    let file = try FileDescriptor(path, .read)
    if file.status?.kind == .folder { throw .isFolder }
    var bytes: [UInt8] = []
    do {
      try unsafe file.forEachPiece { piece in
        unsafe bytes += piece
        if bytes.count > limit { throw Enough() }
      }
    } catch let error as SystemError { throw error } catch {}
    return bytes
  }

  /// Why a file that a card names is not read.
  struct Unreadable: Error, CustomStringConvertible {
    let description: String
  }

  /// The bytes of a file that a card names, at most some more than the limit. Pipes and devices, which may never end or
  /// never begin, are not read.
  static func readNamed(_ path: String, limit: Int) throws(Unreadable) -> [UInt8] {
    if let kind = Files.status(path)?.kind, kind != .file, kind != .folder {
      throw Unreadable(description: "it is not a file")
    }
    do throws(SystemError) { return try read(path, limit: limit) } catch {
      throw Unreadable(description: "\(error)")
    }
  }

  /// The folder that a path lies in.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A path as seen from a folder: itself where it is absolute.
  static func path(_ path: String, from folder: String) -> String {
    path.hasPrefix("/") || folder == "." ? path : folder + "/" + path
  }
}
