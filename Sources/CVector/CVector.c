#include "CVector.h"

// Products are not fused with sums, as only some processors can.
#pragma STDC FP_CONTRACT OFF

// The linker's choice between versions of a function is glibc's.
#if defined(__x86_64__) && defined(__gnu_linux__) && !__has_feature(address_sanitizer) && \
    !__has_feature(thread_sanitizer)
#define VERSIONS __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define VERSIONS
#endif

// Eight numbers, anywhere.
typedef double eight __attribute__((vector_size(64), aligned(8), may_alias));
typedef long long eight_flags __attribute__((vector_size(64)));

#define AT(place) (*(eight *)(place))
#define READ(place) (*(const eight *)(place))

// Four rows of eight numbers less sums of products: row r less Σ left[r row + k step] right[k right_step ...] over k < depth.
#define SUBTRACT(a, b, c, d, left, row, step, right, right_step, depth)            \
  do {                                                                             \
    const double *l_ = (left), *r_ = (right);                                      \
    for (size_t k_ = 0; k_ < (depth); k_++, l_ += (step), r_ += (right_step)) {    \
      const eight values_ = READ(r_);                                              \
      a -= l_[0] * values_;                                                        \
      b -= l_[row] * values_;                                                      \
      c -= l_[2 * (row)] * values_;                                                \
      d -= l_[3 * (row)] * values_;                                                \
    }                                                                              \
  } while (0)

// Four rows of eight numbers, so far apart.
#define STORE(place, step, a, b, c, d) \
  do {                                 \
    double *p_ = (place);              \
    AT(p_) = (a);                      \
    AT(p_ + (step)) = (b);             \
    AT(p_ + 2 * (step)) = (c);         \
    AT(p_ + 3 * (step)) = (d);         \
  } while (0)

// Four rows of eight sums of products, of columns from `left` and `right` on in a table of so many rows.
#define PRODUCTS(place, step, left, right, width, rows)              \
  do {                                                               \
    eight a = {0}, b = {0}, c = {0}, d = {0};                        \
    SUBTRACT(a, b, c, d, left, 1, width, right, width, rows);        \
    STORE(place, step, -a, -b, -c, -d);                              \
  } while (0)

VERSIONS
void cvector_centre(
    const double *columns, size_t count, size_t rows, size_t width, double *table, double *means) {
  for (size_t column = 0; column < count; column++) {
    const double *from = columns + column * rows;
    double *to = table + column * width;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) sum += from[i];
    const double mean = sum / (double)rows;
    for (size_t i = 0; i < rows; i++) to[i] = from[i] - mean;
    means[column] = mean;
  }
}

VERSIONS
void cvector_products_of_columns(const double *table, size_t rows, size_t width, double *products) {
  for (size_t i = 0; i < width; i += 4) {
    for (size_t j = i / 8 * 8; j < width; j += 8) {
      PRODUCTS(products + i * width + j, width, table + i, table + j, width, rows);
    }
  }
}

VERSIONS
void cvector_products_of_parts(
    const double *table, size_t rows, size_t width, size_t split, int is_lower, double *products) {
  const size_t columns = width - split;
  for (size_t i = 0; i < split; i += 4) {
    const size_t first = is_lower ? i : 0;
    const double *left = table + first * width + i, *right = table + first * width + split;
    for (size_t j = 0; j < columns; j += 8) {
      PRODUCTS(products + i * columns + j, columns, left, right + j, width, rows - first);
    }
  }
}

VERSIONS
void cvector_sum_left_out(
    const double *residuals, size_t rows, size_t width, const double *own, const double *rest,
    const double *point, double *squares, double *sums) {
  for (size_t j = 0; j < width; j += 8) {
    const eight owns = READ(own + j);
    eight square = {0}, sum = {0};
    for (size_t i = 0; i < rows; i++) {
      const eight residual = READ(residuals + i * width + j);
      const eight part = residual / owns;
      const eight error = part / (rest[i] + residual * part);
      square += error * error;
      sum += residual * point[i];
    }
    AT(squares + j) = square;
    AT(sums + j) = sum;
  }
}

