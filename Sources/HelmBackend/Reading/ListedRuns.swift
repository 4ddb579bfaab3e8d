import Magnet

/// A run, and its run spec where that can be read: as a table of its own, or a row of a roll.
struct ListedRun: Sendable {
  let entry: RunEntry
  var spec: Table?
  var roll: WarmRoll?
  /// The number of the row.
  var number = 0
}

// Lists runs in folders, as they are or as rolls have them.
extension HelmRuns {
  /// The runs in folders and archives.
  /// - Parameter isStrict: whether the first fault ends it.
  func listFolders(isStrict: Bool) async throws -> RunListing {
    let time = WallClock.nanosecondsSince1970
    var found = try await look(at: folders, usingRolls: true, isStrict: isStrict)
    // What a roll has, it has of all its runs.
    let others = Self.apartFromRolls(found)
    if !others.isEmpty {
      let again = try await look(at: others.map { folders[$0] }, usingRolls: false, isStrict: isStrict)
      for (number, run) in zip(others, again) { found[number] = run }
    }
    store?.keepRolls(folders, found, since: time)
    var specs: [Table] = []
    var last: WarmRoll?
    for run in found {
      if let roll = run.roll, roll !== last {
        specs.append(roll.specs)
        store?.note(reused: roll.runs.count)
        last = roll
      }
      if let spec = run.spec { specs.append(spec) }
    }
    return RunListing(
      entries: found.map(\.entry), runSpecs: Table(stacking: specs),
      entryOfRow: found.indices.filter { found[$0].spec != nil || found[$0].roll != nil })
  }

  /// Looks at runs: their run specs, and what the ends of their other files tell.
  private func look(at folders: [RunDirectory], usingRolls: Bool, isStrict: Bool) async throws -> [ListedRun]
  {
    let known = (RunDirectory.knownFiles + sources.map(\.fileName)).unique()
    let choice = WarmChoice(nil)
    return try await forEach(folders, columns: nil) { reader, folder -> ListedRun in
      if usingRolls { folder.seen.forget() }
      var faults = folder.faults(reader.files, sources, threshold: windowThreshold) { source in
        store?.knows(source, of: folder) == true
      }
      var spec: Table?
      var name: String?
      let place = usingRolls ? folder.seen.place : nil
      var roll = place?.folder.roll
      if let known = roll, let number = place?.number,
        store?.seen(.runSpecs, of: folder) == known.runs[number].spec
      {
        name = known.names[number]
      } else {
        roll = nil
        if !folder.files.isEmpty {
          do throws(DataFault) {
            spec = try table(.runSpecs, of: folder, name: "", reader, choice)
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
      if let roll, !members.lazy.map({ found[$0].number }).elementsEqual(0..<roll.runs.count) {
        others += members
      }
      roll = nil
      members = []
    }
    for (number, run) in found.enumerated() {
      if let its = run.roll {
        if its !== roll { end() }
        roll = its
        members.append(number)
      } else if run.spec != nil {
        end()
      }
    }
    end()
    return others
  }
}
