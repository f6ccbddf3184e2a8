// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Tables of symmetries, and an object that has some.
#ifndef PROPNP_TESTS_ENGINE_SYMMETRIC_OBJECT_H_
#define PROPNP_TESTS_ENGINE_SYMMETRIC_OBJECT_H_

#include <vector>

#include "propnp/engine/sample_posterior.h"
#include "tests/engine/simulation.h"

namespace propnp::test {

constexpr double kPi = 3.14159265358979323846;

inline Quaternion<double> Turn(const Vec3<double>& axis, double angle) {
  const double s = std::sin(angle / 2);
  return {std::cos(angle / 2), s * axis.x, s * axis.y, s * axis.z};
}

inline void Append(const Quaternion<double>& q, std::vector<double>* rows) {
  rows->insert(rows->end(), {q.w, q.x, q.y, q.z});
}

// A table of one class that owns its numbers.
struct OwnSymmetries {
  std::vector<double> rotation, axis, centre;
  std::vector<int32_t> object_class;

  Symmetries Table() const {
    Symmetries s;
    s.rotation = ViewOrNone(rotation, {static_cast<int64_t>(rotation.size() / 4), 4});
    s.axis = ViewOrNone(axis, {1, 3});
    s.centre = ViewOrNone(centre, {1, 3});
    s.object_class = ViewOrNone(object_class, {static_cast<int64_t>(object_class.size())});
    return s;
  }
};

// An object with an n-fold axis off its origin, every point of which is matched to each of the n
// places where it may be: the cost is the same at n poses, under a loss that forgives the other
// matches.
struct SymmetricObject {
  Batch batch;
  double angle;
  Vec3<double> axis{0, 0, 1}, centre{0.4, -0.3, 0.2};
  RigidTransform<double> turned;  // the points, by one n-th of a turn

  SymmetricObject(TestRandom& random, int dof, int n) : angle(2 * kPi / n) {
    batch.num_objects = batch.num_views = 1;
    batch.cost.dof = dof;
    batch.cost.loss = PROPNP_LOSS_CAUCHY;
    batch.cost.delta = 3;
    batch.camera_model = {PROPNP_CAMERA_PINHOLE};
    batch.camera_parameters = CameraParameters(PROPNP_CAMERA_PINHOLE);
    batch.options.num_starts = 3000;  // few of them draw three matches of one pose
    batch.options.start_points = 3;
    batch.options.start_iterations = 10;
    batch.true_pose = {0.2, -0.1, 5};
    const Quaternion<double> q = random.Rotation();
    if (dof == 6) {
      Append(q, &batch.true_pose);
    } else {
      Append(q, &batch.base_rotation);
      axis = transposed_times(rotation_matrix(q), Vec3<double>{0, 1, 0});
      batch.true_pose.push_back(0.7);
    }
    const Mat3<double> turn = rotation_about_axis(axis, angle);
    turned = {turn, centre - turn * centre};
    constexpr int kPoints = 5;
    for (int i = 0; i < kPoints; ++i) {
      Vec3<double> x = centre + random.Vector(0.8);
      for (int j = 0; j < n; ++j, x = turned * x) {
        Vec3<double> place = x;
        for (int k = 0; k < n; ++k, place = turned * place) {
          batch.x3d.insert(batch.x3d.end(), {x.x, x.y, x.z});
          const Vec2<double> pixel = Project(PROPNP_CAMERA_PINHOLE, batch.camera_parameters.data(),
                                             TransformOf(batch, 0, batch.true_pose.data()) * place);
          batch.x2d.insert(batch.x2d.end(), {pixel.x, pixel.y});
        }
      }
    }
    batch.num_points = kPoints * n * n;
    batch.w2d.assign(batch.x2d.size(), 0.5);
  }

  // The turns by multiples of an angle, as a table.
  OwnSymmetries Turns(double by) const {
    OwnSymmetries s;
    for (double a = by; a < 2 * kPi - 1e-6; a += by) Append(Turn(axis, a), &s.rotation);
    s.centre = {centre.x, centre.y, centre.z};
    return s;
  }

  OwnSymmetries Axis(const Vec3<double>& about) const {
    OwnSymmetries s;
    s.axis = {2 * about.x, 2 * about.y, 2 * about.z};  // of any length
    s.centre = {centre.x, centre.y, centre.z};
    return s;
  }

  // The image of a pose by one n-th of a turn.
  std::vector<double> NextImage(const std::vector<double>& pose) const {
    std::vector<double> next = pose;
    const Vec3<double> shift = TransformOf(batch, 0, pose.data()).rotation * turned.translation;
    next[0] += shift.x, next[1] += shift.y, next[2] += shift.z;
    if (batch.cost.dof == 4) {
      next[3] += angle;
    } else {
      const Quaternion<double> q =
          Quaternion<double>{pose[3], pose[4], pose[5], pose[6]} * Turn(axis, angle);
      next[3] = q.w, next[4] = q.x, next[5] = q.y, next[6] = q.z;
    }
    return next;
  }
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_SYMMETRIC_OBJECT_H_
