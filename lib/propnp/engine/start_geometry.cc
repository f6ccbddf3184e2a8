// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/start_geometry.h"

#include "propnp/engine/bearing.h"
#include "propnp/engine/kernels/start_point_kernels.h"
#include "propnp/math/camera.h"

namespace propnp {
namespace {

template <typename T>
Vec3<T> BearingInRig(const PackedView<T>& view, int64_t i) {
  const Vec3<T> b = BearingFromPixel(view, view.u[i], view.v[i]);
  if (!view.has_rig) return b;
  const T* r = view.camera_from_rig_rotation;
  return b.x * Vec3<T>{r[0], r[1], r[2]} + b.y * Vec3<T>{r[3], r[4], r[5]} +
         b.z * Vec3<T>{r[6], r[7], r[8]};
}

template <typename T>
void FillBearings(const PackedView<T>& view, T* const* columns) {
  if (view.camera_model == PinholeCamera<T>::kModel && !view.has_rig) {
    return GetStartPointKernels<T>().pinhole_bearings(view, columns);
  }
  for (int64_t i = 0; i < view.num_points; ++i) {
    const Vec3<T> b = BearingInRig(view, i);
    columns[0][i] = b.x, columns[1][i] = b.y, columns[2][i] = b.z;
  }
}

template <typename T>
void Assign(const Vec3<T>& v, T* out) {
  out[0] = v.x, out[1] = v.y, out[2] = v.z;
}

// Sums are relative to the heaviest point, as a far one that hardly counts would cost digits.
template <typename T>
void PutAtHeaviest(const PackedObject<T>& object, const T* weight, StartMoments<T>* moments) {
  for (int64_t v = 0; v < object.num_views; ++v) {
    const PackedView<T>& view = object.views[v];
    for (int64_t i = 0; i < view.num_points; ++i) {
      if (*weight++ < T(1)) continue;
      Assign({view.x[i], view.y[i], view.z[i]}, moments->point);
      return Assign(BearingInRig(view, i), moments->bearing);
    }
  }
}

template <int kDof, typename T>
StartMoments<T> MomentsOf(const PackedObject<T>& object, const T* weight, T* const* bearings) {
  StartMoments<T> moments = {};
  if (kDof == 4) {
    const Vec3<T> axis = object.four_dof.axis;
    Assign(axis, moments.axis);
    Assign(transposed_times(object.four_dof.base_rotation, axis), moments.axis_in_object);
  }
  PutAtHeaviest(object, weight, &moments);
  for (int64_t v = 0; v < object.num_views; ++v) {
    const PackedView<T>& view = object.views[v];
    FillBearings(view, bearings);
    GetStartPointKernels<T>().add_moments(view, weight, bearings, &moments);
    weight += view.num_points;
  }
  return moments;
}

}  // namespace

template <typename T>
void FillDrawingWeights(const PackedObject<T>& object, T* weight) {
  for (int64_t v = 0; v < object.num_views; ++v) {
    const PackedView<T>& view = object.views[v];
    GetStartPointKernels<T>().weigh(view, object.totals.largest_weight, weight);
    weight += view.num_points;
  }
}

// With four degrees of freedom only the extent along the yaw axis is known beforehand.
template <int kDof, typename T>
ObjectGeometry<T> MeasureGeometry(const PackedObject<T>& object, const T* weight,
                                  T* const* bearings) {
  const StartMoments<T> m = MomentsOf<kDof>(object, weight, bearings);
  const auto vector = [](const T* v) { return Vec3<T>{v[0], v[1], v[2]}; };
  const Vec3<T> point_sum = vector(m.point_sum), bearing_sum = vector(m.bearing_sum);
  const auto moments = [&](const Vec3<T>& shift, const Vec3<T>& sum, T squares) {
    return VectorMoments<T>{false, shift, sum, m.weight, squares};
  };
  const auto along = [](const T* axis, const Vec3<T>& v) {
    return Vec3<T>{axis[0] * v.x + axis[1] * v.y + axis[2] * v.z, T(0), T(0)};
  };
  const Vec3<T> origin{T(0), T(0), T(0)};
  return object_geometry<kDof>(
      moments(vector(m.point), point_sum, m.point_squares),
      moments(vector(m.bearing), bearing_sum, m.bearing_squares),
      moments(origin, along(m.axis_in_object, point_sum), m.point_extent_squares),
      moments(origin, along(m.axis, bearing_sum), m.bearing_extent_squares));
}

template void FillDrawingWeights(const PackedObject<float>&, float*);
template void FillDrawingWeights(const PackedObject<double>&, double*);
template ObjectGeometry<float> MeasureGeometry<6>(const PackedObject<float>&, const float*,
                                                  float* const*);
template ObjectGeometry<float> MeasureGeometry<4>(const PackedObject<float>&, const float*,
                                                  float* const*);
template ObjectGeometry<double> MeasureGeometry<6>(const PackedObject<double>&, const double*,
                                                   double* const*);
template ObjectGeometry<double> MeasureGeometry<4>(const PackedObject<double>&, const double*,
                                                   double* const*);

}  // namespace propnp
