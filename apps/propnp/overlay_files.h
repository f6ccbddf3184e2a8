// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Pictures into a folder.
#ifndef PROPNP_APPS_OVERLAY_FILES_H_
#define PROPNP_APPS_OVERLAY_FILES_H_

#include <functional>
#include <string>
#include <vector>

#include "apps/propnp/overlay.h"
#include "apps/propnp/overlay_frames.h"
#include "propnp/engine/context.h"

namespace propnp::app {

// Draws each frame by `make` and writes it as "<photograph>.png", with a progress bar. Returns the
// names of the files. Throws InputError, beginning with `output`, when one cannot be written.
std::vector<std::string> WritePictures(
    const std::vector<SceneFrame>& frames,
    const std::function<OverlayPicture(const SceneFrame&, Context*)>& make, int threads,
    const std::string& folder, const std::string& output);

}  // namespace propnp::app

#endif  // PROPNP_APPS_OVERLAY_FILES_H_
