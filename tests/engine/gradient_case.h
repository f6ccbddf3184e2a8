// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Batches that use every input that has a gradient, and the check of a gradient by differences of
// the operation's own value.
#ifndef PROPNP_TESTS_ENGINE_GRADIENT_CASE_H_
#define PROPNP_TESTS_ENGINE_GRADIENT_CASE_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "propnp/engine/input_gradient.h"
#include "propnp/engine/sample_posterior.h"
#include "tests/engine/simulation.h"

namespace propnp::test {

struct GradientCase {
  int32_t camera = PROPNP_CAMERA_PINHOLE;
  int dof = 6;
  int32_t loss = PROPNP_LOSS_NONE;
  bool information = false;
  bool prior = false;
  bool box = false;         // which holds some of the projections
  double z_min = 0;         // 0: the default; some points have depths between 2 and 3
  double displacement = 0;  // of `pose` from the truth
};

// Points packed, two objects: the first seen by two cameras of a rig, the second by one. Two rows
// of points belong to nobody.
struct GradientBatch : Batch {
  static constexpr int64_t kUnusedRows = 2;
  std::vector<double> prior_mean, prior_sigma;
  std::vector<double> pose;
};

inline Vec3<double> PointInCam(const GradientBatch& b, int64_t object, int64_t view,
                               const double* pose, const double* x) {
  Vec3<double> p = TransformOf(b, object, pose) * Vec3<double>{x[0], x[1], x[2]};
  if (b.view_rig[view] < 0) return p;
  return SixDof<double>().transform(&b.camera_from_rig[7 * b.view_rig[view]]) * p;
}

// As the model does, depths held at the batch's z_min.
inline Vec2<double> ProjectInto(const GradientBatch& b, int64_t view, const Vec3<double>& point) {
  Vec2<double> pixel{0, 0};
  const double* p = &b.camera_parameters[view * PROPNP_MAX_CAMERA_PARAMETERS];
  visit_camera(b.camera_model[view], [&](auto model) {
    using Camera = typename decltype(model)::template Camera<double>;
    pixel = Camera::from_parameters(p, Camera::monotone_limit(p))
                .project(point, std::max(b.cost.z_min, 1e-3));
  });
  return pixel;
}

inline void FillPoints(TestRandom& random, GradientBatch* b) {
  for (int64_t object = 0; object < b->num_objects; ++object) {
    for (int64_t v = b->view_offsets[object]; v < b->view_offsets[object + 1]; ++v) {
      for (int64_t k = b->offsets[v]; k < b->offsets[v + 1]; ++k) {
        const double x[3] = {random.Uniform(-1, 1), random.Uniform(-1, 1), random.Uniform(-1, 1)};
        b->x3d.insert(b->x3d.end(), x, x + 3);
        const Vec2<double> pixel = ProjectInto(
            *b, v, PointInCam(*b, object, v, &b->true_pose[object * b->pose_size()], x));
        const double noise = k % 7 == 3 ? 12 : 1.5;
        b->x2d.insert(b->x2d.end(),
                      {pixel.x + noise * random.Normal(), pixel.y + noise * random.Normal()});
      }
    }
  }
  b->x3d.resize(b->x3d.size() + 3 * GradientBatch::kUnusedRows);
  b->x2d.resize(b->x2d.size() + 2 * GradientBatch::kUnusedRows);
}

inline void FillPoses(TestRandom& random, const GradientCase& c, GradientBatch* b) {
  for (int64_t object = 0; object < b->num_objects; ++object) {
    std::vector<double> pose = {random.Uniform(-0.4, 0.4), random.Uniform(-0.4, 0.4),
                                random.Uniform(3, 4)};
    if (c.dof == 6) {
      const Quaternion<double> q = random.Rotation();
      pose.insert(pose.end(), {q.w, q.x, q.y, q.z});
    } else {
      pose.push_back(random.Uniform(-3, 3));
      const Quaternion<double> q = random.Rotation();
      b->base_rotation.insert(b->base_rotation.end(), {q.w, q.x, q.y, q.z});
    }
    b->true_pose.insert(b->true_pose.end(), pose.begin(), pose.end());
    for (int k = 0; k < 3 && c.prior; ++k) {
      const double u[3] = {pose[0] / pose[2], pose[1] / pose[2], std::log(pose[2])};
      b->prior_mean.push_back(u[k] + 0.02 * random.Normal());
      b->prior_sigma.push_back(random.Uniform(0.01, 0.03));
    }
  }
  if (c.dof == 4) {
    const Vec3<double> axis = random.Axis();
    b->cost.yaw_axis[0] = axis.x, b->cost.yaw_axis[1] = axis.y, b->cost.yaw_axis[2] = axis.z;
  }
}

inline GradientBatch MakeGradientBatch(TestRandom& random, const GradientCase& c) {
  GradientBatch b;
  b.num_objects = 2, b.num_views = 3;
  b.view_offsets = {0, 2, 3};
  b.offsets = {0, 9, 17, 29};
  b.num_points = 29 + GradientBatch::kUnusedRows;
  b.view_rig = {-1, 0, -1};
  b.camera_from_rig = {0.2, -0.1, 0.05, 0.99, 0.05, -0.03, 0.02};
  b.camera_model.assign(3, c.camera);
  for (int v = 0; v < 3; ++v) {
    std::vector<double> p = CameraParameters(c.camera);
    for (double& value : p) value *= random.Uniform(0.97, 1.03);
    b.camera_parameters.insert(b.camera_parameters.end(), p.begin(), p.end());
    const double half = 0.28 * p[0];  // of the box's sides, p[0] being the focal length
    if (c.box) b.box_px.insert(b.box_px.end(), {322 - half, 238 - half, 322 + half, 238 + half});
  }
  b.cost.dof = c.dof;
  b.cost.loss = c.loss;
  b.cost.z_min = c.z_min;
  b.object_delta = c.loss == PROPNP_LOSS_ADAPTIVE_HUBER ? std::vector<double>{0.014, 0.017}
                                                        : std::vector<double>{1.5, 1.8};
  FillPoses(random, c, &b);
  FillPoints(random, &b);
  for (int64_t k = 0; k < b.num_points; ++k) {
    const bool zero = k == 5 || k == 20;
    if (c.information) {
      for (int e = 0; e < 4; ++e) b.sqrt_info.push_back(zero ? 0 : random.Uniform(-1, 1.5));
    } else {
      for (int e = 0; e < 2; ++e) b.w2d.push_back(zero ? 0 : random.Uniform(0.3, 1.5));
    }
  }
  b.pose = NearTruth(random, b, c.displacement);
  return b;
}

// How many points the box holds or, of a perspective camera, lie nearer than z_min.
inline int ClampedPoints(const GradientBatch& b) {
  int count = 0;
  for (int64_t object = 0; object < b.num_objects; ++object) {
    for (int64_t v = b.view_offsets[object]; v < b.view_offsets[object + 1]; ++v) {
      for (int64_t k = b.offsets[v]; k < b.offsets[v + 1]; ++k) {
        const Vec3<double> point =
            PointInCam(b, object, v, &b.pose[object * b.pose_size()], &b.x3d[3 * k]);
        const Vec2<double> pixel = ProjectInto(b, v, point);
        const double* box = b.box_px.empty() ? nullptr : &b.box_px[4 * v];
        const bool outside =
            box && (pixel.x < box[0] || pixel.y < box[1] || pixel.x > box[2] || pixel.y > box[3]);
        const bool behind = b.camera_model[v] != PROPNP_CAMERA_FISHEYE && point.z < b.cost.z_min;
        count += outside || behind;
      }
    }
  }
  return count;
}

// Places for all gradients of a batch, each filled with a value that is never written.
struct GradientOutputs {
  std::vector<double> x3d, x2d, w2d, sqrt_info, delta, relative_delta, camera, prior_mean,
      prior_sigma;
  Gradients gradients;

