// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// From the costs of samples to their weights and the evidence.
#ifndef PROPNP_ENGINE_IMPORTANCE_WEIGHTS_H_
#define PROPNP_ENGINE_IMPORTANCE_WEIGHTS_H_

#include <algorithm>
#include <cmath>

#include "propnp/engine/control_variates.h"
#include "propnp/engine/kernels/weight_kernels.h"
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
  float* regressors;        // ControlVariates::kMaxColumns + 1 columns
  SolverMemory* solver;
  double* score;    // (S, kScore) by record, then (S, D) by sample
  T* records;       // (S, kSampleRecord), mode by mode, those in front of the cameras first
  int32_t* order;   // (S) the sample of each record
  int32_t* chosen;  // (S) scratch: records that the gradient is over

  static SampleColumns Allocate(int64_t s, const KernelSamples& like, Arena* arena) {
    SampleColumns c = {};
    for (double** column :
         {&c.cost, &c.log_weight, &c.coefficient, &c.plain_weight, &c.gradient_weight, &c.value}) {
      *column = arena->Take<double>(like.stride);
    }
    c.regressors = arena->Take<float>(like.stride * (ControlVariates<kDof>::kMaxColumns + 1));
    c.solver = arena->Take<SolverMemory>(1);
    c.score = arena->Take<double>(s * (kScore + kDof));
    c.records = arena->Take<T>(s * kSampleRecord);
    c.order = arena->Take<int32_t>(s);
    c.chosen = arena->Take<int32_t>(s);
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
  const WeightSums sums = GetWeightKernels().weigh(samples->cost, drawn.columns().log_density, n,
                                                   samples->log_weight, samples->plain_weight);
  std::copy(samples->plain_weight, samples->plain_weight + n, samples->gradient_weight);
  if (!std::isfinite(sums.highest)) return {-HUGE_VAL, 0, 0};
  const double count = static_cast<double>(n);
  return {sums.highest + std::log(sums.sum / count), sums.square_sum - 1 / count,
          1 / (sums.square_sum * count)};
}

// Corrects gradient_weight and the estimate, its variance only if asked for. False, and nothing is
// changed, if the correction is so large that it cannot be trusted.
template <int kDof, typename T>
bool ApplyControlVariates(const MixtureProposal<kDof>& proposal, const DrawnSamples<kDof>& drawn,
                          bool with_variance, SampleColumns<kDof, T>* samples,
                          EvidenceEstimate* estimate) {
  const int64_t n = drawn.size();
  const double* const weights = samples->plain_weight;
  ControlVariates<kDof> variates(drawn, samples->regressors, samples->solver);
  if (!variates.Fit(proposal, with_variance ? weights : nullptr)) return true;
  variates.Evaluate(samples->coefficient, samples->value);
  const double count = static_cast<double>(n);
  // Corrected over plain evidence.
  const double ratio = count * GetWeightKernels().product(samples->coefficient, weights, n);
  if (!(ratio > 0.2 && ratio < 5)) return false;
  const double scale = count / ratio;
  GetWeightKernels().multiply(samples->coefficient, weights, n, scale, samples->gradient_weight);
  estimate->log_evidence += std::log(ratio);
  if (!with_variance) return true;
  estimate->relative_variance =
      scale * scale * variates.ResidualVariance(weights, samples->coefficient, samples->value);
  return true;
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_IMPORTANCE_WEIGHTS_H_
