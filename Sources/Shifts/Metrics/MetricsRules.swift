/// Where baseline and target-tuned capability come from.
public struct MetricsRules: Sendable, Hashable {
  /// The two ways of GENIES.
  public enum Source: String, Sendable, CaseIterable {
    /// As its code computes them: the baseline from the base model itself (`BASELINE/MODEL/TARGET`), the capability
    /// from an intervention trained on the target's reference.
    case code
    /// As its published tables have them: the baseline from `BASELINE/MODEL-SOURCE/TARGET`, the capability from
    /// `target_tuned_capability/MODEL/TARGET.json`.
    case published
  }

  /// How target-tuned capability is found.
  public enum Capability: Sendable, Hashable {
    /// As `Source` says: the row's own intervention, or the published file.
    case standard
    /// The best of these interventions, each trained on the target's reference and evaluated there.
    case interventions([String])
    /// The best over all interventions in the store, each trained on the reference and evaluated there, or trained on
    /// a source that is paired with the target and evaluated on the target: the rule behind the published files.
    case best
  }

  /// Where baseline and capability come from.
  public var source = Source.code
  /// The intervention that the baseline comes from.
  public var baseline = "zero_shot"
  /// How target-tuned capability is found.
  public var capability = Capability.standard

  /// The rules of GENIES' code.
  public init() {}

  /// The order in which equally good interventions are named: that of the published files, then alphabetical.
  static let tieOrder = [
    "mms", "lora_fine_tuning", "prompt_tuning", "few_shot", "zero_shot", "lat_stim_1", "lat_stim_2", "cra",
    "ccs",
  ]

  /// Published tables call one intervention by its older name.
  static func publishedName(_ intervention: String) -> String {
    intervention == "lora_fine_tuning" ? "classify_lora" : intervention
  }
}
