// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Expectations over weighted samples of the posterior: mean translation and expected cost. Their
// gradients come from sample_backward.h; args in gradient_args.h.
#ifndef PROPNP_ENGINE_SAMPLE_EXPECTATION_H_
#define PROPNP_ENGINE_SAMPLE_EXPECTATION_H_

#include "propnp/engine/context.h"
#include "propnp/engine/gradient_args.h"
#include "propnp/engine/options.h"
#include "propnp/engine/status.h"
#include "propnp/engine/tensor.h"

namespace propnp {

struct SampleExpectationArgs : propnp_sample_expectation_args {
  SampleExpectationArgs() : propnp_sample_expectation_args{} {
    struct_size = sizeof(propnp_sample_expectation_args);
    device = -1;
  }
};

// Writes every output tensor that is given. A failed object gets a status and zeros.
Status SampleExpectation(Context& context, const propnp_sample_expectation_args& args);

// The bytes that SampleExpectation() needs for these arguments on this context.
Status SampleExpectationWorkspaceSize(const Context& context,
                                      const propnp_sample_expectation_args& args, uint64_t* bytes);

}  // namespace propnp

#endif  // PROPNP_ENGINE_SAMPLE_EXPECTATION_H_
