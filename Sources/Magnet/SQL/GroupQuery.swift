import CSQLite

/// A query that counts, adds up or averages columns of one relation, for each value of others: what is asked of millions
/// of rows. It is answered from the columns as they are, where SQLite would ask for each cell of each row; the answer has the
/// same bits.
///
///     SELECT item, ... FROM relation [WHERE column = 'text' AND ...] [GROUP BY column, ...]
///
/// An item is a column that is grouped by, or avg, sum, total, count, min or max of a column, or count(*), with AS and a name
/// or without. Every other query is SQLite's.
struct GroupQuery {
  enum Function: String {
    case avg, sum, total, count, min, max
  }

  enum Item {
    /// The column that is grouped by, by its place among these.
    case group(Int)
    /// A function of a column; of the rows where there is none.
    case function(Function, Int?)
  }

  private(set) var items: [Item] = []
  /// The columns that are grouped by.
  private(set) var groups: [Int] = []
  private(set) var conditions: [RelationScan.Condition] = []
  let relation: Relation

  /// Whether this SQLite adds up doubles one after the other, as is done here; from 3.43 on it keeps track of the error.
  static let addsPlainly = sqlite3_libversion_number() < 3_043_000

  /// Nil for a query of another kind.
  init?(_ text: String, _ relations: [String: Relation]) {
    guard var tokens = SQLTokens(text), tokens.take("select") else { return nil }
    var named: [(function: Function?, column: String?)] = []
    var aliases: [String] = []
    repeat {
      guard let name = tokens.takeName() else { return nil }
      if tokens.take("(") {
        guard let function = Function(rawValue: name) else { return nil }
        if tokens.take("*") {
          guard function == .count else { return nil }
          named.append((function, nil))
        } else {
          guard let column = tokens.takeName() else { return nil }
          named.append((function, column))
        }
        guard tokens.take(")") else { return nil }
      } else {
        named.append((nil, name))
      }
      if tokens.take("as") {
        guard let alias = tokens.takeName() else { return nil }
        aliases.append(alias)
      }
    } while tokens.take(",")
    guard tokens.take("from"), let name = tokens.takeName(), let relation = relations[name] else {
      return nil
    }
    self.relation = relation
    func column(_ name: String) -> Int? {
      let found = relation.columns.indices.filter { relation.columns[$0].name.lowercased() == name }
      return found.count == 1 ? found[0] : nil
    }
    // What a name means that is a column's too is for SQLite to say.
    if aliases.contains(where: { column($0) != nil }) { return nil }
    if tokens.take("where") {
      repeat {
        guard let name = tokens.takeName(), let place = column(name), relation.columns[place].type == .text,
          tokens.take("="), let text = tokens.takeText()
        else { return nil }
        conditions.append(.init(column: place, value: .string(text)))
      } while tokens.take("and")
    }
    if tokens.take("group") {
      guard tokens.take("by") else { return nil }
      repeat {
        guard let name = tokens.takeName(), let place = column(name) else { return nil }
        groups.append(place)
      } while tokens.take(",")
    }
    _ = tokens.take(";")
    guard tokens.isAtEnd, Set(groups).count == groups.count else { return nil }
    for item in named {
      guard let name = item.column else {
        items.append(.function(.count, nil))
        continue
      }
      guard let place = column(name) else { return nil }
      if let function = item.function {
        items.append(.function(function, place))
      } else {
        guard let group = groups.firstIndex(of: place) else { return nil }
        items.append(.group(group))
      }
    }
    let hasSums = items.contains { item in
      guard case .function(let function, _) = item else { return false }
      return [.avg, .sum, .total].contains(function)
    }
    if hasSums, !Self.addsPlainly { return nil }
  }

  /// The columns that the query looks at.
  private var columns: Set<Int> {
    Set(
      groups + conditions.map(\.column)
        + items.compactMap { if case .function(_, let column) = $0 { column } else { nil } })
  }

  /// The rows of the answer, in the order of the groups; nil where a column holds cells that are left to SQLite.
  func rows(_ catalog: RunCatalog) throws -> [[Cell]]? {
    let scan = try RelationScan(relation, columns: columns, conditions: conditions, order: nil, in: catalog)
    return scan.rows(of: self)
  }
}

/// The words, names, texts and signs of a query, in order.
private struct SQLTokens {
  private enum Token: Equatable {
    /// A word or a sign, in small letters.
    case word(String)
    /// A name in double quotes, in small letters.
    case name(String)
    case text(String)
  }

  private var tokens: ArraySlice<Token>

  /// Nil for a query with anything else in it.
  init?(_ query: String) {
    var found: [Token] = []
    var rest = Substring(query)
    while let first = rest.first {
      if first.isASCII, first.isWhitespace {
        rest = rest.dropFirst()
      } else if first.isASCII, first.isLetter || first == "_" {
        let word = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        found.append(.word(word.lowercased()))
        rest = rest.dropFirst(word.count)
      } else if "(),*=;".contains(first) {
        found.append(.word(String(first)))
        rest = rest.dropFirst()
      } else if first == "\"" || first == "'" {
        guard let end = rest.dropFirst().firstIndex(of: first) else { return nil }
        let inside = String(rest[rest.index(after: rest.startIndex)..<end])
        rest = rest[rest.index(after: end)...]
        // Doubled quotes are left to SQLite.
        if rest.first == first || inside.contains("\0") { return nil }
        found.append(first == "'" ? .text(inside) : .name(inside.lowercased()))
      } else {
        return nil
      }
    }
    tokens = found[...]
  }

  var isAtEnd: Bool { tokens.isEmpty }

  /// Passes over a word or a sign, if it comes next.
  mutating func take(_ word: String) -> Bool {
    guard tokens.first == .word(word) else { return false }
    tokens.removeFirst()
    return true
  }

  private static let keywords: Set = [
    "select", "from", "where", "group", "by", "and", "as", "distinct", "all", "order", "limit", "having",
    "not", "or",
    "union", "except", "intersect", "join", "on", "case", "null", "cast", "exists", "in", "is", "like",
    "between",
  ]

  /// The next name, in small letters.
  mutating func takeName() -> String? {
    switch tokens.first {
    case .name(let name):
      tokens.removeFirst()
      return name
    case .word(let word):
      guard let first = word.first, first.isLetter || first == "_", !Self.keywords.contains(word) else {
        return nil
      }
      tokens.removeFirst()
      return word
    default: return nil
    }
  }

  /// The next text.
  mutating func takeText() -> String? {
    guard case .text(let text) = tokens.first else { return nil }
    tokens.removeFirst()
    return text
  }
}