VERSIONS
int cvector_factor(const double *matrix, size_t width, size_t order, double penalty, double *factor) {
  for (size_t i = 0; i < width; i += 4) {
    const size_t first = i / 8 * 8;
    for (size_t j = first; j < width; j += 8) {
      const double *from = matrix + i * width + j;
      double *to = factor + i * width + j;
      eight a = READ(from), b = READ(from + width), c = READ(from + 2 * width), d = READ(from + 3 * width);
      SUBTRACT(a, b, c, d, factor + i, 1, width, factor + j, width, i);
      STORE(to, width, a, b, c, d);
    }
    for (size_t row = i; row < i + 4; row++) {
      double *own = factor + row * width;
      const double square = row < order ? own[row] + penalty : 1;
      if (!(square > 0 && square < __builtin_inf())) return 0;
      const double inverse = 1 / __builtin_sqrt(square);
      own[row] = square;
      for (size_t j = first; j < width; j += 8) AT(own + j) *= inverse;
      for (size_t below = row + 1; below < i + 4; below++) {
        const double part = own[below];
        for (size_t j = first; j < width; j += 8) AT(factor + below * width + j) -= part * READ(own + j);
      }
    }
  }
  return 1;
}

VERSIONS
void cvector_solve(const double *factor, size_t width, size_t order, double *x) {
  for (size_t i = 0; i < order; i++) {
    const double *row = factor + i * width;
    x[i] /= row[i];
    const double value = x[i];
    for (size_t k = i + 1; k < order; k++) x[k] -= row[k] * value;
  }
  for (size_t i = order; i-- > 0;) {
    const double *row = factor + i * width;
    eight sums = {0};
    size_t k = i + 1;
    for (; k + 8 <= order; k += 8) sums += READ(row + k) * READ(x + k);
    double sum = 0;
    for (size_t lane = 0; lane < 8; lane++) sum += sums[lane];
    for (; k < order; k++) sum += row[k] * x[k];
    x[i] = (x[i] - sum) / row[i];
  }
}

VERSIONS
void cvector_solve_transposed(const double *factor, size_t width, double *matrix, size_t columns) {
  for (size_t i = 0; i < width; i += 4) {
    const double *u = factor + i * width + i;
    for (size_t j = 0; j < columns; j += 8) {
      double *place = matrix + i * columns + j;
      eight a = READ(place), b = READ(place + columns), c = READ(place + 2 * columns),
            d = READ(place + 3 * columns);
      SUBTRACT(a, b, c, d, factor + i, 1, width, matrix + j, columns, i);
      a /= u[0];
      b = (b - u[1] * a) / u[width + 1];
      c = (c - u[2] * a - u[width + 2] * b) / u[2 * width + 2];
      d = (d - u[3] * a - u[width + 3] * b - u[2 * width + 3] * c) / u[3 * width + 3];
      STORE(place, columns, a, b, c, d);
    }
  }
}

VERSIONS
void cvector_diagonal_of_inverse(const double *factor, size_t width, double *inverse, double *diagonal) {
  // U⁻¹, from its last rows on: each is a combination of those below.
  for (size_t i = width; i > 0;) {
    i -= 4;
    const double *u = factor + i * width + i;
    eight squares[4] = {{0}, {0}, {0}, {0}};
    for (size_t j = i / 8 * 8; j < width; j += 8) {
      eight a = {0}, b = {0}, c = {0}, d = {0};
      if (j <= i) {
        a[i - j] = 1;
        b[i - j + 1] = 1;
        c[i - j + 2] = 1;
        d[i - j + 3] = 1;
      }
      // Row k has nothing before column k.
      const size_t end = j + 8;
      const size_t depth = end > i + 4 ? end - i - 4 : 0;
      SUBTRACT(a, b, c, d, u + 4, width, 1, inverse + (i + 4) * width + j, width, depth);
      d /= u[3 * width + 3];
      c = (c - u[2 * width + 3] * d) / u[2 * width + 2];
      b = (b - u[width + 2] * c - u[width + 3] * d) / u[width + 1];
      a = (a - u[1] * b - u[2] * c - u[3] * d) / u[0];
      double *place = inverse + i * width + j;
      STORE(place, width, a, b, c, d);
      squares[0] += a * a;
      squares[1] += b * b;
      squares[2] += c * c;
      squares[3] += d * d;
    }
    for (size_t row = 0; row < 4; row++) {
      double sum = 0;
      for (size_t lane = 0; lane < 8; lane++) sum += squares[row][lane];
      diagonal[i + row] = sum;
    }
  }
}

