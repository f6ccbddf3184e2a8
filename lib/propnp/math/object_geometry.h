// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Where an object is seen and how far away, from the spread of its points against that of their
// bearings (H. Chen et al., EPro-PnP, CVPR 2022): what random starts begin with.
#ifndef PROPNP_MATH_OBJECT_GEOMETRY_H_
#define PROPNP_MATH_OBJECT_GEOMETRY_H_

#include "propnp/math/vector.h"

PROPNP_MATH_BEGIN

// Weighted mean and variance of vectors, relative to one of them.
template <typename T>
struct VectorMoments {
  bool empty = true;
  Vec3<T> shift{T(0), T(0), T(0)}, sum{T(0), T(0), T(0)};
  T weight = T(0), square_sum = T(0);

  PROPNP_HOST_DEVICE void add(const Vec3<T>& v, T w) {
    if (empty) shift = v;
    empty = false;
    const Vec3<T> d = v - shift;
    weight += w;
    sum = sum + w * d;
    square_sum += w * dot(d, d);
  }

  // That of all vectors from those of each thread of a team, which is any class with sum(value);
  // all must have been given the same shift.
  template <typename Team>
  PROPNP_HOST_DEVICE VectorMoments combined(const Team& team) const {
    VectorMoments all = *this;
    all.sum = {team.sum(sum.x), team.sum(sum.y), team.sum(sum.z)};
    all.weight = team.sum(weight);
    all.square_sum = team.sum(square_sum);
    return all;
  }

  PROPNP_HOST_DEVICE Vec3<T> mean() const { return shift + (T(1) / weight) * sum; }
  PROPNP_HOST_DEVICE T deviation() const {
    return sqrt(max(square_sum / weight - dot(sum, sum) / (weight * weight), T(0)));
  }
};

template <typename T>
struct ObjectGeometry {
  Vec3<T> centroid;   // in the object frame
  Vec3<T> direction;  // unit vector to it in the rig frame
  T distance;
};

// From the moments of points and bearings, and with four degrees of freedom those of their extents
// along the yaw axis, which alone is known beforehand.
template <int kDof, typename T>
PROPNP_HOST_DEVICE ObjectGeometry<T> object_geometry(const VectorMoments<T>& points,
                                                     const VectorMoments<T>& bearings,
                                                     const VectorMoments<T>& point_extent,
                                                     const VectorMoments<T>& bearing_extent) {
  const Vec3<T> mean = bearings.mean();
  const T norm = max(sqrt(dot(mean, mean)), T(1e-3));
  // A random rotation shows two of three dimensions.
  const T extent = kDof == 4 ? point_extent.deviation() : sqrt(T(2) / T(3)) * points.deviation();
  const T seen = kDof == 4 ? bearing_extent.deviation() : bearings.deviation();
  // A flat or tiny image says nothing about depth: an object of one radian, or as far as floats go.
  const T size = extent > T(0) ? extent : points.deviation();
  // Points that coincide fit at any distance but none: at the camera's origin nothing projects.
  const T distance = size > T(0) ? size / clamp(seen, T(1e-6), T(1)) : T(1);
  return {points.mean(), (T(1) / norm) * mean, distance};
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_OBJECT_GEOMETRY_H_
