/// What sandboxes show of the machine, read-only: the system's folders, and what is installed around programs.
package enum SandboxFolders {
  private static let system = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store",
  ]
  private static let settings = [
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "nsswitch.conf", "passwd",
    "group", "R",
  ]
  private static let networkSettings = ["resolv.conf", "hosts", "ssl", "pki", "ca-certificates"]

  /// The arguments of bubblewrap that show the system, its processes and devices.
  package static func mounts(hasNetwork: Bool) -> [String] {
    var mounts: [String] = []
    for path in system {
      if let target = Files.linkTarget(path) {
        mounts += ["--symlink", target, path]
      } else {
        mounts += ["--ro-bind-try", path, path]
      }
    }
    for name in settings + (hasNetwork ? networkSettings : []) {
      mounts += ["--ro-bind-try", "/etc/" + name, "/etc/" + name]
    }
    return mounts + ["--proc", "/proc", "--dev", "/dev"]
  }

  /// Whether a path lies in one of the system's folders.
  package static func isSystem(_ path: String) -> Bool { system.contains { isIn(path, $0) } }

  package static func isIn(_ path: String, _ folder: String) -> Bool {
    // By bytes: names that look the same are several folders.
    haveSameBytes(path, folder) || path.utf8.starts(with: (folder + "/").utf8)
  }

  /// Whether a folder holds too much to be shown for one file's sake: the root, the home folder and those it lies in,
  /// the folder for temporary files.
  package static func broadFolders() -> (String) -> Bool {
    let home = Environment.variable("HOME").flatMap(Files.realPath) ?? "/root"
    let broad = [
      "/", Files.temporaryFolder, "/tmp", "/var", "/var/tmp", "/home", "/etc", "/proc", "/sys", "/dev",
    ]
    return { folder in broad.contains(folder) || home == folder || home.hasPrefix(folder + "/") }
  }

  /// The folder that a path lies in.
  package static func folder(of path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return parts.count < 2 ? "/" : parts.joined(separator: "/")
  }

  /// A path and each link on the way to where it leads.
  package static func links(from path: String) -> [String] {
    var links: [String] = []
    var link: String? = path
    while let at = link, links.count < 1000 {
      links.append(at)
      link = Files.linkTarget(at).map { $0.hasPrefix("/") ? $0 : folder(of: at) + "/" + $0 }
    }
    return links
  }

  /// What is installed around a folder of programs, for `python/bin` the folders `bin`, `lib` and `share` of `python`
  /// and the like. Not all of `python`: what lies around a folder of programs may be anything, credentials too.
  package static func installed(around folder: String) -> [String] {
    let parent = Self.folder(of: folder)
    let isOfPrograms = folder.hasSuffix("/bin") || folder.hasSuffix("/shims")
    guard isOfPrograms, !broadFolders()(parent) else { return [folder] }
    var names = [
      "bin", "sbin", "lib", "lib32", "lib64", "libexec", "include", "share", "ssl", "conf", "pyvenv.cfg",
    ]
    // Where programs are installed for one user, `share` is where other programs keep what is the user's.
    if parent.hasSuffix("/.local") { names.removeAll { $0 == "share" } }
    // The shims of pyenv and the like call programs of the versions installed.
    if folder.hasSuffix("/shims") { names += ["versions", "installs", "plugins", "version"] }
    return [folder] + names.map { parent + "/" + $0 }
  }
}
