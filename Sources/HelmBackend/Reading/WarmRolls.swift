import Magnet

// The rolls of a store: what folders of runs held when they were last listed.
extension WarmStore {
  /// The roll of a folder; nil where there is none, or the times of its file system tell nothing.
  func roll(of folder: String, _ version: FileStatus.Version) -> WarmRoll? {
    if isVerifying || rollNames.isEmpty { return nil }
    let path = absolute(folder)
    let name = WarmRoll.fileName(path)
    guard rollNames.contains(name), trust(version, folder) == .local else { return nil }
    return WarmRoll(self.folder + "/" + name, of: path)
  }

  /// Keeps rolls of the folders in which runs were found, where there are none that tell the same.
  /// - Parameters:
  ///   - folders: the runs' folders, in the order of their paths.
  ///   - found: what a listing found of each.
  ///   - sources: the kinds of files that it looked at.
  ///   - time: when that began.
  func keepRolls(
    _ folders: [RunDirectory], _ found: [ListedRun], _ sources: [TableSource], since time: Int
  ) {
    var start = 0
    while start < folders.count {
      guard let folder = folders[start].seen.place?.folder else {
        start += 1
        continue
      }
      var end = start + 1
      while end < folders.count, folders[end].seen.place?.folder === folder { end += 1 }
      keepRoll(of: folder, folders[start..<end], found[start..<end], sources, since: time)
      start = end
    }
  }

  private func keepRoll(
    of folder: SearchedFolder, _ folders: ArraySlice<RunDirectory>, _ found: ArraySlice<ListedRun>,
    _ sources: [TableSource], since time: Int
  ) {
    let old = folder.roll
    if let old, folder.isRolled, found.count == old.runCount,
      found.indices.allSatisfy({ found[$0].isUnchanged })
    {
      return
    }
    guard trust(folder.version, folder.path) == .local else { return }
    var runs: [String: WarmRoll.Run] = [:]
    var specs: [Table] = []
    var isNew = false
    var hasRoll = false
    for (run, found) in zip(folders, found) {
      guard let place = run.seen.place else { continue }
      let known = old.flatMap { old in place.number.map { old.run($0) } }
      guard let new = found.isUnchanged ? known : rolled(run, found, place, known, sources, since: time)
      else { continue }
      if let roll = found.roll {
        if !hasRoll { specs.append(roll.specs) }
        hasRoll = true
      } else if let spec = found.spec {
        specs.append(spec)
      }
      if known != new { isNew = true }
      runs[place.name] = new
    }
    // Links among the entries may lead elsewhere without a change of the folder, which is read then.
    let entries = folder.entries
    let isPlain = folder.version.isSettled(at: folder.time) && !entries.contains(where: \.isLink)
    let version =
      isPlain ? folder.version : FileStatus.Version(device: 0, inode: 0, size: 0, modified: 0, changed: 0)
    if runs.count != old?.runCount ?? 0 || old?.version != version { isNew = true }
    guard isNew, !runs.isEmpty else { return }
    let table = Table(stacking: specs)
    if table.rowCount != runs.count { return }
    write(
      WarmRoll.fileName(folder.path),
      WarmRoll.bytes(path: folder.path, version: version, entries: entries, runs: runs, specs: table))
  }

  /// What a roll may have of a run: files that did not change while they were read, so that every later change will show;
  /// nil where it can have none of it.
  private func rolled(
    _ run: RunDirectory, _ found: ListedRun, _ place: SearchedFolder.Place, _ known: WarmRoll.Run?,
    _ sources: [TableSource], since time: Int
  ) -> WarmRoll.Run? {
    // HelmRuns looks for copies of suites among folders of this name.
    guard place.name != "latest", let version = place.version, version.isSettled(at: place.folder.time),
      found.roll != nil || found.spec?.rowCount == 1
    else { return nil }
    var sound = known?.sound ?? [:]
    for source in sources {
      sound[source.fingerprint] = nil
      guard source == .runSpecs || found.entry.faults.isEmpty && run.has(source),
        let file = seen(source, of: run), file.trust == .local, file.version.isSettled(at: time)
      else { continue }
      sound[source.fingerprint] = file
    }
    if sound[TableSource.runSpecs.fingerprint] == nil { return nil }
    return WarmRoll.Run(folder: version, files: run.files.sorted(), sound: sound)
  }
}
