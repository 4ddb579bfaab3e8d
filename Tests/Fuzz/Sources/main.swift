// A libFuzzer target. An input's first byte says what the rest is: one of the files of a run, an SQL query, an archive,
// an evaluation card, a file of distribution shifts, whose kind the second byte says, or a Parquet file.
// Built and run by `make fuzz`; the first argument is a sound run.
@testable import Cards
import Dispatch
import Foundation
@testable import HelmBackend
@testable import Magnet

@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

/// Waits for what is asynchronous.
func waiting<R: Sendable>(_ task: @escaping @Sendable () async throws -> R) throws -> R {
  nonisolated(unsafe) var result: Result<R, any Error>?
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    do { result = .success(try await task()) } catch { result = .failure(error) }
    done.signal()
  }
  done.wait()
  return try result!.get()
}

struct Target: Sendable {
  let check: ReaderCheck
  let archives: ArchiveCheck
  let shifts: ShiftCheck
  let database: Database
  let folder: String

  /// A Parquet file is read or refused with its name.
  private func parquetComplaint(_ bytes: [UInt8]) async throws -> String? {
    let file = folder + "/lake/x.parquet"
    try Data(bytes).write(to: URL(filePath: file))
    do {
      let runs = try HelmRuns(file)
      _ = try await runs.load(runs.list().entries, tables: Set(TableSource.allCases))
    } catch let fault as DataFault {
      return fault.file.hasPrefix(file) ? nil : "a fault without the file: \(fault)"
    }
    return nil
  }

  func run(_ bytes: [UInt8]) async throws -> String? {
    guard let first = bytes.first else { return nil }
    let kinds = ReaderCheck.kinds
    let rest = Array(bytes.dropFirst())
    let kind = Int(first) % (kinds.count + 5)
    if kind < kinds.count { return try await check.complaint(kinds[kind], rest) }
    if kind == kinds.count + 1 { return try archives.complaint(rest) }
    if kind == kinds.count + 2 {
      guard let card = try? EvaluationCard(text: String(decoding: rest, as: UTF8.self)) else { return nil }
      let isSummary = card.summarize().hasPrefix("Title:")
      return isSummary ? nil : "a summary without a title"
    }
    if kind == kinds.count + 3 { return try shifts.complaint(rest) }
    if kind == kinds.count + 4 { return try await parquetComplaint(rest) }
    do { _ = try await database.query(String(decoding: rest, as: UTF8.self)) } catch is MagnetError {}
    return nil
  }
}

let run = CommandLine.arguments[1]
let folder = NSTemporaryDirectory() + "magnet-fuzz-\(getpid())"
let target = try waiting {
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  var database = Database(try HelmRuns(run))
  database.timeLimit = .seconds(2)
  for name in ["/archive", "/lake"] {
    try FileManager.default.createDirectory(atPath: folder + name, withIntermediateDirectories: true)
  }
  return Target(
    check: try await ReaderCheck(folder: folder, run: run),
    archives: ArchiveCheck(folder: folder + "/archive"),
    shifts: try ShiftCheck(folder: folder + "/shifts"),
    database: database, folder: folder)
}
var arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: Int(CommandLine.argc))
var count: CInt = 0
for (number, argument) in CommandLine.arguments.enumerated() where number != 1 {
  arguments[Int(count)] = strdup(argument)
  count += 1
}
arguments[Int(count)] = nil
let status = runFuzzer(&count, &arguments) { data, size in
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  if let complaint = try! waiting({ try await target.run(bytes) }) { fatalError(complaint) }
  return 0
}
try? FileManager.default.removeItem(atPath: folder)
exit(status)
