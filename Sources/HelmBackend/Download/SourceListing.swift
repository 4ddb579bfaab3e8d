import Magnet

/// Turns the objects of a source's listing into the files selected, page by page.
final class SourceListing {
  /// What an object of a listing is.
  enum Listed {
    case file(PlannedFile)
    /// It was selected but cannot become a file.
    case refused(String)
    /// It was not selected.
    case other
    /// It is not behind the one before, as it should be: maybe it changed meanwhile and is listed twice.
    case outOfOrder
  }

  /// More bytes than any object has; Google's limit is 5 TiB.
  static let sizeLimit = 1 << 50
  /// The files of a run by which a folder is known to be one.
  static let runFiles = Set((TableSource.allCases + [.scenarios]).map(\.fileName))

  let number: Int
  private let source: DownloadSource
  private let keepsCompressed: Bool
  private let isRun: ((String) -> Bool)?
  private let isFile: ((String) -> Bool)?
  private var last: String?
  /// The folder of the last object; nil before the first one, without a name for the source's own.
  private var folder: Folder?
  /// Names of files, so that equal ones share their memory.
  private var names: Set<String> = []
  /// Runs of which a file is selected.
  private(set) var runCount = 0
  /// Folders of runs that are selected, whatever files they have.
  private(set) var matchedCount = 0
  /// Runs that were listed, of those a release names.
  private(set) var listedRuns: Set<String> = []

  private struct Folder {
    let run: PlannedRun
    let isSelected: Bool
    /// Whether it holds a run.
    var isRun: Bool
    var hasFile = false
    var isCounted = false
  }

  init(_ number: Int, _ source: DownloadSource, _ selection: DownloadSelection) {
    self.number = number
    self.source = source
    keepsCompressed = selection.keepsCompressed
    isRun = selection.runs?.matcher()
    isFile = selection.files?.matcher()
  }

  /// Beginnings of the names, below the source's folder, of all that is selected.
  static func prefixes(_ source: DownloadSource, _ selection: DownloadSelection) -> [String] {
    guard source.kind == .suite, let runs = selection.runs?.prefixes, runs != [""] else { return [""] }
    // What describes the suite comes with it, unless a release describes it.
    let own = source.runs == nil ? (selection.files ?? nil)?.exactNames ?? [] : []
    return runs + own.filter { name in !runFiles.contains(name) && !runs.contains { name.hasPrefix($0) } }
  }

  /// - Parameter anyOrder: whether objects may come in any order.
  func read(_ object: StoredObject, anyOrder: Bool = false) -> Listed {
    if !anyOrder {
      if let last, !codePointOrder(last, object.name) { return .outOfOrder }
      last = object.name
    }
    let rest = object.name.utf8.dropFirst(source.root.utf8.count)
    // A name that ends with a slash stands for a folder.
    guard rest.last != UInt8(ascii: "/") || object.content.size > 0 else { return .other }
    let slash = source.kind == .suite ? rest.firstIndex(of: UInt8(ascii: "/")) : nil
    enter(slash.map { rest[..<$0] } ?? rest.prefix(0))
    guard var folder else { return .other }
    defer { self.folder = folder }
    var name = String(decoding: slash.map { rest[rest.index(after: $0)...] } ?? rest, as: UTF8.self)
    // A mirror made from a download may hold the list of that download, under the name that this one's has.
    if slash == nil, name == Manifest.fileName { return .other }
    let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    if slash != nil, Self.runFiles.contains(plain) { folder.isRun = true }
    defer { if !anyOrder { count(&folder) } }
    guard folder.isSelected, isFile.map({ $0(name) || $0(plain) }) ?? true else { return .other }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard slash == nil || HelmStore.isSafe(folder.run.name),
      parts.allSatisfy({ HelmStore.isSafe(String($0)) })
    else { return .refused("a file cannot have this name") }
    guard object.content.size <= Self.sizeLimit else {
      return .refused("its listed size of \(object.content.size) bytes is impossible")
    }
    folder.hasFile = true
    if names.count < 10000, name.utf8.allSatisfy({ $0 < 0x80 }) {
      name = names.insert(name).memberAfterInsert
    }
    return .file(
      PlannedFile(
        run: folder.run, name: name, content: object.content,
        isInflated: object.content.isGzip && !keepsCompressed))
  }

  /// A folder counts once a file of it is selected and it is known to be a run, in whichever order.
  private func count(_ folder: inout Folder) {
    guard folder.hasFile, folder.isRun, !folder.isCounted else { return }
    folder.isCounted = true
    runCount += 1
  }

  /// Comes to an object in a folder.
  private func enter(_ bytes: Substring.UTF8View.SubSequence) {
    if let folder, folder.run.name.utf8.elementsEqual(bytes) { return }
    let name = String(decoding: bytes, as: UTF8.self)
    var isSelected = true
    if name.isEmpty {
      // A suite's own files describe its runs; where a release does, they describe others, too.
      isSelected = source.runs == nil || isFile == nil
    } else {
      isSelected = (isRun?(name) ?? true) && (source.runs?.contains(name) ?? true)
      if isSelected { matchedCount += 1 }
      if isSelected, source.runs != nil { listedRuns.insert(name) }
    }
    folder = Folder(
      run: PlannedRun(source: number, name: name), isSelected: isSelected, isRun: name.contains(":"))
  }

  /// The runs that a release names, of those selected, that were not listed.
  func missingRuns(among prefix: String) -> [String] {
    guard let runs = source.runs else { return [] }
    return runs.filter {
      $0.utf8.starts(with: prefix.utf8) && !listedRuns.contains($0) && (isRun?($0) ?? true)
    }
    .sorted(by: codePointOrder).map { source.root + $0 }
  }
}
