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
    /// The path of the pack: names of packs do not come again.
    let pack: String
    let schema: Int
    let kind: TableSource
  }

  let wanted: Set<String>?
  private let known = Mutex<[Key: Columns]>([:])

  /// - Parameter columns: the columns wanted; nil for all.
  init(_ columns: Set<String>?) { wanted = columns }

  func columns(_ source: TableSource, of pack: WarmPack, _ schema: Int) -> Columns {
    known.withLock { known in
      let key = Key(pack: pack.path, schema: schema, kind: source)
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
