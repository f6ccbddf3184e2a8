// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/posterior_summary.h"

#include <algorithm>
#include <cmath>

#include "propnp/math/philox.h"
#include "propnp/math/tangent.h"

namespace propnp {
namespace {

constexpr int kMeanIterations = 32;
constexpr double kMeanTolerance = 1e-6;  // standard deviations
constexpr double kRounding = 1e-14;

void RotationStep(const SixDof<double>&, const double* from, const double* to, double* step) {
  const Vec3<double> phi = rotation_vector_from_quaternion(
      Quaternion<double>{to[3], to[4], to[5], to[6]} *
      conjugate(Quaternion<double>{from[3], from[4], from[5], from[6]}));
  step[3] = phi.x, step[4] = phi.y, step[5] = phi.z;
}

void RotationStep(const FourDof<double>&, const double* from, const double* to, double* step) {
  step[3] = std::remainder(to[3] - from[3], 6.28318530717958647693);
}

// The retraction's tangent of a step.
void ToTangent(const SixDof<double>&, double* step) {
  const Vec3<double> theta = cayley_from_rotation_vector(Vec3<double>{step[3], step[4], step[5]});
  step[3] = theta.x, step[4] = theta.y, step[5] = theta.z;
}

void ToTangent(const FourDof<double>&, double*) {}

// Mean and second moments of the steps from moments->mean.
template <typename Dof>
void AddSteps(const Dof& dof, const WeightedPoses& samples, double* mean_step,
              PoseMoments<Dof>* moments) {
  constexpr int kD = Dof::kTangent;
  std::fill(mean_step, mean_step + kD, 0.0);
  std::fill(moments->covariance, moments->covariance + kD * kD, 0.0);
  for (int64_t s = 0; s < samples.count; ++s) {
    const double weight = samples.weight[s];
    if (!(weight > 0)) continue;
    double step[kD];
    StepBetween(dof, moments->mean, samples.pose + 7 * s, step);
    for (int i = 0; i < kD; ++i) {
      mean_step[i] += weight * step[i];
      for (int j = 0; j <= i; ++j) moments->covariance[i * kD + j] += weight * step[i] * step[j];
    }
  }
}

// Whether every coordinate of a mean step is within rounding of zero, measured by its spread.
template <typename Dof>
bool IsCentred(const double* mean_step, const PoseMoments<Dof>& moments) {
  for (int i = 0; i < Dof::kTangent; ++i) {
    const double spread = std::sqrt(moments.covariance[i * (Dof::kTangent + 1)]);
    const double rounding = kRounding * (i < 3 ? std::fabs(moments.mean[i]) : 1);
    if (!(std::fabs(mean_step[i]) <= kMeanTolerance * spread + rounding)) return false;
  }
  return true;
}

}  // namespace

template <typename Dof>
void StepBetween(const Dof& dof, const double* from, const double* to, double* step) {
  for (int i = 0; i < 3; ++i) step[i] = to[i] - from[i];
  RotationStep(dof, from, to, step);
}

template <typename Dof>
void ComputeMoments(const Dof& dof, const WeightedPoses& samples, const double* start,
                    PoseMoments<Dof>* moments) {
  constexpr int kD = Dof::kTangent;
  std::copy(start, start + Dof::kStorage, moments->mean);
  double mean_step[kD];
  for (int iteration = 0; iteration < kMeanIterations; ++iteration) {
    AddSteps(dof, samples, mean_step, moments);
    if (IsCentred<Dof>(mean_step, *moments)) break;
    ToTangent(dof, mean_step);
    dof.retract(moments->mean, mean_step, moments->mean);
  }
  for (int i = 0; i < kD; ++i) {
    for (int j = 0; j < i; ++j) {
      moments->covariance[j * kD + i] = moments->covariance[i * kD + j];
    }
  }
}

WeightedDistribution::WeightedDistribution(const double* values, const double* weights,
                                           int64_t count, int32_t* order)
    : values_(values), weights_(weights), order_(order) {
  for (int64_t s = 0; s < count; ++s) {
    if (weights[s] > 0) order[count_++] = static_cast<int32_t>(s);
  }
  std::sort(order, order + count_, [&](int32_t a, int32_t b) {
    return values[a] < values[b] || (values[a] == values[b] && a < b);
  });
}

double WeightedDistribution::Quantile(double level) const {
  if (count_ == 0) return 0;
  double total = 0;
  for (int64_t k = 0; k < count_; ++k) total += weights_[order_[k]];
  const double wanted = level * total;
  double before = 0, middle = 0;
  for (int64_t k = 0; k < count_; ++k) {
    const double last_middle = middle, value = values_[order_[k]];
    middle = before + 0.5 * weights_[order_[k]];
    before += weights_[order_[k]];
    if (wanted > middle) continue;
    if (k == 0) return value;
    const double last_value = values_[order_[k - 1]];
    const double share = (wanted - last_middle) / (middle - last_middle);
    // Costs may be infinite: nothing of an infinite step is nothing, and between equals is no step.
    if (!(share > 0) || value == last_value) return last_value;
    return last_value + share * (value - last_value);
  }
  return values_[order_[count_ - 1]];
}

void DrawSystematically(const double* weights, int64_t count, double offset, int64_t num_draws,
                        int32_t* chosen) {
  double cumulative = 0;
  int64_t drawn = 0;
  int32_t last = 0;  // with weight
  for (int64_t s = 0; s < count; ++s) {
    if (!(weights[s] > 0)) continue;
    last = static_cast<int32_t>(s);
    cumulative += weights[s];
    while (drawn < num_draws &&
           cumulative * static_cast<double>(num_draws) > static_cast<double>(drawn) + offset) {
      chosen[drawn++] = last;
    }
  }
  // The sum may end a rounding below one.
  std::fill(chosen + drawn, chosen + num_draws, last);
}

void DrawPoses(const double* weights, int64_t count, uint64_t seed, uint64_t object_id,
               int64_t num_draws, int32_t* chosen) {
  const PhiloxWords words = random_words(seed, object_id, RandomPurpose::kDraw, 0);
  DrawSystematically(weights, count, uniform_from_word(words.word[0]), num_draws, chosen);
  // Fisher and Yates' shuffle; indices stay below 2^31, where a word's granularity is no bias that
  // anything could see.
  PhiloxWords random{};
  for (int64_t k = num_draws - 1; k > 0; --k) {
    const auto place = static_cast<uint32_t>(num_draws - 1 - k);
    if (place % 4 == 0) {
      random = random_words(seed, object_id, RandomPurpose::kDrawOrder, place / 4);
    }
    const auto other = static_cast<int64_t>(
        static_cast<uint64_t>(random.word[place % 4]) * static_cast<uint64_t>(k + 1) >> 32);
    std::swap(chosen[k], chosen[other]);
  }
}

template void StepBetween(const SixDof<double>&, const double*, const double*, double*);
template void StepBetween(const FourDof<double>&, const double*, const double*, double*);
template void ComputeMoments(const SixDof<double>&, const WeightedPoses&, const double*,
                             PoseMoments<SixDof<double>>*);
template void ComputeMoments(const FourDof<double>&, const WeightedPoses&, const double*,
                             PoseMoments<FourDof<double>>*);

}  // namespace propnp
