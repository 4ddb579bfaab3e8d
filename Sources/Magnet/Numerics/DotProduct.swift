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
  sumsOfRows(table, width: width, rows, squares: false).sums
}

/// The sums of some rows of a table, and of the squares of their numbers.
package func sumsOfRows(_ table: [Double], width: Int, _ rows: [Int]) -> (sums: [Double], squares: [Double]) {
  sumsOfRows(table, width: width, rows, squares: true)
}

/// Four rows at a time, so that the sums are read and written a quarter as often; each in the order of the rows.
@inline(__always)
private func sumsOfRows(_ table: [Double], width: Int, _ rows: [Int], squares hasSquares: Bool) -> (
  sums: [Double], squares: [Double]
) {
  precondition(rows.allSatisfy { $0 >= 0 && ($0 + 1) * width <= table.count }, "rows of the table")
  var sums = Array(repeating: 0.0, count: width)
  var squares = Array(repeating: 0.0, count: hasSquares ? width : 0)
  unsafe table.withUnsafeBytes { table in
    unsafe sums.withUnsafeMutableBytes { sums in
      unsafe squares.withUnsafeMutableBytes { squares in
        var place = 0
        while place < rows.count {
          let count = min(4, rows.count - place)
          var k = 0
          while k < width {
            if k + 4 <= width && count == 4 {
              var sum = unsafe four(sums, k)
              var square = unsafe hasSquares ? four(squares, k) : .zero
              for row in 0..<4 {
                let value = unsafe four(table, rows[place + row] * width + k)
                sum += value
                if hasSquares { square += value * value }
              }
              unsafe store(sum, sums, k)
              if hasSquares { unsafe store(square, squares, k) }
              k += 4
            } else {
              for row in 0..<count {
                let value = unsafe one(table, rows[place + row] * width + k)
                unsafe store(one(sums, k) + value, sums, k)
                if hasSquares { unsafe store(one(squares, k) + value * value, squares, k) }
              }
              k += 1
            }
          }
          place += count
        }
      }
    }
  }
  return (sums, squares)
}

/// Subtracts from a row of a table a combination of others, from a column on:
/// table[target][c] -= Σ factors[k - rows.lowerBound] table[k][c] over k from `rows`, for each c from `columns`.
///
/// Four rows at a time, so that the target is read and written a quarter as often.
/// - Parameter isTriangular: whether row k has nothing but zeros before column k, which are then not read.
package func subtractRows(
  _ table: inout [Double], width: Int, target: Int, columns: Range<Int>, rows: Range<Int>, factors: [Double],
  isTriangular: Bool = false
) {
  precondition(
    columns.lowerBound >= 0 && columns.upperBound <= width && target >= 0 && rows.lowerBound >= 0
      && max(target + 1, rows.upperBound) * width <= table.count && factors.count >= rows.count
      && !rows.contains(target), "rows of the table")
  let end = columns.upperBound
  unsafe table.withUnsafeMutableBytes { table in
    let own = target * width
    var row = rows.lowerBound
    while row < rows.upperBound {
      var c = isTriangular ? max(columns.lowerBound, row) : columns.lowerBound
      let first = row - rows.lowerBound
      let start = row * width
      if row + 4 <= rows.upperBound {
        let (f0, f1, f2, f3) = (factors[first], factors[first + 1], factors[first + 2], factors[first + 3])
        while c + 4 <= end {
          var value = unsafe four(table, own + c)
          unsafe value -= f0 * four(table, start + c)
          unsafe value -= f1 * four(table, start + width + c)
          unsafe value -= f2 * four(table, start + 2 * width + c)
          unsafe value -= f3 * four(table, start + 3 * width + c)
          unsafe store(value, table, own + c)
          c += 4
        }
        while c < end {
          var value = unsafe one(table, own + c)
          for k in 0..<4 { unsafe value -= factors[first + k] * one(table, start + k * width + c) }
          unsafe store(value, table, own + c)
          c += 1
        }
        row += 4
      } else {
        while c < end {
          unsafe store(one(table, own + c) - factors[first] * one(table, start + c), table, own + c)
          c += 1
        }
        row += 1
      }
    }
  }
}

@inline(__always)
private func four(_ values: UnsafeRawBufferPointer, _ place: Int) -> SIMD4<Double> {
  unsafe values.loadUnaligned(fromByteOffset: place * 8, as: SIMD4<Double>.self)
}

@inline(__always)
private func four(_ values: UnsafeMutableRawBufferPointer, _ place: Int) -> SIMD4<Double> {
  unsafe values.loadUnaligned(fromByteOffset: place * 8, as: SIMD4<Double>.self)
}

@inline(__always)
private func one(_ values: UnsafeRawBufferPointer, _ place: Int) -> Double {
  unsafe values.load(fromByteOffset: place * 8, as: Double.self)
}

@inline(__always)
private func one(_ values: UnsafeMutableRawBufferPointer, _ place: Int) -> Double {
  unsafe values.load(fromByteOffset: place * 8, as: Double.self)
}

@inline(__always)
private func store<Value: BitwiseCopyable>(
  _ value: Value, _ values: UnsafeMutableRawBufferPointer, _ place: Int
) {
  unsafe values.storeBytes(of: value, toByteOffset: place * 8, as: Value.self)
}

@inline(__always)
private func four(_ values: UnsafeBufferPointer<Double>, _ start: Int) -> SIMD4<Double> {
  unsafe SIMD4<Double>(values[start], values[start + 1], values[start + 2], values[start + 3])
}
