// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The weights of the gradient once more, where the control variates of the evidence leave much to
// explain: with the score of every sample, see stein_variates.h.
#ifndef PROPNP_ENGINE_STEIN_CORRECTION_H_
#define PROPNP_ENGINE_STEIN_CORRECTION_H_

#include "propnp/engine/importance_weights.h"
#include "propnp/engine/stein_variates.h"

namespace propnp {

// Below this standard error of the log evidence its own control variates serve the gradient well
// enough; above the second, fields of the third degree pay.
constexpr double kSteinError = 0.002, kCubicSteinError = 0.01;

// The score of the points alone from what the kernels give for a sample.
template <int kDof>
void ScoreFromPoints(const ObjectCost<kDof, double>& cost, const double* points, double* score) {
  std::copy(points, points + 3, score);
  if constexpr (kDof == 6) {
    std::copy(points + 3, points + 6, score + 3);
  } else {
    score[3] = dot(cost.dof().axis, Vec3<double>{points[3], points[4], points[5]});
  }
}

// Adds the derivative of the prior's cost.
template <int kDof>
void AddPriorScore(const ObjectCost<kDof, double>& cost, const double* pose,
                   const Vec3<double>& pivot, double* score) {
  const auto& dof = cost.dof();
  const PriorValue<kDof, double> prior = cost.object().prior.evaluate(dof, pose);
  const Vec3<double> force{prior.gradient[0], prior.gradient[1], prior.gradient[2]};
  // Turning about the pivot moves the origin, too: by delta_theta x (0 - R pivot).
  const Vec3<double> torque = cross(force, dof.transform(pose).rotation * pivot);
  score[0] += force.x, score[1] += force.y, score[2] += force.z;
  for (int i = 3; i < kDof; ++i) score[i] += prior.gradient[i];
  if constexpr (kDof == 6) {
    score[3] += torque.x, score[4] += torque.y, score[5] += torque.z;
  } else {
    score[3] += dot(dof.axis, torque);
  }
}

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
    ScoreFromPoints(cost, samples->score + k * kScore, to);
    if (prior.active() && samples->plain_weight[s] > 0) {
      AddPriorScore(cost, drawn.pose(s), pivot, to);
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
  const WeightedSamples weighted{
      drawn.size(),          drawn.pose(0), GatherScores(cost, drawn, pivot, samples),
      samples->plain_weight, ess,           samples->num_masses,
      samples->masses};
  const bool cubic = relative_variance > kCubicSteinError * kCubicSteinError;
  if (!stein->CorrectWeights(weighted, cubic, samples->value)) return;
  std::copy(samples->value, samples->value + drawn.size(), samples->gradient_weight);
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_STEIN_CORRECTION_H_
