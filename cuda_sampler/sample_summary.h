// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The summaries of the samples that a caller may ask for, engine/posterior_summary_output.h.
#ifndef PROPNP_CUDA_SAMPLER_SAMPLE_SUMMARY_H_
#define PROPNP_CUDA_SAMPLER_SAMPLE_SUMMARY_H_

#include "cuda_sampler/sampler_state.h"

namespace propnp::gpu {

struct SummaryOutputs {
  propnp_tensor mean_pose, covariance, mode_mean, mode_moment_covariance, quantile_levels,
      quantiles, region_shares, region_log_density, draws;
};

// Memory for the objects of a slice; nothing where nothing needs it.
struct SummaryMemory {
  double* folded;      // (slice, S, 7) samples as images nearest to a mode; with symmetries only
  double* cumulative;  // (slice, S) sums of sorted weights
  int32_t* chosen;     // (slice, K) samples drawn

  static SummaryMemory Allocate(int64_t slice, const propnp_sample_args& args, Arena* arena);
};

// Modes are ordered. An object that failed gets zeros. The scratch of the samples is used up.
template <int kDof>
void StoreSummaries(const SamplerArgs<kDof>& args, const SummaryOutputs& outputs,
                    const SummaryMemory& memory, Queue* queue);

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_SAMPLE_SUMMARY_H_
