import Foundation
import Magnet

/// A server in Python that speaks the protocol and fails when asked; ended with the test.
public final class EndpointServer {
  /// The address up to the version.
  public let base: String
  /// The file with a line per request.
  public let log: String
  private let process = Process()
  private let folder: TemporaryFolder

  /// Whether there is a Python to run it.
  public static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")

  /// Starts a server, with options of endpoint_server.py.
  public init(_ arguments: String...) throws {
    folder = try TemporaryFolder()
    log = folder.path + "/log"
    process.executableURL = URL(filePath: "/usr/bin/python3")
    process.arguments = [Project.fixture("judges/endpoint_server.py"), log] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    var line = ""
    while !line.hasSuffix("\n") {
      let data = pipe.fileHandleForReading.availableData
      if data.isEmpty { break }
      line += String(decoding: data, as: UTF8.self)
    }
    base = "http://127.0.0.1:" + line.trimmingCharacters(in: .whitespacesAndNewlines) + "/v1"
  }

  deinit {
    // The signal cannot be blocked, as SIGTERM is in children of threads that Dispatch owns.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// The statuses of all requests so far.
  public var statuses: [Int] {
    let text = (try? Project.text(log)) ?? ""
    return text.split(separator: "\n").compactMap { line in
      guard case .int(let status)? = try? JSONValue(parsing: String(line))[1] else { return nil }
      return Int(status)
    }
  }
}
