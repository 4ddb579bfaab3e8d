import Magnet

/// How much may be inflated, so that a few malicious bytes do not fill the memory or the disk.
public struct InflateLimits: Sendable, Hashable {
  /// The most bytes that an archive, or a file that is compressed by itself, may inflate to.
  public let bytes: Int
  /// The most bytes a stored byte may become, once a file has more than `freeBytes`; nil for any.
  let ratio: Int?

  /// Files with fewer bytes may have any ratio.
  static let freeBytes = 16 << 20

  /// 256 GB in all, and 250 bytes for one; HELM's files have 20 to 40.
  public static let standard = InflateLimits(bytes: 256_000_000_000, ratio: 250)

  /// No limits, for what was checked before.
  static let none = InflateLimits(bytes: .max, ratio: nil)

  /// As many bytes as are given, whatever the ratio.
  public init(bytes: Int) { self.init(bytes: bytes, ratio: nil) }

  init(bytes: Int, ratio: Int?) {
    self.bytes = bytes
    self.ratio = ratio
  }

  /// What is wrong with this many bytes that come out of so many stored ones; nil when nothing is.
  func fault(_ path: String, inflated: Int, stored: Int) -> DataFault? {
    if inflated > bytes {
      return DataFault(
        file: path, problem: "it inflates to more than \(bytes) bytes", advice: Self.advice)
    }
    if let ratio, inflated > Self.freeBytes, inflated / ratio >= max(1, stored) {
      return DataFault(
        file: path, problem: "it inflates to more than \(ratio) times its size, as a bomb does",
        advice: Self.advice)
    }
    return nil
  }

  private static let advice = "if you trust it, give --max-archive-bytes"
}
