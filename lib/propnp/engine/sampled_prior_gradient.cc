// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/sampled_prior_gradient.h"

#include <algorithm>
#include <cmath>

namespace propnp {
namespace {

constexpr int kAxes = 3;  // x/z, y/z and z

// Of a translation in front of the camera.
void CoordinatesOf(const double* pose, double* u) {
  u[0] = pose[0] / pose[2], u[1] = pose[1] / pose[2], u[2] = pose[2];
}

// The density of the posterior at the six faces of a range's frustum, each with the sign with which
// moving its end along the axis changes the mass inside.
template <int kDof>
class FaceDensities {
 public:
  FaceDensities(const ObjectCost<kDof, double>& cost, const GradientSamples& samples)
      : cost_(cost), samples_(samples), range_(cost.object().prior.depth_range) {
    for (int a = 0; a < kAxes; ++a) {
      const double* const ends = a < 2 ? &range_.bound[2 * a] : range_.depth;
      ends_[a][0] = ends[0], ends_[a][1] = ends[1];
    }
    MeasureLayers();
  }

  void AddTo(RangeGradient* gradient) const {
    for (int64_t s = 0; s < samples_.count; ++s) {
      if (samples_.weight[s] != 0 && Contains(s)) AddSample(s, gradient);
    }
  }

 private:
  const double* Pose(int64_t s) const { return samples_.pose + 7 * s; }
  bool Contains(int64_t s) const { return range_.contains({Pose(s)[0], Pose(s)[1], Pose(s)[2]}); }

  // The fields reach as far from their face as the posterior's own spread: with less, few samples
  // are in them, with more, the score has more to average out.
  void MeasureLayers() {
    double mean[kAxes] = {}, square[kAxes] = {}, u[kAxes];
    for (int64_t s = 0; s < samples_.count; ++s) {
      const double w = samples_.plain_weight[s];
      if (w == 0 || !Contains(s)) continue;
      CoordinatesOf(Pose(s), u);
      for (int a = 0; a < kAxes; ++a) {
        u[a] -= ends_[a][0];
        mean[a] += w * u[a], square[a] += w * u[a] * u[a];
      }
    }
    for (int a = 0; a < kAxes; ++a) {
      const double spread = std::sqrt(std::max(square[a] - mean[a] * mean[a], 0.0));
      layer_[a] = std::min(ends_[a][1] - ends_[a][0], 2 * spread);
    }
  }

  // The field of a face is (1 - r)^2 along its axis, r the distance in layers.
  void AddSample(int64_t s, RangeGradient* gradient) const {
    const double* const pose = Pose(s);
    double u[kAxes], slopes[kAxes];
    bool has_slopes = false;
    CoordinatesOf(pose, u);
    for (int a = 0; a < kAxes; ++a) {
      for (int end = 0; end < 2; ++end) {
        const double inside = 1 - std::fabs(u[a] - ends_[a][end]) / layer_[a];
        if (!(inside > 0) || (a == 2 && ends_[a][end] == 0)) continue;  // at z = 0 there is no face
        if (!has_slopes) CostSlopes(pose, u, slopes);
        has_slopes = true;
        // The volume is z^2 d(x/z) d(y/z) dz.
        const double of_volume = a == 2 ? 2 / u[2] : 0;
        const double divergence = (end ? 2 : -2) * inside / layer_[a] + inside * inside * of_volume;
        double* const to = a < 2 ? &gradient->bound[2 * a] : gradient->depth;
        to[end] += samples_.weight[s] * (divergence - inside * inside * slopes[a]);
      }
    }
  }

  // Of the points' cost along the axes.
  void CostSlopes(const double* pose, const double* u, double* slopes) const {
    NormalEquations<kDof, double> equations;
    cost_.Evaluate(pose, Curvature::kIrls, ClampedRows::kExact, &equations);
    const double* const g = equations.gradient;
    slopes[0] = g[0] * u[2], slopes[1] = g[1] * u[2], slopes[2] = g[0] * u[0] + g[1] * u[1] + g[2];
  }

  const ObjectCost<kDof, double>& cost_;
  const GradientSamples& samples_;
  const DepthRangePrior<double>& range_;
  double ends_[kAxes][2], layer_[kAxes];
};

}  // namespace

template <int kDof>
void AddEvidenceGradient(const ObjectCost<kDof, double>& cost, const GradientSamples& samples,
                         PriorGradient<double>* gradient, RangeGradient* of_range) {
  const PriorDensity<double>& prior = cost.object().prior;
  if (prior.kind == PriorKind::kDepthRange) {
    prior.depth_range.add_volume_gradient(-1.0, of_range->depth, of_range->bound);
    FaceDensities<kDof>(cost, samples).AddTo(of_range);
    return;
  }
  for (int64_t s = 0; s < samples.count; ++s) {
    const double* const pose = samples.pose + 7 * s;
    if (samples.weight[s] == 0 || !std::isfinite(prior.cost(cost.dof(), pose))) continue;
    prior.add_parameter_gradient(cost.dof(), pose, -samples.weight[s], gradient);
  }
}

template <int kDof>
void AddCostGradient(const ObjectCost<kDof, double>& cost, const double* pose,
                     PriorGradient<double>* gradient, RangeGradient* of_range) {
  const PriorDensity<double>& prior = cost.object().prior;
  if (!std::isfinite(prior.cost(cost.dof(), pose))) return;
  if (prior.kind == PriorKind::kDepthRange) {
    prior.depth_range.add_volume_gradient(1.0, of_range->depth, of_range->bound);
  } else {
    prior.add_parameter_gradient(cost.dof(), pose, 1.0, gradient);
  }
}

template void AddEvidenceGradient(const ObjectCost<6, double>&, const GradientSamples&,
                                  PriorGradient<double>*, RangeGradient*);
template void AddEvidenceGradient(const ObjectCost<4, double>&, const GradientSamples&,
                                  PriorGradient<double>*, RangeGradient*);
template void AddCostGradient(const ObjectCost<6, double>&, const double*, PriorGradient<double>*,
                              RangeGradient*);
template void AddCostGradient(const ObjectCost<4, double>&, const double*, PriorGradient<double>*,
                              RangeGradient*);

}  // namespace propnp
