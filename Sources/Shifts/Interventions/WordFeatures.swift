/// The hashed words of answers.
enum WordFeatures {
  /// A slot and the features' sum in it.
  struct Term: Sendable, Hashable {
    let slot: Int
    let value: Double
  }

  /// The features of an answer by ascending slot.
  static func of(_ response: String) -> [Term] {
    var words: [Word] = []
    forEachWord(of: response) { words.append($0) }
    words.sort { ($0.slot, $0.identity) < ($1.slot, $1.identity) }
    var terms: [Term] = []
    var at = 0
    while at < words.count {
      let slot = words[at].slot
      var value = 0.0
      while at < words.count, words[at].slot == slot {
        let identity = words[at].identity
        var count = 0
        while at < words.count, words[at].slot == slot, words[at].identity == identity {
          count += 1
          at += 1
        }
        value += Elementary.logOnePlus(Double(count))
      }
      terms.append(Term(slot: slot, value: value))
    }
    return terms
  }

  /// x_best − x_worse of each pair, without zeros, by ascending slot.
  static func differences(_ pairs: [PreferencePair]) -> [[Term]] {
    // Pairs of one example follow one another and share their best answer.
    var last: (example: Int, best: String, features: [Term])?
    return pairs.map { pair in
      let best: [Term]
      if let last, last.example == pair.example, last.best == pair.best {
        best = last.features
      } else {
        best = of(pair.best)
        last = (pair.example, pair.best, best)
      }
      return difference(best, of(pair.worse))
    }
  }

  private static func difference(_ a: [Term], _ b: [Term]) -> [Term] {
    var out: [Term] = []
    out.reserveCapacity(a.count + b.count)
    var i = 0
    var j = 0
    while i < a.count || j < b.count {
      if j == b.count || i < a.count && a[i].slot < b[j].slot {
        out.append(a[i])
        i += 1
      } else if i == a.count || b[j].slot < a[i].slot {
        out.append(Term(slot: b[j].slot, value: -b[j].value))
        j += 1
      } else {
        let value = a[i].value - b[j].value
        if value != 0 { out.append(Term(slot: a[i].slot, value: value)) }
        i += 1
        j += 1
      }
    }
    return out
  }

  /// A word by two hashes of its UTF-8: FNV-1a in 32 bits, whose low 16 are the slot, and in 64 bits, which tells
  /// words of a slot apart.
  private struct Word {
    var hash: UInt32 = 0x811C_9DC5
    var identity: UInt64 = 0xCBF2_9CE4_8422_2325
    var slot: Int { Int(hash & 0xFFFF) }

    mutating func add(_ byte: UInt8) {
      hash = (hash ^ UInt32(byte)) &* 0x0100_0193
      identity = (identity ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
  }

  private static func forEachWord(of text: String, _ body: (Word) -> Void) {
    var word = Word()
    var isOpen = false
    func close() {
      if isOpen { body(word) }
      word = Word()
      isOpen = false
    }
    /// The bytes that still belong to a character beyond ASCII.
    var following = 0
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        word.add(byte)
        isOpen = true
      case UInt8(ascii: "A")...UInt8(ascii: "Z"):
        word.add(byte | 0x20)
        isOpen = true
      case 0x09...0x0D, 0x20: close()
      case 0..<0x80:
        close()
        word.add(byte)
        isOpen = true
        close()
      default:
        // A character is a word: it opens at its first byte and closes after its last.
        if byte >= 0xC0 {
          close()
          following = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1
        } else {
          following -= 1
        }
        word.add(byte)
        isOpen = true
        if following == 0 { close() }
      }
    }
    close()
  }
}
