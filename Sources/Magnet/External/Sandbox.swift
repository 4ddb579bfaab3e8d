import Synchronization

/// How a program is kept from what it may not know, beyond its files: whether it runs under bubblewrap.
package enum Sandbox: String, Sendable, CaseIterable {
  /// Under bubblewrap where it is there and works, else without.
  case auto
  /// Under bubblewrap, or not at all.
  case require
  /// Without.
  case off
}

/// What bubblewrap shows a program: the system's folders, the program and its script's folder, all read-only, and its
/// own folder as `/task`. The runs' folders are hidden where they lie in one of these.
struct Bubblewrap {
  /// Where the program's own folder is for the program.
  static let task = "/task"

  /// What is shown for the sake of the files named in the command, and what the user wants shown.
  let folders: [String]
  private let mounts: [String]
  private let hasNetwork: Bool

  /// - Parameters:
  ///   - program: the path of the program.
  ///   - files: the files named in the command.
  ///   - path: the folders in which programs are looked for.
  ///   - shown: further files and folders the user wants shown.
  ///   - hidden: the folders that it must not see, such as those of runs.
  ///   - mounted: folders shown at places in the program's own folder.
  ///   - hasNetwork: whether it may use the network.
  init(
    program: String, files: [String], path: [String], shown: [String], hidden: [String],
    mounted: [(folder: String, place: String)] = [], hasNetwork: Bool = false
  ) {
    self.hasNetwork = hasNetwork
    let isBroad = SandboxFolders.broadFolders()
    let everyHidden = Set(hidden.compactMap(Files.realPath))
    // Of folders in each other, the outermost.
    let hidden = everyHidden.filter { inner in
      !everyHidden.contains { inner != $0 && SandboxFolders.isIn(inner, $0) }
    }.sorted()
    func isHidden(_ path: String) -> Bool { hidden.contains { SandboxFolders.isIn(path, $0) } }
    func isSystem(_ path: String) -> Bool { SandboxFolders.isSystem(path) }
    func bindable(_ paths: [String]) -> Set<String> {
      Set(paths.compactMap(Files.realPath)).filter { !isBroad($0) && !isHidden($0) && !isSystem($0) }
    }
    // The program, and each link on the way to it.
    var single = [program] + files
    let links = SandboxFolders.links(from: program)
    single += links
    let installed =
      (path.filter { $0.hasPrefix("/") } + links.map(SandboxFolders.folder))
      .flatMap(SandboxFolders.installed)
    single += single.compactMap(Files.realPath)
    let scripts = files + (files + [program]).compactMap(Files.realPath)
    let own = bindable(scripts.map(SandboxFolders.folder) + shown)
    let programs = bindable(installed)
    folders = own.filter { folder in !programs.contains { SandboxFolders.isIn(folder, $0) } }.sorted()
    let bound = own.union(programs).sorted()
    func isShown(_ path: String) -> Bool {
      isSystem(path) || bound.contains { SandboxFolders.isIn(path, $0) }
    }

    var mounts = SandboxFolders.mounts(hasNetwork: hasNetwork)
    mounts += ["--bind", "tmp", "/tmp", "--bind", "tmp", "/dev/shm"]
    for path in bound { mounts += ["--ro-bind", path, path] }
    // A folder that the command names by a link is shown there, too: a script looks for its neighbours beside itself.
    let named = Set((files + [program]).map(SandboxFolders.folder)).filter { path in
      path.hasPrefix("/") && !isShown(path)
    }
    let aliases = named.sorted().compactMap { path in
      Files.realPath(path).flatMap {
        $0 != path && isShown($0) && !isHidden($0) ? (path: path, real: $0) : nil
      }
    }
    for (path, real) in aliases { mounts += ["--ro-bind", real, path] }
    let runs = RunFolders.below(own).filter { !isHidden($0) }
    var masks = hidden.filter(isShown) + runs
    for (path, real) in aliases {
      masks += masks.filter { SandboxFolders.isIn($0, real) }.map { path + $0.dropFirst(real.count) }
    }
    for path in masks {
      mounts += Files.isFile(path) ? ["--ro-bind", "/dev/null", path] : ["--tmpfs", path]
    }
    // A script in a folder that is hidden, or too broad to be shown, is shown alone.
    for path in Set(single).sorted()
    where Files.isFile(path) && !aliases.contains(where: { SandboxFolders.isIn(path, $0.path) })
      && (!isShown(path) || isHidden(path)
        || runs.contains { SandboxFolders.isIn(path, $0) })
    {
      mounts += ["--ro-bind", path, path]
    }
    for path in masks where !Files.isFile(path) { mounts += ["--remount-ro", path] }
    mounts += ["--bind", ".", Self.task, "--chdir", Self.task]
    for (folder, place) in mounted { mounts += ["--ro-bind", folder, Self.task + "/" + place] }
    mounts += ["--remount-ro", "/"]
    self.mounts = mounts
  }

  /// The arguments for bubblewrap, started in the program's own folder.
  func arguments(_ command: [String]) -> [String] {
    ["--unshare-all"] + (hasNetwork ? ["--share-net"] : [])
      + ["--die-with-parent", "--new-session", "--cap-drop", "ALL"] + mounts + ["--"] + command
  }
}

/// Folders of HELM's runs among files that a program is shown.
private enum RunFolders {
  /// What was found already: a backtest starts a program thousands of times.
  private static let known = Mutex<[Set<String>: [String]]>([:])
  private static let runSpecFiles = [TableSource.runSpecs.fileName, TableSource.runSpecs.fileName + ".gz"]
  /// So many folders are looked through at most.
  private static let mostFolders = 20_000

  /// The folders that hold runs at or below others: a suite, or a run that lies at the top.
  static func below(_ tops: Set<String>) -> [String] {
    if let found = known.withLock({ $0[tops] }) { return found }
    let found = search(tops)
    known.withLock { $0[tops] = found }
    return found
  }

  private static func search(_ tops: Set<String>) -> [String] {
    var found: Set<String> = []
    var seen = 0
    for top in tops.sorted() {
      var waiting = [top]
      while let folder = waiting.popLast(), seen < mostFolders {
        seen += 1
        let entries = (try? Files.entries(folder)) ?? []
        if entries.contains(where: { runSpecFiles.contains($0.name) }) {
          let suite = folder.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
          found.insert(folder == top || suite == top ? folder : suite)
          continue
        }
        waiting += entries.filter { $0.isFolder && !$0.isLink }.map { folder + "/" + $0.name }
      }
    }
    return found.filter { folder in !found.contains { folder != $0 && folder.hasPrefix($0 + "/") } }.sorted()
  }
}
