// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// From poses to what is drawn on one photograph: projections, axes, covariance in pixels.
#ifndef PROPNP_APPS_OVERLAY_SCENE_H_
#define PROPNP_APPS_OVERLAY_SCENE_H_

#include <functional>
#include <string>
#include <vector>

#include "apps/propnp/overlay.h"
#include "apps/propnp/overlay_frames.h"
#include "propnp/engine/context.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// A pose to draw, stored as DatasetObject::pose is.
struct DrawnPose {
  io::Pose pose = io::kIdentityPose;
  std::vector<double> covariance;  // D x D; empty: no ellipse
  double opacity = 1;
  std::string label;  // beside z, where the object is alone on the picture
};

struct DrawnObject {
  std::vector<DrawnPose> poses;  // the first is drawn on top
  bool show_start = false;       // where the dataset's own pose puts the points
  std::string label_suffix;      // behind the object's name, where several are on the picture
};
// What to draw of the dataset's object number i.
using DrawnObjects = std::function<DrawnObject(size_t i)>;

struct SceneStyle {
  std::string unit;                        // of x3d: "m" or unknown ""
  std::vector<std::string> image_folders;  // where the photographs may lie
  bool zoom = false;                       // cut to the objects where they are small
  double axis_radii = 0.8;                 // length of the axes in the points' rms radius
};

// Title, names and keys of the legend are the caller's.
OverlayPicture MakePicture(const SceneFrame& frame, const io::PoseDataset& start,
                           const DrawnObjects& drawn, const SceneStyle& style, Context* context);

}  // namespace propnp::app

#endif  // PROPNP_APPS_OVERLAY_SCENE_H_
