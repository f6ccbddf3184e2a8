// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#ifndef PROPNP_TESTS_ENGINE_PACKED_BATCH_H_
#define PROPNP_TESTS_ENGINE_PACKED_BATCH_H_

#include <vector>

#include "propnp/engine/arena.h"
#include "propnp/engine/packed_object.h"
#include "tests/engine/gradient_operation.h"

namespace propnp::test {

// Packs the objects of a batch and visits each: visit(problem, object, index).
template <typename Visit>
void ForEachPacked(const GradientBatch& b, const Visit& visit) {
  const GradientInputs inputs(b);
  Problem problem;
  ASSERT_TRUE(MakeProblem(&inputs.correspondences, &inputs.cameras, &inputs.cost, &problem).ok());
  std::vector<PreparedCamera<double>> cameras(problem.num_cameras);
  PrepareCameras(problem, cameras.data());
  Arena count;
  PackedObject<double>::Allocate(problem, &count);
  const AlignedBytes memory(count.used());
  Arena arena(memory.data());
  PackedObject<double> object = PackedObject<double>::Allocate(problem, &arena);
  for (int64_t i = 0; i < b.num_objects; ++i) {
    object.Gather(problem, cameras.data(), i);
    ASSERT_EQ(object.status, 0u);
    visit(problem, object, i);
  }
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_PACKED_BATCH_H_
