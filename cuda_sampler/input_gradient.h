// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The gradient of one object with respect to its inputs, written to the caller's tensors by all
// threads of a team. An object whose gradient is not finite, or does not fit, gets zeros.
#ifndef PROPNP_CUDA_SAMPLER_INPUT_GRADIENT_H_
#define PROPNP_CUDA_SAMPLER_INPUT_GRADIENT_H_

#include <cmath>

#include "cuda_sampler/object.h"
#include "cuda_sampler/point_row.h"
#include "propnp/engine/gradient_limit.h"
#include "propnp/engine/prior_gradient.h"

namespace propnp::gpu {

struct PointGradient {
  Vec3<double> x3d;
  Vec2<double> x2d;
  SqrtInformation<double> weight;  // of a plain weight the diagonal
};

// What of an object is no point's.
struct ObjectGradient {
  double delta = 0, relative_delta = 0;
  PriorGradient<double> prior = {};
};

class GradientWriter {
 public:
  PROPNP_DEVICE GradientWriter(const DeviceInputs<double>& in, const propnp_gradients& to)
      : problem_(in.problem), to_(to), largest_(LargestOfAll(to)) {}

  // Each returns whether the numbers fit.
  PROPNP_DEVICE bool StorePoint(int64_t view, const Range& points, int64_t i,
                                const PointGradient& g) const {
    const double x3d[] = {g.x3d.x, g.x3d.y, g.x3d.z}, x2d[] = {g.x2d.x, g.x2d.y};
    const double diagonal[] = {g.weight.xx, g.weight.yy};
    const double matrix[] = {g.weight.xx, g.weight.xy, g.weight.yx, g.weight.yy};
    StorePointRow(problem_, to_.x3d, view, points, i, x3d, 3);
    StorePointRow(problem_, to_.x2d, view, points, i, x2d, 2);
    StorePointRow(problem_, to_.w2d, view, points, i, diagonal, 2);
    StorePointRow(problem_, to_.sqrt_info, view, points, i, matrix, 4);
    return Fits(x3d, 3) && Fits(x2d, 2) && Fits(matrix, 4);
  }
  PROPNP_DEVICE bool StoreCamera(int64_t view, const double* parameters) const {
    const propnp_tensor& t = to_.camera_parameters;
    for (int64_t k = 0; IsGiven(t) && k < t.shape[1]; ++k) {
      Store(t, view * t.stride[0] + k * t.stride[1],
            k < kMaxCameraParameters ? parameters[k] : 0.0);
    }
    return Fits(parameters, kMaxCameraParameters);
  }
  PROPNP_DEVICE bool StoreObject(int64_t object, const ObjectGradient& g) const {
    StoreAt(to_.delta, object, g.delta);
    StoreAt(to_.relative_delta, object, g.relative_delta);
    const PriorGradientTensors prior(to_);
    prior.Store(problem_, object, g.prior, {});
    return Fits(&g.delta, 1) && Fits(&g.relative_delta, 1) && prior.Fit(g.prior, {});
  }
  PROPNP_DEVICE bool WantsCamera() const { return IsGiven(to_.camera_parameters); }

  // Zeros everywhere, or only in the rows that follow a dense view's points.
  template <typename Team>
  PROPNP_DEVICE void Clear(const DeviceInputs<double>& in, const DeviceObject<double>& object,
                           const Team& team) const {
    constexpr double kZeros[kMaxCameraParameters] = {};
    if (team.rank() == 0) StoreObject(object.index, {});
    for (int64_t v = object.views.begin; v < object.views.end; ++v) {
      if (team.rank() == 0) StoreCamera(v, kZeros);
      ClearRows(in, v, false, team);
    }
  }
  template <typename Team>
  PROPNP_DEVICE void ClearPadding(const DeviceInputs<double>& in, int64_t view,
                                  const Team& team) const {
    ClearRows(in, view, true, team);
  }

 private:
  PROPNP_DEVICE bool Fits(const double* values, int count) const {
    return AllWithin(values, count, largest_);
  }

