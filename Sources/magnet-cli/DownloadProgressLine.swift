import HelmBackend
import Magnet
import MagnetCommand
import Synchronization

/// How far a download is, in a line.
final class DownloadProgressLine: Sendable {
  private let isPaused = Mutex(false)

  /// Does work while a bar on a terminal, or a line every five seconds elsewhere, shows on standard error how far it is.
  static func showing<Result>(
    _ progress: WorkProgress, isQuiet: Bool, _ work: (DownloadProgressLine) async throws -> Result
  ) async throws -> Result {
    let line = DownloadProgressLine()
    if isQuiet { return try await work(line) }
    let isTerminal = Terminal.areErrorsTerminal
    let start = ContinuousClock.now
    defer { if isTerminal { Terminal.overwriteErrorLine(nil) } }
    let show: @Sendable () -> Void = {
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      let state = progress.state
      line.isPaused.withLock { isPaused in
        if isPaused || state.total == 0 { return }
        let text = text(state, seconds: seconds, hasBar: isTerminal)
        if isTerminal { Terminal.overwriteErrorLine(text) } else { Terminal.say(text) }
      }
    }
    return try await Watch.ticking(every: isTerminal ? 200 : 5000, show) { try await work(line) }
  }

  /// Lets something else be said or asked; the line goes meanwhile.
  func pausing<Result>(_ body: () -> Result) -> Result {
    isPaused.withLock { isPaused in
      isPaused = true
      if Terminal.areErrorsTerminal { Terminal.overwriteErrorLine(nil) }
    }
    defer { isPaused.withLock { $0 = false } }
    return body()
  }

  private static func text(_ state: WorkProgress.State, seconds: Double, hasBar: Bool) -> String {
    let came = state.transfer
    let share = came.totalBytes > 0 ? Double(came.bytes) / Double(came.totalBytes) : 1
    let filled = max(0, min(20, Int(20 * share)))
    let bar = String(repeating: "━", count: filled) + String(repeating: "╌", count: 20 - filled)
    let rate = Double(came.received) / max(seconds, 0.001)
    var left = ""
    if came.isListing {
      left = ", still listing"
    } else if rate > 0, came.bytes < came.totalBytes {
      left = ", \(secondsText(Double(came.totalBytes - came.bytes) / rate)) left"
    }
    let failures = came.failures > 0 ? ", \(came.failures) failed" : ""
    return (hasBar ? bar + " " : "")
      + "\(byteText(came.bytes)) of \(byteText(came.totalBytes)), "
      + "\(state.done) of \(state.total) files, \(byteText(Int(rate)))/s\(left)\(failures)"
  }
}

/// A number of things: `1 file`, `2 files`.
func counted(_ count: Int, _ thing: String) -> String { "\(count) \(thing)\(count == 1 ? "" : "s")" }

/// Bytes for people: `719 MB`.
func byteText(_ count: Int) -> String {
  var value = Double(count)
  for unit in ["B", "kB", "MB", "GB"] {
    if value < 999.5 {
      return value < 10 && unit != "B" ? "\(tenths(value)) \(unit)" : "\(Int(value + 0.5)) \(unit)"
    }
    value /= 1000
  }
  return value < 10 ? "\(tenths(value)) TB" : "\(Int(value + 0.5)) TB"
}

private func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }

/// Seconds for people: `0.8 s`, `3 min 20 s`, `2 h 5 min`.
func secondsText(_ seconds: Double) -> String {
  if seconds < 10 { return "\(tenths(seconds)) s" }
  guard seconds < 1e9 else { return "very long" }
  let whole = Int(seconds + 0.5)
  if whole < 60 { return "\(whole) s" }
  return whole < 3600 ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3600) h \(whole / 60 % 60) min"
}
