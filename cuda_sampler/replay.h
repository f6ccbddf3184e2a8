// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Kept samples once more (engine/sample_replay.h): their weights, and records of them relative to a
// few bases, samples that matter most.
#ifndef PROPNP_CUDA_SAMPLER_REPLAY_H_
#define PROPNP_CUDA_SAMPLER_REPLAY_H_

#include "cuda_sampler/displaced.h"

namespace propnp::gpu {

// The samples of the objects of a slice, S each.
template <typename T>
struct ReplayMemory {
  int64_t num_samples;
  double* pose;              // (slice, S, 7)
  double* weight;            // (slice, S) normalised; none if there are no log weights
  double* factor;            // (slice, S) of d cost in a gradient
  double* cost;              // (slice, S) in the order of the records
  int32_t* base;             // (slice, S) number of the base of each sample
  int32_t* order;            // (slice, S) the sample of each record
  SampleRecord<T>* records;  // (slice, S)
  BaseSet* bases;            // (slice)
  uint32_t* status;          // (slice)

  static ReplayMemory Allocate(int64_t slice, int64_t num_samples, Arena* arena) {
    const int64_t all = slice * num_samples;
    ReplayMemory m = {};
    m.num_samples = num_samples;
    m.pose = arena->Take<double>(all * 7);
    for (double** column : {&m.weight, &m.factor, &m.cost}) *column = arena->Take<double>(all);
    m.base = arena->Take<int32_t>(all);
    m.order = arena->Take<int32_t>(all);
    m.records = arena->Take<SampleRecord<T>>(all);
    m.bases = arena->Take<BaseSet>(slice);
    m.status = arena->Take<uint32_t>(slice);
    return m;
  }
};

template <typename T>
struct ReplayArgs {
  const DeviceInputs<double>* inputs;
  ObjectSlice slice;
  propnp_tensor sample_pose, sample_log_weight, log_weight_cotangent;
  int32_t needs_weights;
  ReplayMemory<T> memory;
};

// Loads poses, weights and cotangents and makes the records.
template <int kDof, typename T>
void PrepareReplay(const ReplayArgs<T>& args, Queue* queue);

template <typename T>
DisplacedSamples<T> SamplesOf(const ReplayArgs<T>& a) {
  const ReplayMemory<T>& m = a.memory;
  return {a.inputs,  a.slice, {a.slice.count, nullptr, nullptr}, m.num_samples, m.bases,
          m.records, m.cost};
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_REPLAY_H_
