// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// From a pixel back to a direction, well enough to start a refinement from.
#ifndef PROPNP_ENGINE_BEARING_H_
#define PROPNP_ENGINE_BEARING_H_

#include "propnp/engine/kernels/object_kernels.h"
#include "propnp/math/vector.h"

namespace propnp {

// The unit vector in the camera frame that projects close to the pixel. Distortion is undone by a
// few fixed-point steps; a pixel beyond the model's limit gives the direction at the limit.
template <typename T>
Vec3<T> BearingFromPixel(const PackedView<T>& view, T u, T v);

}  // namespace propnp

#endif  // PROPNP_ENGINE_BEARING_H_
