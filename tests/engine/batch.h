// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A batch of objects that owns its numbers, and calls of the engine on it. Tests change a field or
// two of the batch, or of the call's arguments, and compare solutions.
#ifndef PROPNP_TESTS_ENGINE_BATCH_H_
#define PROPNP_TESTS_ENGINE_BATCH_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "propnp/engine/evaluate.h"
#include "propnp/engine/solve.h"
#include "propnp/math/camera.h"
#include "propnp/math/pose.h"

namespace propnp::test {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Points are dense, x3d (views, points, 3), unless `offsets` is filled; empty vectors are not
// given.
struct Batch {
  int64_t num_objects = 0;
  int64_t num_views = 0;   // num_objects unless view_offsets is filled
  int64_t num_points = 0;  // of a view, or of all of them when packed
  std::vector<double> x3d, x2d, w2d, sqrt_info;
  std::vector<int64_t> counts, offsets, view_offsets;
  std::vector<int32_t> view_camera, view_rig;
  std::vector<double> camera_from_rig, base_rotation, object_delta;
  std::vector<uint64_t> object_ids;

  std::vector<int32_t> camera_model;
  std::vector<double> camera_parameters;  // PROPNP_MAX_CAMERA_PARAMETERS a camera
  std::vector<double> box_px;

  CostOptions cost;
  SolveOptions options;
  std::vector<double> pose_init, pose_target;
  std::vector<double> true_pose;

  int64_t pose_size() const { return cost.dof == 6 ? 7 : 4; }
};

template <typename T>
propnp_tensor ViewOrNone(const std::vector<T>& values, std::initializer_list<int64_t> shape) {
  return values.empty() ? propnp_tensor{} : View(values.data(), shape);
}

inline Correspondences CorrespondencesOf(const Batch& b) {
  Correspondences c;
  c.num_objects = b.num_objects;
  const int64_t v = b.num_views, n = b.num_points;
  const auto rows = [&](const std::vector<double>& values, int64_t a, int64_t extra) {
    if (!b.offsets.empty()) {
      return extra ? ViewOrNone(values, {n, a, extra}) : ViewOrNone(values, {n, a});
    }
    return extra ? ViewOrNone(values, {v, n, a, extra}) : ViewOrNone(values, {v, n, a});
  };
  c.x3d = rows(b.x3d, 3, 0);
  c.x2d = rows(b.x2d, 2, 0);
  c.w2d = rows(b.w2d, 2, 0);
  c.sqrt_info = rows(b.sqrt_info, 2, 2);
  c.counts = ViewOrNone(b.counts, {v});
  c.offsets = ViewOrNone(b.offsets, {v + 1});
  c.view_offsets = ViewOrNone(b.view_offsets, {b.num_objects + 1});
  c.view_camera = ViewOrNone(b.view_camera, {v});
  c.view_rig = ViewOrNone(b.view_rig, {v});
  c.camera_from_rig =
      ViewOrNone(b.camera_from_rig, {static_cast<int64_t>(b.camera_from_rig.size() / 7), 7});
  c.base_rotation = ViewOrNone(b.base_rotation, {b.num_objects, 4});
  c.object_ids = ViewOrNone(b.object_ids, {b.num_objects});
  return c;
}

inline Cameras CamerasOf(const Batch& b) {
  Cameras cameras;
  const int64_t count = static_cast<int64_t>(b.camera_model.size());
  cameras.model = ViewOrNone(b.camera_model, {count});
  cameras.parameters = ViewOrNone(b.camera_parameters, {count, PROPNP_MAX_CAMERA_PARAMETERS});
  cameras.box_px = ViewOrNone(b.box_px, {count, 4});
  return cameras;
}

// Every output of Solve(), filled with values that it never writes.
struct Solution {
  int64_t dof = 0, pose_size = 0;
  std::vector<double> pose, cost_before, cost_after, covariance, null_space, variance_factor,
      behind_fraction;
  std::vector<int32_t> rank, iterations, status;

