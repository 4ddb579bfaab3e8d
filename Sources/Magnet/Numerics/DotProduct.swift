// Unsafe code, on these invariants:
// - Both buffers live during the loop, and the ranges lie in them: the precondition checks that.

/// Σ a[i + k] b[j + k] over k from 0 to count - 1, in eight partial sums: a single one would wait for each addition.
package func dotProduct(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int, count: Int) -> Double {
  precondition(
    i >= 0 && j >= 0 && count >= 0 && i + count <= a.count && j + count <= b.count, "ranges within")
  return a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      var first = SIMD4<Double>.zero
      var second = SIMD4<Double>.zero
      var k = 0
      while k + 8 <= count {
        first += four(a, i + k) * four(b, j + k)
        second += four(a, i + k + 4) * four(b, j + k + 4)
        k += 8
      }
      var sum = (first + second).sum()
      while k < count {
        sum += a[i + k] * b[j + k]
        k += 1
      }
      return sum
    }
  }
}

@inline(__always)
private func four(_ values: UnsafeBufferPointer<Double>, _ start: Int) -> SIMD4<Double> {
  SIMD4<Double>(values[start], values[start + 1], values[start + 2], values[start + 3])
}
