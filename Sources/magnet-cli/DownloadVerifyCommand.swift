import ArgumentParser
import MagnetCommand
import HelmBackend
import Magnet

struct DownloadVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check downloaded files against what was downloaded, without asking a server.",
    discussion: """
      EXAMPLE:
        magnet download verify DIR
      """)

  @Argument(help: "The folder downloaded into, or one within it.", completion: .directory)
  var folder = "."
  @Flag(name: .shortAndLong, help: "Report faults only.")
  var quiet = false

  func run() async throws {
    try await report {
      let found = try await Watch.working { [folder] in try await verifyDownload(in: folder) }
      for fault in found.faults { Terminal.say("\(fault.file): \(fault.problem)", as: .warning) }
      if !quiet {
        try Terminal.write(
          "\(found.files) files, \(byteText(found.bytes)): "
            + (found.faults.isEmpty
              ? "all as downloaded\n"
              : "\(found.faults.count == 1 ? "1 file differs" : "\(found.faults.count) files differ")\n")
        )
      }
      return found.faults.count
    }
  }
}
