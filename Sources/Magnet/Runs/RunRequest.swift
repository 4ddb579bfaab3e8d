/// A run that is asked for by a run entry of HELM's, such as `mmlu:subject=anatomy,model=meta/llama-2-13b`, and which
/// runs that exist are such a run: MAGNET's rule (`materialize_helm_run` of aiq-magnet 0.1.0).
///
/// HELM's run specification adds arguments to a run's name that the entry does not have, such as
/// `method=multiple_choice_joint`; so a run may have more arguments than were asked for, and none that differ.
///
///     let request = RunRequest("mmlu:subject=anatomy,model=meta/llama-2-13b")
///     request.accepts("mmlu:subject=anatomy,method=multiple_choice_joint,model=meta_llama-2-13b", temperature: nil)  // true
package struct RunRequest: Sendable, Hashable {
  /// What stands before the first colon.
  package let name: String
  /// The arguments, in the order of the text; a word without `=` is true.
  package let arguments: [Argument]
  private let text: String

  /// An argument of a run.
  package struct Argument: Sendable, Hashable {
    package let key: String
    package let value: String
  }

  /// Reads a run entry, or the name of a run's folder.
  package init(_ text: String) {
    self.text = text
    let colon = text.firstIndex(of: ":") ?? text.endIndex
    name = Self.stripped(text[..<colon])
    let rest = colon < text.endIndex ? text[text.index(after: colon)...] : ""
    arguments = rest.split(separator: ",").compactMap { part in
      let sign = part.firstIndex(of: "=") ?? part.endIndex
      let key = Self.stripped(part[..<sign])
      if key.isEmpty { return nil }
      let value = sign < part.endIndex ? Self.stripped(part[part.index(after: sign)...]) : "True"
      let isModel = key == "model" || key == "model_deployment"
      return Argument(key: key, value: isModel ? value.replacing("/", with: "_") : value)
    }
  }

  private static func stripped(_ text: Substring) -> String {
    let start = text.drop(while: \.isWhitespace)
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...end])
  }

  /// Whether a run is such a run.
  /// - Parameters:
  ///   - folder: the name of the run's folder.
  ///   - temperature: that of its adapter, which an entry may ask for and a name need not have.
  package func accepts(_ folder: String, temperature: Double?) -> Bool {
    let run = RunRequest(folder)
    guard run.name == name else { return false }
    var values: [String: String] = [:]
    for argument in run.arguments { values[argument.key] = argument.value }
    // The subjects of MMLU-Pro are called subsets in its runs' names.
    if name == "mmlu_pro", values["subject"] == nil { values["subject"] = values["subset"] }
    if values["temperature"] == nil, let temperature { values["temperature"] = temperature.description }
    return arguments.allSatisfy { wanted in values[wanted.key].map { Self.equal($0, wanted.value) } ?? false }
  }

  /// How far a run's folder is from what was asked for: first whether its name is another one, then how many arguments
  /// it has that were not asked for literally, then its name.
  package func distance(_ folder: String) -> (isOther: Int, extra: Int, name: String) {
    let wanted = Set(arguments)
    let extra = RunRequest(folder).arguments.count { !wanted.contains($0) }
    return (folder == text.replacing("/", with: "_") ? 0 : 1, extra, folder)
  }

  /// The runs of a listing that are such runs and complete, the nearest first, and those that are such runs and broken.
  package func matches(in listing: RunListing) -> (complete: [RunEntry], incomplete: [RunEntry]) {
    var rows: [Int: Row] = [:]
    for (row, entry) in zip(listing.runSpecs.rows, listing.entryOfRow) { rows[entry] = row }
    let found = listing.entries.enumerated().filter { number, entry in
      entry.folder.contains(":")
        && accepts(entry.folder, temperature: rows[number]?[.temperature] ?? nil)
    }.map(\.element)
    let complete = found.enumerated().filter { $0.element.faults.isEmpty }.sorted { a, b in
      let (left, right) = (distance(a.element.folder), distance(b.element.folder))
      return left == right ? a.offset < b.offset : left < right
    }
    return (complete.map(\.element), found.filter { !$0.faults.isEmpty })
  }

  /// Whether two values are the same: as numbers, the way Python reads them, or as texts.
  static func equal(_ a: String, _ b: String) -> Bool {
    if let left = pythonFloat(a), let right = pythonFloat(b) { return left == right }
    return a == b
  }

  /// Python's `float` of a text: `1`, `1.0`, `1e0`, `1_0`, `.5`, `inf`, `infinity`, `nan`, with a sign or without.
  private static func pythonFloat(_ text: String) -> Double? {
    let lower = text.lowercased()
    let body = lower.drop { $0 == "+" || $0 == "-" }
    if lower.count - body.count > 1 { return nil }
    let isNegative = lower.hasPrefix("-")
    if body == "inf" || body == "infinity" { return isNegative ? -.infinity : .infinity }
    if body == "nan" { return .nan }
    guard body.wholeMatch(of: #/(\d+(_\d+)*)?(\.(\d+(_\d+)*)?)?(e[+-]?\d+(_\d+)*)?/#) != nil,
      body.first?.isNumber == true || body.dropFirst().first?.isNumber == true
    else { return nil }
    var digits = body.replacing("_", with: "").replacing(".e", with: ".0e")
    if digits.hasPrefix(".") { digits = "0" + digits }
    if digits.hasSuffix(".") { digits += "0" }
    return Double(digits).map { isNegative ? -$0 : $0 }
  }
}
