// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The operations of the backend's table, engine/backend.h.
#ifndef PROPNP_CUDA_SAMPLER_OPERATIONS_H_
#define PROPNP_CUDA_SAMPLER_OPERATIONS_H_

#include "propnp/engine/backend.h"

namespace propnp::gpu {

#define PROPNP_DECLARE_OPERATION(Name, name)                                     \
  int32_t Name(const propnp_##name##_args* args, propnp_backend_error*);         \
  int32_t Name##WorkspaceSize(const propnp_##name##_args* args, uint64_t* bytes, \
                              propnp_backend_error*)
PROPNP_DECLARE_OPERATION(Evaluate, evaluate);
PROPNP_DECLARE_OPERATION(Solve, solve);
PROPNP_DECLARE_OPERATION(Sample, sample);
PROPNP_DECLARE_OPERATION(SampleExpectation, sample_expectation);
PROPNP_DECLARE_OPERATION(SampleBackward, sample_backward);
PROPNP_DECLARE_OPERATION(PosePlus, pose_plus);
PROPNP_DECLARE_OPERATION(PosePlusBackward, pose_plus_backward);
PROPNP_DECLARE_OPERATION(ImplicitGradient, implicit_gradient);
#undef PROPNP_DECLARE_OPERATION

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_OPERATIONS_H_
