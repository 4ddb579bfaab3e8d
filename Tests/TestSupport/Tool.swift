public import Foundation

/// Runs the built `magnet` as a user does.
public struct Tool: Sendable {
  /// What a run of it left.
  public struct Outcome: Sendable {
    public let status: Int32
    public let output: String
    public let errors: String
    /// The lines on standard error.
    public var messages: [String] { errors.split(separator: "\n").map(String.init) }
  }

  /// The folder of everything that was built with the test bundle.
  public static let products: URL = {
    #if os(macOS)
      Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }!.bundleURL.deletingLastPathComponent()
    #else
      URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    #endif
  }()

  /// The binary that the environment variable MAGNET_BINARY names, or the one beside the test bundle.
  public static let binary =
    ProcessInfo.processInfo.environment["MAGNET_BINARY"] ?? products.appending(path: "magnet").path

  /// Runs it with these arguments, standard input closed, in the project's folder.
  public static func run(
    _ arguments: String..., environment: [String: String] = [:], in folder: String? = nil
  ) throws -> Outcome {
    try run(command: binary, arguments, environment: environment, in: folder)
  }

  /// Starts it and does not wait; what it says is dropped.
  public static func start(_ arguments: String...) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: binary)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  /// Runs any program.
  public static func run(
    command: String, _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(filePath: command)
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder ?? Project.folder.path)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    // Files, not pipes: nothing waits for a reader.
    let scratch = try TemporaryFolder()
    let output = try scratch.write("", to: "out")
    let errors = try scratch.write("", to: "err")
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: try Project.text(output), errors: try Project.text(errors))
  }
}
