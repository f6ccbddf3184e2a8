// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// `propnp posterior`: load, refine, sample, write, report.
#ifndef PROPNP_APPS_POSTERIOR_COMMAND_H_
#define PROPNP_APPS_POSTERIOR_COMMAND_H_

#include <ostream>
#include <string>

#include "apps/propnp/posterior_options.h"
#include "apps/propnp/posterior_report.h"

namespace propnp::app {

// Returns the exit code 0 or 1; throws InputError for 2.
int RunPosterior(const PosteriorOptions& options, std::ostream& out);

// The same on input that is already loaded, without the report. Writes into `folder` unless that is
// empty.
PosteriorOutcome SampleAndWrite(LoadedInput input, const PosteriorOptions& options,
                                const std::string& folder);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSTERIOR_COMMAND_H_
