/// A program, in any language, that predicts: started anew for each split, in a folder of its own that holds what it
/// may know and nothing else. The article "Predictors in any language" says what it finds there and what it writes.
public struct ExternalProgram: Sendable {
  /// The program and its arguments. A word that is the path of a file, from the current folder, is that file's.
  public var command: CommandWords
  /// How much it sees of the run to be predicted.
  public var disclosure = Disclosure.responses
  /// The metrics it is asked for; all when empty.
  public var metrics: [String] = []
  /// How long it may take; then it is killed, and all that it started.
  public var timeLimit = Duration.seconds(600)
  /// How it is kept from other files and the network.
  public var sandbox = Sandbox.auto
  /// Folders under bubblewrap hidden wherever they would be seen: those of the runs.
  public var hiddenFolders: [String] = []
  /// Files and folders shown under bubblewrap, read-only, beside the system's, the program's and the script's.
  public var shownPaths: [String] = []
  /// Variables of the environment it gets beside PATH, LANG, HOME and TMPDIR.
  public var environment: [String: String] = [:]

  /// The most bytes of predictions there may be.
  static let predictionLimit = 64 << 20

  /// A program.
  public init(_ command: CommandWords) { self.command = command }

  /// What it predicted, and what protected it.
  struct Answer {
    let predictions: [PredictionLines.Prediction]
    let note: String
  }

  /// Runs the program on a split.
  /// - Parameter known: what was written of the same train split before.
  /// - Throws: `MagnetError` for whatever kept it from predicting, with its last lines on standard error.
  func predict(_ task: ProgramTask, known: WrittenTrain) throws -> Answer {
    if task.isOfInstances, task.test.scenarioStates.rowCount == 0 {
      throw MagnetError(
        .programFailed,
        "a program that predicts instances must see them: disclose more than \(task.test.disclosure.rawValue)"
      )
    }
    let (words, files) = try resolvedWords()
    let folder: String
    do { folder = try Files.makeTemporaryFolder("magnet-task") } catch {
      throw MagnetError(
        .programFailed, "no folder can be made for the program in \(Files.temporaryFolder): \(error)")
    }
    defer { Files.removeLeftovers(folder) }
    do { try task.write(into: folder, known: known) } catch {
      throw MagnetError(
        .programFailed, "the program's folder cannot be written in \(Files.temporaryFolder): \(error)")
    }
    let (command, note) = try protected(words, files, in: folder)
    let isWrapped = command.count > words.count
    let home = isWrapped ? Bubblewrap.task : folder
    var variables = environment
    variables["PATH"] = variables["PATH"] ?? Self.path
    variables["LANG"] = variables["LANG"] ?? Environment.variable("LANG") ?? "C.UTF-8"
    variables["HOME"] = home
    variables["TMPDIR"] = home + "/tmp"
    let file = folder + "/" + ProgramTask.predictionsFile
    let run: ProgramRun
    do {
      run = try ProgramRun(
        command, environment: variables, in: folder, timeLimit: timeLimit,
        watched: (file, Self.predictionLimit),
        removed: folder)
    } catch { throw MagnetError(.programFailed, "\(words[0]) cannot be started: \(error)") }
    do {
      try check(run.outcome, isWrapped)
      return Answer(predictions: try PredictionLines(try read(file), for: task).predictions, note: note)
    } catch let error as MagnetError {
      let lines = run.lastLines.map { "\n  | " + $0 }.joined()
      throw MagnetError(
        .programFailed,
        "the program \(self.command.words.joined(separator: " ")): \(error)"
          + (lines.isEmpty
            ? "; it wrote nothing to standard error" : "; the end of its standard error:" + lines))
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
      guard Files.isFile(words[0]) else { throw MagnetError(.programFailed, "there is no program \(name)") }
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
          "there is no program '\(name)' on the PATH" + (other.map { "; there is \($0)" } ?? ""))
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
  ) throws -> (command: [String], note: String) {
    let bare = "a clean environment and a folder of its own"
    func without(_ reason: String) -> (command: [String], note: String) {
      (
        words,
        "the program ran with \(bare), but could read the user's other files, the runs among them: \(reason)"
      )
    }
    if sandbox == .off { return without("the sandbox is off") }
    let places = Self.path.split(separator: ":").map { $0 + "/bwrap" } + ["/usr/bin/bwrap"]
    var reason = "bubblewrap (bwrap) is not installed"
    if let bwrap = places.first(where: Files.isExecutable) {
      let wrap = Bubblewrap(
        program: words[0], files: files,
        path: (environment["PATH"] ?? Self.path).split(separator: ":").map(String.init),
        shown: shownPaths, hidden: hiddenFolders)
      let probe = try? ProgramRun(
        [bwrap] + wrap.arguments(["/bin/sh", "-c", ":"]), environment: ["PATH": Self.path], in: folder,
        timeLimit: .seconds(20), watched: (folder + "/none", 0), removed: folder)
      if probe?.outcome == .ended(.exited(0)) {
        let also = wrap.folders.isEmpty ? "" : " and \(wrap.folders.joined(separator: ", "))"
        return (
          [bwrap] + wrap.arguments(words),
          "the program ran under bubblewrap with \(bare), no network, and nothing else to read than programs\(also)"
        )
      }
      reason = "bubblewrap does not work here" + (probe?.lastLines.last.map { ": \($0)" } ?? "")
    }
    if sandbox == .require { throw MagnetError(.programFailed, "the program was not started: \(reason)") }
    return without(reason)
  }

