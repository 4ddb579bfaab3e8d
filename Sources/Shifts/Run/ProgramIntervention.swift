package import Magnet

/// An intervention of two programs in any language, by the contract of GENIES' seed system. A training program gets
///
///     --model_dir DIR --train_distribution DIR --output_dir DIR
///
/// and fills the output folder; an evaluation program gets
///
///     --model_dir DIR --distribution_dirs '["DIR", …]' --output_paths '["FILE", …]'
///
/// and writes one JSON object per file, of which only `eval_accuracy` is required. Lists are one word each, a JSON array
/// that is a Python literal, too. The article "Interventions in any language" has the whole contract.
package struct ProgramIntervention: PartlyFailingIntervention {
  /// The names of a training program's options.
  package enum Arguments: String, Sendable, CaseIterable {
    /// `--model_dir --train_distribution --output_dir`.
    case standard
    /// Those that GENIES' code passes: `--model_dir --output_dir --training_distribution_dir --test_distribution_dirs`,
    /// the last with the training distribution alone.
    case genies
  }

  /// The version of the contract between magnet and interventions' programs.
  static let contract = "1"
  /// The most bytes of one evaluation.
  static let outputLimit = 64 << 20
  /// The largest file a training program may write.
  static let modelFileLimit = 1 << 40

  package let name: String
  /// The training program; nil where the base model is evaluated as it is.
  package let trainCommand: CommandWords?
  /// The evaluation program.
  package let evalCommand: CommandWords
  private let folder: String?

  package var arguments = Arguments.standard
  /// Further options of the training program: an object, in its order.
  package var trainKeywords: [JSONValue.Member] = []
  /// Further options of the evaluation program.
  package var evalKeywords: [JSONValue.Member] = []
  /// Whether evaluation is shown answers without labels, in an order drawn from the seed, and returns rewards.
  package var isBlind = false
  /// Whether training finds the real test half of its distribution. Otherwise it is an empty list.
  package var showsTestHalf = false
  /// How long each program may take.
  package var timeLimit = Duration.seconds(24 * 3600)
  package var sandbox = Sandbox.auto
  /// Whether the programs may use the network.
  package var hasNetwork = false
  /// Folders hidden under bubblewrap wherever they would be seen.
  package var hiddenFolders: [String] = []
  /// Files and folders shown under bubblewrap beside the programs.
  package var shownPaths: [String] = []
  /// Variables of the environment that programs get beside PATH, LANG, HOME, TMPDIR, MAGNET_SEED and MAGNET_CONTRACT.
  package var environment: [String: String] = [:]
  /// Where the programs' own folders are made.
  package var scratch: String?
  /// Asked many times a second; ends programs once it is true.
  package var isStopped: @Sendable () -> Bool = { Task.isCancelled }

  /// The programs in a folder: `train` and `eval` where they are executable files, else `train.py` and `eval.py`. The
  /// folder's name is the intervention's. Without a training program, the base model is evaluated as it is.
  /// - Throws: `MagnetError` where there is no evaluation program.
  package init(folder: String, python: String = "python3") throws {
    let full = Files.absolute(folder)
    guard Files.isFolder(full) else { throw MagnetError(.notFound, "there is no intervention", at: folder) }
    func command(_ name: String) -> CommandWords? {
      if Files.isExecutable("\(full)/\(name)") { return CommandWords(program: "\(full)/\(name)") }
      let script = "\(full)/\(name).py"
      return Files.isFile(script) ? CommandWords(program: python, arguments: [script]) : nil
    }
    guard let eval = command("eval") else {
      throw MagnetError(.notFound, "has no eval.py, and no program eval that can be executed", at: folder)
    }
    self.folder = full
    name = Disk.name(of: full)
    trainCommand = command("train")
    evalCommand = eval
  }

  /// Two command lines.
  package init(name: String, train: CommandWords?, eval: CommandWords) {
    self.name = name
    trainCommand = train
    evalCommand = eval
    folder = nil
  }

  package var isTrained: Bool { trainCommand != nil }
  package var origin: Evaluation.Origin { isBlind ? .magnet : .program }
  var showsTrainingHalves: Bool { !isBlind }
  var options: (training: String, evaluation: String) {
    func text(_ keywords: [JSONValue.Member]) -> String {
      keywords.isEmpty ? "" : JSONValue.object(keywords).text
    }
    return (text(trainKeywords), text(evalKeywords))
  }

  package var fingerprint: String {
    get throws {
      let settings = [Self.contract, isBlind ? "blind" : "labels"]
      return try digest(evalCommand, settings, skipping: ["train", "train.py"])
    }
  }

  package var trainingFingerprint: String {
    get throws {
      guard let trainCommand else { return "none" }
      let settings = [Self.contract, arguments.rawValue, showsTestHalf ? "test" : "no test"]
      return try digest(trainCommand, settings, skipping: ["eval", "eval.py"])
    }
  }

  private func digest(_ command: CommandWords, _ settings: [String], skipping other: Set<String>) throws
    -> String
  {
    var digest = Digest()
    for setting in settings { digest.add(setting) }
    if let folder {
      for file in Disk.files(under: folder, skipping: ["__pycache__", ".git"]) where !other.contains(file) {
        digest.add(file)
        digest.add(try Digest.of(file: "\(folder)/\(file)"))
      }
      // The interpreter, not where the folder lies.
      digest.add(command.words.count > 1 ? command.words[0] : "")
    } else {
      for word in command.words {
        digest.add(word)
        if Files.isFile(word) { digest.add(try Digest.of(file: word)) }
      }
    }
    return digest.text
  }
}