  explicit GradientOutputs(const GradientBatch& b)
      : x3d(b.x3d.size(), kNaN),
        x2d(b.x2d.size(), kNaN),
        w2d(b.w2d.size(), kNaN),
        sqrt_info(b.sqrt_info.size(), kNaN),
        delta(b.num_objects, kNaN),
        relative_delta(b.num_objects, kNaN),
        camera(b.num_views * PROPNP_MAX_CAMERA_PARAMETERS, kNaN),
        prior_mean(3 * b.num_objects, kNaN),
        prior_sigma(3 * b.num_objects, kNaN) {
    const int64_t p = b.num_points, n = b.num_objects;
    gradients.x3d = ViewOrNone(x3d, {p, 3});
    gradients.x2d = ViewOrNone(x2d, {p, 2});
    gradients.w2d = ViewOrNone(w2d, {p, 2});
    gradients.sqrt_info = ViewOrNone(sqrt_info, {p, 2, 2});
    gradients.delta = ViewOrNone(delta, {n});
    gradients.relative_delta = ViewOrNone(relative_delta, {n});
    gradients.camera_parameters = ViewOrNone(camera, {b.num_views, PROPNP_MAX_CAMERA_PARAMETERS});
    gradients.prior_mean = ViewOrNone(prior_mean, {n, 3});
    gradients.prior_sigma = ViewOrNone(prior_sigma, {n, 3});
  }
  GradientOutputs(const GradientOutputs&) = delete;

