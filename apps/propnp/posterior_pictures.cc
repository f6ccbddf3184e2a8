// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/posterior_pictures.h"

#include <algorithm>

#include "apps/propnp/overlay_files.h"
#include "apps/propnp/overlay_scene.h"
#include "apps/propnp/posterior_table.h"
#include "apps/propnp/posterior_words.h"
#include "apps/propnp/text.h"

namespace propnp::app {
namespace {

// A mode of a few per cent is faint, but must be seen.
constexpr double kFaintest = 0.1;
// Long axes: modes of a flat object differ by little else.
constexpr double kAxisRadii = 1.5;

double Opacity(const PoseMode& mode) { return std::min(1.0, kFaintest + 1.1 * mode.probability); }

DrawnObject Drawn(const ObjectPosterior& posterior) {
  DrawnObject object;
  for (const PoseMode& mode : posterior.modes) {
    DrawnPose pose;
    pose.pose = mode.pose;
    pose.covariance = mode.covariance;
    pose.opacity = Opacity(mode);
    if (posterior.ambiguous()) pose.label = Format("%.2f", mode.probability);
    object.poses.push_back(std::move(pose));
    if (!posterior.ambiguous()) break;
    object.label_suffix +=
        (object.poses.size() == 1 ? ": " : " / ") + Format("%.2f", mode.probability);
  }
  return object;
}

std::string Title(const SceneFrame& frame, const PosteriorOutcome& outcome) {
  if (frame.views.size() == 1) {
    const size_t i = frame.views[0].first;
    const std::string& id = outcome.input.dataset.objects[i].id;
    const std::string words =
        DescribePosterior(outcome.posteriors[i], outcome.input.dataset.objects[i]);
    return id + ": " + words.substr(0, words.find(';'));
  }
  size_t ambiguous = 0;
  for (const auto& [i, v] : frame.views) ambiguous += outcome.posteriors[i].ambiguous();
  return Format("%s: %zu objects, %zu with more than one mode", frame.name.c_str(),
                frame.views.size(), ambiguous);
}

std::vector<OverlayKey> Keys(const SceneFrame& frame, const PosteriorOutcome& outcome) {
  if (frame.views.size() > 1) return {{1, "the fainter, the less probable"}};
  std::vector<OverlayKey> keys;
  for (const PoseMode& mode : outcome.posteriors[frame.views[0].first].modes) {
    keys.push_back(
        {Opacity(mode), Format("mode %zu: probability %.2f", keys.size() + 1, mode.probability)});
  }
  return keys;
}

}  // namespace

void WritePosteriorPictures(const PosteriorOptions& options, const std::string& folder,
                            PosteriorOutcome* outcome) {
  const SceneStyle style = {outcome->input.unit, outcome->input.image_folders, true, kAxisRadii};
  std::vector<double> uncertainty;
  for (const ObjectPosterior& posterior : outcome->posteriors) {
    uncertainty.push_back(Uncertainty(posterior));
  }
  const auto make = [&](const SceneFrame& frame, Context* context) {
    OverlayPicture picture = MakePicture(
        frame, outcome->input.dataset, [&](size_t i) { return Drawn(outcome->posteriors[i]); },
        style, context);
    picture.title = Title(frame, *outcome);
    picture.pose_name = "a mode";
    picture.keys = Keys(frame, *outcome);
    return picture;
  };
  const auto frames =
      ChooseFrames(outcome->input.dataset, uncertainty, static_cast<size_t>(options.overlays));
  for (const std::string& name :
       WritePictures(frames, make, options.threads, folder, options.output)) {
    outcome->overlays.push_back("overlays/" + name);
  }
}

}  // namespace propnp::app
