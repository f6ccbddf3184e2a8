// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Poses of equal weight from the weighted samples of posteriors. args in pose_args.h.
#ifndef PROPNP_ENGINE_DRAW_H_
#define PROPNP_ENGINE_DRAW_H_

#include "propnp/engine/context.h"
#include "propnp/engine/pose_args.h"
#include "propnp/engine/status.h"
#include "propnp/engine/tensor.h"

namespace propnp {

struct DrawArgs : propnp_draw_args {
  DrawArgs() : propnp_draw_args{} {
    struct_size = sizeof(propnp_draw_args);
    device = -1;
  }
};

// Writes every output tensor that is given; the draws do not depend on threads, batch order or
// sharding (object_ids).
Status Draw(Context& context, const propnp_draw_args& args);

// The bytes that Draw() needs for these arguments on this context.
Status DrawWorkspaceSize(const Context& context, const propnp_draw_args& args, uint64_t* bytes);

}  // namespace propnp

#endif  // PROPNP_ENGINE_DRAW_H_
