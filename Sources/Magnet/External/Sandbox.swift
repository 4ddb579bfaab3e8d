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

  /// What else is shown.
  let folders: [String]
  private let mounts: [String]

  /// - Parameters:
  ///   - program: the path of the program.
  ///   - files: the files named in the command.
  ///   - shown: further files and folders the user wants shown.
  ///   - hidden: the folders of runs.
  init(program: String, files: [String], shown: [String], hidden: [String]) {
    let isBroad = Self.broadFolders()
    let hidden = Set(hidden.compactMap(Folders.realPath))
    func isIn(_ path: String, _ folder: String) -> Bool { path == folder || path.hasPrefix(folder + "/") }
    func isHidden(_ path: String) -> Bool { hidden.contains { isIn(path, $0) } }

    // The program, each link on the way to it, and what is installed around it.
    var wanted: [String] = []
    var single: [String] = []
    var place: String? = program
    var steps = 0
    while let path = place, steps < 40 {
      let folder = Self.folder(of: path)
      let name = folder.split(separator: "/").last.map(String.init)
      let around = name == "bin" || name == "shims" ? Self.folder(of: folder) : folder
      if isBroad(around) { wanted.append(folder) } else { wanted.append(around) }
      single.append(path)
      place = Folders.linkTarget(path).map { $0.hasPrefix("/") ? $0 : folder + "/" + $0 }
      steps += 1
    }
    for path in [program] + files {
      single.append(path)
      if let real = Folders.realPath(path) {
        single.append(real)
        wanted.append(Self.folder(of: real))
      }
      wanted.append(Self.folder(of: path))
    }
    wanted += shown
    let bound = Set(wanted.compactMap(Folders.realPath)).filter { folder in
      !isBroad(folder) && !isHidden(folder) && !Self.system.contains { isIn(folder, $0) }
    }
    folders = bound.sorted()

    var mounts: [String] = []
    for path in Self.system {
      if let target = Folders.linkTarget(path) {
        mounts += ["--symlink", target, path]
      } else {
        mounts += ["--ro-bind-try", path, path]
      }
    }
    for name in Self.settings { mounts += ["--ro-bind-try", "/etc/" + name, "/etc/" + name] }
    mounts += ["--proc", "/proc", "--dev", "/dev"]
    mounts += ["--bind", "tmp", "/tmp", "--bind", "tmp", "/dev/shm"]
    for path in folders { mounts += ["--ro-bind", path, path] }
    for path in hidden.sorted() where (folders + Self.system).contains(where: { isIn(path, $0) }) {
      mounts += ["--tmpfs", path, "--remount-ro", path]
    }
    // A script that lies in a folder that is hidden, or too broad to be shown, is shown alone.
    for path in Set(single).sorted() {
      let isShown = (folders + Self.system).contains { isIn(path, $0) } && !isHidden(path)
      if !isShown, Folders.isFile(path) { mounts += ["--ro-bind", path, path] }
    }
    mounts += ["--bind", ".", Self.task, "--chdir", Self.task, "--remount-ro", "/"]
    self.mounts = mounts
  }

  /// Whether a folder holds too much to be shown for one script's sake: the root, the home folder and those it lies
  /// in, the folder for temporary files.
  private static func broadFolders() -> (String) -> Bool {
    let home = Folders.variable("HOME").flatMap(Folders.realPath) ?? "/root"
    let broad = [
      "/", Folders.temporary, "/tmp", "/var", "/var/tmp", "/home", "/etc", "/proc", "/sys", "/dev",
    ]
    return { folder in broad.contains(folder) || home == folder || home.hasPrefix(folder + "/") }
  }

  private static func folder(of path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return parts.count < 2 ? "/" : parts.joined(separator: "/")
  }

  /// The arguments for bubblewrap, started in the program's own folder.
  func arguments(_ command: [String]) -> [String] {
    ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"] + mounts + ["--"] + command
  }
}
