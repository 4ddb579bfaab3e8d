import Magnet

/// What bubblewrap shows the Python of a card: the system, Python's own installation, and the folders that the card may
/// read, all read-only; an empty `/tmp` of a gigabyte; no network and no other processes.
struct CardSandbox {
  /// Why there is no sandbox.
  struct Unavailable: Error, CustomStringConvertible {
    let description: String
  }

  /// What fills a folder in memory ends here, not at the half of the machine's memory.
  private static let temporarySize = 1 << 30

  private let arguments: [String]
  private let search: String
  /// What is not shown though it was asked for, as it holds too much: the home folder, the root.
  let tooBroad: [String]

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
    let isBroad = SandboxFolders.broadFolders()
    // The interpreter, what its links point to, and what is installed around them.
    let programs = SandboxFolders.links(from: program) + (Files.realPath(program).map { [$0] } ?? [])
    var places = shown + [folder] + programs
    places += programs.map(SandboxFolders.folder).flatMap(SandboxFolders.installed)
    if let environment = variables["VIRTUAL_ENV"] { places.append(environment) }
    places += (variables["PYTHONPATH"] ?? "").split(separator: ":").map(String.init)
    // Packages that the user installed for himself.
    if let home = variables["HOME"] { places.append(home + "/.local/lib") }
    let bound = Set(places.filter { $0.hasPrefix("/") }.flatMap { [$0, Files.realPath($0) ?? $0] })
      .filter { Files.exists($0) && !isBroad($0) && !SandboxFolders.isSystem($0) }
    tooBroad = Set((shown + [folder]).filter(isBroad)).sorted()
    var mounts = ["--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
    if allowsNetwork { mounts.append("--share-net") }
    mounts += SandboxFolders.mounts(hasNetwork: allowsNetwork)
    for path in ["/tmp", "/dev/shm"] { mounts += ["--size", "\(Self.temporarySize)", "--tmpfs", path] }
    mounts += ["--remount-ro", "/dev"]
    // Those that lie in another one are shown with it.
    for path in bound.sorted() where !bound.contains(where: { $0 != path && SandboxFolders.isIn(path, $0) }) {
      mounts += ["--ro-bind", path, path]
    }
    let isShown = SandboxFolders.isSystem(folder) || bound.contains { SandboxFolders.isIn(folder, $0) }
    arguments = mounts + ["--remount-ro", "/", "--chdir", isShown ? folder : "/tmp", "--"]
  }

  /// The command under bubblewrap, or why it cannot be.
  func prepare(_ words: [String], environment: [String: String]) -> Result<[String], Unavailable> {
    let places = search.split(separator: ":").map { $0 + "/bwrap" } + ["/usr/bin/bwrap"]
    guard let bwrap = places.first(where: Files.isExecutable) else {
      return .failure(Unavailable(description: "bubblewrap (bwrap) is not installed"))
    }
    // bubblewrap before 0.7 has no sizes.
    var plain = arguments
    while let place = plain.firstIndex(of: "--size") { plain.removeSubrange(place...place + 1) }
    var problem = ""
    for arguments in [arguments, plain] {
      problem = Self.problem(bwrap, arguments, environment)
      if problem.isEmpty { return .success([bwrap] + arguments + words) }
    }
    return .failure(Unavailable(description: "bubblewrap does not work here: \(problem)"))
  }

  /// Why a program cannot be started so; empty where it can.
  private static func problem(
    _ bwrap: String, _ arguments: [String], _ environment: [String: String]
  ) -> String {
    do throws(SystemError) {
      let probe = try ChildProcess(
        bwrap, arguments + ["/bin/sh", "-c", ":"], environment: environment, in: "/")
      var said: [UInt8] = []
      while let errors = probe.readErrors(waiting: 1000) {
        said += errors
        if probe.isOver && errors.isEmpty { break }
      }
      if probe.end() == .exited(0) { return "" }
      return String(decoding: said, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? "it fails"
    } catch { return "\(error)" }
  }
}
