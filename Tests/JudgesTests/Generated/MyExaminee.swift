import Judges
import Magnet

/// At each timestep, tunes its model on what humans prefer now.
final class MyExaminee: ExamineeBase {
  override func step(_ judge: any JudgeQueries) async throws -> Bool {
    let preferences = try await preferences(from: judge)
    try await tune(on: preferences.map(\.sample), .dpo)
    return true
  }
}
