// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Batches with known true poses: points in a cube of two units (or a square), seen from three to
// seven units away, with noise and outliers as asked for.
#ifndef PROPNP_TESTS_ENGINE_SIMULATION_H_
#define PROPNP_TESTS_ENGINE_SIMULATION_H_

#include <string>
#include <vector>

#include "tests/engine/batch.h"
#include "tests/math/test_random.h"

namespace propnp::test {

struct Simulation {
  int64_t objects = 1;
  int64_t points = 20;
  int dof = 6;
  bool planar = false;
  int32_t camera = PROPNP_CAMERA_PINHOLE;
  double noise_px = 0;
  double outlier_fraction = 0;  // of the points, whose noise is outlier_noise_px
  double outlier_noise_px = 0;
};

// A camera of every model, mildly distorted, monotone over the image.
inline std::vector<double> CameraParameters(int32_t model) {
  std::vector<double> p;
  switch (model) {
    case PROPNP_CAMERA_PINHOLE:
      p = {600, 590, 322, 238, 0.5};
      break;
    case PROPNP_CAMERA_SIMPLE_RADIAL:
      p = {600, 322, 238, -0.1, 0.02};
      break;
    case PROPNP_CAMERA_OPENCV:
      p = {600, 590, 322, 238, -0.1, 0.02, 0.001, -0.002, 0.003, 0.01, 0.002, 0.001};
      break;
    default:
      p = {300, 305, 322, 238, -0.01, 0.02, -0.01, 0.002};
  }
  p.resize(PROPNP_MAX_CAMERA_PARAMETERS);
  return p;
}

inline Vec2<double> Project(int32_t model, const double* parameters, const Vec3<double>& point) {
  Vec2<double> pixel{0, 0};
  visit_camera(model, [&](auto camera) {
    using Camera = typename decltype(camera)::template Camera<double>;
    pixel = Camera::from_parameters(parameters, Camera::monotone_limit(parameters))
                .project(point, 1e-3);
  });
  return pixel;
}

// The transform of object `i`'s pose.
inline RigidTransform<double> TransformOf(const Batch& b, int64_t i, const double* pose) {
  if (b.cost.dof == 6) return SixDof<double>().transform(pose);
  FourDof<double> four;
  four.axis = {b.cost.yaw_axis[0], b.cost.yaw_axis[1], b.cost.yaw_axis[2]};
  if (!b.base_rotation.empty()) {
    const double* q = &b.base_rotation[4 * i];
    four.base_rotation = rotation_matrix(Quaternion<double>{q[0], q[1], q[2], q[3]});
  }
  return four.transform(pose);
}

inline std::vector<double> RandomPose(TestRandom& random, int dof) {
  const double depth = random.Uniform(3, 7);
  std::vector<double> pose = {0.3 * depth * random.Uniform(-1, 1),
                              0.3 * depth * random.Uniform(-1, 1), depth};
  if (dof == 6) {
    const Quaternion<double> q = random.Rotation();
    pose.insert(pose.end(), {q.w, q.x, q.y, q.z});
  } else {
    pose.push_back(random.Uniform(-3, 3));
  }
  return pose;
}

// Fills x2d of a batch with one dense view an object from its true poses.
inline void ProjectTruth(Batch* b) {
  for (int64_t i = 0; i < b->num_objects; ++i) {
    const auto transform = TransformOf(*b, i, &b->true_pose[i * b->pose_size()]);
    const int64_t camera = b->camera_model.size() == 1 ? 0 : i;
    for (int64_t k = i * b->num_points; k < (i + 1) * b->num_points; ++k) {
      const double* x = &b->x3d[3 * k];
      const Vec2<double> pixel = Project(
          b->camera_model[camera], &b->camera_parameters[camera * PROPNP_MAX_CAMERA_PARAMETERS],
          transform * Vec3<double>{x[0], x[1], x[2]});
      b->x2d[2 * k] = pixel.x, b->x2d[2 * k + 1] = pixel.y;
    }
  }
}

inline Batch Simulate(TestRandom& random, const Simulation& s) {
  Batch b;
  b.num_objects = b.num_views = s.objects;
  b.num_points = s.points;
  b.cost.dof = s.dof;
  b.camera_model = {s.camera};
  b.camera_parameters = CameraParameters(s.camera);
  const int64_t rows = s.objects * s.points;
  for (int64_t k = 0; k < rows; ++k) {
    const double z = s.planar ? 0 : random.Uniform(-1, 1);
    b.x3d.insert(b.x3d.end(), {random.Uniform(-1, 1), random.Uniform(-1, 1), z});
  }
  for (int64_t i = 0; i < s.objects; ++i) {
    const std::vector<double> pose = RandomPose(random, s.dof);
    b.true_pose.insert(b.true_pose.end(), pose.begin(), pose.end());
  }
  b.x2d.resize(2 * rows);
  ProjectTruth(&b);
  for (int64_t k = 0; k < rows && s.noise_px > 0; ++k) {
    const bool outlier = random.Uniform(0, 1) < s.outlier_fraction;
    const double sigma = outlier ? s.outlier_noise_px : s.noise_px;
    b.x2d[2 * k] += sigma * random.Normal(), b.x2d[2 * k + 1] += sigma * random.Normal();
  }
  return b;
}

// Starts a small step away from the truth: `size` times a standard normal in every coordinate.
inline std::vector<double> NearTruth(TestRandom& random, const Batch& b, double size) {
  std::vector<double> poses = b.true_pose;
  for (int64_t i = 0; i < b.num_objects; ++i) {
    double step[6];
    for (double& s : step) s = size * random.Normal();
    double* pose = &poses[i * b.pose_size()];
    if (b.cost.dof == 6) {
      SixDof<double>().retract(pose, step, pose);
    } else {
      FourDof<double>().retract(pose, step, pose);
    }
  }
  return poses;
}

// Objects first .. last - 1 of a batch with one dense view an object.
inline Batch Slice(const Batch& b, int64_t first, int64_t last) {
  Batch part = b;
  part.num_objects = part.num_views = last - first;
  const auto cut = [&](auto* values, int64_t width) {
    if (values->empty()) return;
    values->erase(values->begin() + last * width, values->end());
    values->erase(values->begin(), values->begin() + first * width);
  };
  cut(&part.x3d, 3 * b.num_points), cut(&part.x2d, 2 * b.num_points);
  cut(&part.w2d, 2 * b.num_points), cut(&part.sqrt_info, 4 * b.num_points);
  cut(&part.counts, 1), cut(&part.object_ids, 1), cut(&part.object_delta, 1);
  cut(&part.base_rotation, 4);
  cut(&part.pose_init, b.pose_size()), cut(&part.pose_target, b.pose_size());
  cut(&part.true_pose, b.pose_size());
  if (part.view_camera.empty() && b.camera_model.size() > 1) {
    cut(&part.camera_model, 1);
    cut(&part.camera_parameters, PROPNP_MAX_CAMERA_PARAMETERS);
    cut(&part.box_px, 4);
  } else {
    cut(&part.view_camera, 1);
  }
  return part;
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_SIMULATION_H_
