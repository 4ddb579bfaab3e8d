package import Magnet

/// How a card is evaluated.
public struct EvaluationOptions: Sendable {
  /// Whether the Python in the card may run. A card is a program that somebody wrote: read it first.
  public var allowsPython = false
  /// The interpreter, a path or a name; nil for that of the virtual environment, or the first python3 on the PATH.
  public var python: String?
  /// How long a block of Python, or a query, may take; nil for no limit.
  public var timeLimit: Duration? = .seconds(3600)
  /// How many settings are evaluated at once. Results do not depend on it, unless the card's Python keeps something
  /// between settings.
  public var jobs = 1
  /// How the card's Python is kept from the rest of the machine.
  package var sandbox = Sandbox.auto
  /// Whether the card's Python may use the network under bubblewrap.
  public var allowsNetwork = false
  /// Files and folders shown under bubblewrap, read-only, beside the system, Python and the folders of card and data.
  public var shownPaths: [String] = []
  /// Variables of the environment that the card's Python gets beside PATH, LANG, HOME, TMPDIR, VIRTUAL_ENV and
  /// PYTHONPATH.
  public var environment: [String: String] = [:]
  /// Whether runs that are faulty and were left out of an answer may be ignored.
  public var ignoresFaults = false
  /// The folder with the results of the pipeline that the card runs.
  public var results: String?
  /// The paths of the data, for the sandbox.
  public var dataPaths: [String] = []
  /// The path of the command magnet: what a card's Python imports of MAGNET's classes of HELM outputs, where MAGNET is
  /// not installed, asks it for tables. Nil for no such stand-ins.
  public var magnet: String?
  /// Gets each line that the card prints.
  public var onOutput: @Sendable (String) -> Void = { _ in }
  /// Gets a sentence about what protects the user from the card's Python, where nothing does.
  public var onNote: @Sendable (String) -> Void = { _ in }
  /// Told how many settings of how many are done.
  public var onProgress: @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }

  /// The usual way: no Python, an hour for a query.
  public init() {}
}
