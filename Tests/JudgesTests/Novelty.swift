import Judges
import Magnet

final class Novelty: ExamineeBase {
  private var last: [Preference?] = []

  override func reset(_ setting: ExamineeSetting) async throws {
    try await super.reset(setting)
    last = []
  }

  override func step(_ judge: any JudgeQueries) async throws -> Bool {
    let now = try await alignedPreferences(from: judge)
    let changed = zip(now, last.isEmpty ? now.map { _ in nil } : last).compactMap { $0 == $1 ? nil : $0 }
    last = now
    try await tune(on: changed.map(\.sample), .dpo)
    return true
  }
}