  std::vector<const std::vector<double>*> All() const {
    return {&x3d,    &x2d,        &w2d,        &sqrt_info, &delta, &relative_delta,
            &camera, &prior_mean, &prior_sigma};
  }
};

// The structs of a batch that a call points to.
struct GradientInputs {
  Correspondences correspondences;
  Cameras cameras;
  CostOptions cost;
  Prior prior;

  explicit GradientInputs(const GradientBatch& b)
      : correspondences(CorrespondencesOf(b)), cameras(CamerasOf(b)), cost(b.cost) {
    cost.object_delta = ViewOrNone(b.object_delta, {b.num_objects});
    prior.mean = ViewOrNone(b.prior_mean, {b.num_objects, 3});
    prior.sigma = ViewOrNone(b.prior_sigma, {b.num_objects, 3});
    if (!b.prior_mean.empty()) cost.prior = &prior;
  }
  GradientInputs(const GradientInputs&) = delete;

  template <typename Args>
  void Attach(Args* args) const {
    args->correspondences = &correspondences;
    args->cameras = &cameras;
    args->cost = &cost;
  }
};

// Turns an adaptive Huber loss into the Huber loss that it amounts to.
inline void HoldDelta(GradientBatch* b) {
  if (b->cost.loss != PROPNP_LOSS_ADAPTIVE_HUBER) return;
  EvaluateCall evaluate(*b, b->true_pose);
  EXPECT_TRUE(evaluate.Run(SharedContext()).ok());
  b->cost.loss = PROPNP_LOSS_HUBER;
  b->object_delta = evaluate.delta;
}

// f'(0) from five values; its error is step^4.
inline double Difference(const std::function<double(double)>& f, double step) {
  return (8 * (f(step) - f(-step)) - (f(2 * step) - f(-2 * step))) / (12 * step);
}

// f'(0) from values at steps that are not negative; error step^4 too.
inline double OneSidedDifference(const std::function<double(double)>& f, double step) {
  return (-25 * f(0) + 48 * f(step) - 36 * f(2 * step) + 16 * f(3 * step) - 3 * f(4 * step)) /
         (12 * step);
}

// Compares gradients with differences of value(batch), entry by entry: within `relative` of the
// entry, or a tenth of that of the largest entry of its kind (one kind is one column), or what
// rounding of the value (a few 1e-15 of it) leaves of a difference over the step. Of four steps
// one must agree: a larger one may reach across a kink of the loss, a smaller one drowns in
// rounding.
class DifferenceCheck {
 public:
  DifferenceCheck(GradientBatch batch, std::function<double(const GradientBatch&)> value,
                  double relative)
      : batch_(std::move(batch)), value_(std::move(value)), relative_(relative) {}

