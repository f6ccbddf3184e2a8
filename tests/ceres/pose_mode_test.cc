// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Modes read from the sampler's tensors, and what the posterior factors refuse.
#include "propnp/ceres/pose_mode.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/ceres/posterior_case.h"
#include "tests/ceres/tensor.h"

namespace propnp {
namespace {

using test::Matrix;
using test::Tensor;

// Numbers that say where they come from; the last row of every object is not used.
template <typename T>
struct NumberedModes {
  static constexpr int64_t kObjects = 3, kRows = 4;
  int dof;
  std::vector<T> pose, covariance, probability, base;
  PoseModeTensors tensors;

  explicit NumberedModes(int dof_of_modes) : dof(dof_of_modes) {
    const int64_t stored = dof == 6 ? 7 : 4;
    for (int64_t i = 0; i < kObjects * kRows * stored; ++i) pose.push_back(static_cast<T>(i));
    for (int64_t i = 0; i < kObjects * kRows * dof * dof; ++i) {
      covariance.push_back(static_cast<T>(i) / 2);
    }
    for (int64_t i = 0; i < kObjects * kRows; ++i) {
      probability.push_back(i % kRows == kRows - 1 ? 0 : static_cast<T>(1.0 / (1 + i)));
    }
    base = {1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1};
    tensors.mode_pose = Tensor(&pose, {kObjects, kRows, stored});
    tensors.mode_covariance = Tensor(&covariance, {kObjects, kRows, dof, dof});
    tensors.mode_probability = Tensor(&probability, {kObjects, kRows});
    if (dof == 4) tensors.base_rotation = Tensor(&base, {kObjects, 4});
  }
};

template <typename T>
void ExpectRowsOfObjectOne(int dof) {
  const NumberedModes<T> numbered(dof);
  std::vector<PoseMode> modes;
  std::string error;
  ASSERT_TRUE(ReadPoseModes(numbered.tensors, 1, &modes, &error)) << error;
  ASSERT_EQ(modes.size(), 3u);
  const int stored = dof == 6 ? 7 : 4;
  for (int m = 0; m < 3; ++m) {
    EXPECT_EQ(modes[m].dof, dof);
    EXPECT_EQ(modes[m].probability, static_cast<T>(1.0 / (5 + m)));
    for (int i = 0; i < stored; ++i) EXPECT_EQ(modes[m].pose[i], (4 + m) * stored + i);
    for (int i = 0; i < dof * dof; ++i) {
      EXPECT_EQ(modes[m].covariance[i], ((4 + m) * dof * dof + i) / 2.0);
    }
  }
}

TEST(ReadPoseModes, RowsOfOneObject) {
  ExpectRowsOfObjectOne<double>(6);
  ExpectRowsOfObjectOne<float>(6);
  ExpectRowsOfObjectOne<double>(4);
  ExpectRowsOfObjectOne<float>(4);
}

TEST(ReadPoseModes, StridesAreFollowed) {
  NumberedModes<double> numbered(6);
  // Every second row.
  numbered.tensors.mode_pose.shape[1] = 2, numbered.tensors.mode_pose.stride[1] *= 2;
  numbered.tensors.mode_covariance.shape[1] = 2, numbered.tensors.mode_covariance.stride[1] *= 2;
  numbered.tensors.mode_probability.shape[1] = 2, numbered.tensors.mode_probability.stride[1] *= 2;
  std::vector<PoseMode> modes;
  ASSERT_TRUE(ReadPoseModes(numbered.tensors, 0, &modes, nullptr));
  ASSERT_EQ(modes.size(), 2u);
  EXPECT_EQ(modes[1].pose[0], 14);
  EXPECT_EQ(modes[1].covariance[1], 36.5);
  EXPECT_EQ(modes[1].probability, 1.0 / 3);
}

TEST(ReadPoseModes, YawFrame) {
  NumberedModes<double> numbered(4);
  numbered.tensors.yaw_axis = {0, 0, 1};
  std::vector<PoseMode> modes;
  ASSERT_TRUE(ReadPoseModes(numbered.tensors, 1, &modes, nullptr));
  EXPECT_EQ(modes[0].yaw_axis.z, 1);
  EXPECT_EQ(modes[0].base_rotation.row0.x, 1);  // half a turn about x, of any length
  EXPECT_EQ(modes[0].base_rotation.row1.y, -1);
  EXPECT_EQ(modes[0].base_rotation.row2.z, -1);
  modes[0].pose[3] = std::acos(0.0);
  const Mat3<double> rotation = modes[0].cam_from_object().rotation;
  EXPECT_NEAR(rotation.row1.x, 1, 1e-15);
  EXPECT_NEAR(rotation.row0.y, 1, 1e-15);
}

TEST(ReadPoseModes, Refusals) {
  const auto refuse = [](const std::string& words,
                         const std::function<void(NumberedModes<double>*)>& spoil,
                         int64_t object = 0, int dof = 6) {
    NumberedModes<double> numbered(dof);
    spoil(&numbered);
    std::vector<PoseMode> modes(1);
    std::string error;
    EXPECT_FALSE(ReadPoseModes(numbered.tensors, object, &modes, &error)) << words;
    EXPECT_NE(error.find(words), std::string::npos) << error;
    EXPECT_EQ(modes.size(), 1u);
    EXPECT_FALSE(ReadPoseModes(numbered.tensors, object, &modes, nullptr));
  };
  using Modes = NumberedModes<double>;
  refuse(
      "object is 3, mode_pose has 3", [](Modes*) {}, 3);
  refuse(
      "object is -1", [](Modes*) {}, -1);
  refuse("mode_pose is not given", [](Modes* m) { m->tensors.mode_pose.data = nullptr; });
  refuse("mode_pose has shape (3, 4, 6), expected (B, M, 7) or (B, M, 4)",
         [](Modes* m) { m->tensors.mode_pose.shape[2] = 6; });
  refuse("mode_covariance has shape (3, 4, 6, 6), expected (3, 4, 4, 4)",
         [](Modes* m) { m->tensors.mode_pose.shape[2] = 4; });
  refuse("mode_probability has dtype 3",
         [](Modes* m) { m->tensors.mode_probability.dtype = PROPNP_INT32; });
  refuse(
      "base_rotation has shape (3, 4), expected (2, 4)",
      [](Modes* m) {
        m->tensors.mode_pose.shape[0] = m->tensors.mode_covariance.shape[0] =
            m->tensors.mode_probability.shape[0] = 2;
      },
      0, 4);
  refuse(
      "base_rotation of object 2 is not a quaternion", [](Modes* m) { m->base.back() = 0; }, 2, 4);
  refuse(
      "object 1 has no mode", [](Modes* m) { std::fill_n(m->probability.begin() + 4, 4, 0.0); }, 1);
}

PoseMode GoodMode() {
  PoseMode mode;
  mode.pose = {0, 0, 1, 1, 0, 0, 0};
  test::SetCovariance(Matrix::Identity(6, 6), &mode);
  return mode;
}

PoseMode GoodYawMode() {
  PoseMode mode;
  mode.dof = 4;
  mode.pose = {0, 0, 1, 0.5};
  test::SetCovariance(Matrix::Identity(4, 4), &mode);
  return mode;
}

// The Gaussian says "mode: ...", the mixture "modes[1]: ..." of the second of two.
void ExpectRefused(PoseMode bad, const std::string& words) {
  std::string error;
  EXPECT_EQ(GaussianPosteriorFactor::Create(PoseChainOptions(), bad, &error), nullptr) << words;
  EXPECT_EQ(error.find("mode: " + words), 0u) << error;
  EXPECT_EQ(GaussianPosteriorFactor::Create(PoseChainOptions(), bad, nullptr), nullptr);
  const std::vector<PoseMode> modes = {bad.dof == 4 ? GoodYawMode() : GoodMode(), bad};
  const auto mixture = [&](std::string* message) {
    return MixturePosteriorFactor::Create(PoseChainOptions(), modes, MixtureKind::kSum, message);
  };
  EXPECT_EQ(mixture(&error), nullptr) << words;
  EXPECT_EQ(error.find("modes[1]: " + words), 0u) << error;
  EXPECT_EQ(mixture(nullptr), nullptr);
  // A mode without probability is not looked at.
  std::vector<PoseMode> harmless = modes;
  harmless[1].probability = 0;
  EXPECT_NE(MixturePosteriorFactor::Create(PoseChainOptions(), harmless, MixtureKind::kSum, &error),
            nullptr)
      << error;
}

TEST(PosteriorFactors, RefuseBadModes) {
  const auto refuse = [](const std::string& words, PoseMode bad,
                         const std::function<void(PoseMode*)>& spoil) {
    spoil(&bad);
    ExpectRefused(bad, words);
  };
  refuse("dof is 5", GoodMode(), [](PoseMode* m) { m->dof = 5; });
  refuse("pose is not finite", GoodMode(), [](PoseMode* m) { m->pose[2] = NAN; });
  refuse("pose is not finite", GoodYawMode(), [](PoseMode* m) { m->pose[3] = INFINITY; });
  refuse("pose has a zero quaternion", GoodMode(), [](PoseMode* m) { m->pose[3] = 0; });
  refuse("pose has a quaternion that overflows", GoodMode(),
         [](PoseMode* m) { m->pose[3] = 1e200; });
  refuse("covariance is not finite", GoodMode(), [](PoseMode* m) { m->covariance[7] = NAN; });
  refuse("covariance is not symmetric", GoodMode(), [](PoseMode* m) { m->covariance[1] = 0.1; });
  refuse("covariance is not positive", GoodMode(), [](PoseMode* m) { m->covariance[14] = -1; });
  refuse("covariance is not positive", GoodMode(),
         [](PoseMode* m) { m->covariance[1] = m->covariance[6] = 2; });
  refuse("covariance has rank 5 of 6", GoodMode(), [](PoseMode* m) { m->covariance[35] = 0; });
  refuse("covariance has rank 3 of 4", GoodYawMode(), [](PoseMode* m) { m->covariance[15] = 0; });
  refuse("PoseLayout::yaw_axis", GoodYawMode(), [](PoseMode* m) { m->yaw_axis.x = 1; });
  refuse("PoseLayout::base_rotation", GoodYawMode(),
         [](PoseMode* m) { m->base_rotation.row0.x = -1; });
}

TEST(MixturePosteriorFactor, RefusesBadMixtures) {
  const auto refuse = [](const std::vector<PoseMode>& modes, const std::string& words,
                         MixtureKind kind = MixtureKind::kSum,
                         const PoseChainOptions& options = PoseChainOptions()) {
    std::string error;
    EXPECT_EQ(MixturePosteriorFactor::Create(options, modes, kind, &error), nullptr) << words;
    EXPECT_NE(error.find(words), std::string::npos) << error;
    EXPECT_EQ(MixturePosteriorFactor::Create(options, modes, kind, nullptr), nullptr);
  };
  const auto weighted = [](double a, double b) {
    std::vector<PoseMode> modes = {GoodMode(), GoodMode()};
    modes[0].probability = a, modes[1].probability = b;
    return modes;
  };
  refuse({}, "modes is empty");
  refuse(weighted(0, 0), "sum to 0");
  refuse(weighted(1, -0.5), "modes[1]: probability is -0.5");
  refuse(weighted(NAN, 1), "modes[0]: probability is nan");
  refuse(weighted(1, INFINITY), "modes[1]: probability is inf");
  refuse(weighted(1e308, 1e308), "sum to inf");
  refuse({GoodMode(), GoodYawMode()}, "modes[1]: dof is 4, that of the modes before is not");
  refuse({GoodMode()}, "kind is neither", static_cast<MixtureKind>(7));
  PoseChainOptions options;
  options.cam_from_rig = {0, 0, 0, 0, 0, 0, 0};
  refuse({GoodMode()}, "cam_from_rig has a zero quaternion", MixtureKind::kSum, options);
  std::string error;
  EXPECT_EQ(GaussianPosteriorFactor::Create(options, GoodMode(), &error), nullptr);
  EXPECT_NE(error.find("cam_from_rig"), std::string::npos);
}

}  // namespace
}  // namespace propnp
