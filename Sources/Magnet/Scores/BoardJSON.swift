extension MergedStat {
  /// `min=0.5, mean=0.75, max=1, sum=1.5 (2)`: the statistic as HELM describes a cell.
  package var helmText: String {
    guard let mean else { return "(0)" }
    func text(_ value: Double?) -> String {
      guard let value else { return "None" }
      if value.isFinite, value == value.rounded(), abs(value) < 1e18 { return String(Int64(value)) }
      return PythonRound.three(value).description
    }
    return "min=\(text(min)), mean=\(text(mean)), max=\(text(max)), sum=\(text(sum)) (\(count))"
  }
}

/// Python's `round`.
enum PythonRound {
  /// The value rounded to three decimals, exact halves to the even digit.
  static func three(_ value: Double) -> Double {
    let scaled = value * 1000
    guard scaled.isFinite, abs(scaled) < 9e15 else { return value }
    let floor = scaled.rounded(.down)
    // Whether the value is above, at or below a half, which the product alone does not say.
    let part = scaled - floor
    let rest = (-scaled).addingProduct(value, 1000)
    let isOdd = !floor.truncatingRemainder(dividingBy: 2).isZero
    let isUp = part == 0.5 ? rest > 0 || (rest == 0 && isOdd) : part > 0.5
    return Double(signOf: value, magnitudeOf: (isUp ? floor + 1 : floor) / 1000)
  }
}

extension Board {
  /// The tables of a page as `helm-summarize` writes them to `groups/GROUP.json`, which HELM's frontend loads. Links to
  /// files beside it are left out.
  package static func helmJSON(_ boards: [Board]) -> String {
    JSONValue.array(boards.map(\.helmJSON)).indented()
  }

  private typealias Member = JSONValue.Member

  private var helmJSON: JSONValue {
    let header =
      [
        JSONValue.object([
          Member(key: "value", value: .string("Model")), Member(key: "markdown", value: .bool(false)),
          Member(key: "metadata", value: .object([])),
        ])
      ]
      + columns.map { column in
        var members = [
          Member(key: "value", value: .string(column.title)),
          Member(key: "description", value: .string(column.description)),
          Member(key: "markdown", value: .bool(false)),
        ]
        if let direction = column.lowerIsBetter {
          members.append(Member(key: "lower_is_better", value: .bool(direction)))
        }
        let metadata = column.metadata.map { Member(key: $0.key, value: .string($0.value)) }
        return .object(members + [Member(key: "metadata", value: .object(metadata))])
      }
    var links: [JSONValue] = []
    if (2...5).contains(scenarioRuns.count) {
      links.append(
        .object([
          Member(key: "text", value: .string("compare all")),
          Member(key: "href", value: .string(address(of: scenarioRuns))),
        ]))
    }
    return .object([
      Member(key: "title", value: .string(title)), Member(key: "header", value: .array(header)),
      Member(key: "rows", value: .array(rows.map { .array(helmCells($0)) })),
      Member(key: "links", value: .array(links)), Member(key: "name", value: .string(name)),
    ])
  }

  private func helmCells(_ row: Row) -> [JSONValue] {
    var model = [
      Member(key: "value", value: .string(row.title)), Member(key: "description", value: .string("")),
    ]
    if let runs = row.runs { model.append(Member(key: "href", value: .string(address(of: runs)))) }
    model.append(Member(key: "markdown", value: .bool(false)))
    if let runs = row.runs {
      model.append(Member(key: "run_spec_names", value: .array(runs.map(JSONValue.string))))
    }
    let isOfScenario = row.runs != nil
    return [.object(model)]
      + zip(columns, row.cells).map { column, cell in
        var members: [Member] = []
        if let value = cell.value { members.append(Member(key: "value", value: .double(value))) }
        let style = cell.isBest ? [Member(key: "font-weight", value: .string("bold"))] : []
        if column.kind == .metric {
          let description = cell.stat?.helmText ?? cell.note ?? ""
          members.append(Member(key: "description", value: .string(description)))
        }
        if cell.isBest || cell.stat != nil {
          members.append(Member(key: "style", value: .object(style)))
        }
        members.append(Member(key: "markdown", value: .bool(false)))
        if cell.stat != nil, !isOfScenario {
          members.append(Member(key: "run_spec_names", value: .array(cell.runs.map(JSONValue.string))))
        }
        return .object(members)
      }
  }

  /// The address of runs on HELM's site.
  private func address(of runs: [String]) -> String {
    var list = "["
    list += runs.map { JSONValue.string($0).indented() }.joined(separator: ", ") + "]"
    return "?group=\(Self.quoted(group))&subgroup=\(Self.quoted(title))&runSpecs=\(Self.quoted(list))"
  }

  static func quoted(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    var out = ""
    for byte in text.utf8 {
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || [0x2D, 0x2E, 0x5F, 0x7E].contains(byte)
      out += isPlain ? String(UnicodeScalar(byte)) : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }
    return out
  }
}

extension JSONValue {
  /// The value as Python's `json.dumps(indent=2)` writes it: ASCII, two spaces a level.
  func indented(_ level: Int = 0) -> String {
    let inner = String(repeating: "  ", count: level + 1)
    let outer = String(repeating: "  ", count: level)
    switch self {
    case .string(let text): return JSONText.asciiQuoted(text)
    case .array(let elements):
      if elements.isEmpty { return "[]" }
      return "[\n" + elements.map { inner + $0.indented(level + 1) }.joined(separator: ",\n") + "\n\(outer)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let lines = members.map { "\(inner)\(JSONText.asciiQuoted($0.key)): \($0.value.indented(level + 1))" }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
    default: return text
    }
  }
}
