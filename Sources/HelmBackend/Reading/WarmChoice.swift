import Magnet
import Synchronization

/// The columns that a load asks for, and what they are in the packs they come from.
final class WarmChoice: Sendable {
  struct Columns: Sendable {
    /// The numbers of the columns among the entry's.
    let numbers: [Int]
    /// Their names.
    let schema: TableSchema
    /// The number of `run_spec.name`.
    let runColumn: Int?
  }

  private struct Key: Hashable {
    /// One of `packs`.
    let pack: ObjectIdentifier
    let schema: Int
    let kind: UInt64

    init(_ source: TableSource, _ pack: WarmPack, _ schema: Int) {
      self.pack = ObjectIdentifier(pack)
      self.schema = schema
      kind = source.fingerprint
    }
  }

  /// What one worker has asked for of it, so that it need not wait for the others to ask again.
  struct Worker {
    let choice: WarmChoice
    private var known: [Key: (Columns, SharedMemory)] = [:]

    init(_ choice: WarmChoice) { self.choice = choice }

    /// The columns in tables of a schema, and the pack's memory for them.
    mutating func columns(
      _ source: TableSource, of pack: WarmPack, _ schema: Int
    ) -> (Columns, SharedMemory) {
      let key = Key(source, pack, schema)
      if let known = known[key] { return known }
      let new = (choice.columns(source, of: pack, schema), SharedMemory(sharing: pack.memory))
      known[key] = new
      return new
    }
  }

  let wanted: Set<String>?
  let packs: [WarmPack]
  private let known = Mutex<[Key: Columns]>([:])

  /// - Parameters:
  ///   - columns: the columns wanted; nil for all.
  ///   - packs: those in which they are looked for.
  init(_ columns: Set<String>?, packs: [WarmPack] = []) {
    wanted = columns
    self.packs = packs
  }

  private func columns(_ source: TableSource, of pack: WarmPack, _ schema: Int) -> Columns {
    known.withLock { known in
      let key = Key(source, pack, schema)
      if let columns = known[key] { return columns }
      let names = pack.schemas[schema]
      let numbers = names.indices.filter { source.isChosen(names[$0], among: wanted) }
      let columns = Columns(
        numbers: numbers, schema: TableSchema(numbers.map { names[$0] }),
        runColumn: names.firstIndex(of: ColumnKey.run.name))
      known[key] = columns
      return columns
    }
  }
}
