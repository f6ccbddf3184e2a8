// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The summaries that a caller of the sampler may ask for (sample_args.h), from the weighted samples
// and the modes of one object.
#ifndef PROPNP_ENGINE_POSTERIOR_SUMMARY_OUTPUT_H_
#define PROPNP_ENGINE_POSTERIOR_SUMMARY_OUTPUT_H_

#include "propnp/engine/arena.h"
#include "propnp/engine/object_symmetries.h"
#include "propnp/engine/posterior_modes.h"
#include "propnp/engine/posterior_summary.h"
#include "propnp/engine/sample_wants.h"

namespace propnp {

// Samples of equal weight that were followed down to their modes.
struct BasinDraws {
  int count = 0;  // 0: there is but one mode, or nobody asked
  int32_t sample[kDescents];
  int32_t mode[kDescents];  // as the sampler numbers modes

  void Add(int64_t in_sample, int in_mode) {
    sample[count] = static_cast<int32_t>(in_sample);
    mode[count++] = in_mode;
  }
};

// Memory for one object's summaries at a time; nothing where none are asked for.
struct SummaryScratch {
  double* steps;       // (D, S)
  int32_t* order;      // (S)
  double* cumulative;  // (S) of weights in that order
  int32_t* chosen;     // (K)
  double* folded;      // (S, 7) samples as images nearest to a mode; with symmetries only

  static SummaryScratch Allocate(const Problem& problem, const propnp_sample_args& args,
                                 Arena* arena);
};

// Shapes, types and levels of what the summaries take and give.
Status CheckSummaries(const Problem& problem, const propnp_sample_args& args);

// One object's posterior as the sampler leaves it.
template <int kDof>
struct SampledPosterior {
  bool failed;  // the rest is not read then
  DofPolicy<kDof> dof;
  WeightedPoses samples;
  const double* cost;  // (S), prior included
  double log_evidence;
  int stages;
  const PosteriorMode<kDof>* modes;
  int num_modes;
  const int* mode_order;  // most probable first
  const BasinDraws* basins;
  ObjectSymmetries<kDof> symmetries;
};

// Writes the summaries that are asked for; zeros for an object that failed.
template <int kDof>
void StoreSummaries(const Problem& problem, const propnp_sample_args& args, int64_t index,
                    const SampledPosterior<kDof>& posterior, const SummaryScratch& scratch);

}  // namespace propnp

#endif  // PROPNP_ENGINE_POSTERIOR_SUMMARY_OUTPUT_H_
