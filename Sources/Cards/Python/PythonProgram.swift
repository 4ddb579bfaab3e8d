import Magnet

/// The Python that runs the blocks of cards, and how it is kept from the rest of the machine.
struct PythonProgram: Sendable {
  /// The interpreter's path.
  let path: String
  /// What is started: the interpreter with the driver, under bubblewrap where that is so.
  let command: [String]
  let environment: [String: String]
  /// The current folder of the card's code.
  let folder: String
  /// What protects the user, or does not; a sentence.
  let note: String

  /// Finds the interpreter and prepares its start.
  /// - Throws: `MagnetError` where there is none, or no sandbox although one is required.
  init(_ options: EvaluationOptions, card path: String, data: [String]) throws {
    try self.init(options, card: path, data: data, isForChecking: false)
  }

  /// A Python that parses and compiles, and runs nothing: without the user's packages and variables, and without a
  /// sandbox.
  static func checking(_ options: EvaluationOptions, card path: String) throws -> PythonProgram {
    var options = options
    options.sandbox = .off
    return try PythonProgram(options, card: path, data: [], isForChecking: true)
  }

  private init(
    _ options: EvaluationOptions, card path: String, data: [String], isForChecking: Bool
  ) throws {
    let search = Environment.variable("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
    self.path = try Self.interpreter(options.python, search)
    folder = Files.current
    var variables = options.environment
    for name in ["PATH", "LANG", "HOME", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH"] where variables[name] == nil {
      variables[name] = Environment.variable(name)
    }
    variables["LANG"] = variables["LANG"] ?? "C.UTF-8"
    variables["PYTHONHASHSEED"] = "0"
    let words = [self.path] + (isForChecking ? ["-I"] : []) + PythonDriver.arguments
    let bare = "the card's Python can read and write whatever you can"
    var reason = "the sandbox is off"
    if options.sandbox != .off {
      let wrap = CardSandbox(
        program: self.path, search: search, variables: variables, folder: folder,
        shown: [CardFiles.folder(of: Files.absolute(path))]
          // A card behind a link has neighbours where it really lies, too.
          + (Files.realPath(path).map { [CardFiles.folder(of: $0)] } ?? []) + data + options.shownPaths
          + (options.magnet.map { [$0] + Self.libraryFolders } ?? []),
        allowsNetwork: options.allowsNetwork)
      switch wrap.prepare(words, environment: variables) {
      case .success(let command):
        variables["TMPDIR"] = "/tmp"
        self.command = command
        environment = variables
        note =
          wrap.tooBroad.isEmpty
          ? ""
          : "the card's Python does not see \(wrap.tooBroad.joined(separator: ", ")), which hold too much; "
            + "--show names what it is to read"
        return
      case .failure(let problem): reason = problem.description
      }
      if options.sandbox == .require {
        throw MagnetError(
          .programFailed, "Python was not started: \(reason)", advice: "--sandbox auto runs it without")
      }
    }
    command = words
    environment = variables
    note = options.sandbox == .off ? "" : "\(bare): \(reason)"
  }

  /// The folders of the shared libraries that this process has loaded, which magnet needs in the sandbox too.
  private static var libraryFolders: [String] {
    guard let maps = try? CardFiles.read("/proc/self/maps", limit: 16 << 20) else { return [] }
    let paths = String(decoding: maps, as: UTF8.self).split(separator: "\n").compactMap { line in
      line.firstIndex(of: "/").map { String(line[$0...]) }
    }
    return Set(paths.filter { $0.contains(".so") }.map(CardFiles.folder)).sorted()
  }

  /// The interpreter asked for, or that of the virtual environment, or the first on the PATH.
  static func interpreter(_ asked: String?, _ search: String) throws -> String {
    let name = asked ?? Environment.nonEmpty("VIRTUAL_ENV").map { $0 + "/bin/python3" } ?? "python3"
    if name.contains("/") {
      if Files.isExecutable(name) { return Files.absolute(name) }
      throw MagnetError(.notFound, "there is no Python at \(name)")
    }
    for folder in search.split(separator: ":") where Files.isExecutable("\(folder)/\(name)") {
      return Files.absolute("\(folder)/\(name)")
    }
    throw MagnetError(
      .notFound, "the card is Python, and there is no \(name) on the PATH",
      advice:
        "install Python 3.8 or later (apt-get install python3, brew install python), or name one with --python"
    )
  }
}
