import Magnet

extension DataFault {
  /// A fault at a place such as `[17].responses`; an empty place is the file as a whole.
  init(_ file: String, _ place: String = "", _ problem: String, advice: String? = nil) {
    self.init(file: file, place: place.isEmpty ? nil : place, problem: problem, advice: advice)
  }
}
