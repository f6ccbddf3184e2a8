// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Points from the caller's memory into columns, and what they sum to, with every instruction set.
#include "propnp/engine/kernels/view_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <vector>

#include "propnp/math/adaptive_delta.h"
#include "tests/engine/gradient_operation.h"
#include "tests/engine/use_instruction_set.h"

namespace propnp::test {
namespace {

template <typename T>
bool Copy(const StridedPoints<float>& points, T* const* columns) {
  return GetViewKernels<T>().copy_floats(points, columns);
}
template <typename T>
bool Copy(const StridedPoints<double>& points, T* const* columns) {
  return GetViewKernels<T>().copy_doubles(points, columns);
}

// Columns that are filled with what no copy leaves behind.
template <typename T>
struct Columns {
  explicit Columns(int64_t points) : padded(PaddedCount(points)), memory(3 * padded * sizeof(T)) {
    for (int k = 0; k < 3; ++k) column[k] = reinterpret_cast<T*>(memory.data()) + k * padded;
    std::fill_n(column[0], 3 * padded, T(-77));
  }
  int64_t padded;
  AlignedBytes memory;
  T* column[3];
};

// Rows of `numbers`, apart by `stride`, each number `number_stride` from the one before.
template <typename Source, typename T>
void ExpectCopied(int64_t points, int numbers, int64_t stride, int64_t number_stride) {
  // To the last number and not beyond, where a sanitiser would see it.
  std::vector<Source> source(
      points == 0 ? 0 : (points - 1) * stride + (numbers - 1) * number_stride + 1);
  for (size_t i = 0; i < source.size(); ++i) source[i] = static_cast<Source>(0.37 * i - 5);
  const StridedPoints<Source> all{source.data(), points, stride, numbers, number_stride};
  Columns<T> columns(points);
  ASSERT_TRUE(Copy(all, columns.column));
  for (int k = 0; k < numbers; ++k) {
    for (int64_t i = 0; i < columns.padded; ++i) {
      const T expected = i < points ? static_cast<T>(source[i * stride + k * number_stride]) : T(0);
      ASSERT_EQ(columns.column[k][i], expected);
    }
  }
  // One at a time that is not finite, or not in T.
  for (int64_t i = 0; i < points; ++i) {
    const double trouble[] = {std::nan(""), INFINITY, -INFINITY,
                              sizeof(T) < sizeof(Source) ? 1e300 : INFINITY};
    Source& number = source[i * stride + (i % numbers) * number_stride];
    const Source before = number;
    number = static_cast<Source>(trouble[i % 4]);
    ASSERT_FALSE(Copy(all, columns.column)) << i;
    number = before;
  }
}

template <typename Source, typename T>
void ExpectLayoutsCopied() {
  for (const int64_t points : {0, 1, 7, 16, 17, 45}) {
    ExpectCopied<Source, T>(points, 3, 3, 1);
    ExpectCopied<Source, T>(points, 2, 2, 1);
    ExpectCopied<Source, T>(points, 2, 3, 1);
    ExpectCopied<Source, T>(points, 3, 5, 1);
    ExpectCopied<Source, T>(points, 2, 4, 2);
    ExpectCopied<Source, T>(points, 3, 1, points + 1);
  }
}

TEST(ViewKernels, CopyAnyLayout) {
  ForEachInstructionSet([] {
    ExpectLayoutsCopied<float, float>();
    ExpectLayoutsCopied<float, double>();
    ExpectLayoutsCopied<double, float>();
    ExpectLayoutsCopied<double, double>();
  });
}

// An object of two views, the second with square-root informations.
template <typename T>
struct Points {
  std::deque<Columns<T>> first, second, third;
  PackedView<T> views[2] = {};

