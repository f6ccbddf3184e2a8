// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/overlay_files.h"

#include <algorithm>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <set>

#include "apps/propnp/input_error.h"
#include "apps/propnp/progress_bar.h"
#include "apps/propnp/text.h"

namespace propnp::app {
namespace {

// "photos/left01.jpg" -> "photos_left01.png", unlike every name before.
std::string PictureName(const std::string& name, std::set<std::string>* taken) {
  std::string stem = name;
  const size_t dot = stem.rfind('.');
  if (dot != std::string::npos && dot > 0 && stem.size() - dot <= 5) stem.resize(dot);
  for (char& c : stem) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    if (!plain) c = '_';
  }
  if (stem.empty() || stem[0] == '.') stem.insert(0, "_");
  stem.resize(std::min<size_t>(stem.size(), 120));
  std::string unique = stem;
  for (int copy = 2; !taken->insert(unique).second; ++copy) {
    unique = stem + Format("_%d", copy);
  }
  return unique + ".png";
}

}  // namespace

std::vector<std::string> WritePictures(
    const std::vector<SceneFrame>& frames,
    const std::function<OverlayPicture(const SceneFrame&, Context*)>& make, int threads,
    const std::string& folder, const std::string& output) {
  Context context(threads);
  ProgressBar progress("Drawing", static_cast<int64_t>(frames.size()));
  std::set<std::string> taken;
  std::vector<std::string> names;
  for (const SceneFrame& frame : frames) {
    names.push_back(PictureName(frame.name, &taken));
    const std::string path = (std::filesystem::path(folder) / names.back()).string();
    if (!cv::imwrite(path, DrawOverlay(make(frame, &context)))) {
      throw InputError(output + ": cannot write the picture " + names.back() +
                       "; is the disk full?");
    }
    progress.Update(static_cast<int64_t>(names.size()));
  }
  return names;
}

}  // namespace propnp::app
