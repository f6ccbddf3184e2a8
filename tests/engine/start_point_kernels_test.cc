// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What random starts need of an object's points, with every instruction set against one point at a
// time.
#include "propnp/engine/kernels/start_point_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "propnp/engine/bearing.h"
#include "propnp/math/adaptive_delta.h"
#include "propnp/math/object_geometry.h"
#include "propnp/math/weighted_pinhole.h"
#include "propnp/math/weighted_subset.h"
#include "tests/engine/gradient_operation.h"
#include "tests/engine/use_instruction_set.h"

namespace propnp::test {
namespace {

constexpr int kPoints = 37;

// Points before a pinhole, the third and the last without weight.
template <typename T>
class Points {
 public:
  static constexpr int64_t kPadded = PaddedCount(kPoints);

  explicit Points(bool information) : memory_(14 * kPadded * sizeof(T)) {
    TestRandom random;
    std::fill_n(Column(0), 14 * kPadded, T(0));
    for (int i = 0; i < kPoints; ++i) {
      for (int k = 0; k < 3; ++k) Column(k)[i] = static_cast<T>(1 + random.Normal());
      Column(3)[i] = static_cast<T>(random.Uniform(0, 640));
      Column(4)[i] = static_cast<T>(random.Uniform(0, 480));
      const bool removed = i == 2 || i == kPoints - 1;
      for (int k = 5; k < 9; ++k) {
        Column(k)[i] = removed ? T(0) : static_cast<T>(std::exp(3 * random.Normal()));
      }
    }
    Column(5)[7] = Column(6)[7] = Column(7)[7] = Column(8)[7] = T(1e-15);
    Column(0)[2] = T(1e30);  // weighs nothing
    view = {};
    view.x = Column(0), view.y = Column(1), view.z = Column(2), view.u = Column(3);
    view.v = Column(4), view.wxx = Column(5), view.wyy = Column(6);
    if (information) view.wxy = Column(7), view.wyx = Column(8);
    view.num_points = kPoints, view.padded_points = kPadded;
    const T camera[5] = {500, 510, 320, 240, information ? T(3) : T(0)};
    std::copy_n(camera, 5, view.camera_parameters);
    bearings[0] = Column(9), bearings[1] = Column(10), bearings[2] = Column(11);
    weight = Column(12);
  }

  PackedView<T> view;
  T* bearings[3];
  T* weight;

