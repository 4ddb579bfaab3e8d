import Magnet

/// The files and folders below a folder, in the order of their paths.
struct FolderWalk {
  struct Item: Sendable {
    /// The path below the folder.
    let name: String
    let isFolder: Bool
  }

  private(set) var items: [Item] = []
  /// What was left out, and why: paths below the folder.
  private(set) var leftOut: [(name: String, problem: String)] = []
  private let folder: String

  /// - Throws: `SystemError` when a folder cannot be read.
  init(_ folder: String) throws(SystemError) {
    self.folder = folder
    try add("")
  }

  private mutating func add(_ prefix: String) throws(SystemError) {
    for entry in try Files.entries(folder + "/" + prefix) {
      let name = prefix + entry.name
      do throws(EntryRefusal) { _ = try EntryName.path(name.utf8) } catch {
        leftOut.append((EntryName.shown(name.utf8), error.problem))
        continue
      }
      if entry.isLink {
        // HELM links `latest` to the last suite.
        if entry.name != "latest" { leftOut.append((name, "a link")) }
      } else if entry.isFolder {
        items.append(Item(name: name, isFolder: true))
        try add(name + "/")
      } else if Files.stamp(folder + "/" + name) == nil {
        leftOut.append((name, "not a file"))
      } else {
        items.append(Item(name: name, isFolder: false))
      }
    }
  }
}
