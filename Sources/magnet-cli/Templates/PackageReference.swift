/// How the manifest of a new package names the package magnet.
struct PackageReference {
  /// The arguments of `.package`.
  let place: String
  /// What Swift's package manager calls the package: the end of its path or address.
  let identity: String

  init(_ magnet: String) {
    let quoted = "\"" + magnet.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    place = magnet.contains("://") ? "url: \(quoted), branch: \"main\"" : "path: \(quoted)"
    let last = magnet.split(separator: "/").last.map(String.init) ?? "magnet"
    identity = last.hasSuffix(".git") ? String(last.dropLast(4)) : last
  }
}