  private func check(_ outcome: ProgramRun.Outcome, _ isWrapped: Bool) throws {
    switch outcome {
    case .ended(.exited(0)): break
    // bubblewrap, as a shell does, tells of a signal by a status above 128.
    case .ended(.exited(let status)) where isWrapped && status > 128:
      throw MagnetError(.programFailed, "was ended by \(ChildProcess.name(ofSignal: status - 128))")
    case .ended(.exited(let status)): throw MagnetError(.programFailed, "ended with status \(status)")
    case .ended(.signalled(let signal)):
      throw MagnetError(.programFailed, "was ended by \(ChildProcess.name(ofSignal: signal))")
    case .tookTooLong:
      throw MagnetError(.programFailed, "took more than \(timeLimit / .seconds(1)) seconds and was ended")
    case .wroteTooManyErrors:
      throw MagnetError(
        .programFailed, "wrote more than \(ProgramRun.errorLimit >> 20) MB to standard error and was ended")
    case .wroteTooMuch:
      throw MagnetError(
        .programFailed, "wrote more than \(Self.predictionLimit >> 20) MB of predictions and was ended")
    }
  }

  private func read(_ file: String) throws -> [UInt8] {
    guard let status = Files.status(file, followsLinks: false) else {
      throw MagnetError(.programFailed, "wrote no file \(ProgramTask.predictionsFile)")
    }
    guard status.kind == .file else {
      throw MagnetError(.programFailed, "left something as \(ProgramTask.predictionsFile) that is no file")
    }
    guard status.size <= Self.predictionLimit else {
      throw MagnetError(.programFailed, "wrote more than \(Self.predictionLimit >> 20) MB of predictions")
    }
    do { return try Files.read(file, atMost: Self.predictionLimit) } catch {
      throw MagnetError(
        .programFailed, "wrote a file \(ProgramTask.predictionsFile) that cannot be read: \(error)")
    }
  }
}

extension Files {
  /// Removes a program's folder, whatever it left there.
  ///
  /// Through `rm`, as programs may leave folders that cannot be read and names that are not text.
  static func removeLeftovers(_ folder: String) {
    let text = #"rm -rf -- "$1" 2>/dev/null || { chmod -R u+rwx -- "$1"; rm -rf -- "$1"; }"#
    _ = try? ProgramRun(
      ["/bin/sh", "-c", text, "magnet", folder],
      environment: ["PATH": Environment.variable("PATH") ?? "/usr/local/bin:/usr/bin:/bin"], in: "/",
      timeLimit: .seconds(60),
      watched: (folder + "/none", 0), removed: folder)
  }
}