VERSIONS
void cvector_product_of_rows(const double *matrix, size_t width, size_t first, const double *v, double *y) {
  for (size_t i = first; i < width; i += 4) {
    eight a = {0}, b = {0}, c = {0}, d = {0};
    const double *row = matrix + i * width;
    for (size_t j = first; j < width; j += 8) {
      const eight values = READ(v + j);
      a += READ(row + j) * values;
      b += READ(row + width + j) * values;
      c += READ(row + 2 * width + j) * values;
      d += READ(row + 3 * width + j) * values;
    }
    double sums[4] = {0, 0, 0, 0};
    for (size_t lane = 0; lane < 8; lane++) {
      sums[0] += a[lane];
      sums[1] += b[lane];
      sums[2] += c[lane];
      sums[3] += d[lane];
    }
    for (size_t k = 0; k < 4; k++) y[i + k] = sums[k];
  }
}

VERSIONS
void cvector_subtract_outer_products(
    double *matrix, size_t width, size_t first, const double *v, const double *w) {
  for (size_t i = first; i < width; i++) {
    double *row = matrix + i * width;
    const double vi = v[i], wi = w[i];
    for (size_t j = first; j < width; j += 8) AT(row + j) = READ(row + j) - vi * READ(w + j) - wi * READ(v + j);
  }
}

VERSIONS
void cvector_sum_rows(
    const double *table, size_t width, const ptrdiff_t *rows, size_t count, double *sums, double *squares) {
  size_t k = 0;
  for (; k + 8 <= width; k += 8) {
    eight sum = READ(sums + k);
    if (squares) {
      eight square = READ(squares + k);
      for (size_t row = 0; row < count; row++) {
        const eight values = READ(table + rows[row] * (ptrdiff_t)width + k);
        sum += values;
        square += values * values;
      }
      AT(squares + k) = square;
    } else {
      for (size_t row = 0; row < count; row++) sum += READ(table + rows[row] * (ptrdiff_t)width + k);
    }
    AT(sums + k) = sum;
  }
  for (; k < width; k++) {
    for (size_t row = 0; row < count; row++) {
      const double value = table[rows[row] * (ptrdiff_t)width + k];
      sums[k] += value;
      if (squares) squares[k] += value * value;
    }
  }
}

VERSIONS
void cvector_count_above(
    const double *diagonal, const double *squares, size_t order, double smallest, const double *at,
    long long *above) {
  const eight x = READ(at);
  eight pivot = {0};
  // A flag is -1 where it is set.
  eight_flags count = {0};
  for (size_t i = 0; i < order; i++) {
    pivot = i == 0 ? diagonal[0] - x : diagonal[i] - x - squares[i - 1] / pivot;
    const eight_flags is_small = (pivot < smallest) & (pivot > -smallest);
    const eight_flags least = (eight_flags)((eight){0} - smallest);
    pivot = (eight)((is_small & least) | (~is_small & (eight_flags)pivot));
    count -= pivot > 0;
  }
  for (size_t lane = 0; lane < 8; lane++) above[lane] = count[lane];
}

// Per lane, a product of so many numbers of at least ½ stays above 0.
enum { FACTORS = 500 };

static inline __attribute__((always_inline)) double logarithm_of_product(const eight *numbers) {
  double sum = 0;
  for (size_t lane = 0; lane < 8; lane++) sum += __builtin_log((*numbers)[lane]);
  return sum;
}

