// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/amis_sampler.h"

#include <algorithm>
#include <cmath>

#include "propnp/math/philox.h"
#include "propnp/math/quantile.h"

namespace propnp {
namespace {

constexpr int kStride = 7;

// The random numbers of one sample: standard normals, and chi-square with three degrees.
template <int kNormals>
struct AmisNoise {
  double normals[kNormals];
  double chi_square_3;

  AmisNoise(uint64_t seed, uint64_t object_id, int64_t sample) {
    constexpr int kBlocks = (kNormals + 1 + 3) / 4;
    uint32_t words[4 * kBlocks];
    for (int block = 0; block < kBlocks; ++block) {
      const auto index = static_cast<uint32_t>(sample * kBlocks + block);
      const PhiloxWords random = random_words(seed, object_id, RandomPurpose::kAmis, index);
      std::copy(random.word, random.word + 4, words + 4 * block);
    }
    for (int i = 0; i < kNormals; ++i) {
      normals[i] = normal_quantile(symmetric_uniform<double>(words[i]));
    }
    chi_square_3 = chi_square_3_quantile(symmetric_uniform<double>(words[kNormals]));
  }
};

double LogAddExp(double a, double b) {
  const double larger = std::max(a, b), smaller = std::min(a, b);
  return larger > -HUGE_VAL ? larger + std::log1p(std::exp(smaller - larger)) : larger;
}

bool Refit(const double* poses, const double* weights, int64_t count,
           AmisProposal<SixDof<double>>* proposal) {
  return proposal->refit(poses, weights, count);
}

bool Refit(const double* poses, const double* weights, int64_t count,
           AmisProposal<FourDof<double>>* proposal) {
  return proposal->refit(poses, weights, count, kStride);
}

int64_t UniformYaws(const AmisProposal<SixDof<double>>&, int64_t) { return 0; }

int64_t UniformYaws(const AmisProposal<FourDof<double>>& proposal, int64_t count) {
  return proposal.yaw().uniform_count(count);
}

}  // namespace

template <int kDof>
AmisSampler<kDof>::AmisSampler(const double* pose, const double* covariance, uint64_t seed,
                               uint64_t object_id, const AmisSamples& samples)
    : samples_(samples), seed_(seed), object_id_(object_id) {
  fell_back_ = !proposals_[0].fit(pose, covariance);
}

template <int kDof>
void AmisSampler<kDof>::DrawPose(int64_t s, bool uniform_yaw, const Proposal& proposal,
                                 double* pose) const {
  const AmisNoise<kDof == 6 ? 7 : 3> noise(seed_, object_id_, s);
  if constexpr (kDof == 6) {
    proposal.sample(noise.normals, noise.chi_square_3, pose);
  } else {
    const auto words = [&](uint32_t attempt) {
      return random_words(seed_, object_id_, RandomPurpose::kAmisYaw,
                          static_cast<uint32_t>(s) * kVonMisesAttempts + attempt);
    };
    proposal.sample(noise.normals, noise.chi_square_3, uniform_yaw, words, pose);
  }
}

template <int kDof>
void AmisSampler<kDof>::Draw(int round) {
  const int64_t uniform = UniformYaws(proposals_[round], End(round) - Begin(round));
  for (int64_t s = Begin(round); s < End(round); ++s) {
    double* pose = samples_.pose + kStride * s;
    DrawPose(s, s < Begin(round) + uniform, proposals_[round], pose);
    // As if it had been there in the rounds before.
    double log_sum = -HUGE_VAL;
    for (int before = 0; before < round; ++before) {
      log_sum = LogAddExp(log_sum, proposals_[before].log_density(pose));
    }
    samples_.log_density[s] = log_sum - std::log(std::max(round, 1));
  }
}

template <int kDof>
void AmisSampler<kDof>::Weigh(int round) {
  const double log_now = std::log(round + 1.0);
  for (int64_t s = 0; s < End(round); ++s) {
    double log_sum = proposals_[round].log_density(samples_.pose + kStride * s);
    if (round > 0) log_sum = LogAddExp(log_sum, samples_.log_density[s] + std::log(round));
    samples_.log_density[s] = log_sum - log_now;
    const double log_weight = -samples_.cost[s] - samples_.log_density[s];
    samples_.log_weight[s] = std::isfinite(log_weight) ? log_weight : -HUGE_VAL;
  }
}

template <int kDof>
void AmisSampler<kDof>::Adapt(int round) {
  if (round + 1 == kAmisRounds) return;
  const int64_t count = End(round);
  const bool weighed = normalize_log_weights(samples_.log_weight, count, samples_.weight);
  const bool fitted = Refit(samples_.pose, samples_.weight, count, &proposals_[round + 1]);
  fell_back_ = fell_back_ || !weighed || !fitted;
}

template <int kDof>
bool PublishedCovariance(const ObjectCost<kDof, double>& cost, double epsilon, const double* pose,
                         double* covariance) {
  NormalEquations<kDof, double> equations;
  cost.Evaluate(pose, Curvature::kIrls, ClampedRows::kDrop, &equations);
  for (int i = 0; i < kDof; ++i) {
    // Half the angle means four times the curvature.
    equations.curvature[i * (kDof + 1)] += kDof == 6 && i >= 3 ? epsilon / 4 : epsilon;
  }
  Cholesky<kDof, double> cholesky;
  if (!cholesky.factorize(equations.curvature)) return false;
  cholesky.inverse(covariance);
  return true;
}

template class AmisSampler<6>;
template class AmisSampler<4>;
template bool PublishedCovariance(const ObjectCost<6, double>&, double, const double*, double*);
template bool PublishedCovariance(const ObjectCost<4, double>&, double, const double*, double*);

}  // namespace propnp