// MARK: - Training

extension ProgramIntervention {
  package func train(on half: TrainingHalf, from model: BaseModel, into output: String, seed: Int) throws {
    guard let trainCommand else { throw MagnetError(.unsupported, "\(name) has no training program") }
    let task = try ProgramFolder(scratch: scratch)
    defer { task.remove() }
    let source = Disk.parent(of: half.file)
    try task.addDistribution(
      half.id, from: source, train: half.file, test: showsTestHalf ? source + "/test.json" : nil)
    var launch = launch(trainCommand, seed: seed)
    launch.fileLimit = Self.modelFileLimit
    let base = try task.place(of: model, in: &launch, hasNetwork: hasNetwork)
    let name = Disk.name(of: output)
    try Disk.makeFolder(task.path + "/" + name)
    let run = try launch.run(in: task.path, watching: (task.path + "/none", 0, "output")) { home in
      let distribution = "\(home)/distributions/\(half.id)"
      let directories =
        switch arguments {
        case .standard:
          ["--train_distribution", distribution, "--output_dir", "\(home)/\(name)"]
        case .genies:
          [
            "--output_dir", "\(home)/\(name)", "--training_distribution_dir", distribution,
            "--test_distribution_dirs",
            Self.list([distribution]),
          ]
        }
      return ["--model_dir", base(home)] + directories + Self.words(trainKeywords)
    }
    do {
      try run.check()
      guard Disk.isOwnFolder(task.path + "/" + name) else {
        throw MagnetError(.programFailed, "left something as its output folder that is not a folder")
      }
    } catch let error as MagnetError { throw run.failure(error) }
    Disk.remove(output)
    try Disk.move(task.path + "/" + name, to: output)
  }

  func launch(_ command: CommandWords, seed: Int) -> ProgramLaunch {
    var launch = ProgramLaunch(command)
    launch.timeLimit = timeLimit
    launch.sandbox = sandbox
    launch.hasNetwork = hasNetwork
    launch.hiddenFolders = hiddenFolders
    launch.shownPaths = shownPaths
    launch.secrets = "the distributions"
    launch.isStopped = isStopped
    launch.environment = environment
    launch.environment["MAGNET_SEED"] = "\(seed)"
    launch.environment["MAGNET_CONTRACT"] = Self.contract
    return launch
  }

  /// A list as one word: JSON in ASCII, which is a Python literal, too.
  static func list(_ paths: [String]) -> String {
    "[" + paths.map(JSONText.asciiQuoted).joined(separator: ", ") + "]"
  }

  /// `--key value` of each member: texts as they are, true, false and null as Python has them, the rest as JSON.
  static func words(_ keywords: [JSONValue.Member]) -> [String] {
    keywords.flatMap { member in
      let value =
        switch member.value {
        case .string(let text): text
        case .bool(let value): value ? "True" : "False"
        case .null: "None"
        case let other: other.text
        }
      return ["--" + member.key, value]
    }
  }
}
