// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Residuals and Jacobians of the posterior factors against automatic differentiation of the same
// model, and in the tangent against Ceres' checker, in all layouts and chains: at modes, between
// them, far from them and close to half a turn.
#include <ceres/dynamic_autodiff_cost_function.h>
#include <ceres/gradient_checker.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/ceres/linearization.h"
#include "tests/ceres/posterior_case.h"

namespace propnp {
namespace {

using test::ChainCase;
using test::ExpectSame;
using test::Linearization;
using test::Linearize;
using test::Matrix;
using test::ReferenceMixture;

Linearization LinearizeReference(const ReferenceMixture& reference, const ChainCase& c) {
  ceres::DynamicAutoDiffCostFunction<ReferenceMixture, 8> cost(new ReferenceMixture(reference));
  for (const auto& block : c.parameters) cost.AddParameterBlock(static_cast<int>(block.size()));
  cost.SetNumResiduals(reference.modes.front().dof + 1);
  return Linearize(cost, c.pointers());
}

void CheckMixture(const ChainCase& c, const std::vector<PoseMode>& modes, MixtureKind kind,
                  double tolerance = 1e-11) {
  std::string error;
  const auto cost = MixturePosteriorFactor::Create(c.options, modes, kind, &error);
  ASSERT_NE(cost, nullptr) << error;
  const ReferenceMixture reference{c.options, modes, kind, cost->cost_offset()};
  ExpectSame(Linearize(*cost, c.pointers()), LinearizeReference(reference, c), tolerance);
}

// The first rows of a mixture of one mode are the Gaussian, the last is constant.
void CheckGaussian(const ChainCase& c, const PoseMode& mode) {
  const auto cost = GaussianPosteriorFactor::Create(c.options, mode, nullptr);
  ASSERT_NE(cost, nullptr);
  Linearization expected =
      LinearizeReference({c.options, {mode}, MixtureKind::kMax, test::ReferenceLogWeight(mode)}, c);
  expected.residuals.conservativeResize(mode.dof);
  for (auto& jacobian : expected.jacobians) {
    jacobian.conservativeResize(mode.dof, Eigen::NoChange);
  }
  ExpectSame(Linearize(*cost, c.pointers()), expected);
}

// Mutations: the arm of a link left out, B^T for B, B left out of the turn, the chart's derivative
// with the sign of [h]x turned or without h h^T, the twist's without its cross product, the last
// row with the sign turned, not divided by r_D or by the sum of the shares.
TEST(PosteriorJacobian, EveryChainAgreesWithAutodiff) {
  test::TestRandom random;
  for (const PoseChainOptions& options : test::AllChains()) {
    const ChainCase c = test::MakeChain(options, &random);
    for (const int dof : {6, 4}) {
      std::vector<PoseMode> modes;
      for (int m = 0; m < 3; ++m) {
        modes.push_back(test::ModeNear(c.cam_from_object(), dof, 0.3, 0.4, &random));
      }
      CheckGaussian(c, modes[0]);
      CheckMixture(c, modes, MixtureKind::kSum);
      CheckMixture(c, modes, MixtureKind::kMax);
    }
  }
}

// At a mode the gradient of one mode is zero and the cost is least; between two modes of the same
// shape their shares are equal and pull in opposite directions; far away all are small.
TEST(PosteriorJacobian, AtModesBetweenAndFar) {
  test::TestRandom random;
  for (const int dof : {6, 4}) {
    for (const double sigma : {1e-3, 0.1, 10.0}) {
      const ChainCase c = test::MakeChain(PoseChainOptions(), &random);
      std::vector<PoseMode> modes;
      modes.push_back(test::ModeNear(c.cam_from_object(), dof, 0, sigma, &random));
      modes.push_back(test::ModeNear(c.cam_from_object(), dof, sigma, sigma, &random));
      modes.push_back(test::ModeNear(c.cam_from_object(), dof, 2, sigma, &random));
      CheckMixture(c, modes, MixtureKind::kSum);
      CheckMixture(c, {modes[0]}, MixtureKind::kSum);
      CheckMixture(c, {modes[2]}, MixtureKind::kSum);
      PoseMode twin = modes[1];
      for (int i = 0; i < 3; ++i) twin.pose[i] = 2 * c.parameters[0][i] - modes[1].pose[i];
      CheckMixture(c, {modes[1], twin}, MixtureKind::kSum);
    }
  }
}

// Towards half a turn the residual grows without bound; its derivative follows it down to where
// differences of the matrices' entries, of which the reference is made, lose their digits.
TEST(PosteriorJacobian, CloseToHalfATurn) {
  test::TestRandom random;
  const PoseMode broad = [&] {
    const ChainCase anywhere = test::MakeChain(PoseChainOptions(), &random);
    return test::ModeNear(anywhere.cam_from_object(), 6, 1, 1, &random);
  }();
  for (const double missing : {1e-1, 1e-2, 1e-3}) {
    ChainCase c = test::MakeChain(PoseChainOptions(), &random);
    const Quaternion<double> turn = [&] {
      const double half = 0.5 * (3.14159265358979323846 - missing);
      const Vec3<double> v = std::sin(half) * random.Axis();
      return Quaternion<double>{std::cos(half), v.x, v.y, v.z};
    }();
    const double* p = broad.pose.data();
    const Quaternion<double> q = turn * Quaternion<double>{p[3], p[4], p[5], p[6]};
    c.parameters[0] = {p[0], p[1], p[2], q.w, q.x, q.y, q.z};
    // Entries of 1e-16 error, divided by missing^2 / 2, twice.
    CheckMixture(c, {broad}, MixtureKind::kSum, 1e-14 / std::pow(missing, 4));
    const PoseMode here = test::ModeNear(c.cam_from_object(), 6, 0.1, 0.2, &random);
    CheckMixture(c, {broad, here}, MixtureKind::kSum);
  }
}

// Mutations: all of those above.
TEST(PosteriorJacobian, GradientCheckerInTheTangent) {
  test::TestRandom random;
  const std::vector<PoseChainOptions> chains = test::AllChains();
  size_t checked = 0;
  for (const PoseChainOptions& options : chains) {
    ChainCase c = test::MakeChain(options, &random);
    test::NormalizeQuaternions(options, &c.parameters);
    std::vector<std::unique_ptr<ceres::Manifold>> owned;
    test::AddManifolds(options, &owned);
    std::vector<const ceres::Manifold*> manifolds;
    for (const auto& manifold : owned) manifolds.push_back(manifold.get());
    for (const int dof : {6, 4}) {
      std::vector<PoseMode> modes;
      for (int m = 0; m < 2; ++m) {
        modes.push_back(test::ModeNear(c.cam_from_object(), dof, 0.3, 0.4, &random));
      }
      // The differences must not cross from one mode's residuals to the other's.
      const std::vector<double> shares = test::ReferenceLogShares(modes, c.cam_from_object());
      if (std::fabs(shares[0] - shares[1]) < 0.1) continue;
      const auto mixture =
          MixturePosteriorFactor::Create(options, modes, MixtureKind::kSum, nullptr);
      ASSERT_NE(mixture, nullptr);
      ceres::NumericDiffOptions differences;
      differences.ridders_relative_initial_step_size = 1e-4;
      const ceres::GradientChecker checker(mixture.get(), &manifolds, differences);
      ceres::GradientChecker::ProbeResults results;
      checker.Probe(c.pointers().data(), 1e-6, &results);
      ASSERT_TRUE(results.return_value) << results.error_log;
      // The checker's own verdict is relative to each entry, however small.
      for (size_t k = 0; k < results.local_jacobians.size(); ++k) {
        const Matrix error = results.local_jacobians[k] - results.local_numeric_jacobians[k];
        EXPECT_LT(error.cwiseAbs().maxCoeff(), 1e-7) << "block " << k;
      }
      ++checked;
    }
  }
  EXPECT_GT(checked, chains.size());
}

}  // namespace
}  // namespace propnp
