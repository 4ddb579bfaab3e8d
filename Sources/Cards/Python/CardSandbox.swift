import Magnet

/// What bubblewrap shows the Python of a card: the system, Python's own installation, and the folders that the card may
/// read, all read-only; an empty `/tmp`; no network and no other processes.
struct CardSandbox {
  /// Why there is no sandbox.
  struct Unavailable: Error, CustomStringConvertible {
    let description: String
  }

  private static let system = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store",
  ]
  private static let settings = [
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "nsswitch.conf", "passwd",
    "group",
    "ssl", "ca-certificates", "resolv.conf", "hosts", "magic", "mime.types",
  ]

  private let arguments: [String]
  private let search: String

  /// - Parameters:
  ///   - program: the interpreter.
  ///   - search: the folders in which programs are looked for.
  ///   - folder: the current folder, shown too.
  ///   - shown: files and folders that are shown.
  init(
    program: String, search: String, variables: [String: String], folder: String, shown: [String],
    allowsNetwork: Bool
  ) {
    self.search = search
    var mounts = ["--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
    if allowsNetwork { mounts.append("--share-net") }
    for path in Self.system {
      if let target = Files.linkTarget(path) {
        mounts += ["--symlink", target, path]
      } else {
        mounts += ["--ro-bind-try", path, path]
      }
    }
    for name in Self.settings { mounts += ["--ro-bind-try", "/etc/" + name, "/etc/" + name] }
    mounts += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    // The interpreter, what its links point to, and what is installed around them.
    var places = shown + [folder]
    func around(_ program: String) -> String {
      let folder = CardFiles.folder(of: program)
      return folder.hasSuffix("/bin") || folder.hasSuffix("/shims") ? CardFiles.folder(of: folder) : folder
    }
    var link: String? = program
    var steps = 0
    while let at = link, steps < 100 {
      places.append(around(at))
      steps += 1
      link = Files.linkTarget(at).map { $0.hasPrefix("/") ? $0 : CardFiles.folder(of: at) + "/" + $0 }
    }
    if let real = Files.realPath(program) { places.append(around(real)) }
    if let environment = variables["VIRTUAL_ENV"] { places.append(environment) }
    places += (variables["PYTHONPATH"] ?? "").split(separator: ":").map(String.init)
    // Packages that the user installed for himself.
    if let home = variables["HOME"] { places.append(home + "/.local/lib") }
    let hidden = ["/", "/etc", "/proc", "/sys", "/dev", "/tmp", "/var/tmp"]
    let bound = Set(places.filter { $0.hasPrefix("/") }.flatMap { [$0, Files.realPath($0) ?? $0] })
      .filter { path in
        Files.exists(path) && !hidden.contains(path)
          && !Self.system.contains { path == $0 || path.hasPrefix($0 + "/") }
      }
    for path in bound.sorted() { mounts += ["--ro-bind", path, path] }
    mounts += ["--remount-ro", "/"]
    arguments =
      mounts + ["--chdir", Files.exists(folder) && !hidden.contains(folder) ? folder : "/tmp", "--"]
  }

  /// The command under bubblewrap, or why it cannot be.
  func prepare(_ words: [String], environment: [String: String]) -> Result<[String], Unavailable> {
    let places = search.split(separator: ":").map { $0 + "/bwrap" } + ["/usr/bin/bwrap"]
    guard let bwrap = places.first(where: Files.isExecutable) else {
      return .failure(Unavailable(description: "bubblewrap (bwrap) is not installed"))
    }
    let problem: String
    do throws(SystemError) {
      let probe = try ChildProcess(
        bwrap, arguments + ["/bin/sh", "-c", ":"], environment: environment, in: "/")
      var said: [UInt8] = []
      while let errors = probe.readErrors(waiting: 1000) {
        said += errors
        if probe.isOver && errors.isEmpty { break }
      }
      if probe.end() == .exited(0) { return .success([bwrap] + arguments + words) }
      problem =
        String(decoding: said, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? "it fails"
    } catch { problem = "\(error)" }
    return .failure(Unavailable(description: "bubblewrap does not work here: \(problem)"))
  }
}