  void ExpectAll(const GradientOutputs& g) {
    Expect("x3d", &batch_.x3d, g.x3d, 1, 2e-4);
    const GradientBatch kept = batch_;
    HoldDelta(&batch_);  // the adaptive delta passes nothing on to x2d
    Expect("x2d", &batch_.x2d, g.x2d, 1, 5e-3);
    batch_ = kept;
    Expect("w2d", &batch_.w2d, g.w2d, 1, 2e-4);
    Expect("sqrt_info", &batch_.sqrt_info, g.sqrt_info, 1, 2e-4);
    Expect("prior_mean", &batch_.prior_mean, g.prior_mean, 1, 1e-4);
    Expect("prior_sigma", &batch_.prior_sigma, g.prior_sigma, 1, 1e-5);
    Expect("camera_parameters", &batch_.camera_parameters, g.camera, PROPNP_MAX_CAMERA_PARAMETERS,
           1e-4);
    const bool adaptive = batch_.cost.loss == PROPNP_LOSS_ADAPTIVE_HUBER;
    Expect("object_delta", &batch_.object_delta, adaptive ? g.relative_delta : g.delta, 1,
           adaptive ? 1e-5 : 2e-4);
    if (!adaptive) {
      EXPECT_EQ(g.relative_delta, std::vector<double>(batch_.num_objects, 0.0));
    }
    if (batch_.prior_mean.empty()) {
      EXPECT_EQ(g.prior_mean, std::vector<double>(3 * batch_.num_objects, 0.0));
      EXPECT_EQ(g.prior_sigma, std::vector<double>(3 * batch_.num_objects, 0.0));
    }
  }

  // `input` is a member of this check's own batch; entries i, i + period ... are of one kind.
  void Expect(const std::string& name, std::vector<double>* input,
              const std::vector<double>& gradient, size_t period, double step) {
    if (input->empty()) return;
    ASSERT_EQ(input->size(), gradient.size()) << name;
    const double size = value_size_ + std::fabs(value_(batch_));
    std::vector<double> largest(period, 0.0);
    for (size_t i = 0; i < input->size(); ++i) {
      largest[i % period] = std::max(largest[i % period], std::fabs(gradient[i]));
    }
    for (size_t i = 0; i < input->size(); ++i) {
      double difference = 0;
      bool agrees = false;
      for (double h = step; h > step / 1000 && !agrees; h /= 8) {
        difference = DifferenceOf(&(*input)[i], h);
        const double scale = std::fabs(difference) + 0.1 * largest[i % period];
        agrees = std::fabs(gradient[i] - difference) <= relative_ * scale + 4e-15 * size / h;
      }
      EXPECT_TRUE(agrees) << name << "[" << i << "] is " << gradient[i] << ", differences say "
                          << difference;
    }
  }

  // How large the numbers are that the value is a difference of; 1 by default.
  void SetValueSize(double size) { value_size_ = size; }

 private:
  static bool IsIn(const std::vector<double>& values, const double* entry) {
    return entry >= values.data() && entry < values.data() + values.size();
  }

  double DifferenceOf(double* entry, double step) {
    const double kept = *entry;
    // Focal lengths and principal points are a hundred times more than any other number.
    if (IsIn(batch_.camera_parameters, entry) && std::fabs(kept) > 100) step *= 100;
    const auto value_at = [&](double h) {
      *entry = kept + h;
      return value_(batch_);
    };
    const bool at_bound = kept == 0 && IsIn(batch_.w2d, entry);  // no weight is negative
    const double slope = at_bound ? OneSidedDifference(value_at, step) : Difference(value_at, step);
    *entry = kept;
    return slope;
  }

  GradientBatch batch_;
  std::function<double(const GradientBatch&)> value_;
  double relative_;
  double value_size_ = 1;
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_GRADIENT_CASE_H_
