import Magnet

/// A run, and its run spec where that can be read: as a table of its own, or a row of a roll.
struct ListedRun: Sendable {
  let entry: RunEntry
  var spec: Table?
  var roll: WarmRoll?
  /// The number of the row.
  var number = 0
  /// Whether all its files are as the roll has them.
  var isUnchanged = false

  /// In place of a run that is not looked at yet.
  static let unknown = ListedRun(
    entry: RunEntry(suite: "", folder: "", path: "", name: nil, files: [], faults: []))
}

// Lists runs in folders, as they are or as rolls have them.
extension HelmRuns {
  /// The runs in folders and archives.
  /// - Parameter isStrict: whether the first fault ends it.
  func listFolders(isStrict: Bool) async throws -> RunListing {
    let time = WallClock.nanosecondsSince1970
    var found = unchangedRuns()
    func look(at numbers: [Int], usingRolls: Bool) async throws {
      let again = try await looked(at: numbers, usingRolls: usingRolls, isStrict: isStrict)
      for (number, run) in zip(numbers, again) { found[number] = run }
    }
    try await look(at: found.indices.filter { !found[$0].isUnchanged }, usingRolls: true)
    // What a roll has, it has of all its runs.
    let others = Self.apartFromRolls(found)
    if !others.isEmpty { try await look(at: others, usingRolls: false) }
    store?.keepRolls(folders, found, sources, since: time)
    var specs: [Table] = []
    var last: WarmRoll?
    for number in found.indices {
      if let roll = found[number].roll, roll !== last {
        specs.append(roll.specs)
        store?.note(reused: roll.runCount)
        last = roll
      }
      if let spec = found[number].spec { specs.append(spec) }
    }
    return RunListing(
      entries: found.map(\.entry), runSpecs: Table(stacking: specs),
      entryOfRow: found.indices.filter { found[$0].spec != nil || found[$0].roll != nil })
  }

  /// The files that are named in the entries of a listing.
  private var knownFiles: [String] { (RunDirectory.knownFiles + sources.map(\.fileName)).unique() }

  /// The runs whose files are all as a roll has them; in place of the others, entries that say nothing.
  private func unchangedRuns() -> [ListedRun] {
    var found: [ListedRun] = []
    found.reserveCapacity(folders.count)
    while found.count < folders.count {
      let start = found.count
      guard store != nil, let place = folders[start].seen.place, place.number != nil,
        let roll = place.folder.roll
      else {
        folders[start].seen.renew(0)
        found.append(.unknown)
        continue
      }
      var numbers: [Int] = []
      while start + numbers.count < folders.count,
        let next = folders[start + numbers.count].seen.place, next.folder === place.folder,
        let number = next.number
      { numbers.append(number) }
      appendUnchangedRuns(numbers, of: roll, in: place.folder, to: &found)
    }
    return found
  }

  /// Looks at the next runs, which a roll has.
  /// - Parameter numbers: their numbers in the roll.
  private func appendUnchangedRuns(
    _ numbers: [Int], of roll: WarmRoll, in folder: SearchedFolder, to found: inout [ListedRun]
  ) {
    let columns = sources.map { source in roll.kinds.firstIndex(of: source.fingerprint) }
    let parts = zip(sources, columns).compactMap { source, column in
      column.map { SearchedFolder.Part($0, source.fileName) }
    }
    let first = folders[found.count]
    let path = String(
      decoding: first.path.utf8.dropLast((first.seen.place?.name.utf8.count ?? 0) + 1), as: UTF8.self)
    let suite = first.names.suite
    let known = knownFiles
    // For each list of files, the bits of those that must be as the roll has them, and the names for the entry; no bits
    // where one is of a kind that the roll does not know.
    let lists = roll.lists.map { files -> (needed: UInt64?, files: [String]) in
      let needed = zip(sources, columns).filter { $0.0.isExpected || files.contains($0.0.fileName) }.map(\.1)
      let bits: UInt64? =
        needed.contains(nil) ? nil : needed.compactMap { $0 }.reduce(0) { $0 | 1 << UInt64($1) }
      return (bits, known.filter(files.contains))
    }
    let looks = folder.unchanged(numbers, parts, in: path, workers: workers)
    for (number, bits) in zip(numbers, looks) {
      let at = found.count
      let seen = folders[at].seen
      seen.renew(bits)
      let list = lists[roll.list(number)]
      guard let needed = list.needed, bits & needed == needed, let name = seen.place?.name else {
        found.append(.unknown)
        continue
      }
      found.append(
        ListedRun(
          entry: RunEntry(
            suite: suite, folder: name.hasSuffix("!") ? folders[at].names.folder : name,
            path: folders[at].path, name: roll.names[number], files: list.files, faults: []),
          roll: roll, number: number, isUnchanged: true))
    }
  }

  /// Looks at runs: their run specs, and what the ends of their other files tell.
  /// - Parameter numbers: their numbers among all runs.
  private func looked(at numbers: [Int], usingRolls: Bool, isStrict: Bool) async throws -> [ListedRun] {
    let known = knownFiles
    let packs = store?.packs() ?? []
    return try await forEach(numbers.count, WarmChoice(nil, packs: packs)) { reader, number -> ListedRun in
      let folder = folders[numbers[number]]
      var faults = folder.faults(reader.files, sources, threshold: windowThreshold) { source in
        store?.knows(source, of: folder, packs) == true
      }
      var spec: Table?
      var name: String?
      let place = usingRolls ? folder.seen.place : nil
      var roll = place?.folder.roll
      if let known = roll, let number = place?.number, folder.seen.isRolled(TableSource.runSpecs.fingerprint)
      {
        name = known.names[number]
      } else {
        roll = nil
        if !folder.files.isEmpty {
          do throws(DataFault) {
            spec = try table(.runSpecs, of: folder, name: "", reader)
            name = spec?[.run].first
          } catch {
            faults.insert(error, at: 0)
          }
        }
      }
      if isStrict, let fault = faults.first { throw fault }
      let names = folder.names
      return ListedRun(
        entry: RunEntry(
          suite: names.suite, folder: names.folder, path: folder.path, name: name,
          files: known.filter(folder.files.contains), faults: faults),
        spec: spec, roll: roll, number: place?.number ?? 0)
    }
  }

  /// The numbers of the runs in rolls of which not all runs are there, one after the other.
  private static func apartFromRolls(_ found: [ListedRun]) -> [Int] {
    var others: [Int] = []
    var roll: WarmRoll?
    var members: [Int] = []
    func end() {
      if let roll, !members.lazy.map({ found[$0].number }).elementsEqual(0..<roll.runCount) {
        others += members
      }
      roll = nil
      members = []
    }
    for number in found.indices {
      if let its = found[number].roll {
        if its !== roll { end() }
        roll = its
        members.append(number)
      } else if found[number].spec != nil {
        end()
      }
    }
    end()
    return others
  }
}
