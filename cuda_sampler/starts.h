// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Poses to start from when none is given: random-sample Levenberg-Marquardt, as the CPU's
// (engine/random_starts.h). A warp measures an object, a thread moves a start on a few points in
// single precision, a warp judges it on all points.
#ifndef PROPNP_CUDA_SAMPLER_STARTS_H_
#define PROPNP_CUDA_SAMPLER_STARTS_H_

#include "cuda_sampler/inputs.h"
#include "propnp/engine/args.h"
#include "propnp/math/object_geometry.h"

namespace propnp::gpu {

template <typename T>
struct StartPose {
  T pose[7];
  T cost;  // infinite if there is no such start
};

// What the random starts of one object share.
template <typename T>
struct StartFrame {
  ObjectGeometry<T> geometry;
  T largest_weight;
  T z_min, delta;
  int64_t num_points, weighted_points;
  uint32_t* line;   // where each point ends, random_subset.h
  uint32_t status;  // starts are made if it is zero
};

// Objects first .. first + count - 1 of the batch.
struct ObjectSlice {
  int64_t first, count;
};

// The mean of a prior and a target.
constexpr int kOtherStarts = 2;

template <typename T>
struct RandomStarts {
  StartFrame<T>* frames;  // of a slice
  StartPose<T>* poses;    // (slice, stride)
  uint32_t* line;         // of all points
  int num_starts;         // of each object
  int stride;             // and room for starts from elsewhere

  static RandomStarts Allocate(const Problem& problem, const propnp_solve_options& options,
                               int64_t slice, Arena* arena);
};

// Fills `starts` for the objects of a slice.
template <int kDof, typename T>
void MakeStarts(const DeviceInputs<T>* inputs, const propnp_solve_options& options,
                const ObjectSlice& slice, const RandomStarts<T>& starts, Queue* queue);

// How many objects at a time, so that no call takes more than some hundred megabytes for them.
constexpr int64_t SliceSize(int64_t num_objects, int64_t bytes_per_object) {
  constexpr int64_t kBudget = int64_t{1} << 28;
  const int64_t most = kBudget / (bytes_per_object > 0 ? bytes_per_object : 1);
  return most < 1 ? 1 : most < num_objects ? most : num_objects;
}

// body(slice) for all objects of a batch.
template <typename Body>
void ForEachSlice(int64_t num_objects, int64_t slice_size, const Body& body) {
  for (int64_t first = 0; first < num_objects; first += slice_size) {
    body(ObjectSlice{first, slice_size < num_objects - first ? slice_size : num_objects - first});
  }
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_STARTS_H_
