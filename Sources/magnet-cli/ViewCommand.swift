import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct ViewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "view",
    abstract: "Browse runs in a web browser: runs, instances, leaderboards, coverage and comparisons.",
    discussion: """
      Prints an address on 127.0.0.1 and answers it until interrupted. Nobody can guess the address, only this machine \
      can reach it, and nothing can be changed through it. A page reads what it shows when it is asked for: runs that \
      are still being written appear on reload.

      EXAMPLE:
        magnet view benchmark_output
        magnet view benchmark_output --port 8080 --schema lite
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var metrics: MetricOptions
  @Option(help: "The port to listen on (default: any that is free).")
  var port: UInt16 = 0

  func run() async throws {
    try await report {
      let paths = source.paths + (try source.pathsFrom.map { try PathList.read($0) } ?? [])
      // What is wrong with the paths is said now, not in a browser.
      _ = try source.reading.runs(paths)
      let limits = source.reading.limit.limits
      let pages = RunPages(paths: paths) { [metrics] in
        let runs = try HelmRuns(paths: paths, limits: limits)
        return (runs, try await metrics.rules(runs))
      }
      let token = ViewServer.makeToken()
      let server = ViewServer(port: port, token: token, pages: pages)
      try await Watch.working {
        try await server.run { port in
          try Terminal.write("http://127.0.0.1:\(port)/\(token)/\n")
          Terminal.say("serving until interrupted (Ctrl-C)")
        }
      }
      return 0
    }
  }
}