  explicit Points(TestRandom* random) {
    const int64_t counts[2] = {37, 16};
    for (int v = 0; v < 2; ++v) {
      for (auto* columns : {&first, &second, &third}) {
        columns->emplace_back(counts[v]);
        std::fill_n(columns->back().column[0], 3 * columns->back().padded, T(0));
        for (T* column : columns->back().column) {
          for (int i = 0; i < counts[v]; ++i) column[i] = static_cast<T>(3 + random->Normal());
        }
      }
      T *const *a = first[v].column, *const *b = second[v].column, *const *c = third[v].column;
      views[v].x = a[0], views[v].y = a[1], views[v].z = a[2];
      views[v].u = b[0], views[v].v = b[1], views[v].wxx = b[2], views[v].wyy = c[0];
      if (v == 1) views[v].wxy = c[1], views[v].wyx = c[2];
      views[v].num_points = counts[v], views[v].padded_points = PaddedCount(counts[v]);
      for (const int i : {0, 9, 15}) b[2][i] = c[0][i] = c[1][i] = c[2][i] = 0;
    }
    second[1].column[0][3] = -500;
  }
};

template <typename T>
void ExpectTotals() {
  TestRandom random;
  Points<T> points(&random);
  PointTotals<T> totals = {};
  const PackedView<T>& first = points.views[0];
  totals.pixel[0] = first.u[0], totals.pixel[1] = first.v[0];
  totals.point[0] = first.x[0], totals.point[1] = first.y[0], totals.point[2] = first.z[0];
  double point[3] = {}, point_squares = 0, largest = 0;
  AdaptiveDelta<double> delta({first.u[0], first.v[0]});
  for (const PackedView<T>& view : points.views) {
    GetViewKernels<T>().add_totals(view, &totals);
    for (int i = 0; i < view.num_points; ++i) {
      const double d[3] = {view.x[i] - first.x[0], view.y[i] - first.y[0], view.z[i] - first.z[0]};
      for (int k = 0; k < 3; ++k) point[k] += d[k], point_squares += d[k] * d[k];
      const double wxy = view.wxy ? view.wxy[i] : 0, wyx = view.wxy ? view.wyx[i] : 0;
      const SqrtInformation<double> w{view.wxx[i], wxy, wyx, view.wyy[i]};
      const DiagonalWeight<double> plain{view.wxx[i], view.wyy[i]};
      largest = std::max(largest, view.wxy ? mean_weight(w) : mean_weight(plain));
      view.wxy ? delta.add({view.u[i], view.v[i]}, w) : delta.add({view.u[i], view.v[i]}, plain);
    }
  }
  // Sums of 53 numbers of up to 500 squared, and roundings of T.
  const double rounding = 64 * std::numeric_limits<T>::epsilon();
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(totals.point_sum[k], point[k], 100 * rounding);
  EXPECT_NEAR(totals.point_squares, point_squares, 1000 * rounding);
  EXPECT_NEAR(totals.largest_weight, largest, 10 * rounding);
  EXPECT_EQ(totals.largest_pixel, 500);
  EXPECT_EQ(totals.weighted_points, 53 - 6);
  const AdaptiveDelta<T> actual({totals.pixel_sum[0], totals.pixel_sum[1]}, totals.pixel_squares,
                                totals.weight_sum, T(53));
  EXPECT_NEAR(actual.value(1), delta.value(1), 1000 * rounding);
}

TEST(ViewKernels, TotalsAreThoseOfAllPoints) {
  ForEachInstructionSet([] {
    ExpectTotals<float>();
    ExpectTotals<double>();
  });
}

// A weight is negative on its own axis; an entry of a square-root information may be.
TEST(ViewKernels, TotalsSeeANegativeWeight) {
  ForEachInstructionSet([] {
    TestRandom random;
    for (const int at : {0, 8, 36}) {
      for (const int axis : {0, 1}) {
        Points<double> points(&random);
        PointTotals<double> totals = {};
        for (int i = 0; i < 37; ++i) {
          points.second[0].column[2][i] = std::fabs(points.second[0].column[2][i]);
          points.third[0].column[0][i] = std::fabs(points.third[0].column[0][i]);
        }
        GetViewKernels<double>().add_totals(points.views[0], &totals);
        EXPECT_FALSE(totals.negative);
        (axis == 0 ? points.second[0].column[2] : points.third[0].column[0])[at] = -1;
        GetViewKernels<double>().add_totals(points.views[0], &totals);
        EXPECT_TRUE(totals.negative);
        totals = {};
        points.second[1].column[2][7] = -1;
        GetViewKernels<double>().add_totals(points.views[1], &totals);
        EXPECT_FALSE(totals.negative);
      }
    }
  });
}

// Mean weights beyond all numbers count as the largest.
TEST(ViewKernels, TotalsHoldHugeWeights) {
  ForEachInstructionSet([] {
    TestRandom random;
    Points<double> points(&random);
    const double largest = std::numeric_limits<double>::max();
    points.second[0].column[2][20] = points.third[0].column[0][20] = largest;
    PointTotals<double> totals = {};
    GetViewKernels<double>().add_totals(points.views[0], &totals);
    EXPECT_EQ(totals.largest_weight, largest);
  });
}

}  // namespace
}  // namespace propnp::test
