import Magnet

/// Turns the objects of a version's listing into the files selected, page by page.
final class VersionListing {
  /// What an object of a listing is.
  enum Listed {
    case file(PlannedFile, isNewRun: Bool)
    /// It was selected but no file may have its name.
    case refused
    /// It was not selected.
    case other
    /// It is not behind the one before, as it should be: maybe it changed meanwhile and is listed twice.
    case outOfOrder
  }

  let number: Int
  private let root: String
  private let keepsCompressed: Bool
  private let isRun: ((String) -> Bool)?
  private let isFile: ((String) -> Bool)?
  private var last: String?
  /// The run of the last object, and whether it is selected.
  private var run: PlannedRun?
  private var isRunSelected = false
  /// Names of files, so that equal ones share their memory.
  private var names: Set<String> = []

  init(_ number: Int, _ version: DownloadPlan.Version, _ selection: DownloadSelection) {
    self.number = number
    root = version.root
    keepsCompressed = selection.keepsCompressed
    isRun = selection.runs?.matcher()
    isFile = selection.files?.matcher()
  }

  /// - Parameter anyOrder: whether objects may come in any order.
  func read(_ object: StoredObject, anyOrder: Bool = false) -> Listed {
    if !anyOrder {
      if let last, !codePointOrder(last, object.name) { return .outOfOrder }
      last = object.name
    }
    let rest = object.name.utf8.dropFirst(root.utf8.count)
    guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return .other }
    // A name that ends with a slash stands for a folder.
    guard rest.last != UInt8(ascii: "/") || object.content.size > 0 else { return .other }
    let isNewRun = run.map { !$0.name.utf8.elementsEqual(rest[..<slash]) } ?? true
    if isNewRun {
      let name = String(decoding: rest[..<slash], as: UTF8.self)
      run = PlannedRun(version: number, name: name)
      isRunSelected = isRun?(name) ?? true
    }
    guard isRunSelected, let run else { return .other }
    var name = String(decoding: rest[rest.index(after: slash)...], as: UTF8.self)
    let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    guard isFile.map({ $0(name) || $0(plain) }) ?? true else { return .other }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard HelmStore.isSafe(run.name), parts.allSatisfy({ HelmStore.isSafe(String($0)) }) else {
      return .refused
    }
    if names.count < 10000, name.utf8.allSatisfy({ $0 < 0x80 }) {
      name = names.insert(name).memberAfterInsert
    }
    let file = PlannedFile(
      run: run, name: name, content: object.content,
      isInflated: object.content.isGzip && !keepsCompressed)
    return .file(file, isNewRun: isNewRun)
  }
}
