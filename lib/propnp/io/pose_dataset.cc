// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/pose_dataset.h"

#include <algorithm>
#include <initializer_list>
#include <tuple>

namespace propnp::io {
namespace {

// A view onto memory that the engine only reads. `stride` counts elements, so that a member of a
// vector of structs can be seen as the column that it is.
propnp_tensor Tensor(const void* data, int32_t dtype, std::initializer_list<int64_t> shape,
                     std::initializer_list<int64_t> stride) {
  propnp_tensor tensor = {};
  tensor.data = const_cast<void*>(data);
  tensor.dtype = dtype;
  tensor.ndim = static_cast<int32_t>(shape.size());
  std::copy(shape.begin(), shape.end(), tensor.shape);
  std::copy(stride.begin(), stride.end(), tensor.stride);
  return tensor;
}

template <typename Struct, typename Element>
constexpr int64_t StrideOf() {
  static_assert(sizeof(Struct) % sizeof(Element) == 0, "a stride must be whole elements");
  return sizeof(Struct) / sizeof(Element);
}

int64_t Size(size_t size) { return static_cast<int64_t>(size); }

}  // namespace

int32_t CameraParameterCount(int32_t model) {
  switch (model) {
    case PROPNP_CAMERA_PINHOLE:
    case PROPNP_CAMERA_SIMPLE_RADIAL:
      return 5;
    case PROPNP_CAMERA_OPENCV:
      return 12;
    case PROPNP_CAMERA_FISHEYE:
      return 8;
    default:
      return 0;
  }
}

bool PoseDataset::HasRigs() const {
  return views.size() != objects.size() ||
         std::any_of(views.begin(), views.end(), [](const auto& view) { return view.rig >= 0; });
}

bool PoseDataset::AllHavePoses() const {
  return std::all_of(objects.begin(), objects.end(), [](const auto& o) { return o.has_pose; });
}

propnp_correspondences PoseDataset::Correspondences() const {
  const int64_t p = num_points(), v = Size(views.size()), b = Size(objects.size());
  propnp_correspondences result = {};
  result.struct_size = sizeof(result);
  result.num_objects = b;
  result.x3d = Tensor(x3d.data(), PROPNP_FLOAT64, {p, 3}, {3, 1});
  result.x2d = Tensor(x2d.data(), PROPNP_FLOAT64, {p, 2}, {2, 1});
  if (!w2d.empty()) result.w2d = Tensor(w2d.data(), PROPNP_FLOAT64, {p, 2}, {2, 1});
  if (!sqrt_info.empty()) {
    result.sqrt_info = Tensor(sqrt_info.data(), PROPNP_FLOAT64, {p, 2, 2}, {4, 2, 1});
  }
  result.offsets = Tensor(point_offsets.data(), PROPNP_INT64, {v + 1}, {1});
  if (v == 0) return result;
  constexpr int64_t kViewStride = StrideOf<DatasetView, int32_t>();
  result.view_camera = Tensor(&views[0].camera, PROPNP_INT32, {v}, {kViewStride});
  if (HasRigs()) {
    result.view_offsets = Tensor(view_offsets.data(), PROPNP_INT64, {b + 1}, {1});
    result.view_rig = Tensor(&views[0].rig, PROPNP_INT32, {v}, {kViewStride});
    result.camera_from_rig =
        Tensor(camera_from_rig.data(), PROPNP_FLOAT64, {Size(camera_from_rig.size()), 7}, {7, 1});
  }
  result.base_rotation = Tensor(objects[0].base_rotation.data(), PROPNP_FLOAT64, {b, 4},
                                {StrideOf<DatasetObject, double>(), 1});
  return result;
}

propnp_cameras PoseDataset::Cameras() const {
  const int64_t c = Size(cameras.size());
  propnp_cameras result = {};
  result.struct_size = sizeof(result);
  if (c == 0) return result;
  constexpr int64_t kWords = StrideOf<DatasetCamera, int32_t>();
  constexpr int64_t kDoubles = StrideOf<DatasetCamera, double>();
  result.model = Tensor(&cameras[0].model, PROPNP_INT32, {c}, {kWords});
  result.size_px = Tensor(cameras[0].size_px.data(), PROPNP_INT32, {c, 2}, {kWords, 1});
  result.parameters = Tensor(cameras[0].parameters.data(), PROPNP_FLOAT64,
                             {c, PROPNP_MAX_CAMERA_PARAMETERS}, {kDoubles, 1});
  return result;
}

propnp_tensor PoseDataset::Poses(int32_t dof) const {
  const int64_t width = dof == 4 ? 4 : 7;
  const void* data = objects.empty() ? nullptr : objects[0].pose.data();
  return Tensor(data, PROPNP_FLOAT64, {Size(objects.size()), width},
                {StrideOf<DatasetObject, double>(), 1});
}

bool DatasetCamera::operator==(const DatasetCamera& other) const {
  return std::tie(model, size_px, parameters, name) ==
         std::tie(other.model, other.size_px, other.parameters, other.name);
}

bool DatasetView::operator==(const DatasetView& other) const {
  return std::tie(camera, rig, image, timestamp) ==
         std::tie(other.camera, other.rig, other.image, other.timestamp);
}

bool DatasetPrior::operator==(const DatasetPrior& other) const {
  return std::tie(kind, mean, spread) == std::tie(other.kind, other.mean, other.spread);
}

bool DatasetObject::operator==(const DatasetObject& other) const {
  return std::tie(id, dof, has_pose, pose, yaw_axis, base_rotation, target, prior) ==
         std::tie(other.id, other.dof, other.has_pose, other.pose, other.yaw_axis,
                  other.base_rotation, other.target, other.prior);
}

bool PoseDataset::operator==(const PoseDataset& other) const {
  return std::tie(cameras, objects, views, view_offsets, point_offsets, camera_from_rig, x3d, x2d,
                  w2d, sqrt_info) == std::tie(other.cameras, other.objects, other.views,
                                              other.view_offsets, other.point_offsets,
                                              other.camera_from_rig, other.x3d, other.x2d,
                                              other.w2d, other.sqrt_info);
}

}  // namespace propnp::io
