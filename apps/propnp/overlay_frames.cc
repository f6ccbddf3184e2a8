// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/overlay_frames.h"

#include <algorithm>
#include <functional>
#include <map>

#include "apps/propnp/text.h"

namespace propnp::app {
namespace {

// A view without a photograph has a picture of its own.
std::string FrameName(const io::PoseDataset& dataset, size_t i, int64_t v) {
  if (!dataset.views[v].image.empty()) return dataset.views[v].image;
  const int64_t first = dataset.view_offsets[i];
  const bool several = dataset.view_offsets[i + 1] - first > 1;
  return dataset.objects[i].id +
         (several ? Format(" view %lld", static_cast<long long>(v - first)) : "");
}

std::vector<SceneFrame> AllFrames(const io::PoseDataset& dataset,
                                  const std::vector<double>& badness) {
  std::vector<SceneFrame> frames;
  std::map<std::string, size_t> by_name;
  for (size_t i = 0; i < dataset.objects.size(); ++i) {
    for (int64_t v = dataset.view_offsets[i]; v < dataset.view_offsets[i + 1]; ++v) {
      const std::string name = FrameName(dataset, i, v);
      const auto [known, is_new] = by_name.emplace(name, frames.size());
      if (is_new) frames.push_back({name, dataset.views[v].image, {}, 0});
      SceneFrame& frame = frames[known->second];
      frame.views.emplace_back(i, v);
      // An unknown badness compares false.
      if (badness[i] > frame.badness) frame.badness = badness[i];
    }
  }
  return frames;
}

}  // namespace

std::vector<SceneFrame> ChooseFrames(const io::PoseDataset& dataset,
                                     const std::vector<double>& badness, size_t most) {
  std::vector<SceneFrame> frames = AllFrames(dataset, badness);
  if (frames.size() <= most) return frames;
  std::vector<double> errors;
  for (const SceneFrame& frame : frames) errors.push_back(frame.badness);
  const auto cut = errors.begin() + static_cast<std::ptrdiff_t>(most);
  std::nth_element(errors.begin(), cut, errors.end(), std::greater<>());
  // Those above the cut, then as many at it as there is room for.
  const double bound = *cut;
  auto room = static_cast<std::ptrdiff_t>(most) -
              std::count_if(errors.begin(), errors.end(), [&](double e) { return e > bound; });
  std::vector<SceneFrame> chosen;
  for (SceneFrame& frame : frames) {
    const bool at_cut = frame.badness == bound && room > 0;
    if (at_cut) --room;
    if (at_cut || frame.badness > bound) chosen.push_back(std::move(frame));
  }
  return chosen;
}

}  // namespace propnp::app
