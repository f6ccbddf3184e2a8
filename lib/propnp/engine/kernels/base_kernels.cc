// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. Points lie in the lanes, in double precision.
#include <limits>

#include "propnp/engine/kernels/lane_view.h"
#include "propnp/engine/kernels/sample_kernels.h"
#include "propnp/math/camera.h"

PROPNP_MATH_BEGIN

namespace {

using D = Lanes<double>;

// Those of points i, i + 1, ...; padding stands where the first point is: no worse than that to
// project.
PROPNP_INLINE D points_at(const double* column, int64_t i, int64_t num_points) {
  return load_first(column + i, num_points - i, column[0]);
}

template <typename Model, typename T>
BaseReach fill_base_of(const PackedView<double>& view, const KernelPose<double>& rig_from_object,
                       const double* pivot, T* const* columns) {
  const LaneView<Model, double> lanes(view, KernelModel<double>{});
  const Mat3<D> rotation = spread_matrix(rig_from_object.rotation);
  const Vec3<D> translation = spread_vector(rig_from_object.translation),
                centre = spread_vector(pivot);
  D least_z(std::numeric_limits<double>::infinity()), most_z = -least_z, squared_distance(0.0);
  for (int64_t i = 0; i < view.padded_points; i += D::kSize) {
    const auto at = [&](const double* column) { return points_at(column, i, view.num_points); };
    const Vec3<D> point_in_object{at(view.x), at(view.y), at(view.z)};
    const Vec3<D> rotated = rotation * (point_in_object - centre);
    Vec3<D> point = rotation * point_in_object + translation;
    if (view.has_rig) point = lanes.camera_from_rig * point;
    const Vec2<D> pixel = lanes.model.camera.project(point, lanes.model.z_min);
    least_z = min(point.z, least_z), most_z = max(point.z, most_z);
    squared_distance = max(dot(rotated, rotated), squared_distance);
    const D values[kBaseColumns] = {rotated.x,
                                    rotated.y,
                                    rotated.z,
                                    point.x,
                                    point.y,
                                    point.z,
                                    pixel.x - at(view.u),
                                    pixel.y - at(view.v),
                                    pixel.x,
                                    pixel.y};
    for (int k = 0; k < kBaseColumns; ++k) store_column(values[k], columns[k] + i);
  }
  const D::Tag tag;
  return {hn::GetLane(hn::MinOfLanes(tag, least_z.v)), hn::GetLane(hn::MaxOfLanes(tag, most_z.v)),
          hn::GetLane(hn::MaxOfLanes(tag, squared_distance.v))};
}

template <typename T>
BaseReach fill_base(const PackedView<double>& view, const KernelPose<double>& rig_from_object,
                    const double* pivot, T* const* columns) {
  BaseReach reach = {};
  visit_camera(view.camera_model, [&](auto camera) {
    reach = fill_base_of<decltype(camera)>(view, rig_from_object, pivot, columns);
  });
  return reach;
}

template <typename T>
void carry_back(const PointGradientColumns<T>& from, const double* base_rotation, int64_t count,
                const GradientColumns& to) {
  const Mat3<D> rotation = spread_matrix(base_rotation);
  for (int64_t i = 0; i < count; i += D::kSize) {
    const auto add = [&](const D& value, double* column) {
      (D::load(column + i) + value).store(column + i);
    };
    const LaneMask<double> valid = first_lanes<double>(count - i);
    const auto of = [&](const T* column) {
      D values;
      load_column(column + i, &values);
      return select(valid, values, D(0.0));
    };
    const Vec3<D> point = transposed_times(rotation, Vec3<D>{of(from.x), of(from.y), of(from.z)});
    add(point.x, to.x), add(point.y, to.y), add(point.z, to.z);
    add(of(from.u), to.u), add(of(from.v), to.v);
    add(of(from.wxx), to.wxx), add(of(from.wyy), to.wyy);
    if (!from.wxy) continue;
    add(of(from.wxy), to.wxy), add(of(from.wyx), to.wyx);
  }
}

}  // namespace

extern const BaseKernels<float> kFloatBaseKernels;
extern const BaseKernels<double> kDoubleBaseKernels;
const BaseKernels<float> kFloatBaseKernels = {fill_base<float>, carry_back<float>};
const BaseKernels<double> kDoubleBaseKernels = {fill_base<double>, carry_back<double>};

PROPNP_MATH_END
