/// Logistic regression on differences, without an intercept: the minimum of
/// penalty |w|²/2 + cost Σ log(1 + exp(−w · x)) over rows x. The loss is strictly convex, so the minimum is unique.
///
/// Newton steps by conjugate gradients with a diagonal preconditioner (Lin, Weng and Keerthi 2008, "Trust region Newton
/// method for large-scale logistic regression"), with a line search, until the gradient is 1e-9 of the first one.
enum PairwiseLogistic {
  /// The weights by slot.
  static func weights(of rows: [[WordFeatures.Term]], penalty: Double, cost: Double) -> [Int: Double] {
    let problem = Problem(rows, penalty: penalty, cost: cost)
    let weights = problem.minimum()
    return Dictionary(uniqueKeysWithValues: zip(problem.slots, weights))
  }

  private struct Problem {
    /// The slots in use, ascending; weights are numbered by them.
    let slots: [Int]
    private var columns: [Int32] = []
    private var values: [Double] = []
    private var starts: [Int] = [0]
    private let penalty: Double
    private let cost: Double

    init(_ rows: [[WordFeatures.Term]], penalty: Double, cost: Double) {
      self.penalty = penalty
      self.cost = cost
      var isUsed = Array(repeating: false, count: 1 << 16)
      for row in rows { for term in row { isUsed[term.slot] = true } }
      slots = isUsed.indices.filter { isUsed[$0] }
      var numbers = Array(repeating: Int32(0), count: 1 << 16)
      for (number, slot) in slots.enumerated() { numbers[slot] = Int32(number) }
      for row in rows {
        for term in row {
          columns.append(numbers[term.slot])
          values.append(term.value)
        }
        starts.append(columns.count)
      }
    }

    private var rowCount: Int { starts.count - 1 }

    private func margins(_ w: [Double]) -> [Double] {
      (0..<rowCount).map { row in
        var sum = 0.0
        for at in starts[row]..<starts[row + 1] { sum += values[at] * w[Int(columns[at])] }
        return sum
      }
    }

    /// Adds Σ factor · x to `out`.
    private func addRows(_ factors: [Double], to out: inout [Double]) {
      for row in 0..<rowCount where factors[row] != 0 {
        let factor = factors[row]
        for at in starts[row]..<starts[row + 1] { out[Int(columns[at])] += factor * values[at] }
      }
    }

    private func loss(_ w: [Double], _ margins: [Double]) -> Double {
      let logs = margins.reduce(0.0) { sum, margin in
        // log(1 + exp(-m)) without overflow.
        sum + max(0, -margin) + Elementary.logOnePlus(Elementary.exponential(-abs(margin)))
      }
      return penalty / 2 * Self.dot(w, w) + cost * logs
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
      var sum = 0.0
      for i in a.indices { sum += a[i] * b[i] }
      return sum
    }

    func minimum() -> [Double] {
      var w = Array(repeating: 0.0, count: slots.count)
      if slots.isEmpty { return w }
      var margins = margins(w)
      var value = loss(w, margins)
      var firstNorm = 0.0
      for iteration in 0..<200 {
        let sigmas = margins.map { sigmoid(-$0) }
        var gradient = w.map { penalty * $0 }
        addRows(sigmas.map { -cost * $0 }, to: &gradient)
        let norm = Self.dot(gradient, gradient).squareRoot()
        if iteration == 0 { firstNorm = norm }
        if norm <= 1e-9 * firstNorm || norm == 0 { break }
        let step = newtonStep(
          gradient, sigmas.map { cost * $0 * (1 - $0) }, tolerance: min(0.1, norm / firstNorm))
        let slope = Self.dot(gradient, step)
        let stepMargins = self.margins(step)
        var length = 1.0
        while true {
          let newW = zip(w, step).map { $0 + length * $1 }
          let newMargins = zip(margins, stepMargins).map { $0 + length * $1 }
          let newValue = loss(newW, newMargins)
          // Near the minimum the loss stops changing in its last digits.
          if newValue <= value + 1e-4 * length * slope || length < 1e-6
            || abs(length * slope) < 1e-12 * abs(value)
          {
            (w, margins, value) = (newW, newMargins, newValue)
            break
          }
          length /= 2
        }
      }
      return w
    }

    /// Solves H s = −gradient, H = penalty I + Xᵀ D X, until the residual is `tolerance` of the gradient.
    private func newtonStep(_ gradient: [Double], _ curvature: [Double], tolerance: Double) -> [Double] {
      var diagonal = Array(repeating: penalty, count: slots.count)
      for row in 0..<rowCount {
        for at in starts[row]..<starts[row + 1] {
          diagonal[Int(columns[at])] += curvature[row] * values[at] * values[at]
        }
      }
      var step = Array(repeating: 0.0, count: slots.count)
      var residual = gradient.map { -$0 }
      let target = tolerance * Self.dot(residual, residual).squareRoot()
      var scaled = zip(residual, diagonal).map { $0 / $1 }
      var direction = scaled
      var product = Self.dot(residual, scaled)
      for _ in 0..<500 {
        var image = direction.map { penalty * $0 }
        addRows(zip(curvature, margins(direction)).map { $0 * $1 }, to: &image)
        let length = product / Self.dot(direction, image)
        for i in step.indices {
          step[i] += length * direction[i]
          residual[i] -= length * image[i]
        }
        if Self.dot(residual, residual).squareRoot() <= target { break }
        for i in scaled.indices { scaled[i] = residual[i] / diagonal[i] }
        let next = Self.dot(residual, scaled)
        let share = next / product
        for i in direction.indices { direction[i] = scaled[i] + share * direction[i] }
        product = next
      }
      return step
    }
  }
}
