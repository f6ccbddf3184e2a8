// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// From refined poses to what is drawn on one photograph: projections, axes, covariance in pixels.
#ifndef PROPNP_APPS_OVERLAY_SCENE_H_
#define PROPNP_APPS_OVERLAY_SCENE_H_

#include <string>
#include <vector>

#include "apps/propnp/overlay.h"
#include "apps/propnp/overlay_frames.h"
#include "apps/propnp/refinement.h"
#include "propnp/engine/context.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// What to draw on a frame. `start` holds the poses before, `refined` those after; photographs are
// looked for in `image_folders`, in that order.
OverlayPicture MakePicture(const SceneFrame& frame, const io::PoseDataset& start,
                           const std::vector<RefinedObject>& refined, const std::string& unit,
                           const std::vector<std::string>& image_folders, Context* context);

}  // namespace propnp::app

#endif  // PROPNP_APPS_OVERLAY_SCENE_H_
