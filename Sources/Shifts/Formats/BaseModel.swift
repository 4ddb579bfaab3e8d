import Magnet

/// The model that interventions start from: a folder, an OpenAI-compatible endpoint, or only a name, for interventions
/// that need no model.
public struct BaseModel: Sendable, Hashable {
  /// Where the model is.
  public enum Place: Sendable, Hashable {
    /// There is no base model.
    case none
    /// The full path of a folder.
    case folder(String)
    /// The address of an endpoint, such as `http://localhost:8000/v1`.
    case endpoint(String)
  }

  /// The name in the tree of results: the last component of the folder's or endpoint's path.
  public let name: String
  /// Where the model is.
  public let place: Place

  /// No model: interventions that need none are told apart by this name.
  public static let none = BaseModel(name: "base", place: .none)

  init(name: String, place: Place) {
    self.name = name
    self.place = place
  }

  /// The model at a folder or at an address that begins with `http://` or `https://`, whose part after `#` is the
  /// model's name.
  /// - Throws: `MagnetError` where there is no such folder, or an address has no name.
  public init(_ text: String) throws {
    if text.hasPrefix("http://") || text.hasPrefix("https://") {
      let parts = text.split(separator: "#", maxSplits: 1)
      guard parts.count == 2, let name = parts[1].split(separator: "/").last else {
        throw MagnetError(
          .usage, "the endpoint \(text) names no model",
          advice: "add it after #: http://localhost:8000/v1#my-model")
      }
      self.init(name: String(name), place: .endpoint(String(text)))
      return
    }
    guard Files.isFolder(text) else {
      throw MagnetError(
        .notFound, "there is no folder", at: text, advice: "a base model is a folder or an endpoint")
    }
    self.init(name: Disk.name(of: text), place: .folder(Files.absolute(text)))
  }

  /// What changes when the model does: of a folder, the names, sizes and times of its files.
  var digest: String {
    switch place {
    case .none: return "none"
    case .endpoint(let address): return address
    case .folder(let folder):
      var digest = Digest()
      for file in Disk.files(under: folder) {
        digest.add(file)
        digest.add(Disk.stamp(folder + "/" + file) ?? "")
      }
      return digest.text
    }
  }
}
