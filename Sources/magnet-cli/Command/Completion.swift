package import ArgumentParser
import Magnet
import Predictors

extension CompletionKind {
  /// Names of predictors, also behind a comma, and paths.
  package static var predictorsAndPaths: CompletionKind {
    .custom { _, _, prefix in
      let start = prefix.lastIndex(of: ",").map { String(prefix[...$0]) } ?? ""
      let names = predictorCatalog.map { start + $0.name }.filter { $0.hasPrefix(prefix) }
      let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
      let entries = (try? Files.entries(folder.isEmpty ? "." : folder)) ?? []
      let paths = entries.map { folder + $0.name }.filter { $0.hasPrefix(prefix) }
      return names + paths.sorted(by: codePointOrder).map { Files.isFolder($0) ? $0 + "/" : $0 }
    }
  }
}
