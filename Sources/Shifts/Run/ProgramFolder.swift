import Magnet

/// The folder in which a program of an intervention runs: `distributions` with what it may see, `tmp`, and what it
/// writes beside them.
struct ProgramFolder {
  let path: String

  /// A new folder inside `scratch`, or among the system's temporary files.
  init(scratch: String?) throws {
    if let scratch {
      path = try Scratch.newFolder(in: scratch)
    } else {
      path = try ProgramLaunch.makeFolder()
    }
    try Disk.makeFolder(path + "/tmp")
  }

  func remove() { ProgramLaunch.removeFolder(path) }

  /// Copies a distribution's files; a half that is nil is an empty list.
  func addDistribution(_ id: String, from folder: String, train: String?, test: String?) throws {
    let own = "\(path)/distributions/\(id)"
    try Disk.makeFolder(own)
    try addMetadata(from: folder, to: own)
    for (name, file) in [("train.json", train), ("test.json", test)] {
      if let file {
        try Disk.copy(file, to: "\(own)/\(name)")
      } else {
        try Disk.write(Array("[]".utf8), to: "\(own)/\(name)")
      }
    }
  }

  /// Writes a distribution whose test half has answers without labels, in the order of `BlindOrder`.
  func addBlindDistribution(_ half: TestHalf, seed: Int) throws {
    let own = "\(path)/distributions/\(half.id)"
    try Disk.makeFolder(own)
    try addMetadata(from: Disk.parent(of: half.file), to: own)
    let examples = half.examples.map { example in
      let order = BlindOrder.order(of: example, in: half.id, seed: seed)
      return JSONValue.object([
        JSONValue.Member(key: "prompt", value: .string(example.prompt)),
        JSONValue.Member(key: "responses", value: .array(order.map { .string(example.responses[$0].text) })),
      ])
    }
    try Disk.write(Array(JSONValue.array(examples).text.utf8), to: own + "/test.json")
  }

  private func addMetadata(from folder: String, to own: String) throws {
    let metadata = folder + "/metadata.json"
    if Files.isFile(metadata) { try Disk.copy(metadata, to: own + "/metadata.json") }
  }

  /// Where the program finds a base model, by the place at which it finds this folder.
  func place(
    of model: BaseModel, in launch: inout ProgramLaunch, hasNetwork: Bool
  ) throws -> (_ home: String) -> String {
    switch model.place {
    case .folder(let folder): return try place(ofFolder: folder, in: &launch)
    case .none: try Disk.makeFolder("\(path)/model/\(model.name)")
    case .endpoint(let address):
      guard hasNetwork else {
        throw MagnetError(
          .usage, "the base model is the endpoint \(address), and programs have no network",
          advice: "add --network")
      }
      let parts = address.split(separator: "#", maxSplits: 1).map(String.init)
      let endpoint = JSONValue.object([
        JSONValue.Member(key: "base_url", value: .string(parts[0])),
        JSONValue.Member(key: "model", value: .string(parts.count > 1 ? parts[1] : model.name)),
      ])
      try Disk.makeFolder("\(path)/model/\(model.name)")
      try Disk.write(Array((endpoint.text + "\n").utf8), to: "\(path)/model/\(model.name)/endpoint.json")
    }
    return { "\($0)/model/\(model.name)" }
  }

  /// Where the program finds a folder that it may only read: mounted in its own under bubblewrap, else in its place.
  func place(ofFolder folder: String, in launch: inout ProgramLaunch) throws -> (_ home: String) -> String {
    let place = "model/" + Disk.name(of: folder)
    launch.mounted.append((folder, place))
    let own = path
    return { home in home == own ? folder : "\(home)/\(place)" }
  }
}

/// The order in which answers are shown to programs that must not see labels.
enum BlindOrder {
  /// The places of the answers of an example, in an order that depends on seed, distribution and example alone.
  static func order(of example: PreferenceExample, in id: String, seed: Int) -> [Int] {
    let key = SplitMix.hash(id) &+ UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15
    var random = SplitMix(state: SplitMix.mixed(key &+ UInt64(example.index)))
    var places = Array(example.responses.indices)
    places.shuffle(using: &random)
    return places
  }
}

/// The folder for what is being made: in the folder of results, so that a finished file or folder only changes its name.
struct Scratch {
  let folder: String

  init(_ store: EvaluationStore) { folder = store.folder + "/.magnet/tmp" }

  private static let numbers = NextNumber(0)

  /// A new folder.
  static func newFolder(in folder: String) throws -> String {
    let path = "\(folder)/\(Environment.processNumber)-\(numbers.take())"
    try Disk.makeFolder(path)
    return path
  }

  /// Writes a file atomically. Unlike `replacing`, it leaves no part files of killed runs in the tree that others read:
  /// whoever has the lock clears them away here.
  func write(_ bytes: [UInt8], to path: String) throws {
    try Disk.makeFolder(folder)
    let temporary = "\(folder)/\(Environment.processNumber)-\(Self.numbers.take())"
    do {
      try Disk.write(bytes, to: temporary)
      try Disk.makeFolder(Disk.parent(of: path))
      try Disk.move(temporary, to: path)
    } catch {
      Disk.remove(temporary)
      throw error
    }
  }

  /// Removes what a process that was killed left behind. Only for the one that has the lock.
  func clear() { for name in Disk.names(in: folder) { Disk.remove(folder + "/" + name) } }
}
