import Magnet

/// Eras from texts: a folder with one folder of texts per timestep, in the order of their names.
package enum TextEras {
  /// The most bytes of texts of one era.
  private static let most = 1 << 28

  /// A history whose humans are trigram models of the texts.
  /// - Throws: `MagnetError` when there are fewer than two folders, or one has no text.
  package static func history(in folder: String, questions: QuestionSet) throws -> FixedHistory {
    let names = try entries(folder).filter(\.isFolder).map(\.name).filter { !$0.hasPrefix(".") }
    guard names.count >= 2 else {
      throw MagnetError(
        .insufficientData, "holds \(names.count) folders; a history needs one per timestep, 2 or more",
        at: folder)
    }
    let eras = try names.map { name in
      let path = folder + "/" + name
      var texts: [String] = []
      var room = most
      for entry in try entries(path) where !entry.isFolder && !entry.name.hasPrefix(".") {
        let file = path + "/" + entry.name
        do {
          let bytes = try Files.read(file, atMost: room + 1)
          room -= bytes.count
          texts.append(String(decoding: bytes, as: UTF8.self))
        } catch let error as SystemError { throw MagnetError(.system, "cannot be read: \(error)", at: file) }
        guard room >= 0 else {
          throw MagnetError(.unsupported, "has more than \(most >> 20) MB of texts", at: path)
        }
      }
      guard texts.contains(where: { $0.contains { $0.isLetter } }) else {
        throw MagnetError(
          .insufficientData, "has no text", at: path, advice: "each timestep needs a text file")
      }
      return NGramModel(name: name, texts: texts)
    }
    return FixedHistory(
      JudgeHistory(eras: eras, probe: questions.probe, questions: questions.preferences),
      name: folder.split(separator: "/").last.map(String.init) ?? folder)
  }

  private static func entries(_ folder: String) throws -> [Files.Entry] {
    do { return try Files.entries(folder) } catch {
      throw MagnetError(.notFound, "cannot be read: \(error)", at: folder)
    }
  }
}
