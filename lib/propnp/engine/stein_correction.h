// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The weights of the gradient once more, where the control variates of the evidence leave much to
// explain: with the score of every sample, see stein_variates.h.
#ifndef PROPNP_ENGINE_STEIN_CORRECTION_H_
#define PROPNP_ENGINE_STEIN_CORRECTION_H_

#include "propnp/engine/importance_weights.h"
#include "propnp/engine/stein_variates.h"

namespace propnp {

// From the scores of the points in the order of the records to those of the posterior in the order
// of the samples, which stand behind them in samples->score and are returned.
template <int kDof, typename T>
const double* GatherScores(const ObjectCost<kDof, double>& cost, const DrawnSamples<kDof>& drawn,
                           const Vec3<double>& pivot, SampleColumns<kDof, T>* samples) {
  const int64_t n = drawn.size();
  double* const scores = samples->score + n * kScore;
  const PriorDensity<double>& prior = cost.object().prior;
  for (int64_t k = 0; k < n; ++k) {
    const int64_t s = samples->order[k];
    double* const to = scores + s * kDof;
    const double* const p = samples->score + k * kScore;
    score_from_points(cost.dof(), {p[0], p[1], p[2]}, {p[3], p[4], p[5]}, to);
    if (prior.active() && samples->plain_weight[s] > 0) {
      add_prior_score(cost.dof(), prior, drawn.pose(s), pivot, to);
    }
  }
  return scores;
}

// Corrects gradient_weight, from the scores of the points; leaves it where that cannot be done
// well.
template <int kDof, typename T>
void CorrectWeights(const ObjectCost<kDof, double>& cost, const DrawnSamples<kDof>& drawn,
                    const Vec3<double>& pivot, double ess, double relative_variance,
                    SteinVariates<kDof>* stein, SampleColumns<kDof, T>* samples) {
  const WeightedSamples weighted{drawn.size(),
                                 drawn.pose(0),
                                 GatherScores(cost, drawn, pivot, samples),
                                 samples->plain_weight,
                                 samples->gradient_weight,
                                 ess};
  const bool cubic = relative_variance > kCubicSteinError * kCubicSteinError;
  if (!stein->CorrectWeights(weighted, cubic, samples->value)) return;
  std::copy(samples->value, samples->value + drawn.size(), samples->gradient_weight);
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_STEIN_CORRECTION_H_