  template <typename Team>
  PROPNP_DEVICE void ClearRows(const DeviceInputs<double>& in, int64_t view, bool padding_only,
                               const Team& team) const {
    Range points;
    if (!in.PointsOf(view, &points)) return;
    const int64_t rows = problem_.dense ? in.correspondences.x3d.shape[1] : points.size();
    for (int64_t i = (padding_only ? points.size() : 0) + team.rank(); i < rows; i += team.size()) {
      StorePoint(view, points, i, {});
    }
  }

  const Problem& problem_;
  const propnp_gradients& to_;
  const double largest_;
};

// How a gradient with respect to an adaptive delta flows on: to the relative delta, and to the mean
// weight of every point.
struct AdaptiveFlow {
  double relative_delta = 0, by_mean_weight = 0;
};

template <typename Team>
PROPNP_DEVICE AdaptiveFlow FlowThroughDelta(const DeviceInputs<double>& in,
                                            const DeviceObject<double>& object, double by_delta,
                                            bool hold_delta, const Team& team) {
  AdaptiveFlow flow;
  if (in.cost.loss != PROPNP_LOSS_ADAPTIVE_HUBER) return flow;
  const AdaptiveDelta<double> adaptive = object.AdaptiveDeltaOf(in, team);
  const double scale = LossScale(in.problem, object.index);
  if (adaptive.value(scale) < object.loss.delta) return flow;  // held at its lower bound
  flow.relative_delta = by_delta * adaptive.relative_gradient();
  if (!hold_delta) flow.by_mean_weight = by_delta * adaptive.weight_gradient(scale);
  return flow;
}

PROPNP_DEVICE void AddFlow(const DeviceView<double>& view, const SqrtInformation<double>& weight,
                           const AdaptiveFlow& flow, SqrtInformation<double>* gradient) {
  if (view.has_information()) {
    mean_weight_vjp(weight, flow.by_mean_weight, gradient);
    return;
  }
  DiagonalWeight<double> diagonal{0, 0};
  mean_weight_vjp(DiagonalWeight<double>{weight.xx, weight.yy}, flow.by_mean_weight, &diagonal);
  gradient->xx += diagonal.x, gradient->yy += diagonal.y;
}

// Adds the flow to the weights' gradients that are there. False if a sum does not fit.
PROPNP_DEVICE bool AddFlowToRows(const Problem& problem, const DeviceView<double>& view,
                                 int64_t index, const AdaptiveFlow& flow, const propnp_tensor& w2d,
                                 const propnp_tensor& sqrt_info, const BlockTeam& team) {
  bool fits = true;
  const auto add = [&](const propnp_tensor& t, int64_t i, int row, int column, double value) {
    const int64_t at = problem.FirstElement(t, index, view.points()) + i * problem.PointStride(t) +
                       row * problem.ComponentStride(t) +
                       column * (t.ndim > 0 ? t.stride[t.ndim - 1] : 0);
    const double sum = Load<double>(t, at) + value;
    Store(t, at, sum);
    fits = fits && std::fabs(sum) <= LargestOf(t);
  };
  for (int64_t i = team.rank(); i < view.num_points(); i += team.size()) {
    SqrtInformation<double> g{0, 0, 0, 0};
    AddFlow(view, view.weight(i), flow, &g);
    const double matrix[] = {g.xx, g.xy, g.yx, g.yy}, diagonal[] = {g.xx, g.yy};
    for (int k = 0; IsGiven(w2d) && k < 2; ++k) add(w2d, i, k, 0, diagonal[k]);
    for (int k = 0; IsGiven(sqrt_info) && k < 4; ++k) add(sqrt_info, i, k / 2, k % 2, matrix[k]);
  }
  return fits;
}

// Zeros in the rows of packed points that no view has. Once a call.
void ClearUnusedRows(const Problem& problem, const DeviceInputs<double>* inputs,
                     const propnp_gradients& gradients, Queue* queue);

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_INPUT_GRADIENT_H_
