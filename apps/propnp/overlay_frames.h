// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Which pictures to draw: one for each photograph, with every object that is on it.
#ifndef PROPNP_APPS_OVERLAY_FRAMES_H_
#define PROPNP_APPS_OVERLAY_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// A picture to draw: the views (object, view) that are on it.
struct SceneFrame {
  std::string name;   // the photograph's path in the image folder, or the object's id
  std::string image;  // the same, or empty when there is no photograph
  std::vector<std::pair<size_t, int64_t>> views;
  double badness = 0;  // of its worst object
};

// At most `most` frames, those with the objects of the largest badness; in the order of the
// dataset.
std::vector<SceneFrame> ChooseFrames(const io::PoseDataset& dataset,
                                     const std::vector<double>& badness, size_t most);

}  // namespace propnp::app

#endif  // PROPNP_APPS_OVERLAY_FRAMES_H_
