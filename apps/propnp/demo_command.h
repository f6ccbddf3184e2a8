// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// `propnp demo`: the main jobs on real input, with nothing to prepare. 13 photographs of a
// chessboard whose poses are published are refined; one square of one of them is sampled. The
// measured corners are built into the program.
#ifndef PROPNP_APPS_DEMO_COMMAND_H_
#define PROPNP_APPS_DEMO_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "apps/propnp/input.h"
#include "apps/propnp/refinement.h"

namespace propnp::app {

struct DemoOptions {
  std::string output = "propnp-demo";
  std::string images;  // folder of the photographs; empty: where Debian puts them
};

// Exit code 0 when every pose agrees with the published one and the square has two modes of which
// one does, else 1.
int RunDemo(const DemoOptions& options, std::ostream& out);

struct PublishedPose {
  std::string id;
  io::Pose cam_from_object = io::kIdentityPose;
  double rms_px = 0;
};
std::vector<PublishedPose> PublishedPoses();

// The corners with one and the same bad start for every photograph.
LoadedInput DemoInput(const std::string& images);

// How far a refined pose may be from the published one. The two hardest photographs were published
// with an error of their own: their corners move with the build of OpenCV.
struct Agreement {
  double rotation_deg = 0, translation_mm = 0;
  bool within_bounds = false;
};
Agreement Compare(const PublishedPose& published, const RefinedObject& refined);

}  // namespace propnp::app

#endif  // PROPNP_APPS_DEMO_COMMAND_H_
