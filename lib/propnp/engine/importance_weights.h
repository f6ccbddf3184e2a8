// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// From the costs of samples to their weights and the evidence.
#ifndef PROPNP_ENGINE_IMPORTANCE_WEIGHTS_H_
#define PROPNP_ENGINE_IMPORTANCE_WEIGHTS_H_

#include <algorithm>
#include <cmath>

#include "propnp/engine/control_variates.h"
#include "propnp/engine/posterior_samples.h"

namespace propnp {

// Numbers of the samples of one object, in the order in which they are drawn. Columns of double
// have room for kSamplePadding more.
template <int kDof, typename T>
struct SampleColumns {
  double* cost;             // (S), prior included
  double* log_weight;       // (S) -cost - log density
  double* coefficient;      // (S) of the control variates
  double* plain_weight;     // (S) normalised importance weights
  double* gradient_weight;  // (S) the same corrected by control variates; may be negative
  double* value;            // (S) scratch
  double* scratch;          // (S)
  float* regressors;        // ControlVariates::kMaxColumns + 1 columns
  double* score;            // (S, kScore) by record, then (S, D) by sample
  T* records;               // (S, kSampleRecord), mode by mode, those in front of the cameras first
  int32_t* order;           // (S) the sample of each record

  static SampleColumns Allocate(int64_t s, const KernelSamples& like, Arena* arena) {
    SampleColumns c = {};
    for (double** column : {&c.cost, &c.log_weight, &c.coefficient, &c.plain_weight,
                            &c.gradient_weight, &c.value, &c.scratch}) {
      *column = arena->Take<double>(like.stride);
    }
    c.regressors = arena->Take<float>(like.stride * (ControlVariates<kDof>::kMaxColumns + 1));
    c.score = arena->Take<double>(s * (kScore + kDof));
    c.records = arena->Take<T>(s * kSampleRecord);
    c.order = arena->Take<int32_t>(s);
    return c;
  }
};

struct EvidenceEstimate {
  double log_evidence;       // -infinity if no sample has weight
  double relative_variance;  // of the evidence
  double ess;                // over S
};

// Fills in log_weight, plain_weight and gradient_weight from the costs.
template <int kDof, typename T>
EvidenceEstimate WeighSamples(const DrawnSamples<kDof>& drawn, SampleColumns<kDof, T>* samples) {
  const int64_t n = drawn.size();
  for (int64_t s = 0; s < n; ++s) {
    const double log_weight = -samples->cost[s] - drawn.log_density(s);
    samples->log_weight[s] = std::isfinite(log_weight) ? log_weight : -HUGE_VAL;
  }
  const double highest = *std::max_element(samples->log_weight, samples->log_weight + n);
  if (!std::isfinite(highest)) {
    std::fill(samples->plain_weight, samples->plain_weight + n, 0.0);
    std::fill(samples->gradient_weight, samples->gradient_weight + n, 0.0);
    return {-HUGE_VAL, 0, 0};
  }
  // What lies lower is nothing, squared even less.
  const double least = highest - 700;
  for (int64_t s = 0; s < n; ++s) {
    samples->plain_weight[s] = std::max(samples->log_weight[s], least);
  }
  const double sum = GetProposalKernels().exponentials(samples->plain_weight, n, highest);
  double square_sum = 0;
  for (int64_t s = 0; s < n; ++s) {
    const double weight = samples->log_weight[s] >= least ? samples->plain_weight[s] / sum : 0;
    samples->gradient_weight[s] = samples->plain_weight[s] = weight;
    square_sum += weight * weight;
  }
  const double count = static_cast<double>(n);
  return {highest + std::log(sum / count), square_sum - 1 / count, 1 / (square_sum * count)};
}

// Corrects gradient_weight and the estimate, its variance only if asked for. False, and nothing is
// changed, if the correction is so large that it cannot be trusted.
template <int kDof, typename T>
bool ApplyControlVariates(const MixtureProposal<kDof>& proposal, const DrawnSamples<kDof>& drawn,
                          bool with_variance, SampleColumns<kDof, T>* samples,
                          EvidenceEstimate* estimate) {
  const int64_t n = drawn.size();
  ControlVariates<kDof> variates(drawn, samples->regressors);
  if (!variates.Fit(proposal)) return true;
  variates.Coefficients(samples->coefficient);
  double ratio = 0;  // corrected over plain evidence
  for (int64_t s = 0; s < n; ++s) {
    samples->value[s] = samples->plain_weight[s] * static_cast<double>(n);
    ratio += samples->coefficient[s] * samples->value[s];
  }
  std::fill(samples->value + n, samples->value + n + kSamplePadding, 0.0);
  if (!(ratio > 0.2 && ratio < 5)) return false;
  for (int64_t s = 0; s < n; ++s) {
    samples->gradient_weight[s] = samples->coefficient[s] * samples->value[s] / ratio;
  }
  estimate->log_evidence += std::log(ratio);
  if (!with_variance) return true;
  estimate->relative_variance =
      variates.ResidualVariance(samples->value, samples->coefficient, samples->scratch) /
      (ratio * ratio);
  return true;
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_IMPORTANCE_WEIGHTS_H_
