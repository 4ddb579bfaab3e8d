/// What a model is asked. The members are those of ProgressGym's data files; `options` is ours.
public struct Request: Sendable, Hashable {
  /// A question and its answer that went before.
  public struct Turn: Sendable, Hashable {
    /// What the user said.
    public var user: String
    /// What the assistant answered.
    public var assistant: String

    /// A turn.
    public init(user: String, assistant: String) {
      self.user = user
      self.assistant = assistant
    }
  }

  /// The number by which the answer is matched, in requests of programs.
  public var id: Int?
  /// What to do.
  public var instruction: String
  /// What to do it with; may be empty.
  public var input: String
  /// Instructions before all else.
  public var system: String?
  /// The turns before, oldest first.
  public var history: [Turn]
  /// The beginning of the answer.
  public var output: String?
  /// The answers to choose from, so that small models need not read a prompt; empty for free answers.
  public var options: [String]

  /// A request.
  public init(
    _ instruction: String, input: String = "", options: [String] = [], id: Int? = nil, system: String? = nil,
    history: [Turn] = [], output: String? = nil
  ) {
    self.id = id
    self.instruction = instruction
    self.input = input
    self.system = system
    self.history = history
    self.output = output
    self.options = options
  }

  /// The characters of instruction and input: ProgressGym's measure of a request.
  public var length: Int { Self.scalarCount(instruction) + Self.scalarCount(input) }

  /// The bytes that begin a character.
  private static func scalarCount(_ text: String) -> Int {
    text.utf8.reduce(0) { $0 &+ ($1 & 0xC0 == 0x80 ? 0 : 1) }
  }

  /// A digest of all but the number.
  public var digest: String {
    var hash = SHA256()
    add(to: &hash)
    return hash.finish()
  }

  /// A digest that is quick to make and good enough to notice that a request differs.
  package var shortDigest: UInt64 {
    var hash = RepeatedHash()
    return shortDigest(&hash)
  }

  /// The same.
  /// - Parameter hash: of instructions, which many requests have in common.
  package func shortDigest(_ hash: inout RepeatedHash) -> UInt64 {
    var digest = SplitMix.mixed(hash.hash(instruction))
    digest = SplitMix.mixed(digest ^ SplitMix.hash(input))
    for option in options { digest = SplitMix.mixed(digest ^ SplitMix.hash(option)) }
    for turn in history {
      digest = SplitMix.mixed(digest ^ SplitMix.hash(turn.user)) ^ SplitMix.hash(turn.assistant)
    }
    if let system { digest = SplitMix.mixed(digest ^ SplitMix.hash(system)) }
    if let output { digest = SplitMix.mixed(digest &+ SplitMix.hash(output)) }
    return digest
  }

  package func add(to hash: inout SHA256) {
    hash.update(instruction)
    hash.update(input)
    hash.update(UInt64(options.count))
    for option in options { hash.update(option) }
    hash.update(system ?? "")
    hash.update(UInt64(history.count))
    for turn in history {
      hash.update(turn.user)
      hash.update(turn.assistant)
    }
    hash.update(output ?? "")
    // An empty text is sent, none is not.
    if system == "" { hash.update("system") }
    if output == "" { hash.update("output") }
  }
}

/// What a model answered.
public struct Answer: Sendable, Hashable {
  /// The text, nil when there is none.
  public var text: String?
  /// Why there is no text.
  public var unreadable: String?
  /// The tokens that question and answer took, where the model counts them.
  public var tokens: Int?

  /// An answer.
  public init(_ text: String, tokens: Int? = nil) {
    self.text = text
    self.tokens = tokens
  }

  /// No answer.
  public init(unreadable reason: String) { unreadable = reason }
}

/// What an examinee asks its judge, or a judge an examinee: a text, or requests.
public enum Prompt: Sendable, Hashable, ExpressibleByStringLiteral {
  /// A text, the instruction of one request.
  case text(String)
  /// Requests.
  case requests([Request])

  public init(stringLiteral value: String) { self = .text(value) }

  /// The prompt as requests: a text is one instruction.
  public var requests: [Request] {
    switch self {
    case .text(let text): [Request(text)]
    case .requests(let requests): requests
    }
  }
}

/// How a model is tuned.
public enum TuningStage: String, Sendable, Hashable, CaseIterable {
  /// Supervised fine-tuning on answers.
  case sft
  /// Direct preference optimisation on pairs of answers (Rafailov et al., 2023).
  case dpo
  /// Reinforcement learning from human feedback: a reward model from pairs of answers, then a policy.
  case rlhf
}

/// One thing to learn: an answer, and those that are worse.
public struct TuningSample: Sendable, Hashable {
  /// What is asked.
  public var instruction: String
  /// What the instruction is about; may be empty.
  public var input: String
  /// The preferred answer.
  public var liked: String
  /// The answers it is preferred to; may be empty in supervised tuning.
  public var others: [String]
  /// How often the sample counts, 1 or more.
  public var copies: Int

  /// A sample.
  public init(_ instruction: String, input: String = "", liked: String, others: [String], copies: Int = 1) {
    self.instruction = instruction
    self.input = input
    self.liked = liked
    self.others = others
    self.copies = copies
  }
}

/// What a model is tuned on, and how.
public struct TuningData: Sendable, Hashable {
  /// How the model is tuned.
  public var stage: TuningStage
  /// What it is tuned on.
  public var samples: [TuningSample]
  /// How often the samples are gone through, nil for the model's own choice.
  public var epochs: Double?

  /// Data for a stage.
  public init(_ stage: TuningStage, _ samples: [TuningSample], epochs: Double? = nil) {
    self.stage = stage
    self.samples = samples
    self.epochs = epochs
  }

  /// A digest that is quick to make and good enough to notice that data differ.
  package var shortDigest: UInt64 {
    var digest = SplitMix.mixed(SplitMix.hash(stage.rawValue) ^ (epochs ?? -1).bitPattern)
    for sample in samples {
      for text in [sample.instruction, sample.input, sample.liked] {
        digest = SplitMix.mixed(digest ^ SplitMix.hash(text))
      }
      for other in sample.others { digest = SplitMix.mixed(digest &+ SplitMix.hash(other)) }
      digest = SplitMix.mixed(digest ^ UInt64(truncatingIfNeeded: sample.copies))
    }
    return digest
  }

  /// A digest of stage, epochs and samples in order.
  public var digest: String {
    var hash = SHA256()
    hash.update(stage.rawValue)
    hash.update((epochs ?? -1).bitPattern)
    for sample in samples {
      hash.update(sample.instruction)
      hash.update(sample.input)
      hash.update(sample.liked)
      hash.update(UInt64(sample.others.count))
      for other in sample.others { hash.update(other) }
      hash.update(UInt64(sample.copies))
    }
    return hash.finish()
  }
}
