// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the regression on Stein control variates promises of its weights, whatever the samples are:
// scores are those of two Gaussians and noise here, weights random, and neither of a posterior.
#include "propnp/engine/stein_variates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "tests/engine/gradient_operation.h"
#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr int kModes = 2;

std::vector<double> Normalised(std::vector<double> weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& w : weights) w /= sum;
  return weights;
}

// Samples about two modes of equal height that are six standard deviations of .1 apart.
class SteinWeights : public ::testing::Test {
 protected:
  static constexpr int64_t kSamples = 200;
  static constexpr double kDeviation = 0.1;

  SteinWeights() : memory_(Bytes()), arena_(memory_.data()) {
    stein_ = SteinVariates<6>::Allocate(&arena_);
    for (int m = 0; m < kModes; ++m) SetMode(0.6 * m, &modes_[m]);
    for (int64_t s = 0; s < kSamples; ++s) {
      const Vec3<double> t = random_.Vector(kDeviation), turn = random_.Vector(kDeviation / 2);
      const Quaternion<double> q = normalized(Quaternion<double>{1, turn.x, turn.y, turn.z});
      pose_.insert(pose_.end(), {t.x + 0.6 * (s % kModes), t.y, 5 + t.z, q.w, q.x, q.y, q.z});
      for (double x : {t.x, t.y, t.z, 2 * turn.x, 2 * turn.y, 2 * turn.z}) {
        score_.push_back((x / kDeviation + 0.3 * random_.Normal()) / kDeviation);
      }
      plain_.push_back(random_.Uniform(0.5, 1.5));
      mass_.push_back(random_.Uniform(-0.5, 2.5));
    }
    plain_ = Normalised(plain_), mass_ = Normalised(mass_);
  }

  bool Correct(double ess, bool cubic, std::vector<double>* weights) {
    weights->resize(kSamples);
    if (!stein_.SetModes(dof_, pivot_, modes_, kModes)) return false;
    return stein_.CorrectWeights(
        {kSamples, pose_.data(), score_.data(), plain_.data(), mass_.data(), ess}, cubic,
        weights->data());
  }

  // sum_s weight_s column_s for the shares and the linear fields; of what size its terms are.
  std::vector<double> Means(const std::vector<double>& weights, std::vector<double>* size) {
    SteinModes<6> modes;
    EXPECT_TRUE(modes.set(dof_, pivot_, modes_, kModes));
    constexpr double kDraws = 20;  // enough for linear fields, not for those of the second degree
    EXPECT_TRUE(modes.choose_degrees(kDraws, false));
    EXPECT_EQ(modes.num_columns(), kModes + kModes * num_stein_fields(6, 1));
    std::vector<double> means(modes.num_columns());
    size->assign(means.size(), 0);
    for (int64_t s = 0; s < kSamples; ++s) {
      int column = 0;
      modes.visit_columns(&pose_[7 * s], &score_[6 * s], [&](double value) {
        means[column] += weights[s] * value;
        (*size)[column++] += std::fabs(weights[s] * value);
      });
    }
    return means;
  }

  TestRandom random_;
  SixDof<double> dof_;
  Vec3<double> pivot_{0, 0, 0};
  PosteriorMode<6> modes_[kModes];
  std::vector<double> pose_, score_, plain_, mass_;

 private:
  static size_t Bytes() {
    Arena count;
    SteinVariates<6>::Allocate(&count);
    return count.used();
  }

  void SetMode(double x, PosteriorMode<6>* mode) const {
    *mode = {};
    const double pose[7] = {x, 0, 5, 1, 0, 0, 0};
    std::copy(pose, pose + 7, mode->pose);
    mode->chart.set(dof_, pose, pivot_, 0.1);
    for (int i = 0; i < 6; ++i) {  // a half angle has half the deviation of its angle
      const double deviation = i < 3 ? kDeviation : kDeviation / 2;
      mode->covariance[7 * i] = deviation * deviation;
    }
    ASSERT_TRUE(mode->sqrt_shape.factorize(mode->covariance));
    mode->log_det_sqrt = 0.5 * mode->sqrt_shape.log_determinant();
    mode->converged = true;
  }

  AlignedBytes memory_;
  Arena arena_;
  SteinVariates<6> stein_;
};

// The weights give every mode the mass that it has by the other weights, and sum to one; what their
// linear fields miss of zero is rounding. Columns are of float: 6e-8 of their size, enlarged by the
// root of the smallest pivot, 1e-5. Fails if the masses come from the plain weights, or if a linear
// field has a ridge of 1 %.
TEST_F(SteinWeights, KeepTheMassesOfTheModes) {
  std::vector<double> weights, size, other_size;
  ASSERT_TRUE(Correct(0.5, false, &weights));
  constexpr double kTolerance = 6e-8 * 316;
  EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0), 1, 1e-12);
  const std::vector<double> means = Means(weights, &size), given = Means(mass_, &other_size);
  for (int i = 0; i < static_cast<int>(means.size()); ++i) {
    EXPECT_NEAR(means[i], i < kModes ? given[i] : 0, kTolerance * size[i]) << "column " << i;
  }
}

TEST_F(SteinWeights, AreNoneWhereThePlainOnesAreNone) {
  std::vector<double> weights;
  plain_[7] = 0;
  score_[7 * 6] = std::nan("");
  plain_ = Normalised(plain_);
  ASSERT_TRUE(Correct(0.5, false, &weights));
  EXPECT_EQ(weights[7], 0);
}

TEST_F(SteinWeights, NeedDraws) {
  std::vector<double> weights;
  EXPECT_FALSE(Correct(0.02, false, &weights));  // two a mode, for six fields
}

// Fields thirty deviations from a mean of zero: weights that move it there are no longer those of
// the posterior.
TEST_F(SteinWeights, AreRefusedWhereTheyChangeTooMuch) {
  std::vector<double> weights;
  for (double& score : score_) score += 30 / kDeviation;
  EXPECT_FALSE(Correct(0.5, false, &weights));
}

// Two modes have no room for fields of the third degree.
TEST_F(SteinWeights, AreTheSameWithCubicFieldsThatFindNoRoom) {
  std::vector<double> quadratic, cubic;
  ASSERT_TRUE(Correct(0.9, false, &quadratic));
  ASSERT_TRUE(Correct(0.9, true, &cubic));
  EXPECT_EQ(quadratic, cubic);
}

}  // namespace
}  // namespace propnp::test
