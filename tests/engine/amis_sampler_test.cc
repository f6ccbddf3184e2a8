// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/amis_sampler.h"

#include <Eigen/LU>
#include <map>
#include <string>

#include "propnp/engine/workspace.h"
#include "tests/engine/evidence_problems.h"
#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

// The sampler's memory, and a pose with a covariance to begin with.
template <int kDof>
struct AmisRun {
  static constexpr int64_t kCount = 512;
  std::vector<double> pose, log_density, log_weight, weight, cost;
  double mode[7] = {0.3, -0.2, 4, 0.8}, covariance[kDof * kDof] = {};

  AmisRun()
      : pose(7 * kCount), log_density(kCount), log_weight(kCount), weight(kCount), cost(kCount) {
    if (kDof == 6) mode[4] = 0.6;
    for (int i = 0; i < kDof; ++i) covariance[i * (kDof + 1)] = i < 3 ? 0.01 * (1 + i) : 0.02 * i;
    covariance[1] = covariance[kDof] = 0.005;
  }

  AmisSampler<kDof> Sampler(uint64_t object_id) {
    return {
        mode,
        covariance,
        7,
        object_id,
        {pose.data(), log_density.data(), log_weight.data(), weight.data(), cost.data(), kCount}};
  }

  // All rounds, with cost(pose).
  template <typename Cost>
  void Run(uint64_t object_id, const Cost& cost_of) {
    AmisSampler<kDof> amis = Sampler(object_id);
    for (int round = 0; round < kAmisRounds; ++round) {
      amis.Draw(round);
      for (int64_t s = amis.Begin(round); s < amis.End(round); ++s) cost[s] = cost_of(&pose[7 * s]);
      amis.Weigh(round);
      amis.Adapt(round);
    }
    EXPECT_FALSE(amis.fell_back());
  }

  // Compact, as the proposal's refit takes them by default.
  std::vector<double> Poses(int64_t count) const {
    std::vector<double> compact;
    for (int64_t s = 0; s < count; ++s) {
      compact.insert(compact.end(), &pose[7 * s], &pose[7 * s] + (kDof == 6 ? 7 : 4));
    }
    return compact;
  }
};

template <int kDof>
using Proposal = AmisProposal<DofPolicy<kDof>>;

// A density to be sampled: a first proposal of another pose, wider.
template <int kDof>
Proposal<kDof> Target(const AmisRun<kDof>& run) {
  double mode[7], covariance[kDof * kDof];
  std::copy(run.mode, run.mode + 7, mode);
  mode[0] += 0.05, mode[2] -= 0.1;
  if (kDof == 4) mode[3] += 0.1;
  for (int i = 0; i < kDof * kDof; ++i) covariance[i] = 1.5 * run.covariance[i];
  Proposal<kDof> target;
  EXPECT_TRUE(target.fit(mode, covariance));
  return target;
}

// The weights of the algorithm's last round from all densities at once, as the paper writes them.
template <int kDof>
void ExpectDeterministicMixture() {
  AmisRun<kDof> run;
  const Proposal<kDof> target = Target(run);
  const auto cost = [&](const double* pose) { return -target.log_density(pose); };
  run.Run(3, cost);
  constexpr int64_t kCount = AmisRun<kDof>::kCount, kRound = kCount / kAmisRounds;
  std::vector<Proposal<kDof>> proposals(1);
  ASSERT_TRUE(proposals[0].fit(run.mode, run.covariance));
  for (int rounds = 1; rounds <= kAmisRounds; ++rounds) {
    std::vector<double> log_weights, weights(rounds * kRound);
    for (int64_t s = 0; s < rounds * kRound; ++s) {
      double mean = 0;
      for (const Proposal<kDof>& p : proposals)
        mean += std::exp(p.log_density(&run.pose[7 * s])) / rounds;
      log_weights.push_back(-cost(&run.pose[7 * s]) - std::log(mean));
    }
    if (rounds == kAmisRounds) {
      for (int64_t s = 0; s < kCount; ++s) EXPECT_NEAR(run.log_weight[s], log_weights[s], 1e-9);
      break;
    }
    ASSERT_TRUE(normalize_log_weights(log_weights.data(), rounds * kRound, weights.data()));
    proposals.emplace_back();
    ASSERT_TRUE(
        proposals.back().refit(run.Poses(rounds * kRound).data(), weights.data(), rounds * kRound));
  }
}

TEST(AmisSampler, WeighsByTheMeanOfAllProposals) {
  ExpectDeterministicMixture<6>();
  ExpectDeterministicMixture<4>();
}

