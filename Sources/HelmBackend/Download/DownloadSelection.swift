package import Magnet

/// What to download.
package struct DownloadSelection: Sendable {
  /// Where the runs of a benchmark come from.
  package enum Scope: Sendable {
    /// Releases: the runs that a leaderboard shows, from whichever suites; nil for the latest release, or for the latest
    /// suite of a benchmark that has no releases.
    case releases(NameSelector?)
    /// Suites: all runs that were made together; nil for the latest suite.
    case suites(NameSelector?)
  }

  package var benchmarks: NameSelector
  package var scope = Scope.releases(nil)
  /// Nil for all.
  package var runs: NameSelector?
  /// Names of files in a run's folder, or of those that describe a release or suite, or patterns of them; nil for all.
  package var files: NameSelector?
  /// Whether files that are stored as gzip stay so, under names with `.gz` at the end.
  package var keepsCompressed = false

  /// A selection of files of runs.
  package init(
    benchmarks: NameSelector, scope: Scope = .releases(nil), runs: NameSelector? = nil,
    files: NameSelector? = nil
  ) {
    self.benchmarks = benchmarks
    self.scope = scope
    self.runs = runs
    self.files = files
  }
}

/// A folder of the store that is downloaded from: a suite, or what describes a release.
struct DownloadSource: Sendable {
  enum Kind { case suite, release }

  let benchmark: String
  let kind: Kind
  let name: String
  /// The runs of a suite that a release names; nil for all.
  var runs: Set<String>?

  /// Below a benchmark's folder in the store, as on the disk, with the slash at the end.
  private var path: String { "\(benchmark)/benchmark_output/\(kind == .suite ? "runs" : "releases")/\(name)" }
  /// Where it is in the store, with the slash at the end.
  var root: String { path + "/" }

  /// Where it goes in the folder that is downloaded into.
  func folder(in folder: String) -> String { folder + "/" + path }
}
