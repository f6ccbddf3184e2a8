// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The loops over samples for rotations about the y axis against those for any rotation, and the
// gradient with the roots that the costs kept against the one that computes them. Fails, for one,
// if a row of the rotation is read where its column is wanted, or if the root of sample k is taken
// for that of the k-th chosen one.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "propnp/engine/posterior_samples.h"
#include "propnp/math/residual.h"
#include "tests/engine/gradient_operation.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr int64_t kPoints = 45, kPadded = PaddedCount(kPoints), kSamples = 9;
constexpr int64_t kPlaces = kSamples + 3;
constexpr int kColumns = 12;

class PinholeLoops : public ::testing::TestWithParam<std::tuple<InstructionSet, bool, bool>> {
 protected:
  void SetUp() override {
    if (!HasInstructionSet(std::get<0>(GetParam()))) GTEST_SKIP() << "not on this machine";
    before_ = CurrentInstructionSet();
    SetInstructionSet(std::get<0>(GetParam()));
    FillPoints();
    for (int s = 0; s < kSamples; ++s) {
      FillRecord<float>(0.2 * random_.Vector(1), {0, random_.Uniform(-1, 1), 0},
                        random_.Uniform(-1, 1), records() + s * kSampleRecord);
    }
    std::iota(chosen_.begin(), chosen_.end(), 0);
    model_.loss_kind = static_cast<int32_t>(LossKind::kHuber);
    model_.delta = 2;
  }
  void TearDown() override {
    if (!IsSkipped()) SetInstructionSet(before_);
  }

  // Some 5 m in front of a camera, with projections beyond the box among them.
  void FillPoints() {
    float* column[kColumns];
    for (int k = 0; k < kColumns; ++k) {
      column[k] = reinterpret_cast<float*>(points_.data()) + k * kPadded;
    }
    for (int64_t i = 0; i < kPadded; ++i) {
      const Vec3<double> rotated = random_.Vector(1), point = rotated + Vec3<double>{0.3, 0.1, 5};
      const double u = 600 * point.x / point.z + 320, v = 500 * point.y / point.z + 240;
      const double values[kColumns] = {rotated.x,
                                       rotated.y,
                                       rotated.z,
                                       point.x,
                                       point.y,
                                       point.z,
                                       3 * random_.Normal(),
                                       3 * random_.Normal(),
                                       u,
                                       v,
                                       random_.Uniform(0, 2),
                                       random_.Uniform(0, 2)};
      for (int k = 0; k < kColumns; ++k) {
        column[k][i] = static_cast<float>(k >= 10 && i >= kPoints ? 0 : values[k]);
      }
    }
    view_.num_points = kPoints, view_.padded_points = kPadded;
    view_.wxx = column[10], view_.wyy = column[11];
    view_.has_box = std::get<1>(GetParam());
    const float camera[5] = {600, 500, 320, 240, std::get<2>(GetParam()) ? 7.0f : 0.0f};
    std::copy(camera, camera + 5, view_.camera_parameters);
    const float box[4] = {250, 200, 390, 280};
    std::copy(box, box + 4, view_.box);
    view_.z_min = 0.1f;
    base_ = {&view_,    column[0], column[1], column[2], column[3], column[4],
             column[5], column[6], column[7], column[8], column[9]};
  }

  float* records() { return reinterpret_cast<float*>(records_.data()); }
  SampleBlock<float> Block(bool about_y) { return {kSamples, records(), true, about_y, roots_}; }

  // Behind those of other samples, as if of a later mode.
  void KeepRoots() {
    roots_ = {reinterpret_cast<float*>(root_memory_.data()), kPlaces, kPlaces - kSamples};
  }

  std::vector<double> Costs(bool about_y) {
    const AlignedBytes memory(kSamples * kPointPadding * sizeof(float));
    float* const partial = reinterpret_cast<float*>(memory.data());
    std::fill(partial, partial + kSamples * kPointPadding, 0.0f);
    GetSampleKernels<float>().add_costs(base_, model_, Block(about_y), partial);
    std::vector<double> costs(kSamples);
    GetSampleKernels<float>().sum_costs(partial, kSamples, costs.data());
    return costs;
  }

  // x y z u v wxx wyy, and delta at the end.
  std::vector<float> Gradient(bool about_y) {
    const AlignedBytes memory(9 * kPadded * sizeof(float));
    float* const c = reinterpret_cast<float*>(memory.data());
    std::fill(c, c + 9 * kPadded, 0.0f);
    PointGradientColumns<float> sums{c,
                                     c + kPadded,
                                     c + 2 * kPadded,
                                     c + 3 * kPadded,
                                     c + 4 * kPadded,
                                     c + 5 * kPadded,
                                     c + 6 * kPadded,
                                     nullptr,
                                     nullptr,
                                     0};
    WeightedBlock<float> block{Block(about_y), chosen_.data()};
    block.count = static_cast<int64_t>(chosen_.size());
    GetSampleKernels<float>().add_gradients(base_, model_, block, &sums);
    std::vector<float> result(c, c + 7 * kPadded);
    result.push_back(sums.delta);
    return result;
  }

  TestRandom random_;
  InstructionSet before_;
  AlignedBytes points_{kColumns * kPadded * sizeof(float)};
  AlignedBytes records_{kSamples * kSampleRecord * sizeof(float)};
  AlignedBytes root_memory_{kPadded * kPlaces * sizeof(float)};
  PairRoots<float> roots_{};
  std::vector<int32_t> chosen_ = std::vector<int32_t>(kSamples);
  PackedView<float> view_{};
  BaseView<float> base_{};
  KernelModel<float> model_{};
};

// The products left out are zeros: sums of some ten roundings of the largest term.
template <typename T>
void ExpectSameUpToRounding(const std::vector<T>& a, const std::vector<T>& b) {
  ASSERT_EQ(a.size(), b.size());
  double largest = 0;
  for (const T value : a) largest = std::max(largest, std::fabs(static_cast<double>(value)));
  EXPECT_GT(largest, 1);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 10 * 1.2e-7 * largest) << i;
}

TEST_P(PinholeLoops, AboutTheYAxisEqualAnyRotation) {
  ExpectSameUpToRounding(Costs(false), Costs(true));
  ExpectSameUpToRounding(Gradient(false), Gradient(true));
}

TEST_P(PinholeLoops, KeptRootsChangeNothing) {
  for (const bool about_y : {false, true}) {
    chosen_ = {7, 1, 8, 4};
    const std::vector<double> costs = Costs(about_y);
    const std::vector<float> gradient = Gradient(about_y);
    KeepRoots();
    EXPECT_EQ(Costs(about_y), costs);
    EXPECT_EQ(Gradient(about_y), gradient);
    roots_ = {};
  }
}

INSTANTIATE_TEST_SUITE_P(BoxAndSkew, PinholeLoops,
                         ::testing::Combine(::testing::Values(InstructionSet::kBaseline,
                                                              InstructionSet::kAvx2,
                                                              InstructionSet::kAvx512),
                                            ::testing::Bool(), ::testing::Bool()),
                         [](const auto& info) {
                           return std::string(InstructionSetName(std::get<0>(info.param))) +
                                  (std::get<1>(info.param) ? "box" : "") +
                                  (std::get<2>(info.param) ? "skew" : "");
                         });

}  // namespace
}  // namespace propnp::test
