import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct ArchiveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "archive",
    abstract: "Pack a folder of runs into one file, or compress its files one by one.",
    discussion: """
      The same files give the same bytes, whatever their dates. Every command reads archives as they are; runs are read \
      one by one from a .zip, while a .tar.gz is inflated once for its list. --gzip makes stats.json.gz of stats.json \
      and the like in place; each is verified before the original is deleted. Links are left out.

      EXAMPLE:
        magnet archive benchmark_output -o results.zip && magnet runs results.zip
        magnet archive --gzip benchmark_output
      """)

  @Argument(help: "The folder to pack.", completion: .directory)
  var folder: String
  @Option(
    name: .shortAndLong, help: "The file to write: .zip, .tar.gz, .tgz or .tar.",
    completion: .file(extensions: ["zip", "tar", "gz", "tgz"]))
  var output: String?
  @Flag(help: "Compress the .json files in the folder one by one, in place.")
  var gzip = false
  @OptionGroup var overwriting: OverwriteOption

  func validate() throws {
    if (output == nil) != gzip {
      throw ValidationError("Give either -o FILE.zip or -o FILE.tar.gz, or --gzip.")
    }
    if gzip, overwriting.force { throw ValidationError("--force goes with -o; --gzip replaces nothing.") }
  }

  func run() async throws {
    try await report {
      let outcome: ArchiveOutcome
      if let output {
        try overwriting.check(output)
        outcome = try await Watch.working { [folder] in
          try await Terminal.replacingFile(output) { try packArchive(of: folder, to: $0, named: output) }
        }
      } else {
        outcome = try await Watch.working { [folder] in try compressFiles(in: folder) }
      }
      for fault in outcome.faults { Terminal.say("\(fault)", as: .warning) }
      try Terminal.write(
        "\(outcome.files) files, \(byteText(outcome.bytes)), packed into \(byteText(outcome.storedBytes))\n")
      return outcome.faults.count
    }
  }
}

struct UnarchiveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unarchive",
    abstract: "Unpack an archive into a new folder, complete or not at all.",
    discussion: """
      An archive with an entry that is damaged, is a link or leads out of the folder is not unpacked.

      EXAMPLE:
        magnet unarchive results.zip -o results
      """)

  @Argument(
    help: "A .zip, .tar, .tar.gz or .tgz.", completion: .file(extensions: ["zip", "tar", "gz", "tgz"]))
  var file: String
  @Option(
    name: .shortAndLong, help: "The folder to make; by default the archive's name without its ending.",
    completion: .directory)
  var output: String?
  @OptionGroup var limit: ArchiveLimitOption

  func run() async throws {
    try await report {
      let folder = try output ?? defaultFolder(file)
      let (outcome, notes) = try await Watch.working { [file, limits = limit.limits] in
        try unpackArchive(file, to: folder, limits: limits)
      }
      for note in notes { Terminal.say(note) }
      try Terminal.write("\(outcome.files) files, \(byteText(outcome.bytes)), in \(folder)\n")
      return 0
    }
  }

  private func defaultFolder(_ file: String) throws -> String {
    let folder = archiveStem(file)
    if folder == file || folder.isEmpty || folder.hasSuffix("/") {
      throw ValidationError("Name the folder to make with -o.")
    }
    return folder
  }
}
