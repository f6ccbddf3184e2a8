// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// One Gauss-Newton step from given poses, differentiable with respect to everything that the cost
// is made of: a loss on it trains a network to make the solver's poses better ("derivative
// regularisation", Chen et al., CVPR 2022). args in gradient_args.h.
#ifndef PROPNP_ENGINE_POSE_PLUS_H_
#define PROPNP_ENGINE_POSE_PLUS_H_

#include "propnp/engine/context.h"
#include "propnp/engine/input_gradient.h"
#include "propnp/engine/options.h"
#include "propnp/engine/status.h"
#include "propnp/engine/tensor.h"

namespace propnp {

constexpr double kPosePlusEpsilon = 1e-5;  // as published

struct PosePlusArgs : propnp_pose_plus_args {
  PosePlusArgs() : propnp_pose_plus_args{} {
    struct_size = sizeof(propnp_pose_plus_args);
    device = -1;
    epsilon = kPosePlusEpsilon;
  }
};

struct PosePlusBackwardArgs : propnp_pose_plus_backward_args {
  PosePlusBackwardArgs() : propnp_pose_plus_backward_args{} {
    struct_size = sizeof(propnp_pose_plus_backward_args);
    device = -1;
    epsilon = kPosePlusEpsilon;
  }
};

// Both write every output tensor that is given. A failed object gets a status and zeros. The status
// is that of the input, PROPNP_STATUS_RANK_DEFICIENT where rounding leaves no positive H, or zero.
Status PosePlus(Context& context, const propnp_pose_plus_args& args);
Status PosePlusBackward(Context& context, const propnp_pose_plus_backward_args& args);

// The bytes that the operations need for these arguments on this context.
Status PosePlusWorkspaceSize(const Context& context, const propnp_pose_plus_args& args,
                             uint64_t* bytes);
Status PosePlusBackwardWorkspaceSize(const Context& context,
                                     const propnp_pose_plus_backward_args& args, uint64_t* bytes);

}  // namespace propnp

#endif  // PROPNP_ENGINE_POSE_PLUS_H_
