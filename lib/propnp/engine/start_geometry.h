// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What random starts know of an object before they are drawn: how likely each point is chosen, and
// where and how far away the object is.
#ifndef PROPNP_ENGINE_START_GEOMETRY_H_
#define PROPNP_ENGINE_START_GEOMETRY_H_

#include "propnp/engine/packed_object.h"
#include "propnp/math/object_geometry.h"

namespace propnp {

// Each point's weight as a fraction of the largest, of one view after the other. `weight` has room
// for Problem::max_padded_points.
template <typename T>
void FillDrawingWeights(const PackedObject<T>& object, T* weight);

// From those weights. `bearings` are three columns to work in, with room for as many points.
template <int kDof, typename T>
ObjectGeometry<T> MeasureGeometry(const PackedObject<T>& object, const T* weight,
                                  T* const* bearings);

}  // namespace propnp

#endif  // PROPNP_ENGINE_START_GEOMETRY_H_
