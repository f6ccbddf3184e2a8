// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include <string>

#include "cuda_sampler/call.h"
#include "cuda_sampler/operations.h"
#include "propnp/engine/backend.h"

namespace propnp::gpu {
namespace {

int32_t CheckDevice(int32_t device, propnp_backend_error* error) {
  return FindDevice(device, error->message, sizeof(error->message))
             ? 0
             : static_cast<int32_t>(StatusCode::kUnavailable);
}

const propnp_backend kBackend = {
    sizeof(propnp_backend),
    PROPNP_BACKEND_VERSION,
    CheckDevice,
    Evaluate,
    EvaluateWorkspaceSize,
    Solve,
    SolveWorkspaceSize,
    Sample,
    SampleWorkspaceSize,
    SampleExpectation,
    SampleExpectationWorkspaceSize,
    SampleBackward,
    SampleBackwardWorkspaceSize,
    PosePlus,
    PosePlusWorkspaceSize,
    PosePlusBackward,
    PosePlusBackwardWorkspaceSize,
    ImplicitGradient,
    ImplicitGradientWorkspaceSize,
};

}  // namespace
}  // namespace propnp::gpu

extern "C" __attribute__((visibility("default"))) const propnp_backend* propnp_cuda_backend(void) {
  return &propnp::gpu::kBackend;
}
