// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// One object of a golden case as a batch of one.
#ifndef PROPNP_TESTS_ENGINE_GOLDEN_INPUTS_H_
#define PROPNP_TESTS_ENGINE_GOLDEN_INPUTS_H_

#include "tests/engine/test_device.h"
#include "tests/math/golden_objects.h"

namespace propnp::test {

struct GoldenInputs {
  Correspondences correspondences;
  Cameras cameras;
  CostOptions cost;

  // `object` must outlive this.
  GoldenInputs(const Object& object, int dof)
      : box_{object.box.low.x, object.box.low.y, object.box.high.x, object.box.high.y} {
    const int64_t n = static_cast<int64_t>(object.num_points());
    correspondences.num_objects = 1;
    correspondences.x3d = View(object.x3d.data(), {1, n, 3});
    correspondences.x2d = View(object.x2d.data(), {1, n, 2});
    correspondences.w2d = View(object.w2d.data(), {1, n, 2});
    cameras.model = View(&model_, {1});
    cameras.parameters = View(object.camera.data(), {1, 5});
    if (object.box.active) cameras.box_px = View(box_, {1, 4});
    cost.dof = dof;
    cost.loss = object.relative_delta ? PROPNP_LOSS_ADAPTIVE_HUBER : PROPNP_LOSS_HUBER;
    cost.relative_delta = object.relative_delta.value_or(0);
    cost.delta = object.fixed_delta;
    cost.z_min = object.z_min;
  }
  GoldenInputs(const GoldenInputs&) = delete;

  template <typename Args>
  void Attach(Args* args) const {
    args->correspondences = &correspondences;
    args->cameras = &cameras;
    args->cost = &cost;
    args->device = kTestDevice;
  }

 private:
  const int32_t model_ = PROPNP_CAMERA_PINHOLE;
  const double box_[4];
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_GOLDEN_INPUTS_H_