// The first round has no bias: the mean weight of a normalised target is one within five standard
// errors, once in 1e6 by chance. Later rounds adapt, and stay within the few hundredths by which
// the published sampler is low.
template <int kDof>
void ExpectTheTargetsIntegral() {
  std::vector<double> first, all;
  for (uint64_t id = 0; id < 200; ++id) {
    AmisRun<kDof> run;
    const Proposal<kDof> target = Target(run);
    AmisSampler<kDof> amis = run.Sampler(id);
    amis.Draw(0);
    std::fill(run.cost.begin(), run.cost.end(), 0);
    amis.Weigh(0);  // log weights are minus log densities then
    double ratio = 0;
    for (int64_t s = 0; s < amis.End(0); ++s) {
      ratio += std::exp(target.log_density(&run.pose[7 * s]) + run.log_weight[s]) /
               static_cast<double>(amis.End(0));
    }
    first.push_back(ratio);
    run.Run(id, [&](const double* pose) { return -target.log_density(pose); });
    double mean = 0;
    for (double w : run.log_weight)
      mean += std::exp(w) / static_cast<double>(run.log_weight.size());
    all.push_back(mean);
  }
  const MeanValue one_round = MeanOf(first), rounds = MeanOf(all);
  EXPECT_LT(one_round.standard_error, 0.01);
  EXPECT_NEAR(one_round.mean, 1, 5 * one_round.standard_error);
  EXPECT_LT(rounds.standard_error, 0.01);
  EXPECT_NEAR(rounds.mean, 1, 0.1);
}

TEST(AmisSampler, IntegratesADensityToOne) {
  ExpectTheTargetsIntegral<6>();
  ExpectTheTargetsIntegral<4>();
}

// (J^T W J + eps in the half-angle tangent)^-1 from the rows of the Jacobian.
TEST(AmisSampler, FirstCovarianceIsThePublishedSolvers) {
  TestRandom random;
  for (const int dof : {6, 4}) {
    Simulation simulation;
    simulation.dof = dof;
    simulation.noise_px = 3;
    Batch b = Simulate(random, simulation);
    b.cost.loss = PROPNP_LOSS_HUBER, b.cost.delta = 2;
    EvaluateCall call(b, b.true_pose);
    call.args.drop_clamped_rows = 1;
    ASSERT_TRUE(call.Run(SharedContext()).ok());
    Eigen::MatrixXd precision = Eigen::MatrixXd::Zero(dof, dof);
    for (int64_t k = 0; k < 2 * b.num_points; ++k) {
      const Eigen::Map<const Eigen::RowVectorXd> row(&call.jacobian[k * dof], dof);
      precision += call.loss_weight[k / 2] * row.transpose() * row;
    }
    constexpr double kEpsilon = 100;  // far above the default, to be seen
    const Eigen::VectorXd half_angle = Eigen::VectorXd::NullaryExpr(
        dof, [&](Eigen::Index i) { return dof == 6 && i >= 3 ? 0.5 : 1.0; });
    precision += kEpsilon * half_angle.cwiseAbs2().asDiagonal().toDenseMatrix();
    const Eigen::MatrixXd expected = precision.inverse();

    const Correspondences correspondences = CorrespondencesOf(b);
    const Cameras cameras = CamerasOf(b);
    Problem problem;
    ASSERT_TRUE(MakeProblem(&correspondences, &cameras, &b.cost, &problem).ok());
    WorkspaceMemory memory(SharedContext());
    ASSERT_TRUE(memory.Acquire(1 << 15, nullptr, 0).ok());
    Arena arena(memory.data());
    PackedObject<double> object = PackedObject<double>::Allocate(problem, &arena);
    PreparedCamera<double> camera;
    PrepareCameras(problem, &camera);
    object.Gather(problem, &camera, 0);
    double covariance[36];
    ASSERT_TRUE(dof == 6 ? PublishedCovariance(ObjectCost<6, double>(object), kEpsilon,
                                               b.true_pose.data(), covariance)
                         : PublishedCovariance(ObjectCost<4, double>(object), kEpsilon,
                                               b.true_pose.data(), covariance));
    for (int i = 0; i < dof * dof; ++i) {
      EXPECT_NEAR(covariance[i], expected(i / dof, i % dof), 1e-9 * expected.norm());
    }
  }
}

struct FamilyFigures {
  double ess = 0, square = 0, bias = 0, gradient = 0, count = 0;
};

constexpr int64_t kSeeds = 24;

// Means over the file's problems of a family, each sampled with 512 draws 24 times over.
std::map<std::string, FamilyFigures> MeasureFamilies() {
  std::map<std::string, FamilyFigures> families;
  SampleOptions options;
  options.method = PROPNP_SAMPLER_AMIS;
  for (const EvidenceProblem& problem : ReadEvidenceProblems()) {
    if (!problem.prior_mean.empty()) continue;
    Batch batch = Replicated(problem, kSeeds);
    batch.true_pose.clear();
    WantedOutputs wanted;
    wanted.gradient = false;
    const Posterior posterior = SampleBatch(batch, options, nullptr, PROPNP_FLOAT32, 2, wanted);
    FamilyFigures& family = families[problem.family];
    for (int64_t i = 0; i < kSeeds; ++i) {
      const double error = posterior.log_evidence[i] - problem.log_evidence;
      EXPECT_TRUE(std::isfinite(error)) << problem.name;
      EXPECT_TRUE(std::isfinite(posterior.ess[i])) << problem.name;
      family.ess += posterior.ess[i];
      family.bias += error;
      family.square += error * error;
      ++family.count;
    }
    EXPECT_LE(posterior.mode_count[0], 1);
  }
  for (auto& [name, family] : families) {
    family.ess /= family.count, family.bias /= family.count, family.square /= family.count;
  }
  return families;
}

