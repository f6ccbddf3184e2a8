// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Densities, proposals and their refits against the values of the published implementation: all of
// them to 1e-8.
#include <gtest/gtest.h>

#include "propnp/math/amis_proposal.h"
#include "tests/math/golden_objects.h"

namespace propnp::test {
namespace {

constexpr double kTolerance = 1e-8;

// A row-major square root L as the matrix L L^T.
template <int N>
std::vector<double> Squared(const json& root) {
  const std::vector<double> l = Flatten(root);
  std::vector<double> a(N * N, 0.0);
  for (int i = 0; i < N * N; ++i) {
    for (int k = 0; k < N; ++k) a[i] += l[i / N * N + k] * l[i % N * N + k];
  }
  return a;
}

template <int N>
std::vector<double> Lower(const Cholesky<N, double>& cholesky) {
  std::vector<double> l(N * N, 0.0);
  for (int i = 0; i < N; ++i) {
    for (int j = 0; j <= i; ++j) l[i * N + j] = cholesky.lower(i, j);
  }
  return l;
}

const json& Golden(const char* key) {
  const json& file = GoldenFile();
  static const json missing;
  return file.is_null() ? missing : file[key];
}

TEST(GoldenAmisTest, AngularCentralGaussianDensity) {
  const json& golden = Golden("angular_central_gaussian");
  ASSERT_FALSE(golden.is_null());
  for (size_t object = 0; object < golden["scale_tril"].size(); ++object) {
    AngularCentralGaussian<double> distribution;
    ASSERT_TRUE(distribution.set_covariance(Squared<4>(golden["scale_tril"][object]).data()));
    for (size_t j = 0; j < golden["q"].size(); ++j) {
      const std::vector<double> q = Flatten(golden["q"][j][object]);
      EXPECT_NEAR(distribution.log_density({q[0], q[1], q[2], q[3]}),
                  golden["log_prob"][j][object].get<double>(), kTolerance);
    }
  }
}

TEST(GoldenAmisTest, StudentDensity) {
  const json& golden = Golden("student_t");
  ASSERT_FALSE(golden.is_null());
  ASSERT_EQ(golden["df"], 3);
  for (size_t object = 0; object < golden["loc"].size(); ++object) {
    AmisTranslation<double> distribution;
    ASSERT_TRUE(distribution.set(Flatten(golden["loc"][object]).data(),
                                 Squared<3>(golden["scale_tril"][object]).data(), 1));
    for (size_t j = 0; j < golden["x"].size(); ++j) {
      EXPECT_NEAR(distribution.log_density(Flatten(golden["x"][j][object]).data()),
                  golden["log_prob"][j][object].get<double>(), kTolerance);
    }
  }
}

TEST(GoldenAmisTest, VonMisesUniformDensity) {
  const json& golden = Golden("von_mises_uniform");
  ASSERT_FALSE(golden.is_null());
  for (size_t object = 0; object < golden["loc"].size(); ++object) {
    const VonMisesUniform<double> distribution{golden["loc"][object][0], golden["kappa"][object][0],
                                               golden["uniform_mix"]};
    for (size_t j = 0; j < golden["yaw"].size(); ++j) {
      EXPECT_NEAR(distribution.log_density(golden["yaw"][j][object][0]),
                  golden["log_prob"][j][object][0].get<double>(), kTolerance);
    }
  }
}

// Arrays of the proposal's state by the name that the file gives them.
std::vector<double> State(const AmisProposal<SixDof<double>>& proposal, const std::string& name) {
  if (name == "trans_mode")
    return {proposal.translation().mode(), proposal.translation().mode() + 3};
  if (name == "trans_cov_tril") return Lower(proposal.translation().scale());
  EXPECT_EQ(name, "rot_cov_tril");
  return Lower(proposal.rotation().scale());
}
std::vector<double> State(const AmisProposal<FourDof<double>>& proposal, const std::string& name) {
  if (name == "trans_mode")
    return {proposal.translation().mode(), proposal.translation().mode() + 3};
  if (name == "trans_cov_tril") return Lower(proposal.translation().scale());
  if (name == "rot_mode") return {proposal.yaw().mode};
  EXPECT_EQ(name, "rot_kappa");
  return {proposal.yaw().kappa};
}

template <typename Dof>
void ExpectState(const AmisProposal<Dof>& proposal, const json& names, const json& expected,
                 size_t object, const char* stage) {
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string name = names[i];
    ExpectAllNear(State(proposal, name), Flatten(json::array({expected[i][object]})), kTolerance,
                  (std::string(stage) + " " + name).c_str());
  }
}

template <typename Dof>
void ExpectProposal(const char* key) {
  const json& golden = Golden(key);
  ASSERT_FALSE(golden.is_null());
  ASSERT_EQ(golden["acg_dispersion"], kAmisDispersion);
  ASSERT_EQ(golden["acg_mle_iter"], kAmisRotationIterations);
  ASSERT_EQ(golden["eps"], kAmisEpsilon);
  for (size_t object = 0; object < golden["pose_opt"].size(); ++object) {
    SCOPED_TRACE(std::string(key) + " object " + std::to_string(object));
    AmisProposal<Dof> proposal;
    EXPECT_TRUE(proposal.fit(Flatten(golden["pose_opt"][object]).data(),
                             Flatten(golden["pose_cov_full_angle"][object]).data()));
    ExpectState(proposal, golden["names"], golden["initial"], object, "initial");

    std::vector<double> poses, log_weights;
    for (size_t j = 0; j < golden["samples"].size(); ++j) {
      for (const double value : Flatten(golden["samples"][j][object])) poses.push_back(value);
      log_weights.push_back(golden["log_weights"][j][object]);
    }
    std::vector<double> weights(log_weights.size());
    const auto count = static_cast<int64_t>(weights.size());
    EXPECT_TRUE(normalize_log_weights(log_weights.data(), count, weights.data()));
    EXPECT_TRUE(proposal.refit(poses.data(), weights.data(), count));
    ExpectState(proposal, golden["names"], golden["refit"], object, "refit");
  }
}

TEST(GoldenAmisTest, ProposalWithSixDegreesOfFreedom) {
  ExpectProposal<SixDof<double>>("proposal_6dof");
}

TEST(GoldenAmisTest, ProposalWithFourDegreesOfFreedom) {
  ExpectProposal<FourDof<double>>("proposal_4dof");
}

}  // namespace
}  // namespace propnp::test
