import Magnet

/// The second baseline of Coevolve: the simulated human learns from history alone, as if there were no examinee.
public final class NoInfluence: ExamineeBase {
  public override var influencesHumans: Bool { false }
}
