// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What `propnp posterior` is asked to do.
#ifndef PROPNP_APPS_POSTERIOR_OPTIONS_H_
#define PROPNP_APPS_POSTERIOR_OPTIONS_H_

#include "apps/propnp/refine_options.h"
#include "apps/propnp/sampling_options.h"

namespace propnp::app {

struct PosteriorOptions : RunOptions {
  SamplingOptions sampling;
  bool save_samples = false;  // samples.npz in `output`
};

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSTERIOR_OPTIONS_H_
