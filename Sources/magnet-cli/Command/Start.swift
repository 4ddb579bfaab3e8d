package import ArgumentParser

extension AsyncParsableCommand {
  /// Parses arguments and runs the command they name. What goes wrong begins with `error:`, as all messages do.
  /// - Parameter arguments: nil for those of the process.
  package static func start(_ arguments: [String]?) async {
    do {
      var command = try parseAsRoot(arguments)
      if var waiting = command as? any AsyncParsableCommand {
        try await waiting.run()
      } else {
        try command.run()
      }
    } catch {
      let usual = "Error: "
      let message = fullMessage(for: error)
      guard !exitCode(for: error).isSuccess, message.hasPrefix(usual) else { exit(withError: error) }
      Terminal.say(String(message.dropFirst(usual.count)), as: .error)
      exit(withError: exitCode(for: error))
    }
  }
}
