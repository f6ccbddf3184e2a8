// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include <cmath>

#include "cuda_sampler/inputs.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128;

template <typename T>
struct StoreArgs {
  DeviceInputs<T> inputs;
  bool has_prior;
  DeviceInputs<T>* to;
};

// The structs point at each other, on the device.
template <typename T>
PROPNP_KERNEL(kWarpSize)
StoreKernel(StoreArgs<T> args) {
  if (thread_index() != 0) return;
  DeviceInputs<T>& to = *args.to;
  to = args.inputs;
  to.cost.prior = args.has_prior ? &to.prior : nullptr;
  to.problem.correspondences = &to.correspondences;
  to.problem.cameras = &to.cameras;
  to.problem.cost = &to.cost;
}

PROPNP_DEVICE int NumParameters(int32_t model) {
  int count = 0;
  visit_camera(model, [&](auto camera) {
    count = decltype(camera)::template Camera<double>::kNumParameters;
  });
  return count;
}

// What the engine checks of cameras whose numbers it can read.
template <typename T>
PROPNP_DEVICE bool IsCamera(const Problem& problem, int64_t row) {
  const propnp_cameras& table = *problem.cameras;
  const int32_t model = LoadAt<int32_t>(table.model, row);
  const int count = NumParameters(model);
  if (count == 0 || table.parameters.shape[1] < count) return false;
  bool valid = true;
  for (int k = 0; k < count; ++k) {
    valid = valid && std::isfinite(LoadAt<double>(table.parameters, row, k));
  }
  const int focal_lengths = model == PROPNP_CAMERA_SIMPLE_RADIAL ? 1 : 2;
  for (int k = 0; k < focal_lengths; ++k) {
    valid = valid && LoadAt<double>(table.parameters, row, k) != 0;
  }
  for (int k = 0; IsGiven(table.box_px) && k < 2; ++k) {
    valid =
        valid && LoadAt<double>(table.box_px, row, k) <= LoadAt<double>(table.box_px, row, k + 2);
  }
  return valid;
}

template <typename T>
struct PrepareArgs {
  DeviceInputs<T>* inputs;
};

template <typename T>
PROPNP_KERNEL(kThreads)
PrepareKernel(PrepareArgs<T> args) {
  DeviceInputs<T>& in = *args.inputs;
  const int64_t cameras = in.problem.num_cameras;
  int64_t i = block_index() * block_size() + thread_index();
  if (i < cameras) {
    if (IsCamera<T>(in.problem, i)) {
      PrepareCamera(in.problem, i, &in.prepared_cameras[i]);
    } else {
      in.prepared_cameras[i].model = -1;
    }
    return;
  }
  i -= cameras;
  if (i < in.num_rigs()) in.rigs[i].valid = LoadRig(in.problem, i, &in.rigs[i].camera_from_rig);
}

int64_t NumRigs(const Problem& problem) {
  const propnp_tensor& rigs = problem.correspondences->camera_from_rig;
  return IsGiven(rigs) ? rigs.shape[0] : 0;
}

}  // namespace

template <typename T>
DeviceInputs<T>* AllocateInputs(const Problem& problem, Arena* arena) {
  // One piece, in this order: StoreInputs() knows the second and third by the first.
  DeviceInputs<T>* const inputs = arena->Take<DeviceInputs<T>>(1);
  arena->Take<PreparedCamera<T>>(problem.num_cameras);
  arena->Take<typename DeviceInputs<T>::Rig>(NumRigs(problem));
  return inputs;
}

template <typename T>
void StoreInputs(const Problem& problem, DeviceInputs<T>* allocated, Queue* queue) {
  StoreArgs<T> args = {};
  Arena pieces(allocated);
  pieces.Take<DeviceInputs<T>>(1);
  args.inputs.correspondences = *problem.correspondences;
  args.inputs.cameras = *problem.cameras;
  args.inputs.cost = *problem.cost;
  args.has_prior = problem.cost->prior != nullptr;
  if (args.has_prior) args.inputs.prior = *problem.cost->prior;
  args.inputs.problem = problem;
  args.inputs.prepared_cameras = pieces.Take<PreparedCamera<T>>(problem.num_cameras);
  args.inputs.rigs = pieces.Take<typename DeviceInputs<T>::Rig>(NumRigs(problem));
  args.to = allocated;
  queue->Launch("store inputs", StoreKernel<T>, 1, kWarpSize, 0, args);
  const int64_t rows = problem.num_cameras + NumRigs(problem);
  queue->Launch("prepare cameras", PrepareKernel<T>, (rows + kThreads - 1) / kThreads, kThreads, 0,
                PrepareArgs<T>{allocated});
}

template DeviceInputs<float>* AllocateInputs(const Problem&, Arena*);
template DeviceInputs<double>* AllocateInputs(const Problem&, Arena*);
template void StoreInputs(const Problem&, DeviceInputs<float>*, Queue*);
template void StoreInputs(const Problem&, DeviceInputs<double>*, Queue*);

}  // namespace propnp::gpu
