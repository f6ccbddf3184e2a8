// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The kept samples of one object once more: their weights, their costs, and the gradient of any
// weighted sum of those costs. The loops over samples and points work in T with displacements from
// a base, which is one of the samples (posterior_samples.h).
#ifndef PROPNP_ENGINE_SAMPLE_REPLAY_H_
#define PROPNP_ENGINE_SAMPLE_REPLAY_H_

#include <algorithm>

#include "propnp/engine/input_gradient.h"
#include "propnp/engine/posterior_samples.h"
#include "propnp/math/replay_base.h"

namespace propnp {

// Checks sample_pose, (B, S, D') with S at least one.
Status CheckSamplePose(const Problem& problem, const propnp_tensor& sample_pose);

template <int kDof, typename T>
class SampleReplay {
 public:
  static SampleReplay Allocate(const Problem& problem, int64_t num_samples, Arena* arena);

  // Reads the object's poses. False if one is not a pose.
  bool LoadPoses(const propnp_tensor& sample_pose, int64_t object);
  // Reads the object's log weights and normalises the weights. False if one is not a number (or
  // infinite), or if all are zero.
  bool LoadWeights(const propnp_tensor& sample_log_weight, int64_t object);

  int64_t num_samples() const { return num_samples_; }
  const double* pose(int64_t sample) const { return poses_ + 7 * sample; }
  double weight(int64_t sample) const { return weights_[sample]; }
  double cost(int64_t sample) const { return costs_[sample]; }

  // Chooses the bases, samples that matter most by importance(sample) >= 0, before the two below.
  template <typename Importance>
  void ChooseBases(const PackedObject<double>& object, const Importance& importance) {
    dof_ = DofOf<kDof>(object);
    std::fill(bases_, bases_ + num_samples_, -1);
    for (num_bases_ = 0; num_bases_ < kReplayBases<T>; ++num_bases_) {
      int64_t best = -1;
      for (int64_t s = 0; s < num_samples_; ++s) {
        if (bases_[s] < 0 && (best < 0 || importance(s) > importance(best))) best = s;
      }
      if (best < 0) break;
      AssignTo(best);
    }
  }

  // Fills the costs of all samples, prior included.
  void EvaluateCosts(const ObjectCost<kDof, double>& cost);

  // sum_j weight_j value(j), over the samples that have any weight.
  template <typename Value>
  double Expectation(const Value& value) const {
    double sum = 0;
    for (int64_t s = 0; s < num_samples_; ++s) {
      if (weights_[s] > 0) sum += weights_[s] * value(s);
    }
    return sum;
  }

  // Adds sum_j factor_j d cost_j / d inputs; that of the cameras only if `with_camera`.
  void AddGradient(const ObjectCost<kDof, double>& cost, const double* factors, bool with_camera,
                   InputGradient* gradient);

 private:
  static constexpr int kBlock = 256;  // samples a call of the kernels

  // Makes a sample the next base of those near it, the last base that of all that are left.
  void AssignTo(int64_t base);

  // For every base and up to kBlock of its samples at a time, of those with use(sample): records
  // with factor(sample), then run(count, how many of them are in front).
  template <typename Use, typename Factor, typename Run>
  void ForEachBlock(const ObjectCost<kDof, double>& cost, const Use& use, const Factor& factor,
                    const Run& run);
  // Puts the records of a block that keep all points in front of their cameras before the others,
  // and returns how many they are.
  int MoveToFront(int count);
  void FillRecordOf(int64_t base, int64_t sample, double factor, T* record) const;

  int64_t num_samples_;
  double* poses_;    // (S, 7)
  double* weights_;  // (S)
  double* costs_;    // (S)
  int32_t* bases_;   // (S) number of the base of each sample
  T* records_;       // (kBlock, kSampleRecord)
  int64_t* block_;   // (kBlock) samples in the records
  int32_t* all_;     // (kBlock) the records of a block
  BaseObject<T> base_object_;
  int num_bases_ = 0;
  int64_t base_samples_[kReplayBases<T>] = {};
  typename ObjectCost<kDof, double>::Dof dof_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_SAMPLE_REPLAY_H_
