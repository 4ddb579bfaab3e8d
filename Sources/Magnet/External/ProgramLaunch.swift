/// A program of any kind that is started in a folder of its own: how it is found, protected, watched and ended. What
/// it finds in its folder, and what it must leave there, is up to the contract it is started for.
package struct ProgramLaunch: Sendable {
  /// The program and its arguments. A word that is the path of a file, from the current folder, is that file's.
  package var command: CommandWords
  /// How long it may take; then it is killed, and all that it started.
  package var timeLimit = Duration.seconds(600)
  /// How it is kept from other files and the network.
  package var sandbox = Sandbox.auto
  /// Folders under bubblewrap hidden wherever they would be seen.
  package var hiddenFolders: [String] = []
  /// Files and folders shown under bubblewrap, read-only, beside the system's, the program's and the script's.
  package var shownPaths: [String] = []
  /// Folders shown under bubblewrap, read-only, at places in the program's own folder.
  package var mounted: [(folder: String, place: String)] = []
  /// Whether it may use the network under bubblewrap.
  package var hasNetwork = false
  /// Variables of the environment it gets beside PATH, LANG, HOME and TMPDIR.
  package var environment: [String: String] = [:]
  /// The largest file it may write, in bytes.
  package var fileLimit = ProgramRun.fileLimit
  /// Asked many times a second; ends the program once it is true.
  package var isStopped: @Sendable () -> Bool = { Task.isCancelled }
  /// A further folder that goes when this process dies while the program runs.
  package var kept: String?
  /// What it must not see, for the note on a program without a sandbox.
  package var secrets = "the runs"

  /// A program.
  package init(_ command: CommandWords) { self.command = command }

  /// A run of the program that came to its end, well or not.
  package struct Finished {
    let run: ProgramRun
    let isWrapped: Bool
    let launch: ProgramLaunch
    let watched: (limit: Int, name: String)
    /// What protected it, in a sentence.
    package let note: String
  }

  /// A new folder that nobody else can look into.
  package static func makeFolder() throws -> String {
    Files.removeStaleTemporaryFolders("magnet-task")
    do { return try Files.makeTemporaryFolder("magnet-task") } catch {
      throw MagnetError(
        .programFailed, "no folder can be made for the program in \(Files.temporaryFolder): \(error)")
    }
  }

  /// Removes a folder that a program had, whatever it left there.
  package static func removeFolder(_ folder: String) { Files.removeLeftovers(folder) }

  /// Runs the program in a folder of its own, which has a folder `tmp`.
  /// - Parameters:
  ///   - watched: a file, the most bytes it may have, and what they are.
  ///   - arguments: further arguments; gets the path at which the program finds its folder.
  /// - Throws: `MagnetError` where it cannot be started. How it ended is for `check` to say.
  package func run(
    in folder: String, watching watched: (file: String, limit: Int, name: String),
    arguments: (_ home: String) -> [String] = { _ in [] }
  ) throws -> Finished {
    let prepared = try prepare(in: folder)
    let run: ProgramRun
    do {
      run = try ProgramRun(
        prepared.command + arguments(prepared.home), environment: prepared.environment, in: folder,
        timeLimit: timeLimit,
        fileLimit: fileLimit, watched: (watched.file, watched.limit), removed: folder, kept: kept,
        isStopped: isStopped)
    } catch { throw MagnetError(.programFailed, "\(command.words[0]) cannot be started: \(error)") }
    return Finished(
      run: run, isWrapped: prepared.isWrapped, launch: self, watched: (watched.limit, watched.name),
      note: prepared.note)
  }

  /// How the program is started in its folder.
  struct Prepared {
    let command: [String]
    let environment: [String: String]
    /// The path at which the program finds its folder.
    let home: String
    let isWrapped: Bool
    /// What protects it, in a sentence.
    let note: String
  }

  /// Finds the program, and out how it is protected.
  func prepare(in folder: String) throws -> Prepared {
    let (words, files) = try resolvedWords()
    let (prefix, note) = try protected(words, files, in: folder)
    let isWrapped = !prefix.isEmpty
    let home = isWrapped ? Bubblewrap.task : folder
    var variables = environment
    variables["PATH"] = variables["PATH"] ?? Self.path
    variables["LANG"] = variables["LANG"] ?? Environment.variable("LANG") ?? "C.UTF-8"
    variables["HOME"] = home
    variables["TMPDIR"] = home + "/tmp"
    return Prepared(
      command: prefix + words, environment: variables, home: home, isWrapped: isWrapped, note: note)
  }

  /// The bytes of a file that a program left.
  /// - Parameters:
  ///   - name: how messages call the file.
  ///   - content: what the bytes are.
  /// - Throws: `MagnetError` where there is none, it is not a file, it is too large, or cannot be read.
  package static func output(_ file: String, named name: String, atMost limit: Int, of content: String) throws
    -> [UInt8]
  {
    guard let status = Files.status(file, followsLinks: false) else {
      throw MagnetError(.programFailed, "wrote no file \(name)")
    }
    guard status.kind == .file else {
      throw MagnetError(.programFailed, "left something as \(name) that is not a file")
    }
    guard status.size <= limit else {
      throw MagnetError(.programFailed, "wrote more than \(limit >> 20) MB of \(content)")
    }
    do { return try Files.read(file, atMost: limit) } catch {
      throw MagnetError(.programFailed, "wrote a file \(name) that cannot be read: \(error)")
    }
  }

  private static var path: String { Environment.variable("PATH") ?? "/usr/local/bin:/usr/bin:/bin" }

  /// The command with the program's path and those of files in full, and these files.
  private func resolvedWords() throws -> (words: [String], files: [String]) {
    var words = command.words
    let here = Files.current
    func full(_ path: String) -> String { path.hasPrefix("/") ? path : here + "/" + path }
    let name = words[0]
    if name.contains("/") {
      words[0] = full(name)
      guard Files.isFile(words[0]) else { throw MagnetError(.programFailed, "no program \(name)") }
      guard Files.isExecutable(words[0]) else {
        throw MagnetError(
          .programFailed, "\(name) cannot be executed; name its interpreter before it, or chmod +x it")
      }
    } else {
      let places = (environment["PATH"] ?? Self.path).split(separator: ":").map { full(String($0)) }
      func found(_ name: String) -> String? {
        places.map { $0 + "/" + name }.first(where: Files.isExecutable)
      }
      guard let path = found(name) else {
        let other = ["3", ".sh", ""].map { name + $0 }.first { found($0) != nil }
        throw MagnetError(
          .programFailed,
          "no program '\(name)' on the PATH" + (other.map { "; did you mean \($0)?" } ?? ""))
      }
      words[0] = path
    }
    var files: [String] = []
    for number in words.indices.dropFirst() where Files.isFile(words[number]) {
      words[number] = full(words[number])
      files.append(words[number])
    }
    return (words, files)
  }

  /// The command as it is started, under bubblewrap where that is wanted and works, and a sentence on it.
  private func protected(
    _ words: [String], _ files: [String], in folder: String
  ) throws -> (prefix: [String], note: String) {
    let bare = "a clean environment and a folder of its own"
    func without(_ reason: String) -> (prefix: [String], note: String) {
      (
        [],
        "the program ran with \(bare), but could read the user's other files, \(secrets) among them: \(reason)"
      )
    }
    if sandbox == .off { return without("the sandbox is off") }
    let places = Self.path.split(separator: ":").map { $0 + "/bwrap" } + ["/usr/bin/bwrap"]
    var reason = "bubblewrap (bwrap) is not installed"
    if let bwrap = places.first(where: Files.isExecutable) {
      let wrap = Bubblewrap(
        program: words[0], files: files,
        path: (environment["PATH"] ?? Self.path).split(separator: ":").map(String.init),
        shown: shownPaths, hidden: hiddenFolders, mounted: mounted, hasNetwork: hasNetwork)
      let probe = try? ProgramRun(
        [bwrap] + wrap.arguments(["/bin/sh", "-c", ":"]), environment: ["PATH": Self.path], in: folder,
        timeLimit: .seconds(20), watched: (folder + "/none", 0), removed: folder)
      // A probe that was interrupted says nothing about bubblewrap.
      try Task.checkCancellation()
      if probe?.outcome == .ended(.exited(0)) {
        let network = hasNetwork ? "the network" : "no network"
        let also = wrap.folders.isEmpty ? "" : " and \(wrap.folders.joined(separator: ", "))"
        return (
          [bwrap] + wrap.arguments([]),
          "the program ran under bubblewrap with \(bare), \(network), and nothing else to read than programs\(also)"
        )
      }
      reason = "bubblewrap does not work here" + (probe?.lastLines.last.map { ": \($0)" } ?? "")
    }
    if sandbox == .require { throw MagnetError(.programFailed, "the program was not started: \(reason)") }
    return without(reason)
  }
}

