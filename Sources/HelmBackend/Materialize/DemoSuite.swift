// Unsafe code, on these invariants: the archive is a constant of the program, `cdemo_archive_size()` bytes long.

import CDemo
import Magnet

extension HelmRuns {
  /// Writes a small real `benchmark_output` into a folder: 37 runs of three suites that HELM made, with questions and
  /// models of magnet's own, to try everything on without a network.
  /// - Returns: the path of the `benchmark_output`.
  /// - Throws: `DataFault` or `MagnetError` when there is one in the folder already, or it cannot be written.
  @discardableResult
  package static func writeDemo(into folder: String) throws -> String {
    let output = folder == "." ? "benchmark_output" : folder + "/benchmark_output"
    let temporary = try Files.makeTemporaryFolder("magnet-demo")
    defer { Files.removeTree(temporary) }
    let archive = temporary + "/demo.tar.gz"
    do throws(SystemError) {
      try unsafe FileDescriptor(archive, .truncate).write(
        UnsafeRawBufferPointer(start: cdemo_archive(), count: cdemo_archive_size()))
      try Files.makeFolder(folder)
    } catch { throw error.writing(folder) }
    _ = try unpackArchive(archive, to: output)
    return output
  }
}
