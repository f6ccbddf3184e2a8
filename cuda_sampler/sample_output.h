// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Writes what was found of the posteriors to the caller's tensors.
#ifndef PROPNP_CUDA_SAMPLER_SAMPLE_OUTPUT_H_
#define PROPNP_CUDA_SAMPLER_SAMPLE_OUTPUT_H_

#include "cuda_sampler/sampler_state.h"
#include "propnp/engine/prior_gradient.h"

namespace propnp::gpu {

struct SampleOutputs {
  propnp_tensor log_evidence, standard_error, ess, khat, cost_target, mode_count, pose, mode_pose,
      mode_covariance, mode_probability, mode_cost, sample_pose, sample_log_weight, status, stages,
      grad_delta, grad_relative_delta;
  PriorGradientTensors prior;
  PointTensors points;  // of the gradient
  int32_t loss_gradient, through_delta;
};

// An object whose numbers do not fit fails. `tiles` is (slice, num_tiles) of the gradient, null if
// there is none.
template <int kDof>
void StorePosteriors(const SamplerArgs<kDof>& args, const SampleOutputs& outputs, int64_t num_tiles,
                     const GradientTile* tiles, Queue* queue);

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_SAMPLE_OUTPUT_H_
