// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The gradient of what is made of kept posterior samples: of their log weights (any loss on them, a
// log evidence too), of the mean translation, of the expected cost. The samples are replayed, in
// memory that grows with samples + points and not with their product. args in gradient_args.h.
#ifndef PROPNP_ENGINE_SAMPLE_BACKWARD_H_
#define PROPNP_ENGINE_SAMPLE_BACKWARD_H_

#include "propnp/engine/context.h"
#include "propnp/engine/input_gradient.h"
#include "propnp/engine/options.h"
#include "propnp/engine/status.h"
#include "propnp/engine/tensor.h"

namespace propnp {

struct SampleBackwardArgs : propnp_sample_backward_args {
  SampleBackwardArgs() : propnp_sample_backward_args{} {
    struct_size = sizeof(propnp_sample_backward_args);
    device = -1;
  }
};

// Writes every output tensor that is given. A failed object gets a status and zeros.
Status SampleBackward(Context& context, const propnp_sample_backward_args& args);

// The bytes that SampleBackward() needs for these arguments on this context.
Status SampleBackwardWorkspaceSize(const Context& context, const propnp_sample_backward_args& args,
                                   uint64_t* bytes);

}  // namespace propnp

#endif  // PROPNP_ENGINE_SAMPLE_BACKWARD_H_
