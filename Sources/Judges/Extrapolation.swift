package import Magnet

/// Extrapolates preferences to later timesteps, as ProgressGym does it.
///
/// A question's vote at a past timestep is +1 if the answer equals the newest one, −1 if it is the reverse, 0 if it
/// could not be read. The difference of order o + 1 is taken to be zero, where o is the order of extrapolation, or less
/// while there is less history:
///
///     v_next = Σ_{i=0}^{o} (−1)^{o−i} C(o+1, i) v_i          v_0 the oldest of the last o + 1 votes
///
/// This is repeated for each timestep ahead. The sign of the last vote is the preference, its size (5 at most) how
/// often it counts.
///
/// With order 1 a preference is never reversed; those that changed last are repeated. Order 2 reverses what changed
/// before and has been stable since.
package struct Extrapolation: Sendable, Hashable {
  /// The extrapolated preferences, each with its number of copies, in the order of the questions.
  package var samples: [TuningSample] = []
  /// The extrapolated votes of the questions whose newest answer could be read.
  package var coefficients: [Int] = []
  /// How many questions were left out because their newest answer could not be read.
  package var missing = 0
  /// How many came out without a preference; only unreadable answers bring this about.
  package var undecided = 0

  /// The most copies of a preference.
  static let mostCopies = 5

  /// Extrapolates.
  /// - Parameters:
  ///   - history: the preferences of each timestep, oldest first; the same questions in the same order in each.
  ///   - order: 0 takes the newest preferences as they are, 1 goes on linearly, 2 quadratically, and so on.
  ///   - timestepsAhead: how many timesteps to look ahead, 0 or more.
  /// - Throws: `MagnetError` when timesteps have different numbers of questions, or votes grow beyond all numbers.
  package init(_ history: [[Preference?]], order: Int, timestepsAhead: Int) throws(MagnetError) {
    guard let newest = history.last, order >= 0, timestepsAhead >= 0 else {
      throw MagnetError(.usage, "extrapolation needs a history, and an order and timesteps of 0 or more")
    }
    guard history.allSatisfy({ $0.count == newest.count }) else {
      throw MagnetError(.invalidData, "the timesteps of a history have different numbers of questions")
    }
    let used = history.suffix(min(order, history.count - 1) + 1)
    let tooLarge = MagnetError(
      .usage, "extrapolation of order \(order), \(timestepsAhead) timesteps ahead, grows beyond all numbers")
    guard let weights = Self.weights(order: used.count - 1) else { throw tooLarge }
    for (question, preference) in newest.enumerated() {
      guard let preference else {
        missing += 1
        continue
      }
      var votes = used.map { Self.vote($0[question], preference) }
      for _ in 0..<timestepsAhead {
        guard let next = Self.next(votes, weights) else { throw tooLarge }
        votes.append(next)
        votes.removeFirst()
      }
      let vote = votes[votes.count - 1]
      coefficients.append(vote)
      if vote == 0 {
        undecided += 1
        continue
      }
      var sample = preference.sample
      if vote < 0 { (sample.liked, sample.others) = (preference.other, [preference.liked]) }
      sample.copies = min(abs(vote), Self.mostCopies)
      samples.append(sample)
    }
  }

  /// The weights of the last votes, the oldest first: (−1)^{o−i} C(o+1, i). Order 1: −1, 2. Nil where one of them is
  /// beyond all numbers, as from order 66 on.
  static func weights(order: Int) -> [Int]? {
    var weights: [Int] = []
    var binomial = 1
    for i in 0...order {
      weights.append((order - i) % 2 == 0 ? binomial : -binomial)
      guard let next = Int(exactly: Int128(binomial) * Int128(order + 1 - i) / Int128(i + 1)) else {
        return nil
      }
      binomial = next
    }
    return weights
  }

  private static func vote(_ past: Preference?, _ newest: Preference) -> Int {
    guard let past else { return 0 }
    if past.liked == newest.liked, past.other == newest.other { return 1 }
    return past.liked == newest.other && past.other == newest.liked ? -1 : 0
  }

  private static func next(_ votes: [Int], _ weights: [Int]) -> Int? {
    var sum = 0
    for (vote, weight) in zip(votes, weights) {
      let (product, overflows) = vote.multipliedReportingOverflow(by: weight)
      let (total, overflowsToo) = sum.addingReportingOverflow(product)
      if overflows || overflowsToo { return nil }
      sum = total
    }
    return sum
  }
}
