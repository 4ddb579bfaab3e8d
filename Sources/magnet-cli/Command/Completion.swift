package import ArgumentParser
import Magnet
import Predictors

extension CompletionKind {
  /// Names of predictors, also behind a comma, and paths.
  package static var predictorsAndPaths: CompletionKind {
    .names(thenPaths: true) { _ in predictorCatalog.map(\.name) }
  }

  /// A list of names with commas between them: behind each comma, the names that are not in the list yet.
  /// - Parameters:
  ///   - thenPaths: whether files and folders are offered, too.
  ///   - names: the names, given the words of the command line.
  package static func names(
    thenPaths: Bool = false, _ names: @escaping @Sendable (_ words: [String]) -> [String]
  ) -> CompletionKind {
    .custom { words, _, prefix in
      let start = prefix.lastIndex(of: ",").map { String(prefix[...$0]) } ?? ""
      let chosen = start.split(separator: ",").map(String.init)
      let found = names(words).filter { !chosen.contains($0) }.map { start + $0 }
        .filter { $0.hasPrefix(prefix) }
      return thenPaths ? found + paths(prefix) : found
    }
  }

  /// The names of the variables of the environment.
  package static var variables: CompletionKind {
    .names { _ in Environment.all.keys.sorted(by: codePointOrder) }
  }

  /// Names of predictors of scores.
  package static var scorePredictors: CompletionKind {
    .names { _ in predictorCatalog.filter { $0 is ScorePredictor.Type }.map(\.name) }
  }

  /// Names of the metrics that HELM's schemas define.
  package static var metrics: CompletionKind {
    .names { _ in
      Schema.builtInNames.compactMap(Schema.builtIn).flatMap { $0.metrics.map(\.name) }.unique()
        .sorted(by: codePointOrder)
    }
  }

  /// Names of HELM's schemas, and JSON files.
  package static var schemas: CompletionKind {
    .custom { _, _, prefix in
      Schema.builtInNames.filter { $0.hasPrefix(prefix) } + paths(prefix) { $0.hasSuffix(".json") }
    }
  }

  /// The paths that begin so: folders, and files that are meant.
  private static func paths(_ prefix: String, isMeant: (String) -> Bool = { _ in true }) -> [String] {
    let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
    let entries = (try? Files.entries(folder.isEmpty ? "." : folder)) ?? []
    return entries.map { folder + $0.name }.filter { $0.hasPrefix(prefix) }.sorted(by: codePointOrder)
      .compactMap { Files.isFolder($0) ? $0 + "/" : isMeant($0) ? $0 : nil }
  }
}