// The published implementation, measured on ten problems of each of these families with 512 samples
// (design: ESS .43, .28, .04, .36, .23, .11, .05). One problem's ESS lies within a third of its
// family's, the hard families' within a half; a wrong measure, weights by one proposal alone or a
// proposal that does not adapt are a factor off or more. Its bias on the easiest family is -.05,
// and several times that where it misses a mode or most of a valley.
TEST(AmisSampler, IsAsGoodAsThePublishedOne) {
  const std::map<std::string, FamilyFigures> families = MeasureFamilies();
  if (families.empty()) GTEST_SKIP() << "needs evidence/evidence.json";
  const std::map<std::string, std::pair<double, double>> published_ess = {
      {"well_conditioned_64", {0.43, 0.33}}, {"planar_marker_16", {0.28, 0.33}},
      {"near_line_64", {0.04, 0.5}},         {"flip_symmetric_64", {0.36, 0.33}},
      {"few_points", {0.23, 0.5}},           {"sharp_512", {0.11, 0.33}},
      {"off_centre_64", {0.05, 0.5}}};
  for (const auto& [name, expected] : published_ess) {
    ASSERT_EQ(families.count(name), 1u) << name;
    EXPECT_NEAR(families.at(name).ess, expected.first, expected.first * expected.second) << name;
  }
  const FamilyFigures& easiest = families.at("well_conditioned_64");
  EXPECT_LT(easiest.bias, -0.02);
  EXPECT_GT(easiest.bias, -0.08);
  EXPECT_LT(std::sqrt(easiest.square), 0.1);
  EXPECT_LT(families.at("planar_marker_16").bias, -0.1);
  EXPECT_LT(families.at("near_line_64").bias, -0.4);
}

// Its gradient is the weighted one, too.
TEST(AmisSampler, GivesAGradient) {
  for (const EvidenceProblem& problem : ReadEvidenceProblems()) {
    if (problem.name != "well_conditioned_64_0" && problem.name != "yaw_car_64_0") continue;
    SCOPED_TRACE(problem.name);
    SampleOptions options;
    options.method = PROPNP_SAMPLER_AMIS;
    const Posterior posterior = SampleBatch(Replicated(problem, kSeeds), options);
    double error = 0, norm = 0;
    for (size_t i = 0; i < posterior.grad_x2d.size(); ++i) {
      const double truth = problem.grad_x2d[i % problem.grad_x2d.size()];
      error += std::pow(posterior.grad_x2d[i] - truth, 2), norm += truth * truth;
    }
    // The published one's errors are .07 and .09.
    EXPECT_LT(std::sqrt(error / norm), 0.15);
  }
}

TEST(AmisSampler, TakesWholeRoundsOnly) {
  TestRandom random;
  const Batch b = Simulate(random, Simulation());
  const Correspondences correspondences = CorrespondencesOf(b);
  const Cameras cameras = CamerasOf(b);
  SampleOptions options;
  options.method = PROPNP_SAMPLER_AMIS;
  options.num_samples = 130;
  SampleArgs args;
  args.correspondences = &correspondences, args.cameras = &cameras, args.cost = &b.cost;
  args.start_options = &b.options, args.options = &options;
  EXPECT_NE(SamplePosterior(SharedContext(), args).message().find("num_samples is 130"),
            std::string::npos);
}

// The same streams with any threads and neighbours; control variates and a second stage are not
// its.
TEST(AmisSampler, DependsOnItsObjectAlone) {
  TestRandom random;
  Simulation simulation;
  simulation.objects = 4;
  simulation.noise_px = 1;
  Batch b = Simulate(random, simulation);
  b.object_ids = {5, 6, 7, 8};
  SampleOptions options;
  options.method = PROPNP_SAMPLER_AMIS;
  const Posterior all = SampleBatch(b, options, nullptr, PROPNP_FLOAT64, 3);
  options.control_variates = 0;
  options.second_stage_ess = 1;
  const Posterior alone = SampleBatch(Slice(b, 2, 3), options, nullptr, PROPNP_FLOAT64, 1);
  EXPECT_EQ(alone.log_evidence[0], all.log_evidence[2]);
  EXPECT_TRUE(std::equal(alone.grad_x3d.begin(), alone.grad_x3d.end(),
                         all.grad_x3d.begin() + 2 * 3 * b.num_points));
}

}  // namespace
}  // namespace propnp::test
