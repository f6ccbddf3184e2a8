// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Columns of an object's points on their way to a caller's tensor of points.
#ifndef PROPNP_ENGINE_POINT_ROWS_H_
#define PROPNP_ENGINE_POINT_ROWS_H_

#include <algorithm>
#include <initializer_list>

#include "propnp/engine/kernels/output_kernels.h"
#include "propnp/engine/problem.h"

namespace propnp {

// The rows of one view, whose columns begin at `first`.
class PointRows {
 public:
  PointRows(const Problem& problem, int64_t view, int64_t first)
      : problem_(problem), view_(view), points_(problem.PointsOf(view)), first_(first) {}

  // Writes columns[k][first + i] to component k of point i, and zeros to padding and failed
  // objects. Four columns are those of a 2x2 matrix, row by row.
  void Store(const propnp_tensor& t, bool failed,
             std::initializer_list<const double*> columns) const {
    if (!IsGiven(t)) return;
    const bool matrix = columns.size() == 4;
    const int64_t rows = problem_.dense ? t.shape[1] : points_.size();
    const int64_t points = failed ? 0 : points_.size();
    const int64_t stored = StoreTogether(t, points, columns);
    int k = 0;
    for (const double* column : columns) {
      const int64_t component =
          matrix ? (k / 2) * problem_.ComponentStride(t) + (k % 2) * t.stride[t.ndim - 1]
                 : k * problem_.ComponentStride(t);
      const int64_t begin = problem_.FirstElement(t, view_, points_) + component;
      const int64_t stride = problem_.PointStride(t);
      const double* const values = failed ? nullptr : column + first_;
      if (t.dtype == PROPNP_FLOAT32) {
        StoreColumn(values, stored, points, rows, static_cast<float*>(t.data) + begin, stride);
      } else {
        StoreColumn(values, stored, points, rows, static_cast<double*>(t.data) + begin, stride);
      }
      ++k;
    }
  }

 private:
  // Writes all components of a point at once where they lie as most callers have them. Returns how
  // many points it wrote.
  int64_t StoreTogether(const propnp_tensor& t, int64_t points,
                        std::initializer_list<const double*> columns) const {
    const auto width = static_cast<int64_t>(columns.size());
    if (points == 0 || width == 4 || t.dtype != PROPNP_FLOAT32 ||
        problem_.ComponentStride(t) != 1 || problem_.PointStride(t) != width) {
      return 0;
    }
    const double* values[3] = {};
    std::transform(columns.begin(), columns.end(), values,
                   [this](const double* column) { return column + first_; });
    float* const rows = static_cast<float*>(t.data) + problem_.FirstElement(t, view_, points_);
    const OutputKernels& kernels = GetOutputKernels();
    (width == 2 ? kernels.store_pairs : kernels.store_triples)(values, points, rows);
    return points;
  }

  // Rows begin to points, and zeros up to `rows`.
  template <typename To>
  static void StoreColumn(const double* column, int64_t begin, int64_t points, int64_t rows,
                          To* out, int64_t stride) {
    for (int64_t i = begin; i < points; ++i) out[i * stride] = static_cast<To>(column[i]);
    for (int64_t i = points; i < rows; ++i) out[i * stride] = 0;
  }

  const Problem& problem_;
  const int64_t view_;
  const Range points_;
  const int64_t first_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_POINT_ROWS_H_
