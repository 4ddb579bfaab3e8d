import Magnet

/// A pair of distributions: train on the source, evaluate on the target.
public struct DistributionShift: Sendable, Hashable {
  /// The id of the distribution to train on.
  public let source: String
  /// The id of the distribution to evaluate on.
  public let target: String
  /// The id of the distribution that the capability is measured on: the target's own unless the row names another.
  public let targetReference: String
  /// `extreme` or `probing`, where it is known.
  public let label: String?
  /// The kind of shift, such as `difficulty`, where it is known.
  public let category: String?

  /// A shift.
  public init(
    source: String, target: String, targetReference: String? = nil, label: String? = nil,
    category: String? = nil
  ) {
    self.source = source
    self.target = target
    self.targetReference = targetReference ?? target
    self.label = label
    self.category = category
  }

  /// What makes two rows the same shift.
  struct Key: Hashable {
    let source: String
    let target: String
    let reference: String
  }

  var key: Key { Key(source: source, target: target, reference: targetReference) }

  /// `source → target`, for people.
  public var name: String { "\(source) → \(target)" }
}

/// The rows of a shift specification, in order: a JSON array of objects with `source`, `target` and, where they are
/// known, `target_reference`, `label` and `category`.
///
/// Rows may repeat: the published `all.json` has 69 rows and 56 distinct shifts.
public struct ShiftSet: Sendable {
  /// The file's name without its ending.
  public let name: String
  /// In the order of the file, repeats included.
  public let rows: [DistributionShift]

  /// A set of shifts.
  public init(name: String, rows: [DistributionShift]) {
    self.name = name
    self.rows = rows
  }

  /// The shifts in a file. Where a row names no label or category, they are taken from the files of the folders
  /// `extreme` and `probing` beside it, whose names are the categories.
  /// - Throws: `DataFault` with the row and member at fault.
  public init(file: String) throws {
    let file = Files.absolute(file)
    name = Self.stem(Disk.name(of: file))
    let own = try Self.read(file)
    let known = Self.categories(around: file)
    rows = own.map { row in
      let found = known[row.key]
      return DistributionShift(
        source: row.source, target: row.target, targetReference: row.targetReference,
        label: row.label ?? found?.label, category: row.category ?? found?.category)
    }
  }

  private static func stem(_ name: String) -> String {
    name.hasSuffix(".json") ? String(name.dropLast(5)) : name
  }

  /// The shifts without repeats, each at the place of its first row.
  public var distinct: [DistributionShift] {
    var seen: Set<DistributionShift.Key> = []
    return rows.filter { seen.insert($0.key).inserted }
  }

  private static func read(_ file: String) throws -> [DistributionShift] {
    let value = try readJSON(file, atMost: 64 << 20)
    guard case .array(let elements) = value else {
      throw DataFault(file, "", "expected a list of shifts, found \(kind(of: value))")
    }
    return try elements.enumerated().map { number, element in
      try DistributionShift(element, file: file, place: "[\(number)]")
    }
  }

  /// What the files of the folders `extreme` and `probing` say of their shifts.
  private static func categories(around file: String) -> [DistributionShift.Key: (
    label: String, category: String
  )] {
    let labels = ["extreme", "probing"]
    let folder = Disk.parent(of: file)
    let root = labels.contains(Disk.name(of: folder)) ? Disk.parent(of: folder) : folder
    var known: [DistributionShift.Key: (label: String, category: String)] = [:]
    for label in labels {
      for name in Disk.names(in: root + "/" + label) where name.hasSuffix(".json") {
        let category = stem(name)
        // A file that gathers others names no category; one that cannot be read is reported when it is asked for.
        guard category != "all", let rows = try? read("\(root)/\(label)/\(name)") else { continue }
        for row in rows where known[row.key] == nil { known[row.key] = (label, category) }
      }
    }
    return known
  }
}

extension DistributionShift {
  init(_ value: JSONValue, file: String, place: String) throws {
    guard case .object = value else {
      throw DataFault(file, place, "expected an object, found \(Shifts.kind(of: value))")
    }
    func text(_ key: String) throws -> String? {
      switch value[key] {
      case nil, .null: return nil
      case .string(let text): return text
      case .some(let other):
        throw DataFault(file, "\(place).\(key)", "expected a string, found \(Shifts.kind(of: other))")
      }
    }
    /// An id is the name of a folder, so it must not lead anywhere else.
    func id(_ key: String) throws -> String? {
      guard let id = try text(key) else { return nil }
      guard Files.isName(id) else {
        throw DataFault(file, "\(place).\(key)", "\(quotedBeginning(id)) is not the name of a distribution")
      }
      return id
    }
    guard let source = try id("source") else { throw DataFault(file, place, "has no 'source'") }
    guard let target = try id("target") else { throw DataFault(file, place, "has no 'target'") }
    self.init(
      source: source, target: target, targetReference: try id("target_reference"), label: try text("label"),
      category: try text("category"))
  }
}
