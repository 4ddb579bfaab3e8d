import Foundation
import TestSupport
import Testing

/// setup.sh, before it installs anything.
@Suite struct SetupTests {
  /// As on a bare Debian, where the toolchain's own libraries are missing.
  @Test func aSwiftThatDoesNotStart() throws {
    let folder = try TemporaryFolder()
    let swift = try folder.write(
      """
      #!/bin/sh
      echo "swift: error while loading shared libraries: libxml2.so.2" >&2
      exit 127

      """, to: "swift")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: swift)
    let outcome = try Tool.run(
      command: "/bin/sh", ["setup.sh"], environment: ["PATH": "\(folder.path):/usr/bin:/bin"])
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(
      outcome.errors.hasPrefix(
        "setup: the swift on the PATH does not start: swift: error while loading shared libraries: libxml2.so.2\n"
      ))
    #expect(
      outcome.errors.contains("libxml2-dev") || outcome.errors.contains("https://www.swift.org/install"))
  }
}
