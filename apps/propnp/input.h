// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the user named on the command line, whatever its format, as one dataset.
#ifndef PROPNP_APPS_INPUT_H_
#define PROPNP_APPS_INPUT_H_

#include <functional>
#include <string>
#include <vector>

#include "propnp/io/pose_dataset.h"
#include "propnp/io/status.h"

namespace propnp::app {

struct InputSource {
  std::vector<std::string> paths;  // one file or folder, or photographs and patterns of them
  std::string camera;              // --camera and --board, photographs only
  std::string board;
  std::string images;  // --images: folder of the photographs of a model; may be empty
};

struct LoadedInput {
  std::string format;  // for people: "COLMAP model (binary)"
  io::PoseDataset dataset;
  std::string unit;                        // of x3d: "m" or unknown ""
  std::vector<std::string> image_folders;  // where the views' photographs may lie
  std::vector<std::string> without_board;  // photographs on which nothing was found
  // Writes the input into an existing folder, in its own format, with the poses of `refined`, which
  // is `dataset` otherwise.
  std::function<io::Status(const io::PoseDataset& refined, const std::string& folder)> write;
};

// Throws InputError.
LoadedInput LoadInput(const InputSource& source);

}  // namespace propnp::app

#endif  // PROPNP_APPS_INPUT_H_
