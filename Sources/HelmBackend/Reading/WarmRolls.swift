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
  ///   - time: when that began.
  func keepRolls(_ folders: [RunDirectory], _ found: [ListedRun], since time: Int) {
    var start = 0
    while start < folders.count {
      guard let folder = folders[start].seen.place?.folder else {
        start += 1
        continue
      }
      let end = folders[start...].firstIndex { $0.seen.place?.folder !== folder } ?? folders.count
      keepRoll(of: folder, folders[start..<end], found[start..<end], since: time)
      start = end
    }
  }

  private func keepRoll(
    of folder: SearchedFolder, _ folders: ArraySlice<RunDirectory>, _ found: ArraySlice<ListedRun>,
    since time: Int
  ) {
    guard trust(folder.version, folder.path) == .local else { return }
    let old = folder.roll
    if let old, old.version == folder.version, found.count == old.runs.count,
      found.allSatisfy({ $0.roll === old })
    {
      return
    }
    var runs: [String: WarmRoll.Run] = [:]
    var specs: [Table] = []
    var isNew = false
    var hasRoll = false
    for (run, found) in zip(folders, found) {
      guard let place = run.seen.place else { continue }
      if let roll = found.roll {
        if !hasRoll { specs.append(roll.specs) }
        hasRoll = true
        runs[place.name] = roll.runs[found.number]
        continue
      }
      // Nothing changed while it was read, and what comes will show.
      guard let version = place.version, version.isSettled(at: folder.time), let spec = found.spec,
        spec.rowCount == 1, let file = seen(.runSpecs, of: run), file.trust == .local,
        file.version.isSettled(at: time)
      else { continue }
      runs[place.name] = WarmRoll.Run(folder: version, files: run.files, spec: file)
      specs.append(spec)
      let known = old.flatMap { old in old.number(place.name).map { old.runs[$0] } }
      if known?.folder != version || known?.spec != file { isNew = true }
    }
    // Links among the entries may lead elsewhere without a change of the folder, which is read then.
    let isPlain = folder.version.isSettled(at: folder.time) && !folder.entries.contains(where: \.isLink)
    let version =
      isPlain ? folder.version : FileStatus.Version(device: 0, inode: 0, size: 0, modified: 0, changed: 0)
    if runs.count != old?.runs.count ?? 0 || old?.version != version { isNew = true }
    guard isNew, !runs.isEmpty else { return }
    let table = Table(stacking: specs)
    if table.rowCount != runs.count { return }
    write(
      WarmRoll.fileName(folder.path),
      WarmRoll.bytes(
        path: folder.path, version: version, entries: folder.entries, runs: runs, specs: table))
  }
}
