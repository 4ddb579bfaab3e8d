/// A program, in any language, that predicts: started once for each split, in a folder of its own that holds what it
/// may know and nothing else. The article "Predictors in any language" says what it finds there and what it writes.
package struct ExternalProgram: Sendable {
  /// The program and its arguments. A word that is the path of a file, from the current folder, is that file's.
  package var command: CommandWords
  /// How much it sees of the target run.
  package var disclosure = Disclosure.responses
  /// The metrics it is asked for; all when empty.
  package var metrics: [String] = []
  /// How long it may take; then it is killed, and all that it started.
  package var timeLimit = Duration.seconds(600)
  /// How it is kept from other files and the network.
  package var sandbox = Sandbox.auto
  /// Folders under bubblewrap hidden wherever they would be seen: those of the runs.
  package var hiddenFolders: [String] = []
  /// Files and folders shown under bubblewrap, read-only, beside the system's, the program's and the script's.
  package var shownPaths: [String] = []
  /// Whether the right answers of the runs to learn from are kept from it: the tags of references, output mappings and
  /// whatever else `Disclosure.responses` leaves out of the target run. Runs of the same scenario have the same
  /// instances, so the key of one is the key of the other.
  package var hidesKey = false
  /// Variables of the environment it gets beside PATH, LANG, HOME and TMPDIR.
  package var environment: [String: String] = [:]

  /// The most bytes of predictions there may be.
  static let predictionLimit = 64 << 20

  /// A program.
  package init(_ command: CommandWords) { self.command = command }

  /// How it is started.
  var launch: ProgramLaunch {
    var launch = ProgramLaunch(command)
    launch.timeLimit = timeLimit
    launch.sandbox = sandbox
    launch.hiddenFolders = hiddenFolders
    launch.shownPaths = shownPaths
    launch.environment = environment
    return launch
  }

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
    let folder = try ProgramLaunch.makeFolder()
    defer { Files.removeLeftovers(folder) }
    do { try task.write(into: folder, known: known, hidesKey: hidesKey) } catch {
      throw MagnetError(
        .programFailed, "the program's folder cannot be written in \(Files.temporaryFolder): \(error)")
    }
    let file = folder + "/" + ProgramTask.predictionsFile
    var launch = launch
    launch.kept = known.folder
    let run = try launch.run(in: folder, watching: (file, Self.predictionLimit, "predictions"))
    do {
      try Task.checkCancellation()
      try run.check()
      let bytes = try ProgramLaunch.output(
        file, named: ProgramTask.predictionsFile, atMost: Self.predictionLimit, of: "predictions")
      return Answer(predictions: try PredictionLines(bytes, for: task).predictions, note: run.note)
    } catch let error as MagnetError { throw run.failure(error) }
  }
}

extension Files {
  /// Removes a program's folder, whatever it left there.
  ///
  /// Through `rm`, as programs may leave folders that cannot be read and names that are not text.
  static func removeLeftovers(_ folder: String) {
    defer { releaseTemporaryFolder(folder) }
    let text = #"rm -rf -- "$1" 2>/dev/null || { chmod -R u+rwx -- "$1"; rm -rf -- "$1"; }"#
    _ = try? ProgramRun(
      ["/bin/sh", "-c", text, "magnet", folder],
      environment: ["PATH": Environment.variable("PATH") ?? "/usr/local/bin:/usr/bin:/bin"], in: "/",
      timeLimit: .seconds(60),
      watched: (folder + "/none", 0), removed: folder, isStopped: { false })
  }
}
