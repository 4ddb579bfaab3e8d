import Magnet

extension EvaluationCard {
  /// Writes the last evaluation as MAGNET does: `card.yaml`, `verdict.json`, a `results/ID/verdict.json` for each
  /// setting, and `symbol_metadata.json` and `theory.json` where the card has such.
  ///
  /// They are in a new folder `HASH_TIME` of the one named, which appears when all are written. MAGNET's ids are the
  /// folders' names; where two settings have one id, a number is added. `all_symbols`, `reprs`, `seconds`, `evidence`,
  /// `overrides`, `data` and `magnet` are members that MAGNET does not write.
  /// - Parameters:
  ///   - folder: made where it is not there.
  ///   - version: that of magnet.
  ///   - data: the paths of the runs.
  /// - Returns: the path of the new folder.
  /// - Throws: `MagnetError` for a card that was not evaluated, or a folder that cannot be written.
  public func write(to folder: String, version: String, data: [String] = []) throws -> String {
    guard let outcome = lastOutcome else {
      throw MagnetError(.unsupported, "the card was not evaluated", at: path)
    }
    let time = WallClock.local
    let bundle = CardBundle(card: self, outcome: outcome, version: version, data: data, timestamp: time.iso)
    let id = MagnetHash.digits(definition.value, count: 8)
    let name = "\(folder)/\(id)_\(time.compact)"
    do {
      try Files.makeFolder(folder)
      var number = 1
      while true {
        let target = number == 1 ? name : "\(name)-\(number)"
        number += 1
        if Files.exists(target) { continue }
        do {
          try makingFolder(target) { try bundle.write(into: $0) }
          return target
        } catch  where number < 1000 && Files.exists(target) { continue }
      }
    } catch let error as SystemError { throw MagnetError(.system, "cannot be written: \(error)", at: folder) }
  }
}

/// The files of an evaluation.
struct CardBundle {
  let card: EvaluationCard
  let outcome: CardOutcome
  let version: String
  let data: [String]
  let timestamp: String

  /// The member with Python's `repr` of values that JSON cannot hold.
  static let reprs = "reprs"

  private static func object(_ members: [(String, CardValue)]) -> CardValue {
    .mapping(members.map { .init(key: .text($0), value: $1) })
  }

  /// The names of the settings' folders: MAGNET's ids, with a number behind those that repeat.
  static func names(_ outcome: CardOutcome) -> [String] {
    var counts: [String: Int] = [:]
    return outcome.settings.map { setting in
      var id = MagnetHash.digits(setting.namingView, count: 12)
      if let judged = setting.judged, judged.kind == .kwdagger {
        // A process that is not there is named by its parameters.
        id = Self.folderName(judged.process) + "_" + id
      }
      counts[id, default: 0] += 1
      let count = counts[id, default: 1]
      return count == 1 ? id : "\(id)-\(count)"
    }
  }

  private static func folderName(_ text: String) -> String {
    String(text.map { $0.isLetter || $0.isNumber || "_-.=".contains($0) ? $0 : "-" }.prefix(100))
  }

  func write(into folder: String) throws {
    let names = Self.names(outcome)
    try Files.writeNew(folder + "/card.yaml") { try $0(card.bytes) }
    try Files.makeFolder(folder + "/results")
    for (name, setting) in zip(names, outcome.settings) {
      try Files.makeFolder("\(folder)/results/\(name)")
      try write(result(of: setting), "\(folder)/results/\(name)/verdict.json", endsLine: false)
    }
    let metadata = card.definition.symbols.compactMap { symbol in symbol.metadata.map { (symbol.name, $0) } }
    if !metadata.isEmpty {
      try write(Self.object(metadata), folder + "/symbol_metadata.json", endsLine: false)
    }
    if let theory = outcome.theory { try write(theory, folder + "/theory.json", endsLine: true) }
    try write(verdict(names), folder + "/verdict.json", endsLine: true)
  }

  private func write(_ value: CardValue, _ path: String, endsLine: Bool) throws {
    var out: [UInt8] = []
    CardJSON.append(value, to: &out)
    if endsLine { out.append(UInt8(ascii: "\n")) }
    try Files.writeNew(path) { try $0(out) }
  }

  private func result(of setting: SettingOutcome) -> CardValue {
    var members: [(String, CardValue)] = [
      ("status", .text(setting.status.rawValue)), ("output", .text(setting.output)),
      ("symbols", Self.symbols(of: setting)), ("timestamp", .text(timestamp)),
      ("all_symbols", Self.object(setting.symbols.map { ($0.name, $0.value) })),
      ("seconds", .float((setting.seconds * 1e6).rounded() / 1e6)),
    ]
    let odd = setting.symbols.filter { !$0.value.isJSON }
    if !odd.isEmpty {
      members.append((Self.reprs, Self.object(odd.map { ($0.name, .text($0.value.pythonText)) })))
    }
    if let evidence = setting.evidence {
      func count(_ value: Int) -> CardValue { .int(WholeNumber(value)) }
      members.append(
        (
          "evidence",
          Self.object([
            ("rows", count(evidence.rows)), ("falsified", count(evidence.falsified)),
            ("inconclusive", count(evidence.inconclusive)),
          ])
        ))
    }
    if let judged = setting.judged {
      members.append(("cell", .text(judged.process)))
      if let artifact = judged.artifact { members.append(("artifact", .text(artifact))) }
      if !judged.consumed.isEmpty { members.append(("consumed", .list(judged.consumed.map(CardValue.text)))) }
      if judged.kind == .kwdagger { members.append(("evidence", .mapping(judged.columns))) }
    }
    return Self.object(members)
  }

  /// What MAGNET records: symbols, and the columns of results that the claim read.
  private static func symbols(of setting: SettingOutcome) -> CardValue {
    guard case .mapping(var entries) = setting.simpleView, let judged = setting.judged else {
      return setting.simpleView
    }
    for name in judged.consumed {
      guard let column = judged.columns.first(where: { $0.key == .text(name) }) else { continue }
      if let place = entries.firstIndex(where: { $0.key == column.key }) {
        entries[place] = column
      } else {
        entries.append(column)
      }
    }
    return .mapping(entries)
  }

  private func verdict(_ names: [String]) -> CardValue {
    var members: [(String, CardValue)] = [
      ("result", .text(outcome.status.rawValue)), ("claim_aggregation_strategy", card.definition.strategy),
      ("claims", .list(names.map(CardValue.text))),
    ]
    if let discovered = outcome.discovered, let pipeline = card.definition.pipeline,
      pipeline.kind == .kwdagger
    {
      let available = outcome.settings.count { $0.judged?.artifact != nil }
      members.append(
        (
          "evidence",
          Self.object([
            ("scope", .text(pipeline.takesAll ? "all" : "requested")),
            ("available", .int(WholeNumber(available))),
            ("discovered", .int(WholeNumber(discovered))),
          ])
        ))
    }
    if !outcome.metrics.isEmpty {
      members.append(("metrics", Self.object(outcome.metrics.map { ($0.name, $0.value) })))
    }
    if !card.overrides.isEmpty { members.append(("overrides", .mapping(card.overrides))) }
    if !data.isEmpty { members.append(("data", .list(data.map(CardValue.text)))) }
    members.append(("magnet", .text(version)))
    return Self.object(members)
  }
}
