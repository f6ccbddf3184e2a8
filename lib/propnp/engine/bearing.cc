// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/bearing.h"

#include "propnp/math/bearing.h"

namespace propnp {

template <typename T>
Vec3<T> BearingFromPixel(const PackedView<T>& view, T u, T v) {
  Vec3<T> bearing{0, 0, 1};
  visit_camera(view.camera_model, [&](auto model) {
    using Camera = typename decltype(model)::template Camera<T>;
    bearing = bearing_from_pixel(Camera::from_parameters(view.camera_parameters, view.camera_limit),
                                 u, v);
  });
  return bearing;
}

template Vec3<float> BearingFromPixel(const PackedView<float>&, float, float);
template Vec3<double> BearingFromPixel(const PackedView<double>&, double, double);

}  // namespace propnp
