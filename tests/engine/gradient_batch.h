// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Batches that use every input that has a gradient.
#ifndef PROPNP_TESTS_ENGINE_GRADIENT_BATCH_H_
#define PROPNP_TESTS_ENGINE_GRADIENT_BATCH_H_

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "tests/engine/simulation.h"

namespace propnp::test {

// What the numbers of a Gaussian prior are: mean and sigma, or mean and covariance, of log depth;
// mean and covariance of the pose.
enum class PriorForm { kSigma, kCovariance, kPose };

struct GradientCase {
  int32_t camera = PROPNP_CAMERA_PINHOLE;
  int dof = 6;
  int32_t loss = PROPNP_LOSS_NONE;
  bool information = false;
  bool prior = false;
  PriorForm prior_form = PriorForm::kSigma;
  bool box = false;         // which holds some of the projections
  double z_min = 0;         // 0: the default; some points have depths between 2 and 3
  double displacement = 0;  // of `pose` from the truth
};

// A test of camera, degrees of freedom and loss, instantiated with EveryCase(). Half of the cases
// have 2x2 information and half a prior, of every form.
class GradientCases : public ::testing::TestWithParam<std::tuple<int, int, int>> {
 protected:
  int camera() const { return std::get<0>(GetParam()); }
  int loss() const { return std::get<2>(GetParam()); }
  GradientCase Case() const {
    GradientCase c;
    std::tie(c.camera, c.dof, c.loss) = GetParam();
    c.information = (c.camera + c.loss) % 2 != 0;
    c.prior = c.loss % 2 != 0;
    c.prior_form = static_cast<PriorForm>((c.camera + c.loss / 2) % 3);
    c.displacement = 0.02;
    return c;
  }
};

inline auto EveryCase() {
  return ::testing::Combine(::testing::Range(0, int{PROPNP_NUM_CAMERA_MODELS}),
                            ::testing::Values(6, 4), ::testing::Range(0, 4));
}

// Points packed, two objects: the first seen by two cameras of a rig, the second by one. Two rows
// of points belong to nobody.
struct GradientBatch : Batch {
  static constexpr int64_t kUnusedRows = 2;
  std::vector<double> prior_mean, prior_sigma;
  std::vector<double> prior_pose, prior_step;  // the mean of a pose prior is prior_pose (+) step
  std::vector<double> prior_triangle;          // of the covariance, row by row
  std::vector<double> pose;

  int64_t prior_size() const { return prior_pose.empty() ? 3 : cost.dof; }
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

// Rows of a triangle of correlations of .3, standard deviations of .01 to .03.
inline void AddTriangle(TestRandom& random, int64_t size, std::vector<double>* triangle) {
  std::vector<double> sigma;
  for (int64_t i = 0; i < size; ++i) {
    sigma.push_back(random.Uniform(0.01, 0.03));
    for (int64_t j = 0; j <= i; ++j) {
      triangle->push_back((i == j ? 1 : 0.3) * sigma[i] * sigma[j]);
    }
  }
}

inline void AddPrior(TestRandom& random, PriorForm form, const double* pose, GradientBatch* b) {
  if (form == PriorForm::kPose) {
    double step[6], mean[7];
    for (double& s : step) s = 0.02 * random.Normal();
    b->cost.dof == 6 ? SixDof<double>().retract(pose, step, mean)
                     : FourDof<double>().retract(pose, step, mean);
    b->prior_pose.insert(b->prior_pose.end(), mean, mean + b->pose_size());
    b->prior_step.resize(b->prior_step.size() + b->cost.dof);
    AddTriangle(random, b->cost.dof, &b->prior_triangle);
    return;
  }
  const double u[3] = {pose[0] / pose[2], pose[1] / pose[2], std::log(pose[2])};
  for (int k = 0; k < 3; ++k) {
    b->prior_mean.push_back(u[k] + 0.02 * random.Normal());
    if (form == PriorForm::kSigma) b->prior_sigma.push_back(random.Uniform(0.01, 0.03));
  }
  if (form == PriorForm::kCovariance) AddTriangle(random, 3, &b->prior_triangle);
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
    if (c.prior) AddPrior(random, c.prior_form, pose.data(), b);
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

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_GRADIENT_BATCH_H_
