// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What tests of refused calls share: a batch with everything that can be wrong, and the check of
// the message.
#ifndef PROPNP_TESTS_ENGINE_REFUSAL_H_
#define PROPNP_TESTS_ENGINE_REFUSAL_H_

#include <string>
#include <vector>

#include "tests/engine/simulation.h"

namespace propnp::test {

// A batch that uses every input: two objects, three views, packed points, a rig.
inline Batch FullBatch() {
  TestRandom random;
  Batch b;
  b.num_objects = 2, b.num_views = 3, b.num_points = 30;
  for (int k = 0; k < 30; ++k) {
    const Vec3<double> x = random.Vector(0.5);
    b.x3d.insert(b.x3d.end(), {x.x, x.y, x.z});
    b.x2d.insert(b.x2d.end(), {random.Uniform(0, 640), random.Uniform(0, 480)});
    b.w2d.insert(b.w2d.end(), {1.0, 1.0});
  }
  b.offsets = {0, 10, 20, 30};
  b.view_offsets = {0, 2, 3};
  b.view_camera = {0, 1, 0}, b.view_rig = {-1, 0, -1};
  b.camera_from_rig = {0.1, 0, 0, 1, 0, 0, 0};
  b.object_ids = {3, 4};
  b.object_delta = {1, 2};
  b.cost.loss = PROPNP_LOSS_HUBER;
  b.camera_model = {PROPNP_CAMERA_OPENCV, PROPNP_CAMERA_FISHEYE};
  b.camera_parameters = CameraParameters(PROPNP_CAMERA_OPENCV);
  const std::vector<double> fisheye = CameraParameters(PROPNP_CAMERA_FISHEYE);
  b.camera_parameters.insert(b.camera_parameters.end(), fisheye.begin(), fisheye.end());
  b.box_px = {0, 0, 640, 480, 0, 0, 640, 480};
  b.pose_init = b.pose_target = {0, 0, 4, 1, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0};
  return b;
}

// The message must have all of `words`.
inline void ExpectRefusal(const Status& status, const std::vector<const char*>& words) {
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  for (const char* word : words) {
    EXPECT_NE(status.message().find(word), std::string::npos)
        << "\"" << word << "\" is not in \"" << status.message() << "\"";
  }
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_REFUSAL_H_