 private:
  T* Column(int k) { return reinterpret_cast<T*>(memory_.data()) + k * kPadded; }
  AlignedBytes memory_;
};

template <typename T>
T MeanWeight(const PackedView<T>& view, int i) {
  return view.wxy
             ? mean_weight(SqrtInformation<T>{view.wxx[i], view.wxy[i], view.wyx[i], view.wyy[i]})
             : mean_weight(DiagonalWeight<T>{view.wxx[i], view.wyy[i]});
}

template <typename T>
void ExpectWeights(bool information) {
  Points<T> p(information);
  T largest = 0;
  for (int i = 0; i < kPoints; ++i) largest = std::max(largest, MeanWeight(p.view, i));
  GetStartPointKernels<T>().weigh(p.view, largest, p.weight);
  for (int i = 0; i < kPoints; ++i) {
    const bool removed = i == 2 || i == kPoints - 1;
    const T expected =
        std::max(MeanWeight(p.view, i) / largest, static_cast<T>(kLeastWeightFraction));
    // The root of an information may be off in the last place.
    EXPECT_NEAR(p.weight[i], removed ? T(0) : expected, 4 * std::numeric_limits<T>::epsilon());
  }
  EXPECT_EQ(p.weight[7], static_cast<T>(kLeastWeightFraction));
  // Weights whose mean is no number above zero are alike.
  GetStartPointKernels<T>().weigh(p.view, T(0), p.weight);
  for (int i = 0; i < kPoints; ++i) EXPECT_EQ(p.weight[i], i == 2 || i == kPoints - 1 ? 0 : 1);
}

template <typename T>
void ExpectMoments(bool information) {
  Points<T> p(information);
  TestRandom random;
  for (int i = 0; i < kPoints; ++i) p.weight[i] = i == 2 ? T(0) : T(random.Uniform(0.1, 1));
  p.weight[kPoints] = 5;  // behind the view is the next one's
  GetStartPointKernels<T>().pinhole_bearings(p.view, p.bearings);
  VectorMoments<double> points, bearings, extent;
  StartMoments<T> m = {};
  m.point[0] = p.view.x[0], m.point[1] = p.view.y[0], m.point[2] = p.view.z[0];
  for (int k = 0; k < 3; ++k) m.bearing[k] = p.bearings[k][0];
  m.axis_in_object[0] = T(0.6), m.axis_in_object[2] = T(0.8);
  const double e = 64 * std::numeric_limits<T>::epsilon();
  for (int i = 0; i < kPoints; ++i) {
    const Vec3<T> b = BearingFromPixel(p.view, p.view.u[i], p.view.v[i]);
    EXPECT_NEAR(p.bearings[0][i], b.x, e);
    EXPECT_NEAR(p.bearings[1][i], b.y, e);
    EXPECT_NEAR(p.bearings[2][i], b.z, e);
    if (i == 2) continue;
    const double w = p.weight[i];
    points.add({p.view.x[i], p.view.y[i], p.view.z[i]}, w);
    bearings.add({b.x, b.y, b.z}, w);
    extent.add({0.6 * p.view.x[i] + 0.8 * p.view.z[i], 0, 0}, w);
  }
  GetStartPointKernels<T>().add_moments(p.view, p.weight, p.bearings, &m);
  EXPECT_NEAR(m.weight, points.weight, 10 * e);
  EXPECT_NEAR(m.point_sum[1], points.sum.y, 10 * e);
  EXPECT_NEAR(m.point_squares, points.square_sum, 100 * e);
  EXPECT_NEAR(m.bearing_sum[2], bearings.sum.z, 10 * e);
  EXPECT_NEAR(m.bearing_squares, bearings.square_sum, 10 * e);
  EXPECT_NEAR(m.point_extent_squares, extent.square_sum, 100 * e);
  EXPECT_EQ(m.bearing_extent_squares, T(0));
}

// Point i in StartPoints::all.
float ScaledNumber(const float* all, int i, int n) {
  const int tile = i / kPointPadding;
  return all[(tile * kStartPointNumbers + n) * kPointPadding + i % kPointPadding];
}

template <typename T>
void ExpectScaled(StartPointForm form) {
  Points<T> p(form == StartPointForm::kInformation);
  const T turned[9] = {0, -1, 0, 1, 0, 0, 0, 0, 1};
  StartUnits<T> units{{1, 2, 3}, T(0.25), {}, T(0.5)};
  std::copy_n(turned, 9, units.rotation);
  const AlignedBytes memory(Points<T>::kPadded * kStartPointNumbers * sizeof(float));
  auto* const all = reinterpret_cast<float*>(memory.data());
  GetStartPointKernels<T>().scale(p.view, units, form, all);
  for (int i = 0; i < Points<T>::kPadded; ++i) {
    const PackedView<T>& v = p.view;
    const double x = 0.25 * (v.x[i] - 1), y = 0.25 * (v.y[i] - 2), z = 0.25 * (v.z[i] - 3);
    double expected[kStartPointNumbers] = {-y, x, z};
    if (form == StartPointForm::kPinhole) {
      const auto w =
          WeightedPinhole<double>::from({500, 510, 320, 240, 0}, {v.u[i], v.v[i]},
                                        DiagonalWeight<double>{0.5 * v.wxx[i], 0.5 * v.wyy[i]});
      const double numbers[] = {w.focal.x, w.focal.y, w.centre.x, w.centre.y};
      std::copy_n(numbers, 4, expected + 3);
    } else {
      const double numbers[] = {v.u[i],
                                v.v[i],
                                0.5 * v.wxx[i],
                                0.5 * v.wyy[i],
                                v.wxy ? 0.5 * v.wxy[i] : 0,
                                v.wxy ? 0.5 * v.wyx[i] : 0};
      std::copy_n(numbers, 6, expected + 3);
    }
    for (int n = 0; n < NumStartPointNumbers(form); ++n) {
      const double number = i < kPoints ? expected[n] : 0;
      EXPECT_NEAR(ScaledNumber(all, i, n), number, 1e-6 * std::fabs(number)) << i << " " << n;
    }
  }
}

TEST(StartPoints, WeighAsFractionsOfTheLargest) {
  ForEachInstructionSet([] {
    for (const bool information : {false, true}) {
      ExpectWeights<float>(information);
      ExpectWeights<double>(information);
    }
  });
}

TEST(StartPoints, HaveMomentsOfWhatHasWeight) {
  ForEachInstructionSet([] {
    for (const bool information : {false, true}) {
      ExpectMoments<float>(information);
      ExpectMoments<double>(information);
    }
  });
}

TEST(StartPoints, AreScaledToTheObject) {
  ForEachInstructionSet([] {
    for (const auto form :
         {StartPointForm::kPinhole, StartPointForm::kDiagonal, StartPointForm::kInformation}) {
      ExpectScaled<float>(form);
      ExpectScaled<double>(form);
    }
  });
}

}  // namespace
}  // namespace propnp::test
