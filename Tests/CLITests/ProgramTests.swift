import Foundation
import TestSupport
import Testing

/// Where everything is to be tested, as in CI, a missing program is a failure, and not a test that is left out.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["MAGNET_ALL_PROGRAMS"] != nil))
struct ProgramTests {
  @Test(arguments: [
    "bwrap", "zip", "unzip", "tar", "bsdtar", "gzip", "python3", "curl", "openssl", "script", "bash",
  ])
  func isThere(_ program: String) throws {
    let outcome = try Tool.run(command: "/bin/sh", ["-c", "command -v \(program)"])
    #expect(outcome.status == 0, "\(program) is missing; setup.sh tests installs it")
  }
}
