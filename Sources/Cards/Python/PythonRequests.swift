import Magnet

/// What magnet asks the child process of a card, a line of JSON each; `PythonDriver` says what it answers.
enum PythonRequests {
  /// The card, before any setting.
  /// - Parameter binary: the path of magnet, which stand-ins for MAGNET's classes ask for tables.
  static func card(_ card: CardDefinition, order: [String], binary: String?) -> [UInt8] {
    var out = Array("{\"op\":\"card\",\"card\":{\"names\":".utf8)
    append(card.symbols.map(\.name), to: &out)
    out.append(contentsOf: ",\"order\":".utf8)
    append(order, to: &out)
    out.append(contentsOf: ",\"symbols\":{".utf8)
    for (number, symbol) in card.symbols.enumerated() {
      if number > 0 { out.append(UInt8(ascii: ",")) }
      JSONText.appendQuoted(symbol.name, to: &out)
      out.append(contentsOf: ":{".utf8)
      if let value = symbol.value {
        out.append(contentsOf: "\"value\":".utf8)
        value.appendTraveling(to: &out)
      } else if let python = symbol.python {
        out.append(contentsOf: "\"python\":".utf8)
        JSONText.appendQuoted(python.text, to: &out)
        if let type = symbol.type {
          out.append(contentsOf: ",\"type\":".utf8)
          JSONText.appendQuoted(type.text, to: &out)
        }
      }
      out.append(UInt8(ascii: "}"))
    }
    out.append(UInt8(ascii: "}"))
    if case .python(let block) = card.claim {
      out.append(contentsOf: ",\"claim\":".utf8)
      JSONText.appendQuoted(block.text, to: &out)
    }
    if let binary {
      out.append(contentsOf: ",\"binary\":".utf8)
      JSONText.appendQuoted(binary, to: &out)
    }
    out.append(contentsOf: "}}\n".utf8)
    return out
  }

  /// A setting, or the values that the child needs to resume one.
  /// - Parameter row: the columns of the setting's row of results.
  static func values(
    _ op: String, _ values: [(name: String, value: CardValue)], row: [(name: String, value: CardValue)] = []
  ) -> [UInt8] {
    var out = Array("{\"op\":\"\(op)\",\"values\":".utf8)
    append(values, to: &out)
    if !row.isEmpty {
      out.append(contentsOf: ",\"row\":".utf8)
      append(row, to: &out)
    }
    out.append(contentsOf: "}\n".utf8)
    return out
  }

  private static func append(_ values: [(name: String, value: CardValue)], to out: inout [UInt8]) {
    out.append(UInt8(ascii: "["))
    for (number, item) in values.enumerated() {
      out.append(contentsOf: (number > 0 ? ",[" : "[").utf8)
      JSONText.appendQuoted(item.name, to: &out)
      out.append(UInt8(ascii: ","))
      item.value.appendTraveling(to: &out)
      out.append(UInt8(ascii: "]"))
    }
    out.append(UInt8(ascii: "]"))
  }

  /// Blocks to compile without running them.
  static func check(_ blocks: [(text: String, isClaim: Bool)]) -> [UInt8] {
    var out = Array("{\"op\":\"check\",\"blocks\":[".utf8)
    for (number, block) in blocks.enumerated() {
      out.append(contentsOf: (number > 0 ? ",[" : "[").utf8)
      JSONText.appendQuoted(block.text, to: &out)
      out.append(contentsOf: (block.isClaim ? ",true]" : ",false]").utf8)
    }
    out.append(contentsOf: "]}\n".utf8)
    return out
  }

  /// Programs to look for annotations of theory in, without running them.
  static func theory(_ files: [(path: String, shown: String)]) -> [UInt8] {
    var out = Array("{\"op\":\"theory\",\"files\":[".utf8)
    for (number, file) in files.enumerated() {
      if number > 0 { out.append(UInt8(ascii: ",")) }
      append([file.path, file.shown], to: &out)
    }
    out.append(contentsOf: "]}\n".utf8)
    return out
  }

  private static func append(_ names: [String], to out: inout [UInt8]) {
    out.append(UInt8(ascii: "["))
    for (number, name) in names.enumerated() {
      if number > 0 { out.append(UInt8(ascii: ",")) }
      JSONText.appendQuoted(name, to: &out)
    }
    out.append(UInt8(ascii: "]"))
  }
}