  Solution() = default;
  Solution(int64_t b, int64_t d, int64_t p)
      : dof(d),
        pose_size(p),
        pose(b * p, kNaN),
        cost_before(b, kNaN),
        cost_after(b, kNaN),
        covariance(b * d * d, kNaN),
        null_space(b * d * d, kNaN),
        variance_factor(b, kNaN),
        behind_fraction(b, kNaN),
        rank(b, -1),
        iterations(b, -1),
        status(b, -1) {}

  std::vector<const std::vector<double>*> Reals() const {
    return {&pose,       &cost_before,     &cost_after,     &covariance,
            &null_space, &variance_factor, &behind_fraction};
  }
};

// A call with every output asked for. It holds pointers into itself and into the batch.
struct SolveCall {
  Correspondences correspondences;
  Cameras cameras;
  CostOptions cost;
  SolveOptions options;
  SolveArgs args;
  Solution out;

  explicit SolveCall(const Batch& b)
      : correspondences(CorrespondencesOf(b)),
        cameras(CamerasOf(b)),
        cost(b.cost),
        options(b.options),
        out(b.num_objects, b.cost.dof, b.pose_size()) {
    const int64_t n = b.num_objects, d = b.cost.dof, p = b.pose_size();
    cost.object_delta = ViewOrNone(b.object_delta, {n});
    args.correspondences = &correspondences;
    args.cameras = &cameras;
    args.cost = &cost;
    args.options = &options;
    args.pose_init = ViewOrNone(b.pose_init, {n, p});
    args.pose_target = ViewOrNone(b.pose_target, {n, p});
    args.pose = ViewOrNone(out.pose, {n, p});
    args.cost_before = ViewOrNone(out.cost_before, {n});
    args.cost_after = ViewOrNone(out.cost_after, {n});
    args.covariance = ViewOrNone(out.covariance, {n, d, d});
    args.null_space = ViewOrNone(out.null_space, {n, d, d});
    args.variance_factor = ViewOrNone(out.variance_factor, {n});
    args.behind_fraction = ViewOrNone(out.behind_fraction, {n});
    args.rank = ViewOrNone(out.rank, {n});
    args.iterations = ViewOrNone(out.iterations, {n});
    args.status = ViewOrNone(out.status, {n});
  }
  SolveCall(const SolveCall&) = delete;

  Status Run(Context& context) { return propnp::Solve(context, args); }
};

// The context of tests that are not about threads.
inline Context& SharedContext() {
  static Context* const context = new Context(2);
  return *context;
}

inline Solution SolveBatch(const Batch& batch, int32_t precision = PROPNP_FLOAT64,
                           Context& context = SharedContext()) {
  SolveCall call(batch);
  call.args.precision = precision;
  const Status status = call.Run(context);
  EXPECT_TRUE(status.ok()) << status.message();
  return call.out;
}

// All outputs of Evaluate() but those per point, which tests size themselves.
struct EvaluateCall {
  Correspondences correspondences;
  Cameras cameras;
  CostOptions cost;
  EvaluateArgs args;
  std::vector<double> pose, cost_value, delta, gradient, hessian;
  std::vector<double> pixel_error, residual, loss_weight, jacobian;
  std::vector<int32_t> status;

