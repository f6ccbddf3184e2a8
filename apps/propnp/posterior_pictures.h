// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The pictures of `propnp posterior`: every photograph with all modes on it, each as strong as it
// is probable.
#ifndef PROPNP_APPS_POSTERIOR_PICTURES_H_
#define PROPNP_APPS_POSTERIOR_PICTURES_H_

#include <string>

#include "apps/propnp/posterior_options.h"
#include "apps/propnp/posterior_report.h"

namespace propnp::app {

// Writes at most options.overlays pictures, those with the least certain objects, into `folder` and
// notes in `outcome` which.
void WritePosteriorPictures(const PosteriorOptions& options, const std::string& folder,
                            PosteriorOutcome* outcome);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSTERIOR_PICTURES_H_