VERSIONS
void cvector_responses(
    const double *a, const double *d, double *odds, const double *factors, size_t items, const double *nodes,
    size_t count, double *shares, double *totals) {
  for (size_t q = 0; q < count; q++) {
    double *row = shares + q * items;
    eight positives = {0}, products = (eight){0} + 1;
    double total = 0;
    for (size_t i = 0; i < items; i += 8) {
      if (i > 0 && i % (8 * FACTORS) == 0) {
        total -= logarithm_of_product(&products);
        products = (eight){0} + 1;
      }
      const eight x = READ(a + i) * nodes[q] + READ(d + i);
      const eight now = __builtin_elementwise_min(READ(odds + i), (eight){0} + 1e300);
      const eight wrong = 1 / (1 + now), right = now * wrong;
      AT(row + i) = right;
      products *= __builtin_elementwise_max(right, wrong);
      positives += __builtin_elementwise_max(x, (eight){0});
      AT(odds + i) = now * READ(factors + i);
    }
    total -= logarithm_of_product(&products);
    for (size_t lane = 0; lane < 8; lane++) total += positives[lane];
    totals[q] = total;
  }
}

VERSIONS
void cvector_information(
    const double *shares, const double *counts, int is_shared, size_t items, const double *nodes, size_t count,
    double *sums) {
  for (size_t i = 0; i < items; i += 8) {
    eight n = {0}, nt = {0}, w = {0}, wt = {0}, wtt = {0};
    for (size_t q = 0; q < count; q++) {
      const eight share = READ(shares + q * items + i);
      const eight number = is_shared ? (eight){0} + counts[q] : READ(counts + q * items + i);
      const eight expected = number * share, weight = expected * (1 - share), moment = weight * nodes[q];
      n += expected;
      nt += expected * nodes[q];
      w += weight;
      wt += moment;
      wtt += moment * nodes[q];
    }
    AT(sums + i) = n;
    AT(sums + items + i) = nt;
    AT(sums + 2 * items + i) = w;
    AT(sums + 3 * items + i) = wt;
    AT(sums + 4 * items + i) = wtt;
  }
}

VERSIONS
void cvector_two_products_of_rows(
    const double *table, size_t rows, size_t width, const double *a, const double *b, double *by_a,
    double *by_b) {
  for (size_t i = 0; i < rows; i++) {
    const double *row = table + i * width;
    eight p = {0}, q = {0};
    for (size_t k = 0; k < width; k += 8) {
      const eight values = READ(row + k);
      p += values * READ(a + k);
      q += values * READ(b + k);
    }
    double sum_a = 0, sum_b = 0;
    for (size_t lane = 0; lane < 8; lane++) {
      sum_a += p[lane];
      sum_b += q[lane];
    }
    by_a[i] = sum_a;
    by_b[i] = sum_b;
  }
}

VERSIONS
void cvector_weighted_sum_of_rows(
    const double *table, size_t rows, size_t width, const double *weights, double *sums) {
  for (size_t k = 0; k < width; k++) sums[k] = 0;
  for (size_t i = 0; i < rows; i += 4) {
    const double *row = table + i * width;
    for (size_t k = 0; k < width; k += 8) {
      eight sum = READ(sums + k);
      for (size_t next = 0; next < 4 && i + next < rows; next++)
        sum += weights[i + next] * READ(row + next * width + k);
      AT(sums + k) = sum;
    }
  }
}

VERSIONS
void cvector_sample_sums(
    const double *shares, size_t width, const ptrdiff_t *rows, size_t count, const double *a, const double *d,
    const double *nodes, double *sums) {
  for (size_t k = 0; k < width; k += 8) {
    const eight node = READ(nodes + k);
    eight share = {0}, square = {0}, positives = {0}, products = (eight){0} + 1, logarithms = {0};
    for (size_t row = 0; row < count; row++) {
      if (row > 0 && row % FACTORS == 0) {
        for (size_t lane = 0; lane < 8; lane++) logarithms[lane] += __builtin_log(products[lane]);
        products = (eight){0} + 1;
      }
      const eight right = READ(shares + rows[row] * (ptrdiff_t)width + k), wrong = 1 - right;
      const eight x = a[rows[row]] * node + d[rows[row]];
      share += right;
      square += right * right;
      products *= __builtin_elementwise_max(right, wrong);
      positives += __builtin_elementwise_max(x, (eight){0});
    }
    for (size_t lane = 0; lane < 8; lane++) logarithms[lane] += __builtin_log(products[lane]);
    AT(sums + k) = share;
    AT(sums + width + k) = square;
    AT(sums + 2 * width + k) = positives - logarithms;
  }
}
