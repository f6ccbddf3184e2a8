// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The two loops over samples and points: costs of many poses near a few base poses, and the
// gradient of a weighted sum of them. Sampler and replay of kept samples share them.
#ifndef PROPNP_CUDA_SAMPLER_DISPLACED_H_
#define PROPNP_CUDA_SAMPLER_DISPLACED_H_

#include "cuda_sampler/inputs.h"
#include "cuda_sampler/starts.h"
#include "propnp/engine/sample_args.h"
#include "propnp/math/displaced_residual.h"

namespace propnp::gpu {

constexpr int kMaxBases = PROPNP_MAX_MODES;

// The base poses of one object and what its cost takes besides points. Samples
// [begin[b], begin[b + 1]) of the object are displaced from base b.
struct BaseSet {
  uint32_t active;  // nonzero: there is something to do
  int32_t num_bases;
  int32_t with_target;   // nonzero: the gradient of the cost at the target pose is added
  int32_t wants_scores;  // nonzero: the samples' own derivatives are asked for
  int32_t begin[kMaxBases + 1];
  double pose[kMaxBases][7];
  double target[7];
  Vec3<double> pivot;  // of displacements, object frame
  double z_min, delta;
};

// A pose relative to its base, with the weight of its cost in a gradient and room for the diagonal
// of its rotation.
template <typename T>
struct alignas(16) SampleRecord {
  Displacement<T> pose;
  T weight;
  T diagonal[3];
};

// Which objects of a slice: all, or those of a list that the device has made.
struct ObjectList {
  int64_t count;           // of the slice
  const int32_t* members;  // null: all
  const int32_t* num_members;

  // The n-th; negative if there are not so many.
  PROPNP_DEVICE int64_t Member(int64_t n) const {
    if (!members) return n < count ? n : -1;
    return n < *num_members ? members[n] : -1;
  }
};

template <typename T>
struct DisplacedSamples {
  const DeviceInputs<double>* inputs;
  ObjectSlice slice;
  ObjectList list;
  int64_t num_samples;             // of each object
  const BaseSet* bases;            // (slice)
  const SampleRecord<T>* records;  // (slice, num_samples)
  double* costs;                   // (slice, num_samples), the prior not included
};

template <int kDof, typename T>
void ComputeCosts(const DisplacedSamples<T>& samples, Queue* queue);

// The derivative of every sample's cost by moving the pivot and by turning the object about it, the
// prior not included: scores (slice, num_samples, kScore), of the objects whose bases want it.
constexpr int kScore = 6;
template <int kDof, typename T>
void ComputeScores(const DisplacedSamples<T>& samples, double* scores, Queue* queue);

// Where the gradient goes, per point.
struct PointTensors {
  propnp_tensor x3d, x2d, w2d, sqrt_info;
  double largest;  // zero, or no number may be larger, also where its tensor is not given
};

// How many blocks share an object's points.
int64_t GradientTiles(const Problem& problem);

// What one of them leaves besides the gradients of its points.
struct GradientTile {
  double delta;  // its part of the derivative to the loss's scale
  int32_t fits;  // zero: a number did not fit into its tensor
  int32_t unused;
};

// An object's tiles together.
PROPNP_DEVICE GradientTile SumOfTiles(const GradientTile* tiles, int64_t count) {
  GradientTile sum{0, 1, 0};
  for (int64_t t = 0; t < count; ++t) {
    sum.delta += tiles[t].delta;
    sum.fits &= tiles[t].fits;
  }
  return sum;
}

// Writes sum_j weight_j d cost_j / d inputs of the objects whose bases are active, and (slice,
// num_tiles) tiles.
template <int kDof, typename T>
void ComputeGradient(const DisplacedSamples<T>& samples, const PointTensors& to, int64_t num_tiles,
                     GradientTile* tiles, Queue* queue);

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_DISPLACED_H_
