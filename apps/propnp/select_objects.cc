// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/select_objects.h"

#include <map>
#include <optional>
#include <tuple>

namespace propnp::app {
namespace {

// Appends elements [begin, end) of `from`, each of `width` numbers; an absent array stays absent.
void AppendRange(const std::vector<double>& from, int64_t begin, int64_t end, int64_t width,
                 std::vector<double>* to) {
  if (from.empty()) return;
  to->insert(to->end(), from.begin() + begin * width, from.begin() + end * width);
}

}  // namespace

io::PoseDataset SelectObjects(const io::PoseDataset& dataset, const std::vector<size_t>& indices) {
  io::PoseDataset part;
  part.cameras = dataset.cameras;
  part.camera_from_rig = dataset.camera_from_rig;
  for (size_t index : indices) {
    for (int64_t v = dataset.view_offsets[index]; v < dataset.view_offsets[index + 1]; ++v) {
      const int64_t begin = dataset.point_offsets[v], end = dataset.point_offsets[v + 1];
      AppendRange(dataset.x3d, begin, end, 3, &part.x3d);
      AppendRange(dataset.x2d, begin, end, 2, &part.x2d);
      AppendRange(dataset.w2d, begin, end, 2, &part.w2d);
      AppendRange(dataset.sqrt_info, begin, end, 4, &part.sqrt_info);
      part.views.push_back(dataset.views[v]);
      part.EndView();
    }
    part.objects.push_back(dataset.objects[index]);
    part.EndObject();
  }
  return part;
}

std::vector<std::vector<size_t>> LikeObjects(const io::PoseDataset& dataset, size_t most) {
  using PriorKind = std::optional<io::DatasetPrior::Kind>;
  std::map<std::tuple<int32_t, bool, PriorKind, io::Vector3>, std::vector<size_t>> kinds;
  std::vector<std::vector<size_t>> parts;
  for (size_t index = 0; index < dataset.objects.size(); ++index) {
    const io::DatasetObject& object = dataset.objects[index];
    // The yaw axis of a free pose means nothing.
    const io::Vector3 axis = object.dof == 4 ? object.yaw_axis : io::Vector3{};
    const PriorKind prior = object.prior ? PriorKind(object.prior->kind) : std::nullopt;
    std::vector<size_t>& open = kinds[{object.dof, object.has_pose, prior, axis}];
    open.push_back(index);
    if (open.size() == most) {
      parts.push_back(open);
      open.clear();
    }
  }
  for (auto& [kind, rest] : kinds) {
    if (!rest.empty()) parts.push_back(std::move(rest));
  }
  return parts;
}

}  // namespace propnp::app
