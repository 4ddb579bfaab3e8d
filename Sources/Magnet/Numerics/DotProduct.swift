// Unsafe code, on these invariants:
// - The buffers live during the loop, and the ranges lie in them: the precondition checks that.

/// Σ a[i + k] b[j + k] over k from 0 to count - 1, in eight partial sums: a single one would wait for each addition.
package func dotProduct(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int, count: Int) -> Double {
  precondition(
    i >= 0 && j >= 0 && count >= 0 && i + count <= a.count && j + count <= b.count, "ranges within")
  return unsafe a.withUnsafeBufferPointer { a in
    unsafe b.withUnsafeBufferPointer { b in
      var first = SIMD4<Double>.zero
      var second = SIMD4<Double>.zero
      var k = 0
      while k + 8 <= count {
        unsafe first += four(a, i + k) * four(b, j + k)
        unsafe second += four(a, i + k + 4) * four(b, j + k + 4)
        k += 8
      }
      var sum = (first + second).sum()
      while k < count {
        unsafe sum += a[i + k] * b[j + k]
        k += 1
      }
      return sum
    }
  }
}

/// The sum of some rows of a table, row by row: Σ table[row * width + k] over `rows` for each k below `width`.
package func sumOfRows(_ table: [Double], width: Int, _ rows: [Int]) -> [Double] {
  precondition(rows.allSatisfy { $0 >= 0 && ($0 + 1) * width <= table.count }, "rows of the table")
  return unsafe [Double](unsafeUninitializedCapacity: width) { sums, filled in
    unsafe sums.initialize(repeating: 0)
    filled = width
    unsafe table.withUnsafeBufferPointer { table in
      for row in rows {
        let start = row * width
        for k in 0..<width { unsafe sums[k] += table[start + k] }
      }
    }
  }
}

@inline(__always)
private func four(_ values: UnsafeBufferPointer<Double>, _ start: Int) -> SIMD4<Double> {
  unsafe SIMD4<Double>(values[start], values[start + 1], values[start + 2], values[start + 3])
}
