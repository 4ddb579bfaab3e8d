import Magnet

/// Says hello and never changes: the baseline of every challenge. What an examinee adds is measured against it.
public final class Dummy: ExamineeBase {
  public override func step(_ judge: any JudgeQueries) async throws -> Bool {
    _ = try await judge.queryFromExaminee("Hello!")
    return true
  }
}
