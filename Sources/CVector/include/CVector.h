#pragma once
#include <stddef.h>

// Sums of products of many numbers, with the widest vectors that the processor has, which Swift cannot name. Each number of
// a result is added up in the same order whatever their width, so that all processors come to the same.
//
// Tables are given row by row; `width` is the length of a row, a multiple of 8 where a table is square.

// The upper triangle of TᵀT, `width` numbers a row.
void cvector_products_of_columns(const double *table, size_t rows, size_t width, double *products);

// LᵀR, L the first columns of a table, as many as `split`, and R the rest, both multiples of 8: `width - split` numbers a row.
// Where `is_lower`, nothing is above the diagonal of L, and none of it is read.
void cvector_products_of_parts(
    const double *table, size_t rows, size_t width, size_t split, int is_lower, double *products);

// For each of `width` features, a multiple of 8, from residuals r row by row, with e_i = r_i/own / (rest_i + r_i r_i/own):
// the sum of e_i², and that of r_i point_i.
void cvector_sum_left_out(
    const double *residuals, size_t rows, size_t width, const double *own, const double *rest,
    const double *point, double *squares, double *sums);

// Columns of `rows` numbers each, one after the other, less their means; `width` numbers each in `table`.
void cvector_centre(
    const double *columns, size_t count, size_t rows, size_t width, double *table, double *means);

// Factors A + penalty I = UᵀU, A the first `order` rows and columns of `matrix`; the rest of U is the unit matrix. Only the
// upper triangle is read. 0 where that is not positive definite.
int cvector_factor(const double *matrix, size_t width, size_t order, double penalty, double *factor);

// (UᵀU)⁻¹ x in place.
void cvector_solve(const double *factor, size_t width, size_t order, double *x);

// U⁻ᵀB in place; `columns` of B, a multiple of 8.
void cvector_solve_transposed(const double *factor, size_t width, double *matrix, size_t columns);

// The diagonal of (UᵀU)⁻¹; `inverse` is room for a matrix, all zeros or left by this.
void cvector_diagonal_of_inverse(const double *factor, size_t width, double *inverse, double *diagonal);

// y = A v for the rows from `first` on, a multiple of 8, v and A's columns before it left out.
void cvector_product_of_rows(const double *matrix, size_t width, size_t first, const double *v, double *y);

// A - vwᵀ - wvᵀ in place, for rows and columns from `first` on, a multiple of 8.
void cvector_subtract_outer_products(
    double *matrix, size_t width, size_t first, const double *v, const double *w);

// Sums of some rows of a table of any width, added to `sums`, and of their squares, unless `squares` is null.
void cvector_sum_rows(
    const double *table, size_t width, const ptrdiff_t *rows, size_t count, double *sums, double *squares);

// How many eigenvalues of a matrix of three diagonals are above each of eight numbers. `squares` are those of the elements
// below the diagonal; a pivot nearer to 0 than `smallest` counts as -smallest.
void cvector_count_above(
    const double *diagonal, const double *squares, size_t order, double smallest, const double *at,
    long long *above);

// Σ over a row's numbers times those of a, and of b, for each row; `width` is a multiple of 8.
void cvector_two_products_of_rows(
    const double *table, size_t rows, size_t width, const double *a, const double *b, double *by_a,
    double *by_b);

// The sum of all rows, each times its weight; `width` is a multiple of 8.
void cvector_weighted_sum_of_rows(
    const double *table, size_t rows, size_t width, const double *weights, double *sums);

// What follows is of item response models, P = 1 / (1 + e^-(aθ + d)), at some abilities θ, the nodes. `items`, and `width`, are
// multiples of 8.

// P node by node, `items` numbers each, and for each node the sum of log(1 + e^(aθ + d)) over the items. `odds` are
// e^(aθ + d) at the first node, which are used up, `factors` what they grow by from one node to the next.
void cvector_responses(
    const double *a, const double *d, double *odds, const double *factors, size_t items, const double *nodes,
    size_t count, double *shares, double *totals);

// Five sums over the nodes, `items` numbers each: of c P, c P θ, and c P (1 - P) times 1, θ and θ². The counts c are the same
// for all items, or node by node, `items` each.
void cvector_information(
    const double *shares, const double *counts, int is_shared, size_t items, const double *nodes, size_t count,
    double *sums);

// Three sums over some items, `width` numbers each, a number per node: of P, P² and log(1 + e^(aθ + d)). `shares` has P item
// by item.
void cvector_sample_sums(
    const double *shares, size_t width, const ptrdiff_t *rows, size_t count, const double *a, const double *d,
    const double *nodes, double *sums);
