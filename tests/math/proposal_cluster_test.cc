// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The Gaussians that the second stage of the sampler fits to few points and to many.
#include "propnp/math/proposal_cluster.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/math/test_random.h"

namespace propnp {
namespace {

constexpr int kDof = 6;
using Point = std::vector<double>;

// Of standard deviation `sigma` in every coordinate.
std::vector<Point> RandomPoints(int count, double sigma) {
  test::TestRandom random;
  std::vector<Point> points(count, Point(kDof));
  for (Point& point : points) {
    for (double& x : point) x = sigma * random.Normal();
  }
  return points;
}

// The cluster of all points of a mode whose shape at the minimum has standard deviation one.
ProposalCluster<kDof> ClusterOf(const std::vector<Point>& points) {
  double at_minimum[kDof * kDof] = {};
  for (int i = 0; i < kDof; ++i) at_minimum[i * (kDof + 1)] = 1;
  ProposalCluster<kDof> cluster = {};
  for (const Point& point : points) cluster.add(1, point.data());
  cluster.set_mode_covariance(at_minimum);
  return cluster;
}

// Three points span two directions; along the four others their covariance is that of rounding.
TEST(ProposalCluster, FewPointsTakeTheirShapeFromTheMinimum) {
  for (const int count : {1, 2, 3, 6}) {
    ProposalCluster<kDof> cluster = ClusterOf(RandomPoints(count, 1));
    ASSERT_TRUE(cluster.finish()) << count;
    // In the least direction: the shape counts 4 of n + 4, and that 12 of n + 12.
    const double least = 4.0 / (count + 4) * 12 / (count + 12);
    for (int i = 0; i < kDof; ++i) {
      const double along = cluster.shape.lower(i, i);  // given all coordinates before
      EXPECT_GE(along * along, least * (1 - 1e-9)) << count << " " << i;
    }
  }
}

TEST(ProposalCluster, ManyPointsHaveAShapeOfTheirOwn) {
  constexpr int kCount = 20000;
  constexpr double kSigma = 3;
  ProposalCluster<kDof> cluster = ClusterOf(RandomPoints(kCount, kSigma));
  ASSERT_TRUE(cluster.finish());
  for (int i = 0; i < kDof; ++i) {
    for (int j = 0; j < kDof; ++j) {
      // Five standard errors of a variance: 5 sqrt(2 / 20000).
      EXPECT_NEAR(cluster.covariance[i * kDof + j], i == j ? kSigma * kSigma : 0,
                  0.05 * kSigma * kSigma);
    }
  }
}

}  // namespace
}  // namespace propnp
