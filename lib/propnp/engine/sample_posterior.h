// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The posterior of every object of a batch: evidence, modes with their probabilities, weighted
// samples, diagnostics, and the gradient of the log evidence to everything that produced the
// correspondences. args in sample_args.h.
#ifndef PROPNP_ENGINE_SAMPLE_POSTERIOR_H_
#define PROPNP_ENGINE_SAMPLE_POSTERIOR_H_

#include "propnp/engine/context.h"
#include "propnp/engine/options.h"
#include "propnp/engine/sample_args.h"
#include "propnp/engine/status.h"
#include "propnp/engine/tensor.h"

namespace propnp {

struct SampleOptions : propnp_sample_options {
  SampleOptions() : propnp_sample_options{} {
    struct_size = sizeof(propnp_sample_options);
    method = PROPNP_SAMPLER_MIXTURE;
    num_samples = 512;
    control_variates = 1;
    second_stage_ess = 0.5;
  }
};

struct SampleArgs : propnp_sample_args {
  SampleArgs() : propnp_sample_args{} {
    struct_size = sizeof(propnp_sample_args);
    device = -1;
  }
};

struct Prior : propnp_prior {
  Prior() : propnp_prior{} { struct_size = sizeof(propnp_prior); }
};

struct Symmetries : propnp_symmetries {
  Symmetries() : propnp_symmetries{} { struct_size = sizeof(propnp_symmetries); }
};

// Writes every output tensor that is given. A failed object gets a status, zeros and a zero
// gradient. The answer does not depend on threads, batch order or sharding (object_ids).
Status SamplePosterior(Context& context, const propnp_sample_args& args);

Status SamplePosteriorWorkspaceSize(const Context& context, const propnp_sample_args& args,
                                    uint64_t* bytes);

}  // namespace propnp

#endif  // PROPNP_ENGINE_SAMPLE_POSTERIOR_H_
