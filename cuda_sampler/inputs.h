// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The caller's views on the device: copies of the structs there, with what is read of cameras and
// rigs once a call. Nothing of it can be checked on the host, so indices are checked where they are
// followed.
#ifndef PROPNP_CUDA_SAMPLER_INPUTS_H_
#define PROPNP_CUDA_SAMPLER_INPUTS_H_

#include "cuda_sampler/device/device.h"
#include "propnp/engine/arena.h"
#include "propnp/engine/object_inputs.h"

namespace propnp::gpu {

// Lies in device memory.
template <typename T>
struct DeviceInputs {
  propnp_correspondences correspondences;
  propnp_cameras cameras;
  propnp_cost_options cost;
  propnp_prior prior;
  Problem problem;  // of the structs above

  PreparedCamera<T>* prepared_cameras;  // of model -1 where the numbers make no camera
  struct Rig {
    RigidTransform<T> camera_from_rig;
    bool valid;
  };
  Rig* rigs;

  PROPNP_DEVICE int64_t num_rigs() const {
    return IsGiven(correspondences.camera_from_rig) ? correspondences.camera_from_rig.shape[0] : 0;
  }

  // The views of an object, or the points of a view. False if they lead outside.
  PROPNP_DEVICE bool ViewsOf(int64_t object, Range* views) const {
    *views = problem.ViewsOf(object);
    return 0 <= views->begin && views->begin <= views->end && views->end <= problem.num_views;
  }
  PROPNP_DEVICE bool PointsOf(int64_t view, Range* points) const {
    *points = problem.PointsOf(view);
    const propnp_tensor& x3d = correspondences.x3d;
    const int64_t rows = problem.dense ? x3d.shape[1] : x3d.shape[0];
    return 0 <= points->begin && points->begin <= points->end && points->end <= rows;
  }
};

// Memory and launches that fill it in.
template <typename T>
DeviceInputs<T>* AllocateInputs(const Problem& problem, Arena* arena);

// `problem` is the host's, made of the caller's structs. `allocated` comes from AllocateInputs with
// an arena that has memory.
template <typename T>
void StoreInputs(const Problem& problem, DeviceInputs<T>* allocated, Queue* queue);

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_INPUTS_H_
