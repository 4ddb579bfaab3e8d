/// Questions whose options are listed as A, B, ..., and what answers to them mean.
package enum LetteredChoice {
  package static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".map(String.init)

  /// The request with its options listed below it; at most 26.
  package static func asking(_ request: Request, _ options: [String]) -> Request {
    let lines = zip(letters, options).map { "\($0). \($1)" }.joined(separator: "\n")
    var asked = request
    asked.instruction += "\n\n\(lines)\n\nAnswer with the letter of one option only."
    return asked
  }

  /// The option that the first token of an answer names: a capital letter, maybe with marks around it, such as ` B` or
  /// `(B`. A small `a` may begin any sentence, so it names none.
  package static func place(ofToken token: String, count: Int) -> Int? {
    let letter = token.filter { !$0.isWhitespace && !"().:*\"'[]".contains($0) }
    return letters.prefix(count).firstIndex(of: letter)
  }

  /// The option that an answer chooses, nil where it chooses none or several.
  ///
  /// The answer is an option word for word, or names one letter (`B`, `b)`, `(B) because ...`, `The answer is B.`), or
  /// holds the words of one option: `tea` is not in `a steak`, and of `tea` and `green tea` the longer one counts.
  package static func place(of answer: String, options: [String]) -> Int? {
    let said = words(answer)
    let same = options.indices.filter {
      options[$0] == answer || (!said.isEmpty && words(options[$0]) == said)
    }
    if !same.isEmpty { return same.count == 1 ? same[0] : nil }
    let named = named(in: answer, count: options.count)
    if !named.isEmpty { return named.count == 1 ? named.first : nil }
    let held = options.indices.filter { holds(said, words(options[$0])) }
    let longest = held.filter { place in
      !held.contains { other in
        let (inner, outer) = (words(options[place]), words(options[other]))
        return outer.count > inner.count && holds(outer, inner)
      }
    }
    return longest.count == 1 ? longest[0] : nil
  }

  private static func words(_ text: String) -> [String] {
    text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
  }

  private static func holds(_ words: [String], _ part: [String]) -> Bool {
    guard !part.isEmpty, part.count <= words.count else { return false }
    return (0...words.count - part.count).contains { words[$0..<$0 + part.count].elementsEqual(part) }
  }

  /// The options whose letters stand alone in the answer. `A` and `I` are words too: they count at the end of the
  /// answer, and before or after a mark, as in `A.` and `(A`. Small letters count only where they are all there is.
  private static func named(in answer: String, count: Int) -> Set<Int> {
    let characters = Array(answer)
    let plain = characters.filter { $0.isLetter || $0.isNumber }
    if plain.count == 1 {
      return Set(letters.prefix(count).indices.filter { letters[$0] == plain[0].uppercased() })
    }
    func isPart(_ place: Int) -> Bool {
      characters.indices.contains(place)
        && (characters[place].isLetter || characters[place].isNumber || "'’-".contains(characters[place]))
    }
    func isMark(_ place: Int) -> Bool {
      characters.indices.contains(place) && "().:*\"[]".contains(characters[place])
    }
    var found: Set<Int> = []
    var mayBeWords: Set<Int> = []
    for place in characters.indices where !isPart(place - 1) && !isPart(place + 1) {
      guard let option = letters.prefix(count).firstIndex(of: String(characters[place])) else { continue }
      let isLast = !characters[place...].dropFirst().contains { $0.isLetter || $0.isNumber }
      if "AI".contains(characters[place]), !isLast, !isMark(place + 1), !isMark(place - 1) {
        mayBeWords.insert(option)
      } else {
        found.insert(option)
      }
    }
    return found.isEmpty ? found : found.union(mayBeWords)
  }
}