  EvaluateCall(const Batch& b, std::vector<double> at)
      : correspondences(CorrespondencesOf(b)),
        cameras(CamerasOf(b)),
        cost(b.cost),
        pose(std::move(at)),
        cost_value(b.num_objects, kNaN),
        delta(b.num_objects, kNaN),
        gradient(b.num_objects * b.cost.dof, kNaN),
        hessian(b.num_objects * b.cost.dof * b.cost.dof, kNaN),
        status(b.num_objects, -1) {
    const int64_t n = b.num_objects, d = b.cost.dof;
    const int64_t rows = b.offsets.empty() ? b.num_views * b.num_points : b.num_points;
    pixel_error.assign(2 * rows, kNaN), residual.assign(2 * rows, kNaN);
    loss_weight.assign(rows, kNaN), jacobian.assign(2 * rows * d, kNaN);
    cost.object_delta = ViewOrNone(b.object_delta, {n});
    args.correspondences = &correspondences;
    args.cameras = &cameras;
    args.cost = &cost;
    args.precision = PROPNP_FLOAT64;
    args.pose = ViewOrNone(pose, {n, b.pose_size()});
    args.cost_value = ViewOrNone(cost_value, {n});
    args.delta = ViewOrNone(delta, {n});
    args.gradient = ViewOrNone(gradient, {n, d});
    args.hessian = ViewOrNone(hessian, {n, d, d});
    args.status = ViewOrNone(status, {n});
    const int64_t v = b.num_views, m = b.num_points;
    const bool dense = b.offsets.empty();
    args.pixel_error = dense ? ViewOrNone(pixel_error, {v, m, 2}) : ViewOrNone(pixel_error, {m, 2});
    args.residual = dense ? ViewOrNone(residual, {v, m, 2}) : ViewOrNone(residual, {m, 2});
    args.loss_weight = dense ? ViewOrNone(loss_weight, {v, m}) : ViewOrNone(loss_weight, {m});
    args.jacobian = dense ? ViewOrNone(jacobian, {v, m, 2, d}) : ViewOrNone(jacobian, {m, 2, d});
  }
  EvaluateCall(const EvaluateCall&) = delete;

  Status Run(Context& context) { return propnp::Evaluate(context, args); }
};

// to = from (+) delta; a yaw is taken within half a turn.
inline std::vector<double> LocalStep(int64_t dof, const double* from, const double* to) {
  std::vector<double> delta(dof);
  if (dof == 6) {
    SixDof<double>().local(from, to, delta.data());
  } else {
    FourDof<double>().local(from, to, delta.data());
    delta[3] = std::remainder(delta[3], 2 * 3.14159265358979323846);
  }
  return delta;
}

struct PoseDistance {
  double translation, rotation;
};

inline PoseDistance Distance(int64_t dof, const double* a, const double* b) {
  const std::vector<double> d = LocalStep(dof, a, b);
  const double rotation = dof == 6 ? std::hypot(d[3], d[4], d[5]) : std::fabs(d[3]);
  return {std::hypot(d[0], d[1], d[2]), rotation};
}

// Whether object `i` of `a` and object `j` of `b` agree in every bit.
inline ::testing::AssertionResult SameObject(const Solution& a, int64_t i, const Solution& b,
                                             int64_t j) {
  const auto fields_a = a.Reals(), fields_b = b.Reals();
  for (size_t f = 0; f < fields_a.size(); ++f) {
    const size_t width = fields_a[f]->size() / a.status.size();
    if (std::memcmp(&(*fields_a[f])[i * width], &(*fields_b[f])[j * width],
                    width * sizeof(double)) != 0) {
      return ::testing::AssertionFailure()
             << "real output " << f << " of objects " << i << " and " << j
             << " differs: " << (*fields_a[f])[i * width] << " and " << (*fields_b[f])[j * width];
    }
  }
  if (a.rank[i] != b.rank[j] || a.iterations[i] != b.iterations[j] || a.status[i] != b.status[j]) {
    return ::testing::AssertionFailure()
           << "rank, iterations or status of objects " << i << " and " << j << " differ: status "
           << a.status[i] << " and " << b.status[j];
  }
  return ::testing::AssertionSuccess();
}

inline void ExpectSameSolution(const Solution& a, const Solution& b) {
  ASSERT_EQ(a.status.size(), b.status.size());
  for (size_t i = 0; i < a.status.size(); ++i) EXPECT_TRUE(SameObject(a, i, b, i));
}

inline void ExpectAllFinite(const Solution& solution) {
  const auto fields = solution.Reals();
  for (size_t f = 0; f < fields.size(); ++f) {
    const auto bad = std::find_if(fields[f]->begin(), fields[f]->end(),
                                  [](double value) { return !std::isfinite(value); });
    EXPECT_EQ(bad, fields[f]->end())
        << "real output " << f << ", element " << bad - fields[f]->begin();
  }
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_BATCH_H_
