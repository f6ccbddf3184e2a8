// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A camera that moves around a small planar marker, photographs its four corners with noise, and
// measures its own motion from frame to frame. A plane that is small in the image could as well be
// tilted the other way: the posterior of a frame has two modes, and noise decides which of them is
// the more probable.
#ifndef PROPNP_TESTS_CERES_MARKER_TRAJECTORY_H_
#define PROPNP_TESTS_CERES_MARKER_TRAJECTORY_H_

#include <array>
#include <cmath>
#include <vector>

#include "propnp/ceres/pose_mode.h"
#include "propnp/engine/sample_posterior.h"
#include "propnp/engine/tensor.h"
#include "propnp/math/tangent.h"
#include "tests/math/test_random.h"

namespace propnp::test {

using StoredPose = std::array<double, 7>;  // [tx ty tz qw qx qy qz]

constexpr double kDegree = 3.14159265358979323846 / 180;  // rad

inline double RotationBetween(const StoredPose& a, const StoredPose& b) {
  const Quaternion<double> d = Quaternion<double>{a[3], a[4], a[5], a[6]} *
                               conjugate(Quaternion<double>{b[3], b[4], b[5], b[6]});
  return 2 * std::atan2(std::sqrt(d.x * d.x + d.y * d.y + d.z * d.z), std::fabs(d.w));
}

// The pose of frame a of two x_from_world.
inline StoredPose Relative(const StoredPose& a_from_world, const StoredPose& b_from_world) {
  const Quaternion<double> qa{a_from_world[3], a_from_world[4], a_from_world[5], a_from_world[6]};
  const Quaternion<double> qb{b_from_world[3], b_from_world[4], b_from_world[5], b_from_world[6]};
  const Quaternion<double> q = qa * conjugate(qb);
  const Vec3<double> tb{b_from_world[0], b_from_world[1], b_from_world[2]};
  const Vec3<double> t =
      Vec3<double>{a_from_world[0], a_from_world[1], a_from_world[2]} - rotation_matrix(q) * tb;
  return {t.x, t.y, t.z, q.w, q.x, q.y, q.z};
}

struct MarkerTrajectory {
  int num_frames = 20;
  double side = 0.05;   // of the marker, m
  double distance = 1;  // of the camera, m
  double focal_px = 600;
  double noise_px = 0.5;
  double odometry_sigma_t = 0.005;            // m
  double odometry_sigma_rad = 0.5 * kDegree;  // rad

  std::vector<StoredPose> true_pose;             // cam_from_marker
  std::vector<double> corners, pixels, weights;  // (frames, 4, 3), (frames, 4, 2) twice
  std::vector<StoredPose> odometry;              // frame i + 1 from frame i
  std::vector<std::vector<PoseMode>> modes;      // of each frame, most probable first
};

// Looks at the marker's centre, from `tilt` beside its normal, going around it.
inline StoredPose CameraPose(const MarkerTrajectory& s, double tilt, double azimuth) {
  // Turns the normal towards the camera, then tilts it about an axis in the image.
  const Quaternion<double> spin{std::cos(azimuth / 2), 0, 0, std::sin(azimuth / 2)};
  const Quaternion<double> lean{std::cos(tilt / 2), std::sin(tilt / 2), 0, 0};
  const Quaternion<double> q = lean * spin;
  return {0, 0, s.distance, q.w, q.x, q.y, q.z};
}

inline void SimulateFrames(TestRandom* random, MarkerTrajectory* s) {
  const double h = s->side / 2;
  const double corners[4][3] = {{-h, -h, 0}, {h, -h, 0}, {h, h, 0}, {-h, h, 0}};
  for (int i = 0; i < s->num_frames; ++i) {
    const double along = static_cast<double>(i) / (s->num_frames - 1);
    const double tilt = (35 + 10 * std::sin(6 * along)) * kDegree;
    s->true_pose.push_back(CameraPose(*s, tilt, 120 * kDegree * along));
    const RigidTransform<double> pose = SixDof<double>().transform(s->true_pose.back().data());
    for (const auto& x : corners) {
      const Vec3<double> p = pose * Vec3<double>{x[0], x[1], x[2]};
      s->corners.insert(s->corners.end(), {x[0], x[1], x[2]});
      s->pixels.push_back(s->focal_px * p.x / p.z + 320 + s->noise_px * random->Normal());
      s->pixels.push_back(s->focal_px * p.y / p.z + 240 + s->noise_px * random->Normal());
      s->weights.insert(s->weights.end(), {1 / s->noise_px, 1 / s->noise_px});
    }
  }
  for (int i = 0; i + 1 < s->num_frames; ++i) {
    StoredPose moved = Relative(s->true_pose[i + 1], s->true_pose[i]);
    double step[6];
    for (int k = 0; k < 6; ++k) {
      step[k] = (k < 3 ? s->odometry_sigma_t : s->odometry_sigma_rad) * random->Normal();
    }
    SixDof<double>().retract(moved.data(), step, moved.data());
    s->odometry.push_back(moved);
  }
}

// The posterior of every frame alone, one object a frame.
inline void SampleFrames(MarkerTrajectory* s) {
  const int64_t frames = s->num_frames;
  const int32_t model = PROPNP_CAMERA_PINHOLE;
  const double camera[] = {s->focal_px, s->focal_px, 320, 240, 0};
  Correspondences points;
  points.num_objects = frames;
  points.x3d = View(s->corners.data(), {frames, 4, 3});
  points.x2d = View(s->pixels.data(), {frames, 4, 2});
  points.w2d = View(s->weights.data(), {frames, 4, 2});
  Cameras cameras;
  cameras.model = View(&model, {1});
  cameras.parameters = View(camera, {1, 5});
  const CostOptions cost;
  const SolveOptions start;
  const SampleOptions options;

  constexpr int64_t kRows = 4;
  std::vector<double> pose(frames * kRows * 7), covariance(frames * kRows * 36);
  std::vector<double> probability(frames * kRows);
  SampleArgs args;
  args.correspondences = &points;
  args.cameras = &cameras;
  args.cost = &cost;
  args.start_options = &start;
  args.options = &options;
  args.mode_pose = View(pose.data(), {frames, kRows, 7});
  args.mode_covariance = View(covariance.data(), {frames, kRows, 6, 6});
  args.mode_probability = View(probability.data(), {frames, kRows});
  Context context(1);
  const Status status = SamplePosterior(context, args);
  ASSERT_TRUE(status.ok()) << status.message();

  PoseModeTensors tensors;
  tensors.mode_pose = args.mode_pose;
  tensors.mode_covariance = args.mode_covariance;
  tensors.mode_probability = args.mode_probability;
  s->modes.resize(frames);
  for (int64_t i = 0; i < frames; ++i) {
    std::string error;
    ASSERT_TRUE(ReadPoseModes(tensors, i, &s->modes[i], &error)) << error;
  }
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_CERES_MARKER_TRAJECTORY_H_