extension ProgramLaunch.Finished {
  /// - Throws: `MagnetError` unless the program ended by itself with status 0.
  package func check() throws {
    switch run.outcome {
    case .ended(.exited(0)): break
    // bubblewrap, as a shell does, tells of a signal by a status above 128.
    case .ended(.exited(let status)) where isWrapped && status > 128:
      throw MagnetError(.programFailed, "was ended by \(ChildProcess.name(ofSignal: status - 128))")
    case .ended(.exited(let status)): throw MagnetError(.programFailed, "ended with status \(status)")
    case .ended(.signalled(let signal)):
      throw MagnetError(.programFailed, "was ended by \(ChildProcess.name(ofSignal: signal))")
    case .stopped: throw MagnetError(.cancelled, "was interrupted")
    case .tookTooLong:
      throw MagnetError(
        .timedOut, "took more than \(launch.timeLimit / .seconds(1)) seconds and was ended")
    case .wroteTooManyErrors:
      throw MagnetError(
        .programFailed, "wrote more than \(ProgramRun.errorLimit >> 20) MB to standard error and was ended")
    case .wroteTooMuch:
      throw MagnetError(
        .programFailed, "wrote more than \(watched.limit >> 20) MB of \(watched.name) and was ended")
    }
  }

  /// An error with the program's name before it, and the end of its standard error after it.
  package func failure(_ error: MagnetError) -> MagnetError {
    let lines = run.lastLines.map { "\n  | " + $0 }.joined()
    return MagnetError(
      [.cancelled, .timedOut].contains(error.code) ? error.code : .programFailed,
      "the program \(launch.command.words.joined(separator: " ")): \(error)"
        + (lines.isEmpty
          ? "; it wrote nothing to standard error" : "; the end of its standard error:" + lines))
  }
}
