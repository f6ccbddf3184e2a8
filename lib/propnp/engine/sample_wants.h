// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What a caller of SamplePosterior() asks for, by the tensors given.
#ifndef PROPNP_ENGINE_SAMPLE_WANTS_H_
#define PROPNP_ENGINE_SAMPLE_WANTS_H_

#include "propnp/engine/sample_args.h"
#include "propnp/engine/tensor.h"

namespace propnp {

inline bool WantsPointGradient(const propnp_sample_args& a) {
  return IsGiven(a.grad_x3d) || IsGiven(a.grad_x2d) || IsGiven(a.grad_w2d) ||
         IsGiven(a.grad_sqrt_info) || IsGiven(a.grad_delta) || IsGiven(a.grad_relative_delta);
}

// Modes with their probabilities, which take descents.
inline bool WantsModes(const propnp_sample_args& a) {
  return IsGiven(a.pose) || IsGiven(a.mode_pose) || IsGiven(a.mode_covariance) ||
         IsGiven(a.mode_probability) || IsGiven(a.mode_cost);
}

// Summaries (posterior_summary_output.h) that take the modes' probabilities.
inline bool SummariesNeedModes(const propnp_sample_args& a) {
  return IsGiven(a.mean_pose) || IsGiven(a.covariance) || IsGiven(a.mode_mean) ||
         IsGiven(a.mode_moment_covariance) || IsGiven(a.quantiles);
}
// Those that take the samples' poses.
inline bool SummariesNeedPoses(const propnp_sample_args& a) {
  return SummariesNeedModes(a) || IsGiven(a.draws);
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_SAMPLE_WANTS_H_
