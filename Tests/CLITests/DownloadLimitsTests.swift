import Foundation
import TestSupport
import Testing

/// `magnet download` where it must stop: disks that are full, and more than 10 GB.
@Suite struct DownloadLimitsTests {
  let server: StoreServer
  let folder: TemporaryFolder
  let tree: [String: [UInt8]]

  init() throws { (server, folder, tree) = try StoreTree.served() }

  /// Whether this user may mount a file system of their own.
  static let canMount: Bool =
    (try? Tool.run(
      command: "/usr/bin/env", ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs -o size=1m none /mnt"]))?
    .status
    == 0

  @Test(.enabled(if: canMount, "a small disk needs unshare(1) and user namespaces"))
  func aFullDisk() throws {
    let (disk, first, second) = (folder.path + "/disk", folder.path + "/first", folder.path + "/second")
    for path in [disk, first, second] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    let stored = server.objects.values.reduce(0) { $0 + $1.bytes.count }
    // What is stored fits, but half of it is gzip and grows.
    let script = """
      mount -t tmpfs -o size=\(stored + 50000) none "$1" || exit 99
      "$2" download helm "$1" --endpoint "$3" --jobs 4; status=$?
      cp -r "$1/." "$4"
      mount -o remount,size=16m "$1"
      "$2" download helm "$1" --endpoint "$3" >/dev/null 2>"$5/messages"; echo $? >"$5/status"
      cp -r "$1/." "$5"
      exit $status
      """
    let outcome = try Tool.run(
      command: "/usr/bin/env",
      ["unshare", "-Urm", "sh", "-c", script, "-", disk, Tool.binary, server.endpoint, first, second])
    #expect(outcome.status == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("the disk is full; make room and run the command again"))
    #expect(StoreTree.differences(first, tree, partial: true) == [])
    let done = StoreTree.finished(first)
    #expect(done.count > 10 && done.count < 100)
    #expect(try Project.text(second + "/status") == "0\n")
    // A file that was finished when the disk had no room left for its line in the manifest is fetched again.
    let messages = try Project.text(second + "/messages")
    let kept = messages.firstMatch(of: #/(\d+) already present/#).flatMap { Int($0.output.1) } ?? 0
    #expect(kept <= done.count && kept >= done.count - 4, "\(done.count): \(messages)")
    try FileManager.default.removeItem(atPath: second + "/status")
    try FileManager.default.removeItem(atPath: second + "/messages")
    #expect(StoreTree.differences(second, tree) == [])
  }

  /// Lets the listing claim 11 GB.
  private func pretend() { server[tree.keys.max()!]!.listedSize = 11_000_000_000 }

  @Test func moreThan10GBInAPipeWantsYes() throws {
    pretend()
    let arguments = ["download", "helm", folder.path, "--endpoint", server.endpoint, "--attempts", "1"]
    let outcome = try Tool.run(command: Tool.binary, arguments)
    #expect(outcome.status == 2 && server.counts.media == 0)
    #expect(outcome.errors.contains("11 GB to come") || outcome.errors.contains("--yes"))
    let free = try FileManager.default.attributesOfFileSystem(forPath: folder.path)[.systemFreeSize] as? Int
    guard let free, free > 12_000_000_000 else { return }
    #expect(outcome.errors.contains("more than 10 GB to download (11 GB); confirm with --yes"))
    let meant = try Tool.run(command: Tool.binary, arguments + ["--yes"])
    #expect(meant.status == 1 && meant.errors.contains("99 files downloaded"), "\(meant.errors)")
    #expect(meant.errors.contains("not 11000000000 as listed"))
  }

  /// What a terminal shows when the answer is typed, and the exit status.
  private func asked(_ answer: String) throws -> (status: Int32, screen: String) {
    let command = "'\(Tool.binary)' download helm '\(folder.path)' --endpoint \(server.endpoint) --attempts 1"
    // script(1) keeps its standard input open until the command is done.
    let line = "(echo \(answer); sleep 1) | script -qec \"\(command)\" /dev/null"
    let outcome = try Tool.run(command: "/bin/sh", ["-c", line], environment: ["TERM": "xterm"])
    return (outcome.status, outcome.output)
  }

  static let hasTerminalAndSpace: Bool = {
    #if os(Linux)
      let free = try? FileManager.default.attributesOfFileSystem(forPath: NSTemporaryDirectory())[
        .systemFreeSize]
      return FileManager.default.isExecutableFile(atPath: "/usr/bin/script")
        && (free as? Int ?? 0) > 12_000_000_000
    #else
      return false
    #endif
  }()

  @Test(.enabled(if: hasTerminalAndSpace, "needs Linux's script(1) and 12 GB of free disk"))
  func moreThan10GBAsksOnATerminal() throws {
    pretend()
    let no = try asked("n")
    #expect(
      no.status == 2 && server.counts.media == 0 && no.screen.contains("Download 11 GB? [y/N]"), "\(no)")
    let yes = try asked("y")
    #expect(yes.status == 1 && server.counts.media == 100, "\(yes)")
    #expect(yes.screen.contains("99 files downloaded"))
  }
}
