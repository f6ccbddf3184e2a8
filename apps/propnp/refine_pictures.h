// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The pictures of `propnp refine`: every photograph with the refined poses on it.
#ifndef PROPNP_APPS_REFINE_PICTURES_H_
#define PROPNP_APPS_REFINE_PICTURES_H_

#include <string>

#include "apps/propnp/refine_options.h"
#include "apps/propnp/refine_report.h"

namespace propnp::app {

// Writes at most options.overlays pictures, those with the largest residuals, into `folder` and
// notes in `outcome` which.
void WriteRefinePictures(const RefineOptions& options, const std::string& folder,
                         RefineOutcome* outcome);

}  // namespace propnp::app

#endif  // PROPNP_APPS_REFINE_PICTURES_H_
