// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/refine_pictures.h"

#include <cmath>

#include "apps/propnp/overlay_files.h"
#include "apps/propnp/overlay_scene.h"
#include "apps/propnp/text.h"

namespace propnp::app {
namespace {

// Start residuals that are this much larger are worth drawing: they show what refining did.
constexpr double kVisibleImprovement = 3;

std::string Title(const SceneFrame& frame, const std::vector<RefinedObject>& refined) {
  if (frame.views.size() > 1) {
    return Format("%s: %zu poses, worst rms %.3g px", frame.name.c_str(), frame.views.size(),
                  frame.badness);
  }
  const RefinedObject& only = refined[frame.views[0].first];
  const std::string before =
      std::isnan(only.rms_before_px) ? "" : Format("%.3g px -> ", only.rms_before_px);
  return Format("%s: %lld points, rms %s%.3g px%s", frame.name.c_str(),
                static_cast<long long>(only.points), before.c_str(), only.rms_after_px,
                only.failed() ? ", FAILED" : "");
}

DrawnObject Drawn(const RefinedObject& refined) {
  DrawnPose pose;
  pose.pose = refined.pose;
  if (!refined.failed()) pose.covariance = refined.covariance;
  DrawnObject object;
  object.poses = {pose};
  object.show_start = refined.rms_before_px > kVisibleImprovement * refined.rms_after_px;
  return object;
}

}  // namespace

void WriteRefinePictures(const RefineOptions& options, const std::string& folder,
                         RefineOutcome* outcome) {
  const io::PoseDataset& dataset = outcome->input.dataset;
  const std::vector<RefinedObject>& refined = outcome->refined;
  const SceneStyle style = {outcome->input.unit, outcome->input.image_folders, false};
  std::vector<double> errors;
  for (const RefinedObject& object : refined) errors.push_back(object.rms_after_px);
  const auto make = [&](const SceneFrame& frame, Context* context) {
    OverlayPicture picture = MakePicture(
        frame, dataset, [&](size_t i) { return Drawn(refined[i]); }, style, context);
    picture.title = Title(frame, refined);
    picture.pose_name = "the refined pose";
    return picture;
  };
  const auto frames = ChooseFrames(dataset, errors, static_cast<size_t>(options.overlays));
  for (const std::string& name :
       WritePictures(frames, make, options.threads, folder, options.output)) {
    outcome->overlays.push_back("overlays/" + name);
  }
}

}  // namespace propnp::app
