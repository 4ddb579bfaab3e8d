import Synchronization

/// How a program is kept from what it may not know, beyond its files: whether it runs under bubblewrap.
public enum Sandbox: String, Sendable, CaseIterable {
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
  private static let system = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store",
  ]
  private static let settings = [
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "nsswitch.conf", "passwd",
    "group", "R",
  ]

  private static let networkSettings = ["resolv.conf", "hosts", "ssl", "pki", "ca-certificates"]

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
    let isBroad = Self.broadFolders()
    let everyHidden = Set(hidden.compactMap(Files.realPath))
    // Of folders in each other, the outermost.
    let hidden = everyHidden.filter { inner in
      !everyHidden.contains { inner != $0 && Self.isIn(inner, $0) }
    }.sorted()
    func isHidden(_ path: String) -> Bool { hidden.contains { Self.isIn(path, $0) } }
    func isSystem(_ path: String) -> Bool { Self.system.contains { Self.isIn(path, $0) } }
    func bindable(_ paths: [String]) -> Set<String> {
      Set(paths.compactMap(Files.realPath)).filter { !isBroad($0) && !isHidden($0) && !isSystem($0) }
    }
    /// What is installed around a program, for `python/bin/python3` the folders `bin`, `lib` and `share` of `python`
    /// and the like. Not all of `python`: what lies around a folder of programs may be anything, credentials too.
    func around(_ folder: String) -> [String] {
      let parent = Self.folder(of: folder)
      let isOfPrograms = folder.hasSuffix("/bin") || folder.hasSuffix("/shims")
      guard isOfPrograms, !isBroad(parent) else { return [folder] }
      return [folder] + Self.installed(around: folder, in: parent).map { parent + "/" + $0 }
    }

    // The program, and each link on the way to it.
    var single = [program] + files
    var installed = path.filter { $0.hasPrefix("/") }.flatMap(around)
    var link: String? = program
    while let at = link, single.count < 1000 {
      installed += around(Self.folder(of: at))
      single.append(at)
      link = Files.linkTarget(at).map { $0.hasPrefix("/") ? $0 : Self.folder(of: at) + "/" + $0 }
    }
    single += single.compactMap(Files.realPath)
    let scripts = files + (files + [program]).compactMap(Files.realPath)
    let own = bindable(scripts.map(Self.folder) + shown)
    let programs = bindable(installed)
    folders = own.filter { folder in !programs.contains { Self.isIn(folder, $0) } }.sorted()
    let bound = own.union(programs).sorted()
    func isShown(_ path: String) -> Bool { isSystem(path) || bound.contains { Self.isIn(path, $0) } }

    var mounts: [String] = []
    for path in Self.system {
      if let target = Files.linkTarget(path) {
        mounts += ["--symlink", target, path]
      } else {
        mounts += ["--ro-bind-try", path, path]
      }
    }
    let settings = Self.settings + (hasNetwork ? Self.networkSettings : [])
    for name in settings { mounts += ["--ro-bind-try", "/etc/" + name, "/etc/" + name] }
    mounts += ["--proc", "/proc", "--dev", "/dev", "--bind", "tmp", "/tmp", "--bind", "tmp", "/dev/shm"]
    for path in bound { mounts += ["--ro-bind", path, path] }
    let runs = RunFolders.below(own).filter { !isHidden($0) }
    let masks = hidden.filter(isShown) + runs
    for path in masks {
      mounts += Files.isFile(path) ? ["--ro-bind", "/dev/null", path] : ["--tmpfs", path]
    }
    // A script in a folder that is hidden, or too broad to be shown, is shown alone.
    for path in Set(single).sorted()
    where Files.isFile(path)
      && (!isShown(path) || isHidden(path)
        || runs.contains { Self.isIn(path, $0) })
    {
      mounts += ["--ro-bind", path, path]
    }
    for path in masks where !Files.isFile(path) { mounts += ["--remount-ro", path] }
    mounts += ["--bind", ".", Self.task, "--chdir", Self.task]
    for (folder, place) in mounted { mounts += ["--ro-bind", folder, Self.task + "/" + place] }
    mounts += ["--remount-ro", "/"]
    self.mounts = mounts
  }

  /// The names of what programs in a folder need of what lies beside it.
  private static func installed(around folder: String, in parent: String) -> [String] {
    var names = [
      "bin", "sbin", "lib", "lib32", "lib64", "libexec", "include", "share", "ssl", "conf", "pyvenv.cfg",
    ]
    // Where programs are installed for one user, `share` is where other programs keep what is the user's.
    if parent.hasSuffix("/.local") { names.removeAll { $0 == "share" } }
    // The shims of pyenv and the like call programs of the versions installed.
    if folder.hasSuffix("/shims") { names += ["versions", "installs", "plugins", "version"] }
    return names
  }

  private static func isIn(_ path: String, _ folder: String) -> Bool {
    path == folder || path.hasPrefix(folder + "/")
  }

  /// Whether a folder holds too much to be shown for one script's sake: the root, the home folder and those it lies
  /// in, the folder for temporary files.
  private static func broadFolders() -> (String) -> Bool {
    let home = Environment.variable("HOME").flatMap(Files.realPath) ?? "/root"
    let broad = [
      "/", Files.temporaryFolder, "/tmp", "/var", "/var/tmp", "/home", "/etc", "/proc", "/sys", "/dev",
    ]
    return { folder in broad.contains(folder) || home == folder || home.hasPrefix(folder + "/") }
  }

  private static func folder(of path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return parts.count < 2 ? "/" : parts.joined(separator: "/")
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
        if entries.contains(where: { $0.name == "run_spec.json" || $0.name == "run_spec.json.gz" }) {
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
